"""A lesson on trial: its gallery and the mutants of its reference answers, each graded in a fork."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scalable_ai.checks import Check
from scalable_ai.course import Course
from scalable_ai.grading.answerer import Answerer
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.gallery import REFERENCE, Answer, Graded, answers_of
from scalable_ai.grading.hidden import HiddenCheck, Run
from scalable_ai.grading.mutation.child import CrashedError, LateError, ask_in_fork
from scalable_ai.grading.mutation.mutants import Mutant, draw, make_mutants
from scalable_ai.grading.rehearsal import SEED, Rehearsal, rehearse
from scalable_ai.lessons.equivalents import Equivalent, read_equivalents
from scalable_ai.lessons.pages.proof import ExerciseProof, Survivor
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import read_lesson

REFERENCE_LIMIT = 600.0
"""Seconds that the reference answer may take."""
GRACE, FACTOR = 5.0, 10.0
"""An answer has so many seconds, and so many times those of the reference answer, as at grading."""


class TrialError(Exception):
    """A lesson whose checks cannot be tried: says which, and why."""


@dataclass
class ExerciseTrial:
    """What became of one exercise."""

    exercise: str
    proof: ExerciseProof = field(default_factory=ExerciseProof)
    known: list[Equivalent] = field(default_factory=list)
    """Mutants that are right answers too."""
    stale: list[Equivalent] = field(default_factory=list)
    """Entries that no survivor matches."""
    problems: list[str] = field(default_factory=list)
    """Where the checks and the gallery disagree."""


def try_lesson(course: Course, path: Path, sample: int | None = None, seed: int = 0) -> Iterator[ExerciseTrial]:
    """Put each exercise of a lesson on trial.

    Args:
        course: Where lessons, checks and galleries are.
        path: The lesson's source.
        sample: Mutants of each exercise, drawn at random; without it all of them, and the gallery as well.
        seed: Of the drawing.

    Raises:
        TrialError: A reference answer does not get full marks.
        EquivalentsError, GalleryError, GraderError, SourceError: A file cannot be read.
    """
    import torch

    # A fork of a process with threads would wait for them for ever.
    torch.set_num_threads(1)
    lesson = read_lesson(path)
    known = read_equivalents(course, lesson)
    answers = answers_of(course, lesson)
    with rehearse(course, path) as rehearsal:
        for cell in lesson.of("answer"):
            started = time.monotonic()
            trial = ExerciseTrial(cell.name, known=[entry for entry in known if entry.exercise == cell.name])
            text = solution_text(cell.text)
            limit = GRACE + FACTOR * _reference_seconds(rehearsal, cell.name, text)
            rehearsal.bench.reference = _remembered(rehearsal, cell.name, text)
            if sample is None:
                _try_gallery(rehearsal, [answer for answer in answers if answer.exercise == cell.name], trial)
            mutants = make_mutants(text)
            drawn = draw(mutants, sample, f"{seed} {lesson.name} {cell.name}")
            survivors = [mutant for mutant in drawn if _survives(rehearsal, cell.name, mutant, limit)]
            trial.stale = [entry for entry in trial.known if _is_stale(entry, mutants, drawn, survivors)]
            # What mutants did to the lesson's folder must not have decided about later ones.
            _reference_seconds(rehearsal, cell.name, text)
            trial.proof = replace(
                trial.proof,
                made=len(drawn),
                # The cell's first line is its mark.
                survivors=tuple(Survivor(cell.line + one.line, one.before, one.after, one.nth) for one in survivors),
                seconds=round(time.monotonic() - started, 1),
            )
            yield trial


def _is_stale(entry: Equivalent, mutants: list[Mutant], drawn: list[Mutant], survivors: list[Mutant]) -> bool:
    """Tell whether an entry explains a mutant that is not made any more, or one that was killed."""
    meant = [mutant for mutant in mutants if entry.means(mutant)]
    return not meant or any(mutant in drawn and mutant not in survivors for mutant in meant)


def _reference_seconds(rehearsal: Rehearsal, exercise: str, text: str) -> float:
    started = time.monotonic()
    problem = _problem(rehearsal, Answer(exercise, REFERENCE, True, text), REFERENCE_LIMIT)
    if problem:
        raise TrialError(f"{rehearsal.lesson.path}, exercise '{exercise}': {problem}")
    return time.monotonic() - started


class _Remembered(LocalChannel):
    """The reference answer with replies that it gave before, of any length."""

    def __init__(self, namespace: dict[str, Any], replies: dict[str, str]) -> None:
        super().__init__(namespace)
        self.replies = replies

    def request(self, request: str, timeout: float) -> str:
        """Reply as before, or anew."""
        if request not in self.replies:
            self.replies[request] = super().request(request, timeout)
        return self.replies[request]


def _remembered(rehearsal: Rehearsal, exercise: str, text: str) -> LocalChannel:
    """Return the reference answer with its replies to all that the checks of an exercise ask.

    So it writes no file while a mutant is graded, which could stand in for one that the mutant does not write. Those
    that it has written are left with the content that other inputs give, until a mutant writes them.
    """
    namespace = rehearsal.bench.reference.namespace

    def ask() -> dict[str, str]:
        remembered = rehearsal.bench.reference = _Remembered(namespace, {})
        rehearsal.grade(exercise, text)
        return remembered.replies

    try:
        replies = ask_in_fork(ask, REFERENCE_LIMIT)
        ask_in_fork(lambda: rehearsal.grade(exercise, text, SEED + 1).is_full, REFERENCE_LIMIT)
    except (LateError, CrashedError):
        raise TrialError(
            f"{rehearsal.lesson.path}, exercise '{exercise}': the reference answer gives no reply."
        ) from None
    return _Remembered(namespace, replies)


def _try_gallery(rehearsal: Rehearsal, answers: list[Answer], trial: ExerciseTrial) -> None:
    counts: Counter[str] = Counter()
    for answer in answers:
        problem = _problem(rehearsal, answer, REFERENCE_LIMIT)
        kind, well = ("right", "right_passed") if answer.right else ("wrong", "wrong_caught")
        counts.update({kind: 1, well: not problem})
        if problem:
            trial.problems.append(f"'{answer.title}': {problem}")
    trial.proof = replace(trial.proof, **counts)


def _problem(rehearsal: Rehearsal, answer: Answer, seconds: float) -> str:
    try:
        return ask_in_fork(lambda: Graded(answer, rehearsal.grade(answer.exercise, answer.text)).problem, seconds)
    except LateError:
        return f"no verdict within {seconds:g} seconds"
    except CrashedError:
        return "no verdict: the process that graded it ended"


def _survives(rehearsal: Rehearsal, exercise: str, mutant: Mutant, seconds: float) -> bool:
    """Return whether a mutant gets full marks; at grading, one that is late or ends its kernel gets none."""

    def is_full() -> bool:
        checks = rehearsal.bench.checks
        checks[exercise] = _until_one_fails(checks[exercise])
        return rehearsal.grade(exercise, mutant.text).is_full

    try:
        return ask_in_fork(is_full, seconds)
    except (LateError, CrashedError):
        return False


def _until_one_fails(checks: list[HiddenCheck]) -> list[HiddenCheck]:
    """Return checks that look no further once one has failed: then the marks are not full, whatever the others say."""
    failed = []

    def watched(run: Run) -> Run:
        def watch(check: Check, learner: Answerer, reference: Answerer, rng: np.random.Generator) -> None:
            check.that(not failed, "no earlier fault")
            failed.append(run)
            run(check, learner, reference, rng)
            failed.clear()

        return watch

    return [replace(check, run=watched(check.run), control=False) for check in checks]
