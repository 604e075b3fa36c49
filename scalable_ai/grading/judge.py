"""The judge: a process of its own that owns hidden checks and reference answers.

It reads one JSON request a line on standard input and writes one JSON reply a line on the standard output it was
started with; everything else that is printed goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from scalable_ai.course import Course
from scalable_ai.grading.answerer import Answerer
from scalable_ai.grading.cell_verdict import unjudged
from scalable_ai.grading.channel import Channel, KernelChannel, LocalChannel, SocketChannel
from scalable_ai.grading.foreign.bench import ForeignBench
from scalable_ai.grading.hidden import GraderError, HiddenCheck, Outcome, load_checks, quiz_check, run_check
from scalable_ai.grading.needed import names_asked
from scalable_ai.grading.reference import run_reference
from scalable_ai.grading.verdict import Verdict, no_verdict
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import Lesson, SourceError, read_lesson

REFERENCE_TIME_LIMIT = 60.0


class Judge:
    """Judges exercises of a course; each lesson's reference runs once."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self._lessons: dict[tuple[str, str], Bench] = {}
        self._foreign: dict[tuple[Path, int, str], ForeignBench] = {}

    def judge(
        self, chapter: str, name: str, exercise: str, channel: Channel, answers: dict[str, str], seed: int
    ) -> Verdict:
        """Return the verdict on one exercise of a running submission.

        Args:
            chapter: The assignment.
            name: The notebook's name.
            exercise: The exercise or quiz.
            channel: Where the learner's answer runs.
            answers: The learner's answer cells by exercise.
            seed: Of the fresh inputs.
        """
        return self.bench(chapter, name).judge(exercise, channel, answers, seed)

    def foreign_bench(self, source: Path, tests: dict[str, str]) -> ForeignBench:
        """Return the test cells of an ordinary nbgrader notebook: it as it is now, them as they were generated."""
        key = (source, source.stat().st_mtime_ns, json.dumps(tests, sort_keys=True))
        if key not in self._foreign:
            notebook = nbformat.read(source, as_version=4)
            for cell in notebook.cells:
                cell.source = tests.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
            self._foreign[key] = ForeignBench(notebook, source.parent)
        return self._foreign[key]

    def bench(self, chapter: str, name: str) -> Bench:
        """Return a lesson's checks and reference answer; the first time, run it."""
        key = (chapter, name)
        if key not in self._lessons:
            self._lessons[key] = Bench(self.course, chapter, name)
        return self._lessons[key]


class Bench:
    """One lesson's hidden checks and its reference answer, run once.

    Args:
        course: Where lessons and checks are.
        chapter: The assignment.
        name: The lesson.
        run: Runs the lesson's own code and returns its namespace.

    Raises:
        GraderError: The checks cannot be loaded.
        SourceError: The lesson cannot be read.
    """

    def __init__(
        self, course: Course, chapter: str, name: str, run: Callable[[Lesson], dict[str, Any]] | None = None
    ) -> None:
        self.lesson: Lesson = read_lesson(course.solutions / chapter / f"{name}.py")
        checks = course.graders / chapter / f"{name}.py"
        self.checks = load_checks(checks)
        for quiz in self.lesson.quizzes.values():
            self.checks[quiz.name] = [quiz_check(quiz)]
        self.sources = {cell.name: solution_text(cell.text) for cell in self.lesson.of("answer")}
        self.seconds: dict[str, float] = {}
        """What each reference answer took."""
        if run is None:
            asked = names_asked(checks.read_text(encoding="utf-8"))
            namespace = run_reference(self.lesson, asked=asked, seconds=self.seconds)
        else:
            namespace = run(self.lesson)
        # All hand-ins of a batch are asked the same, so that the reference answers each question once.
        self.reference = LocalChannel(namespace, remembers=True)

    def judge(self, exercise: str, channel: Channel, answers: dict[str, str], seed: int) -> Verdict:
        """Return the verdict on one exercise."""
        title, points, success, hints = self._card(exercise)
        checks = self.checks.get(exercise)
        if not checks:
            return no_verdict(title, points, f"{self.lesson.path}: exercise '{exercise}' has no hidden checks.")
        try:
            outcomes = self._run_all(checks, channel, answers, seed)
        except Exception as error:
            why = f"{self.lesson.name}, exercise '{exercise}': {type(error).__name__}: {error}"
            return no_verdict(title, points, why)
        return Verdict(
            title=title,
            score=score_of(points, outcomes),
            points=points,
            findings=tuple(dict.fromkeys(outcome.finding for outcome in outcomes if outcome.finding)),
            success=success,
            hints=hints,
            passed=tuple(outcome.what for outcome in outcomes if outcome.passed),
            stopped=any(outcome.is_timeout for outcome in outcomes),
        )

    def _run_all(
        self, checks: list[HiddenCheck], channel: Channel, answers: dict[str, str], seed: int
    ) -> list[Outcome]:
        """Run the checks of an exercise; after one that had to be stopped, the others are not tried."""
        outcomes: list[Outcome] = []
        self._memory: dict[str, dict[str, str]] = {}
        for number, check in enumerate(checks):
            if any(outcome.is_timeout for outcome in outcomes):
                outcomes.append(replace(outcomes[-1], what=check.what, weight=check.weight))
            else:
                # Groups are numbered apart from single checks.
                place = [0, number] if check.group is None else [1, check.group]
                outcomes.append(self._run(check, channel, answers, np.random.SeedSequence([seed, *place])))
        return outcomes

    def _run(
        self, check: HiddenCheck, channel: Channel, answers: dict[str, str], entropy: np.random.SeedSequence
    ) -> Outcome:
        # The seed that both answers start from travels to the learner's kernel; the one that inputs come from does not.
        secret, shared = entropy.spawn(2)
        seed = int(shared.generate_state(1)[0])
        return run_check(
            check,
            learner=lambda: Answerer(channel, answers, check.time_limit, seed, self._memory),
            reference=lambda: Answerer(self.reference, self.sources, REFERENCE_TIME_LIMIT, seed),
            rng=np.random.default_rng(secret),
        )

    def _card(self, exercise: str) -> tuple[str, float, str, tuple[str, ...]]:
        if exercise in self.lesson.exercises:
            card = self.lesson.exercises[exercise]
            number = list(self.lesson.exercises).index(exercise) + 1
            return f"Exercise {number}: {card.title}", card.points, card.success, card.hints
        quiz = self.lesson.quizzes[exercise]
        why = next(option.why for option in quiz.options if option.right)
        return "Quiz", quiz.points, why, ()


