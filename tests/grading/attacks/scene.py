"""The scene of the attacks: a course with canaries open to anyone, so that only the box protects them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat

from scalable_ai.grading import warm
from scalable_ai.grading.preprocessors import JudgedExecute
from scalable_ai.grading.sandbox.identity import FIRST_USER
from tests.grading.conftest import CHAPTER, SCALES, answered, copy_of_tiny_course
from tests.grading.test_kernel import IDS, Graded

OWN_FOLDERS = {".cache", ".config", ".ipython", ".jupyter", ".local"}
PUBLIC_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")


class Scene:
    """A course, the instructor's home and processes, and what must not happen to them."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="attacked-", dir="/var/tmp"))
        self.token = f"canary-{secrets.token_hex(8)}"
        self.course = copy_of_tiny_course(self.folder / "course")
        self.home = self.folder / "home"
        self._plant()
        self._listen()
        waiting = [sys.executable, "-c", f"import time; kept = {self.token!r}; time.sleep(10_000)"]
        self.victim = subprocess.Popen(waiting, env={"INSTRUCTOR_TOKEN": self.token})
        self.before = self.fingerprint()

    def _plant(self) -> None:
        root, text = self.course.root, f"{self.token}\n"
        mate = root / "submitted" / "mate" / CHAPTER
        for path in (
            root / "graders" / CHAPTER / "notes.txt",
            root / "solutions" / CHAPTER / "notes.txt",
            root / "autograded" / "mate" / CHAPTER / "marks.txt",
            mate / f"{SCALES}.ipynb",
            self.home / ".netrc",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as book, book:
            book.execute("create table grade (student text, score real)")
            book.execute("insert into grade values (?, 0)", [self.token])
        self.folder.chmod(0o777)
        for path in self.folder.rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def _listen(self) -> None:
        """Open doors to the machine's network and sockets, and note who comes in."""
        self.heard: list[str] = []
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        self.abstract, self.local = f"\0{self.token}", str(self.folder / "door")
        abstract, local = (socket.socket(socket.AF_UNIX) for _ in range(2))
        for end, address in ((abstract, self.abstract), (local, self.local)):
            end.bind(address)
            end.listen()
        os.chmod(self.local, 0o777)
        self.tcp, self.udp = tcp.getsockname()[1], udp.getsockname()[1]
        doors = {"tcp": tcp, "abstract": abstract, "local": local}
        for name, end in doors.items():
            threading.Thread(target=self._serve, args=(name, end), daemon=True).start()
        threading.Thread(target=self._hear, args=(udp,), daemon=True).start()

    def _serve(self, name: str, end: socket.socket) -> None:
        while True:
            guest, _ = end.accept()
            self.heard.append(name)
            with contextlib.suppress(OSError), guest:
                guest.sendall(self.token.encode())

    def _hear(self, end: socket.socket) -> None:
        while True:
            _, guest = end.recvfrom(100)
            self.heard.append("udp")
            end.sendto(self.token.encode(), guest)

    @property
    def places(self) -> dict[str, object]:
        """What an attacker who knows everything would know."""
        root = self.course.root
        return {
            "TOKEN": self.token,
            "GRADERS": str(root / "graders" / CHAPTER / "notes.txt"),
            "SOLUTIONS": str(root / "solutions" / CHAPTER / "notes.txt"),
            "MATE": str(root / "submitted" / "mate" / CHAPTER / f"{SCALES}.ipynb"),
            "MARKS": str(root / "autograded" / "mate" / CHAPTER / "marks.txt"),
            "GRADEBOOK": str(root / "gradebook.db"),
            "NETRC": str(self.home / ".netrc"),
            "COURSE": str(root),
            "TCP": self.tcp,
            "UDP": self.udp,
            "ABSTRACT": self.abstract,
            "LOCAL": self.local,
            "VICTIM": self.victim.pid,
            "ENGINE": os.getpid(),
            "PARENT": warm.warm_parent._process.pid if warm.warm_parent._process else os.getpid(),
        }

    def fingerprint(self) -> dict[str, str]:
        """Return what there is, with content and rights."""
        found = {}
        # Programs of the instructor's own write to the home folder, too.
        for path in (*sorted(self.course.root.rglob("*")), *sorted(self.home.glob("*"))):
            if "__pycache__" not in path.parts and path.name not in OWN_FOLDERS:
                kind = path.lstat()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                found[str(path)] = f"{kind.st_mode:o} {kind.st_uid} {content}"
        return found

    def assert_untouched(self) -> None:
        """Check that the canaries are as they were, the victim lives, and nobody came through a door."""
        assert set(self.fingerprint().items()) ^ set(self.before.items()) == set()
        assert self.victim.poll() is None
        heard, self.heard[:] = list(self.heard), []
        assert heard == []

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        shutil.rmtree(self.folder)


class Boxes:
    """The kernels that were forked, and what is left of them."""

    def __init__(self) -> None:
        self.made: list[tuple[int, str, Path | None]] = []
        self.since = 0.0

    def note(self, fork):
        """Return a `WarmParent.fork` that notes what it forks."""

        def noting(parent, argv, cwd, env, box=None, runtime=""):
            if not self.made:
                self.since = time.time() - 1  # file systems' clocks lag a little
            process = fork(parent, argv, cwd, env, box, runtime)
            self.made.append((process.pid, runtime, box and box.folder))
            return process

        return noting

    def assert_gone(self) -> None:
        """Check that no process, folder or file of a box is left."""
        made, self.made[:] = list(self.made), []  # what is left of this test is not held against the next
        users = {FIRST_USER + pid for pid, _, _ in made} if os.getuid() == 0 else set()
        deadline = time.monotonic() + 10
        while (left := _processes_of(users)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left
        for pid, runtime, folder in made:
            # As root, a box's processes are those of its user: its number may be another process's by now.
            assert users or not _is_running(pid)
            assert not os.path.lexists(runtime)
            assert not os.path.lexists(folder or "/nonexistent")
        assert not [entry for place in PUBLIC_FOLDERS for entry in _files_of(users, place, self.since)]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _processes_of(users: set[int]) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid in users and _is_running(int(entry.name)):
                    found.append(int(entry.name))
    return found


def _files_of(users: set[int], place: str, since: float) -> list[str]:
    """Return what these users have there; older things are of others, whose process numbers were the same."""
    found = []
    for entry in os.scandir(place):
        with contextlib.suppress(OSError):
            kind = entry.stat(follow_symlinks=False)
            if kind.st_uid in users and kind.st_ctime >= since:
                found.append(entry.path)
    return found


def grade(scene, answers, folder, name=SCALES, time_limit=20, timeout=2, extra=(), **settings):
    """Run and judge a hand-in in this process."""
    notebook = answered(scene.course, name, answers)
    for text in extra:
        notebook.cells.append(nbformat.v4.new_code_cell(text))
    resources = {"nbgrader": {**IDS, "notebook": name}, "metadata": {"path": str(folder)}}
    with contextlib.chdir(scene.course.root):
        execute = JudgedExecute(timeout=timeout, judge_time_limit=time_limit, **settings)
        graded = Graded(*execute.preprocess(notebook, resources))
    return graded
