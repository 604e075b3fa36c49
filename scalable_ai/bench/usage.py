"""What a command used: time, processor time and memory of it and of all that it started."""

from __future__ import annotations

import contextlib
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PERIOD = 0.25
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Usage:
    """Of one command."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    """Of all processes together; a page that several share counts once for each share."""
    output: str
    memory: tuple[tuple[float, int], ...] = ()
    """Seconds since its start, and bytes of all processes together then."""

    def memory_between(self, start: float, end: float) -> int:
        """Return the median of the bytes in use in a span of seconds, or 0 where nobody looked."""
        found = [size for second, size in self.memory if start <= second <= end]
        return int(statistics.median(found)) if found else 0


def run_measured(command: Sequence[str], cwd: Path, env: dict[str, str]) -> Usage:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: It ended with an error status.
    """
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        looks = _Looks(process.pid, started)
        output = process.stdout.read()
        process.wait()
        seconds = time.monotonic() - started
        looks.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(seconds, cpu, max((size for _, size in looks.found), default=0), output, tuple(looks.found))


class _Looks(threading.Thread):
    def __init__(self, pid: int, started: float) -> None:
        super().__init__(daemon=True)
        self.found: list[tuple[float, int]] = []
        self._pid, self._since, self._ended = pid, started, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(PERIOD):
            with contextlib.suppress(psutil.Error):
                top = psutil.Process(self._pid)
                size = sum(map(_proportional, [top, *top.children(recursive=True)]))
                self.found.append((time.monotonic() - self._since, size))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _proportional(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(full, "pss", 0) or full.uss
