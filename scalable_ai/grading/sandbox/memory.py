"""How much memory the processes of a box use together, beyond what they were given by the fork."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

LOOK_SECONDS = 0.2
"""What one look may take: a process that has the warm parent's memory takes some 30 ms, and others wait meanwhile."""


@dataclass
class Tally:
    """Counts the memory of processes, exactly only where that may decide, and bit by bit where they are many.

    A page that several processes share counts once, that is, to each in equal parts; what all of them share with the
    warm parent is allowed for once, not once for each.

    Args:
        limit: Bytes.
        baseline: Bytes that each forked process shares with the warm parent.
    """

    limit: int
    baseline: int = 0
    _left: list[str] = field(default_factory=list, repr=False)
    _anonymous: int = field(default=0, repr=False)
    _shared: int = field(default=0, repr=False)

    def exceeds(self, pids: list[str], files: int) -> bool:
        """Look again, and tell whether they use more than the limit.

        Args:
            pids: Folders in /proc of all processes.
            files: Bytes in their private file system in memory.
        """
        resident = {pid: sum(_resident(pid)) for pid in pids}
        if not self._left:
            if sum(resident.values()) + files <= self.limit:
                return False
            # The largest first, so that it shows soon.
            self._left = sorted(pids, key=resident.__getitem__)
            self._anonymous = self._shared = 0
        end = time.monotonic() + LOOK_SECONDS
        while self._left and time.monotonic() < end:
            anonymous, shared = _proportional(self._left.pop())
            self._anonymous += anonymous
            self._shared += shared
            # Files in memory that are mapped are shared memory, too, and are not to count twice.
            if self._anonymous - self.baseline + max(self._shared, files) > self.limit:
                self._left = []
                return True
        return False


def anonymous(pid: str) -> int:
    """Return bytes of a process's memory that are no file's; what forks share is counted for each."""
    return _resident(pid)[0]


def _resident(pid: str) -> tuple[int, int]:
    """Return what is no file's, and what is shared memory; anyone may ask that of any process."""
    found = _fields(f"{pid}/status", "RssAnon:", "RssShmem:")
    return found or (0, 0)


def _proportional(pid: str) -> tuple[int, int]:
    """Return the same, each page divided by those who have it; whole where a process does not let itself be seen."""
    return _fields(f"{pid}/smaps_rollup", "Pss_Anon:", "Pss_Shmem:") or _resident(pid)


def _fields(path: str, *names: str) -> tuple[int, ...]:
    try:
        with open(path) as file:
            found = dict(line.split()[:2] for line in file if line.startswith(names))
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(int(found[name]) * 1024 for name in names) if len(found) == len(names) else ()
