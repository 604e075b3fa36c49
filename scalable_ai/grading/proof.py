"""Proof that marks are right: what named answers, fresh inputs and half-mended answers show of a lesson's checks."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from scalable_ai.course import Course
from scalable_ai.grading.gallery import REFERENCE, Answer, Graded, answers_of, grade
from scalable_ai.grading.mending import mended
from scalable_ai.grading.rehearsal import SEED, Rehearsal, rehearse
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.source import find_lessons, read_lesson

T = TypeVar("T")

SEEDS = 20
"""Sets of fresh inputs with which a right answer passes."""


@dataclass
class Proof:
    """What was tried on one lesson, and what is wrong."""

    lesson: str
    graded: list[Graded]
    """Each answer, once."""
    again: dict[str, int] = field(default_factory=dict)
    """By exercise, how often right answers were graded with other inputs."""
    steps: dict[str, int] = field(default_factory=dict)
    """By exercise, how many half-mended answers were graded."""
    problems: list[str] = field(default_factory=list)


def prove(course: Course, path: Path, thorough: bool = False) -> Proof:
    """Grade a lesson's named answers, its right ones with other inputs too, and wrong ones half mended.

    The lesson runs once. Right answers are graded with two of `SEEDS` sets of inputs, the second of which depends on
    the lesson, and one wrong answer of each exercise is mended; a thorough proof takes all of them.

    Args:
        course: Where lessons and galleries are.
        path: The lesson's source.
        thorough: Whether to try all.

    Raises:
        GalleryError: The gallery cannot be read, or answers an exercise that the lesson does not have.
    """
    answers = answers_of(course, read_lesson(path))
    with rehearse(course, path) as rehearsal:
        proof = Proof(path.stem, [grade(rehearsal, answer) for answer in answers])
        for graded in proof.graded:
            if graded.problem:
                _note(proof, graded.answer, graded.problem)
        seeds = range(SEED + 1, SEED + SEEDS)
        seeds = seeds if thorough else [_picked(seeds, path.stem)]
        exercises = dict.fromkeys(answer.exercise for answer in answers)
        right = [[one for one in answers if one.right and one.exercise == exercise] for exercise in exercises]
        if not thorough:
            right = [[_picked(own, f"{path.stem} {own[0].exercise}")] for own in right]
        for seed in seeds:
            _grade_again(proof, rehearsal, [answer for own in right for answer in own], seed)
        for exercise in exercises:
            _mend(proof, rehearsal, exercise, thorough)
    proof.problems += unordered(proof.graded)
    return proof


def unordered(graded: list[Graded]) -> list[str]:
    """Return where an answer that passes more of an exercise's checks has no more of its points."""
    problems = []
    for less in graded:
        for more in graded:
            if less.answer.exercise != more.answer.exercise or not set(less.verdict.passed) < set(more.verdict.passed):
                continue
            if less.verdict.score >= more.verdict.score:
                titles = f"'{more.answer.title}' passes more than '{less.answer.title}'"
                problems.append(f"{less.answer.exercise}: {titles} and scores no more")
    return problems


def _grade_again(proof: Proof, rehearsal: Rehearsal, answers: list[Answer], seed: int) -> None:
    for answer in answers:
        verdict = rehearsal.grade(answer.exercise, answer.text, seed)
        proof.again[answer.exercise] = proof.again.get(answer.exercise, 0) + 1
        if problem := Graded(answer, verdict).problem:
            _note(proof, answer, f"with seed {seed}: {problem}")


def _mend(proof: Proof, rehearsal: Rehearsal, exercise: str, thorough: bool) -> None:
    """Grade wrong answers with more and more of the reference answer in them: no step may cost marks."""
    own = [one for one in proof.graded if one.answer.exercise == exercise]
    reference = next(one for one in own if one.answer.title == REFERENCE)
    chains = [(one, mended(one.answer.text, reference.answer.text)) for one in own if not one.answer.right]
    chains = [(one, texts) for one, texts in chains if texts]
    if not thorough and chains:
        one, texts = _picked(chains, f"{proof.lesson} {exercise}")
        chains = [(one, [_picked(texts, f"{exercise} {one.answer.title}")])]
    for one, texts in chains:
        verdicts = [one.verdict]
        for text in texts:
            verdict = rehearsal.grade(exercise, text)
            proof.steps[exercise] = proof.steps.get(exercise, 0) + 1
            # Parts that do not fit each other, such as one that reads what the other no longer writes, are no answer.
            if verdict.score >= verdicts[-1].score or rehearsal.runs(exercise, text):
                verdicts.append(verdict)
        for problem in losses([*verdicts, reference.verdict]):
            _note(proof, one.answer, problem)


def losses(verdicts: list[Verdict]) -> Iterator[str]:
    """Yield where a step of mending costs marks."""
    for number, (before, after) in enumerate(pairwise(verdicts), 1):
        if after.score < before.score:
            lost = ", ".join(sorted(set(before.passed) - set(after.passed)))
            yield f"scores {after.score:g} after {before.score:g} at step {number} of mending (lost: {lost})"


def _picked(choices: Sequence[T], text: str) -> T:
    """Return one of the choices; which one depends on the text alone."""
    return choices[zlib.crc32(text.encode()) % len(choices)]


def _note(proof: Proof, answer: Answer, problem: str) -> None:
    kind = "right" if answer.right else "wrong"
    proof.problems.append(f"{proof.lesson}, {answer.exercise}, {kind} '{answer.title}': {problem}")


def grade_galleries(course: Course, paths: list[Path], thorough: bool = False) -> int:
    """Prove some or all lessons, print a table, and return an exit status."""
    from rich.console import Console
    from rich.table import Table

    columns = ("lesson", "exercise", "right passed", "wrong caught", "other inputs", "steps of mending")
    table = Table(*columns, title="Hidden checks against named answers")
    lessons = find_lessons(course.solutions)
    problems = [
        f"{path}: this is no lesson of the course. Name a file in solutions/." for path in paths if path not in lessons
    ]
    for path in [path for path in paths if path in lessons] if paths else lessons:
        proof = prove(course, path, thorough)
        problems += proof.problems
        for row in rows(proof):
            table.add_row(path.stem, *row)
    Console().print(table)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def rows(proof: Proof) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield exercise, right answers passed, wrong ones caught, gradings with other inputs, and steps of mending."""
    for exercise in dict.fromkeys(one.answer.exercise for one in proof.graded):
        cells = []
        for right in (True, False):
            own = [one for one in proof.graded if (one.answer.exercise, one.answer.right) == (exercise, right)]
            cells.append(f"{sum(not one.problem for one in own)} of {len(own)}")
        yield exercise, *cells, str(proof.again.get(exercise, 0)), str(proof.steps.get(exercise, 0))
