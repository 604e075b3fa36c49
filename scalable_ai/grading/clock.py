"""The time that a learner's code has had: what it waited for a processor of a busy machine is not held against it."""

from __future__ import annotations

import contextlib
import os
import time

SLOWEST = 10.0
"""At most so many times slower than other clocks, since a process can keep processors busy itself."""


class Clock:
    """Counts seconds, without those for which a process was ready to run and waited for a processor.

    Where nothing is known of that, it counts all of them.

    Args:
        pid: The process; its first thread counts.
    """

    def __init__(self, pid: int | None) -> None:
        self._file = -1
        if pid is not None:
            with contextlib.suppress(OSError):
                self._file = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        self._began, self._before = time.monotonic(), self._waited()
        self._last = 0.0

    def __call__(self) -> float:
        """Return the seconds since it was made; never fewer than before."""
        passed = time.monotonic() - self._began
        had = passed - (self._waited() - self._before)
        self._last = max(self._last, had, passed / SLOWEST)
        return self._last

    def _waited(self) -> float:
        if self._file >= 0:
            with contextlib.suppress(OSError, IndexError, ValueError):  # it has ended, or the kernel does not count
                return int(os.pread(self._file, 100, 0).split()[1]) / 1e9
        return getattr(self, "_before", 0.0)

    def close(self) -> None:
        """Let go of the process."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        self.close()
