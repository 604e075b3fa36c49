"""Starts the judge, hands it exercises, and takes its verdicts; a judge that hangs or dies is replaced."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from scalable_ai.course import Course
from scalable_ai.data.locate import user_cache
from scalable_ai.grading.cell_verdict import ForeignVerdict, unjudged
from scalable_ai.grading.forked import ForkedProcess
from scalable_ai.grading.kernel import Call
from scalable_ai.grading.scratch import Scratch
from scalable_ai.grading.verdict import Verdict, no_verdict

# jsonschema takes this grammar where it is installed and a second to read it, for formats that no notebook has.
START_JUDGE = "import sys; sys.modules['rfc3987_syntax'] = None; from scalable_ai.grading.judge import main; main()"
DATA_VARIABLES = ("SCALABLE_AI_DATASETS", "SCALABLE_AI_DATA")
FORKS_FIRST = False
"""Whether the first judge may be a fork of this process, which has imported what it needs and has no threads yet."""
TRIES = 3
"""How often a judge is asked that ended without a reply; then there is no verdict."""
TIME_LIMIT = 180.0
"""Seconds for one exercise, all its checks and the lesson's reference run included."""


@dataclass
class Court:
    """One judge process for a course."""

    course: Course
    time_limit: float = TIME_LIMIT
    seed: int = field(default_factory=lambda: secrets.randbits(128), repr=False)
    """Of the fresh inputs, which are the same for all hand-ins of a batch: nobody has seen them, and it is fair."""
    _timings: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict, repr=False)
    _process: subprocess.Popen | ForkedProcess | None = field(default=None, repr=False)
    _folder: Scratch | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def judge(
        self,
        chapter: str,
        name: str,
        exercise: str,
        call: Call,
        answers: dict[str, str],
        points: float,
        title: str = "",
    ) -> Verdict:
        """Return the verdict on one exercise; without one, no marks and a flag.

        Args:
            chapter: The assignment.
            name: The notebook's name.
            exercise: The exercise or quiz.
            call: Has the kernel in which the learner's answer runs connect to the judge.
            answers: The learner's answer cells by exercise.
            points: What the exercise is worth.
            title: What a card without a verdict is called.
        """
        request = {
            "chapter": chapter,
            "name": name,
            "exercise": exercise,
            "answers": answers,
            "points": points,
            "title": title or exercise,
            "seed": self.seed,
        }
        reply, why = self._try(request, call)
        if reply is not None and "verdict" in reply:
            return Verdict.from_dict(reply["verdict"])
        return no_verdict(title or exercise, points, f"{name}, exercise '{exercise}': {why}", stopped=True)

    def judge_cell(
        self,
        source: Path,
        grade_id: str,
        call: Call,
        answers: dict[str, str],
        tests: dict[str, str],
        workplace: Path,
        seconds: float,
    ) -> ForeignVerdict:
        """Return what a test cell of an ordinary nbgrader notebook comes to.

        Args:
            source: The instructor's notebook.
            grade_id: The cell's.
            call: Has the kernel that has run the cells above it connect to the judge.
            answers: The learner's answer cells by grade id.
            tests: The instructor's test cells by grade id, as the assignment was generated with them.
            workplace: The folder that the kernel works in.
            seconds: For the learner's code.
        """
        request = {
            "source": str(source.resolve()),
            "grade_id": grade_id,
            "answers": answers,
            "tests": tests,
            "workplace": str(workplace),
            "seconds": seconds,
        }
        reply, why = self._try(request, call)
        if reply is None:
            return unjudged(grade_id, why, stopped=True)
        outputs = [nbformat.from_dict(output) for output in reply["outputs"]]
        return ForeignVerdict(outputs, reply["stopped"], reply["flag"])

    def _try(self, request: dict[str, Any], call: Call | None = None) -> tuple[dict[str, Any] | None, str]:
        """Ask the judge, a new one where it was lost; without a reply, say why."""
        with self._lock:
            for again in (False, *[True] * (TRIES - 1 if call else 1)):
                try:
                    return self._ask(request if call is None else {**request, **asdict(call(again))}), ""
                except TimeoutError as error:
                    self._stop()
                    return None, f"the judge gave no verdict ({error})"
                except (OSError, ValueError, KeyError, TypeError) as error:
                    why = f"the judge gave no verdict ({type(error).__name__}: {error})"
                    self._stop()
        return None, why

    def prepare(self, chapter: str, name: str) -> None:
        """Have the judge run a lesson's reference ahead of need; does not wait for it."""
        with self._lock, contextlib.suppress(OSError):
            self.start()
            self._send({"prepare": [chapter, name]})

    def timings(self, chapter: str, name: str) -> dict[str, float]:
        """Return the seconds that each reference answer of a lesson took; none where they cannot be had."""
        key = (chapter, name)
        if not self._timings.get(key):
            reply, _ = self._try({"timings": [chapter, name]})
            self._timings[key] = (reply or {}).get("seconds", {})
        return self._timings[key]

    def start(self) -> None:
        """Start the judge ahead of need."""
        if self._process is None or self._process.poll() is not None:
            self._stop()
            # A folder of its own: what a lesson writes when its reference runs is in nobody's way.
            self._folder = Scratch("judge")
            self._process = self._launched()
            atexit.register(self._stop)

    def _launched(self) -> subprocess.Popen | ForkedProcess:
        global FORKS_FIRST  # noqa: PLW0603 - of this process
        if FORKS_FIRST:
            FORKS_FIRST = False
            from scalable_ai.grading.judge import serve

            return ForkedProcess(partial(serve, self.course), str(self._folder.path), self._environment())
        return subprocess.Popen(
            [sys.executable, "-P", "-c", START_JUDGE, str(self.course.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.path,
            env=self._environment(),
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for nbgrader, which ends the judge
        )

    def close(self) -> None:
        """End the judge."""
        with self._lock:
            self._stop()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.start()
        self._send(request)
        line = _read_line(self._process, self.time_limit)
        if not line:
            raise ConnectionError("it ended")
        return json.loads(line)

    def _send(self, request: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _environment(self) -> dict[str, str]:
        fixed = {
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1",
            "PYTHONWARNINGS": "ignore",
            "TMPDIR": str(self._folder.path),
        }
        return {**data_variables(self.course.root), **os.environ, **fixed}

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):  # what was not yet written is lost with the process
                process.stdin.close()
            process.stdout.close()
            self._folder.remove()


def data_variables(root: Path) -> dict[str, str]:
    """Return the environment variables that name a course's data folder, found upward from it, and the user's cache."""
    found = next((folder / "datasets" for folder in (root, *root.parents) if (folder / "datasets").is_dir()), None)
    return {"SCALABLE_AI_DATASETS": str(found or user_cache()), "SCALABLE_AI_CACHE": str(user_cache())}


def data_folders(root: Path) -> tuple[Path, ...]:
    """Return the folders that lessons of a course read data from, as far as they exist."""
    named = [*data_variables(root).values(), *map(os.environ.get, DATA_VARIABLES)]
    return tuple(path for path in {Path(name).expanduser().resolve() for name in named if name} if path.exists())


def _read_line(process: subprocess.Popen | ForkedProcess, time_limit: float) -> str:
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
