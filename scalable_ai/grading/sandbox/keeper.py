"""The side of the parent: forks processes into boxes, watches them, and sees that nothing of them is left."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from scalable_ai.grading.sandbox import enter, identity, namespaces
from scalable_ai.grading.sandbox.box import Box
from scalable_ai.grading.sandbox.levels import LANDLOCK, NAMESPACES, NONE
from scalable_ai.grading.sandbox.memory import anonymous
from scalable_ai.grading.sandbox.syscalls import call, prctl
from scalable_ai.grading.sandbox.watch import PERIOD, Watch, children, spent_cpu

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
# The first process of a box: it ends, and with it the box, when this parent lets go of its standard input. No signal
# from within reaches a first process, and no shell will do: the end of an orphan would end its `read`.
FIRST_PROCESS = ("/bin/cat", ["cat"])
NOT_ENTERED = 97
"""Exit status of a process that could not enter its box."""


@dataclass
class Kept:
    """One child of the keeper.

    Attributes:
        pid: Its number for the keeper.
        report: What it says before it runs is read here.
        outside: Its number for everyone outside, once it said so.
        first: The first process of its box, where it has one.
        reason: Why it was ended, if it was, in one sentence.
        owner: Whose the working folder was.
    """

    pid: int
    report: int
    box: Box | None = None
    runtime: str = ""
    outside: int = 0
    first: int = 0
    leash: int = -1
    reason: str = ""
    status: int | None = None
    is_ready: bool = False
    owner: tuple[int, int] | None = None
    watch: Watch | None = None


class Keeper:
    """Forks processes, in boxes where asked.

    Args:
        level: How boxes are made.
        workshop: Folder for what boxes are made from.
    """

    def __init__(self, level: str, workshop: Path) -> None:
        self.level, self.workshop = level, workshop
        self.kept: dict[int, Kept] = {}
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._looked = 0.0
        if level == NAMESPACES:
            namespaces.prepare(workshop)
        elif level == LANDLOCK:
            prctl(PR_SET_CHILD_SUBREAPER, 1)
        if level != NONE:
            enter.prepare()

    def fork(self, run: Callable[[], None], box: Box | None = None, runtime: str = "") -> Kept:
        """Fork a process that enters its box and calls `run`, which must not return."""
        first, leash, owner = 0, -1, None
        if box is not None and os.getuid() == 0:
            found = os.stat(box.folder)
            owner = found.st_uid, found.st_gid
        if box is not None and self.level == NAMESPACES:
            first, leash = self._first_process()
        listening, saying = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            for descriptor in (listening, saying, *([leash] if first else [])):
                os.close(descriptor)
            raise
        if pid == 0:
            self._child(run, box, runtime, saying)
        os.close(saying)
        os.set_blocking(listening, False)
        if first:
            call("setns", self._own_processes, namespaces.NEW_PROCESSES)
        kept = Kept(pid, listening, box, runtime, first=first, leash=leash, owner=owner)
        self.kept[pid] = kept
        return kept

    def _first_process(self) -> tuple[int, int]:
        """Start the first process of new ones, which is told from this one's namespace by the next fork."""
        call("unshare", namespaces.NEW_PROCESSES)
        waiting, leash = os.pipe()
        path, command = FIRST_PROCESS
        files = [(os.POSIX_SPAWN_DUP2, waiting, 0)]
        # Other processes hold no copy of the leash: it is closed on exec, and by name after a fork.
        first = os.posix_spawn(path, command, {}, file_actions=files, setpgroup=0)
        os.close(waiting)
        return first, leash

    def _child(self, run: Callable[[], None], box: Box | None, runtime: str, saying: int) -> NoReturn:
        try:
            os.setsid()
            end_with_parent()
            pid = int(os.readlink("/proc/self"))
            os.write(saying, f"{pid}\n".encode())
            if box is not None:
                enter.enter(self.level, box, Path(runtime), self.workshop, pid)
                end_with_parent()  # forgotten when the user changes
            os.write(saying, b"ready\n")
            saying = _close_all_but(saying)
            os.close(saying)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(saying, f"{type(error).__name__}: {error}".encode()[:1000])
            os._exit(NOT_ENTERED)
        try:
            run()
        finally:
            os._exit(1)

    def hear(self, kept: Kept) -> None:
        """Take in what a child says before it runs; never waits."""
        try:
            said = os.read(kept.report, 4096).decode(errors="replace") if kept.report >= 0 else ""
        except BlockingIOError:
            return
        for line in said.splitlines():
            if not kept.outside:
                kept.outside = int(line)
            elif line == "ready":
                kept.is_ready = True
            else:
                kept.reason = kept.reason or f"the sandbox could not be entered ({line})"
        if kept.is_ready or not said:
            _close(kept, "report")
        if kept.is_ready and kept.box is not None and kept.watch is None:
            own = self.level == NAMESPACES
            kept.watch = Watch(kept.box, kept.runtime, kept.outside, own, anonymous("/proc/self"))

    def look(self) -> None:
        """End boxes that used too much; does nothing when called again too soon."""
        if time.monotonic() - self._looked < PERIOD:
            return
        for kept in self.kept.values():
            if kept.watch is not None and kept.status is None and not kept.reason:
                excess = kept.watch.excess()
                if excess:
                    self.end(kept, excess)
        self._looked = time.monotonic()

    def end(self, kept: Kept, reason: str = "") -> None:
        """End a child and all that it started."""
        kept.reason = kept.reason or reason
        with contextlib.suppress(OSError):
            os.kill(kept.pid, signal.SIGKILL)

    def reap(self) -> list[Kept]:
        """Return the children of which nothing is left, without waiting."""
        ended = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self.kept:
                self._ended(self.kept[pid], os.waitstatus_to_exitcode(status))
            for kept in list(self.kept.values()):
                if pid == kept.first:
                    kept.first = 0
        for kept in list(self.kept.values()):
            if kept.status is not None and not kept.first:
                del self.kept[kept.pid]
                if kept.owner is not None:
                    with contextlib.suppress(OSError):  # it may be removed already
                        identity.give(kept.box.folder, *kept.owner)
                ended.append(kept)
        return ended

    def _ended(self, kept: Kept, status: int) -> None:
        self.hear(kept)
        _close(kept, "report")
        kept.status = status
        if kept.box is not None and status == -signal.SIGXCPU:
            kept.reason = kept.reason or spent_cpu(kept.box.limits.cpu_seconds)
        if kept.first:
            _close(kept, "leash")
            with contextlib.suppress(OSError):
                os.kill(kept.first, signal.SIGKILL)
        else:
            with contextlib.suppress(OSError):
                os.killpg(kept.pid, signal.SIGKILL)
            if self.level == LANDLOCK:
                self._sweep()

    def _sweep(self) -> None:
        """End what an ended child left: this process has become the parent of it."""
        while left := [pid for pid in _children() if pid not in self.kept]:
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def close(self) -> None:
        """End all children."""
        for kept in self.kept.values():
            self.end(kept)
        while self.kept:
            self.reap()
            time.sleep(0.001)


def end_with_parent() -> None:
    """Have this process end when its parent does, however that ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _children() -> list[int]:
    try:
        text = Path("/proc/self/task", str(os.getpid()), "children").read_text()
        return [int(pid) for pid in text.split()]
    except OSError:
        return children(os.getpid())


def _close(kept: Kept, name: str) -> None:
    descriptor = getattr(kept, name)
    if descriptor >= 0:
        setattr(kept, name, -1)
        os.close(descriptor)


def _close_all_but(kept: int) -> int:
    """Close all files but standard ones and one, and return its new number."""
    if kept != 3:
        os.dup2(kept, 3)
    os.closerange(4, 1 << 16)
    return 3
