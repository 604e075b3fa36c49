"""Starts the judge, hands it exercises, and takes its verdicts; a judge that hangs or dies is replaced."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import select
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scalable_ai.course import Course
from scalable_ai.grading.verdict import Verdict, no_verdict

TIME_LIMIT = 180.0
"""Seconds for one exercise, all its checks and the lesson's reference run included."""


@dataclass
class Court:
    """One judge process for a course."""

    course: Course
    time_limit: float = TIME_LIMIT
    _process: subprocess.Popen | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def judge(
        self, chapter: str, name: str, exercise: str, connection_file: str, answers: dict[str, str], points: float
    ) -> Verdict:
        """Return the verdict on one exercise; without one, no marks and a flag."""
        request = {
            "chapter": chapter,
            "name": name,
            "exercise": exercise,
            "connection_file": str(connection_file),
            "answers": answers,
            "points": points,
            "seed": secrets.randbits(31),
        }
        with self._lock:
            for _ in range(2):
                try:
                    return Verdict.from_dict(self._ask(request)["verdict"])
                except (OSError, ValueError, KeyError, TypeError) as error:
                    why = f"the judge gave no verdict ({type(error).__name__}: {error})"
                    self._stop()
        return no_verdict(exercise, points, f"{name}, exercise '{exercise}': {why}")

    def start(self) -> None:
        """Start the judge ahead of need."""
        if self._process is None or self._process.poll() is not None:
            environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scalable_ai.grading.judge", str(self.course.root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.course.root,
                env=environment,
                text=True,
                encoding="utf-8",
            )
            atexit.register(self._stop)

    def close(self) -> None:
        """End the judge."""
        with self._lock:
            self._stop()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.start()
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = _read_line(self._process, self.time_limit)
        if not line:
            raise ConnectionError("it ended")
        return json.loads(line)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def _read_line(process: subprocess.Popen, time_limit: float) -> str:
    """Read one line, or raise TimeoutError; pipes cannot be waited for on Windows, so a timer ends the judge there."""
    if os.name == "posix":
        if not select.select([process.stdout], [], [], time_limit)[0]:
            raise TimeoutError(f"none within {time_limit:g} seconds")
        return process.stdout.readline()
    timer = threading.Timer(time_limit, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


_courts: dict[Path, Court] = {}


def court_of(course: Course) -> Court:
    """Return this process's court for a course, one for all its submissions."""
    return _courts.setdefault(course.root, Court(course))
