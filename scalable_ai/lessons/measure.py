"""Measure how long lessons run, each in a fresh process, and keep the times with facts about the machine."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.lessons.pages.run_times import Machine, RunTime, RunTimes, code_fingerprint, read_run_times
from scalable_ai.lessons.source import Lesson

ENVIRONMENT = {"MPLBACKEND": "Agg", "SCALABLE_AI_DATA": "generated"}
"""Figures without a window, and images that need no download."""
START = "import torch"
"""What every lesson does first."""


class MeasureError(Exception):
    """A lesson that does not run, and so has no time: says which, and its last words."""


def this_machine() -> Machine:
    """Return facts about this machine, without names of its own."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=_memory(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=metadata.version("torch").partition("+")[0],
    )


def load() -> float:
    """Return how many processes ran or waited in the last minute; 0 where the system does not tell."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0


def measure(course: Course, lessons: list[Lesson], runs: int, tell: Callable[[str], None] = print) -> RunTimes:
    """Run lessons and return their times beside those known already, if these are from the same machine.

    Args:
        course: Where the times are kept.
        lessons: What to run.
        runs: How often each is run.
        tell: Called with a line for each lesson.

    Raises:
        MeasureError: A lesson does not run.
        ValueError: The times known already cannot be read.
    """
    machine, busy = this_machine(), load()
    known = read_run_times(course)
    times = dict(known.lessons) if known and known.machine == machine else {}
    start = statistics.median(_seconds(["-c", START], "Python with PyTorch") for _ in range(runs))
    for lesson in lessons:
        seconds = [_seconds([str(lesson.path.resolve())], str(lesson.path)) for _ in range(runs)]
        times[lesson.meta["id"]] = RunTime([round(one, 2) for one in seconds], code_fingerprint(lesson))
        tell(f"{lesson.meta['id']:<16} {statistics.median(seconds):6.1f} s")
    return RunTimes(machine, time.strftime("%Y-%m-%d"), round(start, 2), busy, times)


def _seconds(arguments: list[str], what: str) -> float:
    """Return the wall-clock seconds of one run of Python, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MeasureError(f"{what}: it ended with status {done.returncode} ({last}). Mend it, then measure again.")
    return seconds


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def _memory() -> int:
    import psutil

    return round(psutil.virtual_memory().total / 2**30)
