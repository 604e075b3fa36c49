"""A process that boxes others for the tests: as the user that it is told, at the level that its environment allows.

It reads one JSON request a line and answers each with one line.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from scalable_ai.grading.sandbox import levels
from scalable_ai.grading.sandbox.box import Box, Limits
from scalable_ai.grading.sandbox.keeper import Keeper
from scalable_ai.grading.sandbox.probe import enter_own_users, try_levels
from scalable_ai.grading.sandbox.syscalls import call

ORDINARY_USER = 54321
LIBC = ctypes.CDLL(None)
BIND_ALL, PRIVATE_ALL = 0x5000, 0x44000


def open_the_interpreter() -> None:
    """As root, see to it, in this process's view only, that other users may run this Python."""
    base = Path(sys.base_prefix)
    closed = [folder for folder in base.parents if not folder.stat().st_mode & 0o001]
    if not closed:
        return
    top = closed[-1]
    call("unshare", 0x20000)
    call("mount", 0, "/", 0, PRIVATE_ALL, 0)
    stage = Path(tempfile.mkdtemp())
    call("mount", "stage", stage, "tmpfs", 0, "mode=755")
    inside = stage / base.relative_to(top)
    inside.mkdir(parents=True)
    call("mount", base, inside, 0, BIND_ALL, 0)
    call("mount", stage, top, 0, BIND_ALL, 0)
    call("umount2", stage, 2)
    stage.rmdir()


def plant(folder: Path) -> dict[str, object]:
    """Put within reach what a box must not reach."""
    (folder / "secret").write_text("the key")
    network = socket.create_server(("127.0.0.1", 0))
    local, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    local.bind(str(folder / "socket"))
    (folder / "socket").chmod(0o777)
    shared = Path(f"/dev/shm/planted-{os.getpid()}")
    shared.write_text("of a data loader")
    shared.chmod(0o644)
    segment = 1 << 20 | os.getpid()
    identity = LIBC.shmget(segment, 100, 0o1666)
    name = f"planted-{os.getpid()}-{time.time()}"
    abstract.bind(f"\0{name}")
    for listener in (network, local, abstract):
        listener.listen(100)
        PLANTED.append(listener)
    return {
        "secret": str(folder / "secret"),
        "folder": str(folder),
        "port": network.getsockname()[1],
        "socket": str(folder / "socket"),
        "shared": str(shared),
        "abstract": name,
        "segment": segment,
        "identity": identity,
    }


PLANTED: list[object] = []
VICTIM = ["/bin/sleep", "1000"]


def serve() -> None:
    """Answer requests until there are no more."""
    level, why = try_levels()
    with tempfile.TemporaryDirectory(prefix="stage-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        planted = plant(folder)
        victim = subprocess.Popen(VICTIM)
        is_hidden = level == levels.NAMESPACES and os.getuid() != 0
        if is_hidden:
            enter_own_users()
        if child := os.fork():
            os.waitpid(child, 0)
            victim.kill()
            victim.wait()
            LIBC.shmctl(planted["identity"], 0, None)
            Path(planted["shared"]).unlink()
            return
        try:
            planted |= {"visible": victim.pid, "victim": _numbered() if is_hidden else victim.pid}
            print(json.dumps({"level": level, "why": why, "user": os.getuid(), **planted}), flush=True)
            _answer(level, folder, planted)
        finally:
            os._exit(0)


def _numbered() -> int:
    """Start a victim in this process's own namespace whose number no process in a box has."""
    for _ in range(40):
        subprocess.run(["/bin/true"], check=True)
    return subprocess.Popen(VICTIM).pid


def _answer(level: str, folder: Path, planted: dict[str, object]) -> None:
    shop = folder / "shop"
    shop.mkdir()
    keeper = Keeper(level, shop)
    for number, line in enumerate(sys.stdin):
        asked = json.loads(line)
        places = [folder / f"{kind}{number}" for kind in ("work", "runtime")]
        for place in places:
            place.mkdir()
        (places[0] / "given").write_text("a file of the hand-in")
        box = Box(places[0], tuple(map(Path, asked["readable"])), Limits(**asked["limits"]))
        code = f"{PREPARED}\nplanted = {planted!r}\n{asked['code']}"
        kept = keeper.fork(partial(_run, code, places), box if asked["boxed"] else None, str(places[1]))
        while not keeper.reap():
            keeper.hear(kept)
            keeper.look()
            time.sleep(0.002)
        said = places[0] / "said"
        answer = {
            "status": kept.status,
            "reason": kept.reason,
            "said": said.read_text(errors="replace") if said.is_file() else "",
            "owners": sorted({path.lstat().st_uid for path in places[0].rglob("*")}),
            "modes": {path.name: path.lstat().st_mode for path in places[0].iterdir()},
            "left": _is_locked(places[0] / "lock"),
            "work": str(places[0]),
        }
        print(json.dumps(answer), flush=True)


def _run(code: str, places: list[Path]) -> None:
    os.chdir(places[0])
    with open("said", "w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1)
    status = 0
    try:
        exec(code, {"runtime": str(places[1]), "__name__": "learner"})
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}")
        status = 1
    sys.stdout.flush()
    os._exit(status)


def _is_locked(path: Path) -> bool:
    """Tell whether a process that holds a lock is still there."""
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


PREPARED = """
import ctypes, errno, os, signal, socket, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
"""


if __name__ == "__main__":
    if sys.argv[1] == "ordinary" and os.getuid() == 0:
        open_the_interpreter()
        os.setgroups([])
        os.setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
        os.setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
        # A process that has changed its user may not look at itself; a new program may.
        os.execv(sys.executable, [sys.executable, "-P", __file__, "here"])
    if os.getuid() == 0:
        open_the_interpreter()
    serve()
