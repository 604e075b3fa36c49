"""Limits that nobody but a watcher outside can hold: what all processes of a box use together."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from scalable_ai.grading.sandbox.box import GIGABYTE, Box
from scalable_ai.grading.sandbox.memory import Tally

PERIOD = 0.2
"""Seconds between two looks at memory, time and processes."""
DISK_PERIOD = 0.6
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Watch:
    """Looks at one box from outside.

    Args:
        box: Whose limits.
        runtime: Folder of its sockets, in which it can write too.
        pid: Its first process, in this process's /proc.
        is_private: Whether it has its own processes, /proc and /tmp.
        baseline: Bytes that each forked process shares with the warm parent.
    """

    box: Box
    runtime: str
    pid: int
    is_private: bool
    baseline: int = 0
    _disk_at: float = field(default=0.0, repr=False)
    _tally: Tally = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._tally = Tally(self.box.limits.memory, self.baseline)

    def excess(self) -> str:
        """Return in one sentence what the box used too much of, or nothing."""
        limits = self.box.limits
        pids = list(self._pids())
        cpu = sum(map(_cpu_seconds, pids))
        if cpu > limits.cpu_seconds:
            return spent_cpu(limits.cpu_seconds)
        if self._tally.exceeds(pids, self._files_in_memory()):
            return f"it used more than {_amount(limits.memory)} of memory"
        if not self.is_private and len(pids) > limits.processes:
            return f"it ran more than {limits.processes} processes at a time"
        if time.monotonic() - self._disk_at > DISK_PERIOD:
            used, files = self._disk(pids)
            self._disk_at = time.monotonic()  # after the look, so that a large folder is not looked at all the time
            if used > limits.disk:
                return f"it wrote more than {_amount(limits.disk)} to disk"
            if files > limits.files:
                return f"it made more than {limits.files:,} files"
        return ""

    def _pids(self) -> Iterator[str]:
        """Give the folders in /proc of the box's processes."""
        if self.is_private:
            own = f"/proc/{self.pid}/root/proc"
            # The first process there is ours, and waits.
            yield from (f"{own}/{name}" for name in _names(own) if name.isdigit() and name != "1")
        else:
            yield from (f"/proc/{pid}" for pid in (self.pid, *descendants(self.pid)))

    def _files_in_memory(self) -> int:
        if self.is_private:
            with contextlib.suppress(OSError):
                found = os.statvfs(f"/proc/{self.pid}/root/tmp")
                return (found.f_blocks - found.f_bfree) * found.f_frsize
        return 0

    def _disk(self, pids: list[str]) -> tuple[int, int]:
        """Return bytes and number of files, those included that are open and have no name any more."""
        used = files = 0
        for folder in (str(self.box.folder), self.runtime):
            for entry in _tree(folder):
                files += 1
                used += entry.st_blocks * 512
                if files > self.box.limits.files or used > self.box.limits.disk:
                    return used, files
        nameless = {}
        for pid in pids:
            for name in _names(f"{pid}/fd"):
                try:
                    found = os.stat(f"{pid}/fd/{name}")
                except OSError:
                    continue
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    nameless[found.st_dev, found.st_ino] = found.st_blocks * 512
        own = os.stat(self.box.folder).st_dev
        return used + sum(size for (device, _), size in nameless.items() if device == own), files


def spent_cpu(seconds: int) -> str:
    """Return the sentence about processor time."""
    return f"it used more than {seconds:,} seconds of processor time"


def descendants(pid: int) -> list[int]:
    """Return all processes below one, as far as their parents live."""
    below = _families()
    found, left = [], [pid]
    while left:
        own = below.get(left.pop(), [])
        found += own
        left += own
    return found


def children(pid: int) -> list[int]:
    """Return the processes right below one."""
    return _families().get(pid, [])


def _families() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for name in _names("/proc"):
        fields = _stat(f"/proc/{name}") if name.isdigit() else []
        if fields:
            found.setdefault(int(fields[1]), []).append(int(name))
    return found


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _tree(folder: str) -> Iterator[os.stat_result]:
    left = [folder]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    try:
                        yield entry.stat(follow_symlinks=False)
                        if entry.is_dir(follow_symlinks=False):
                            left.append(entry.path)
                    except OSError:
                        continue
        except OSError:
            continue


def _stat(pid: str) -> list[str]:
    """Return the fields after the command's name, which may hold blanks and brackets."""
    return _read(f"{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _cpu_seconds(pid: str) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / TICK if fields else 0.0


def _amount(size: int) -> str:
    return f"{size / GIGABYTE:.3g} GB"