def score_of(points: float, outcomes: list[Outcome]) -> float:
    """Return the share of the points that the passed checks are worth, to three decimals; all of them for all."""
    total = sum(outcome.weight for outcome in outcomes)
    earned = sum(outcome.weight for outcome in outcomes if outcome.passed)
    return points if earned == total else round(points * earned / total, 3)


def serve(course: Course) -> None:
    """Answer requests until standard input ends; then end at once, whatever a check is doing."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(lines,), daemon=True).start()
    judge = Judge(course)
    while True:
        asked = json.loads(lines.get())
        if "prepare" in asked:
            # What is wrong with the lesson is said when an exercise of it is judged.
            with contextlib.suppress(Exception):
                judge.bench(*asked["prepare"])
            continue
        replies.write(json.dumps(_reply(judge, asked)) + "\n")
        replies.flush()


def _read_lines(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _reply(judge: Judge, asked: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    channel = None
    if "timings" in asked:
        return _timings(judge, *asked["timings"])
    try:
        if asked["address"]:
            channel = SocketChannel(asked["address"], asked["pid"])
        else:
            channel = KernelChannel(asked["connection"], asked["pid"])
        if "source" in asked:
            return _cell_reply(judge, channel, asked)
        verdict = judge.judge(
            asked["chapter"], asked["name"], asked["exercise"], channel, asked["answers"], asked["seed"]
        )
    except (GraderError, SourceError, OSError) as error:
        verdict = no_verdict(asked["title"], asked["points"], str(error))
    except Exception as error:
        verdict = no_verdict(asked["title"], asked["points"], f"{type(error).__name__}: {error}")
    finally:
        if channel is not None:
            channel.close()
    return {"verdict": verdict.to_dict(), "seconds": round(time.monotonic() - started, 4)}


def _timings(judge: Judge, chapter: str, name: str) -> dict[str, Any]:
    try:
        return {"seconds": judge.bench(chapter, name).seconds}
    except Exception:  # said when an exercise is judged
        return {"seconds": {}}


def _cell_reply(judge: Judge, channel: Channel, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        bench = judge.foreign_bench(Path(asked["source"]), asked["tests"])
        verdict = bench.judge(asked["grade_id"], channel, asked["answers"], Path(asked["workplace"]), asked["seconds"])
    except Exception as error:
        verdict = unjudged(asked["grade_id"], f"{type(error).__name__}: {error}")
    return {"outputs": verdict.outputs, "stopped": verdict.stopped, "flag": verdict.flag}


def main() -> None:
    """Serve the course whose root is the first argument."""
    serve(Course(Path(sys.argv[1])))
