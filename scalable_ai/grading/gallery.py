"""Galleries of named right and wrong answers, and the proof that the hidden checks tell them apart."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import sys
import tempfile
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scalable_ai.course import Course
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.court import data_variables
from scalable_ai.grading.judge import Bench
from scalable_ai.grading.reference import run_reference
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.gallery import Entry
from scalable_ai.lessons.gallery import read_gallery as read_entries
from scalable_ai.lessons.scaffold import learner_text, solution_text
from scalable_ai.lessons.source import Cell, find_lessons

SEED = 20_260_101
UNTOUCHED = "untouched"
NOTHING = "does nothing"
REFERENCE = "reference answer"


class GalleryError(Exception):
    """A gallery that cannot be read: says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class Answer:
    """One named answer to an exercise."""

    exercise: str
    title: str
    right: bool
    text: str
    """The whole answer cell."""
    says: str = ""
    """A part of the message that a learner with this wrong answer reads."""
    scores: float | None = None
    """The exact share of the points it earns, where the gallery states it."""


@dataclass(frozen=True)
class Graded:
    """One answer with what the hidden checks made of it."""

    answer: Answer
    verdict: Verdict

    @property
    def problem(self) -> str:
        """Why the checks and the gallery disagree; empty where they agree."""
        verdict, answer = self.verdict, self.answer
        text = plain(" ".join(finding.sentence() for finding in verdict.findings))
        share = verdict.score / verdict.points
        if verdict.flag:
            return f"no verdict: {verdict.flag}"
        if answer.right:
            return "" if verdict.is_full else f"a right answer scores {share:.0%}: {text}"
        if verdict.is_full:
            return "a wrong answer gets full marks"
        if answer.scores is not None and abs(share - answer.scores) > 0.01:
            return f"scores {share:.2f} where the gallery says {answer.scores:.2f}: {text}"
        if plain(answer.says) not in text:
            return f"the learner does not read '{answer.says}' but: {text}"
        return ""


def plain(text: str) -> str:
    """Return text without backticks and line breaks, in lower case, for looking up a part of a message."""
    return " ".join(text.replace("`", "").split()).lower()


def read_gallery(path: Path) -> list[Answer]:
    """Read a gallery, a percent script of `# %% right: NAME - title` and `# %% wrong: NAME - title` cells.

    Raises:
        GalleryError: A cell has another mark, or a wrong answer does not say its message.
    """
    if not path.is_file():
        return []
    entries, unread = read_entries(path.read_text(encoding="utf-8"))
    if unread:
        raise GalleryError(f"{path}: the cell in line {unread[0]} needs a mark such as '# %% wrong: NAME - title'.")
    return [_answer(path, entry) for entry in entries]


def _answer(path: Path, entry: Entry) -> Answer:
    right = entry.kind == "right"
    if not right and not entry.says:
        raise GalleryError(f"{path}: '{entry.title}' needs a line '# says: …' with a part of the learner's message.")
    try:
        scores = float(entry.scores) if entry.scores else None
    except ValueError:
        raise GalleryError(f"{path}: '{entry.title}' says '# scores: {entry.scores}', which is no number.") from None
    return Answer(entry.exercise, entry.title, right, entry.code, entry.says, scores)


def grade_gallery(course: Course, path: Path, seed: int = SEED) -> list[Graded]:
    """Grade a lesson's gallery, its reference answers and answers that do nothing, in this process.

    The lesson runs once, in a folder of its own; each answer takes the place of the reference answer in a copy of the
    namespace at that point.

    Args:
        course: Where lessons and galleries are.
        path: The lesson's source.
        seed: Of the fresh inputs.

    Raises:
        GalleryError: The gallery cannot be read, or answers an exercise that the lesson does not have.
    """
    path = path.resolve()
    course = Course(course.root.resolve())
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for variable, value in data_variables(course.root).items():
            os.environ.setdefault(variable, value)
        return list(_graded(course, path, seed))


def _graded(course: Course, path: Path, seed: int) -> Iterator[Graded]:
    found: dict[str, dict[str, Any]] = {}

    def remember(cell: Cell, namespace: dict[str, Any]) -> None:
        if cell.mark == "answer":
            found[cell.name] = _copied(namespace)

    bench = Bench(course, path.parent.name, path.stem, lambda lesson: run_reference(lesson, before=remember))
    lesson = bench.lesson
    gallery = read_gallery(course.graders / lesson.chapter / "answers" / f"{lesson.name}.py")
    for name in {answer.exercise for answer in gallery} - set(lesson.exercises):
        raise GalleryError(f"{path}: the gallery answers '{name}', which is no exercise of this lesson.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in lesson.of("answer"):
            for answer in (
                Answer(cell.name, REFERENCE, True, solution_text(cell.text)),
                Answer(cell.name, UNTOUCHED, False, learner_text(cell.text, "Exercise 0: untouched"), scores=0.0),
                Answer(cell.name, NOTHING, False, "pass", scores=0.0),
                *(answer for answer in gallery if answer.exercise == cell.name),
            ):
                yield Graded(answer, _grade(bench, answer, _copied(found[cell.name]), seed))


def _grade(bench: Bench, answer: Answer, namespace: dict[str, Any], seed: int) -> Verdict:
    # An answer that raises is judged by what it left behind, as in a notebook.
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(answer.text, "<answer>", "exec", dont_inherit=True), namespace)
    return bench.judge(answer.exercise, LocalChannel(namespace), {answer.exercise: answer.text}, seed)


def _copied(namespace: dict[str, Any]) -> dict[str, Any]:
    """Copy a namespace; what the lesson's own functions look up, they find in the copy, as in a notebook."""
    copied: dict[str, Any] = {}
    for name, value in namespace.items():
        if isinstance(value, types.FunctionType) and value.__globals__ is namespace:
            own = types.FunctionType(value.__code__, copied, value.__name__, value.__defaults__, value.__closure__)
            own.__kwdefaults__ = value.__kwdefaults__
            copied[name] = own
        else:
            copied[name] = _own(value)
    return copied


def _own(value: Any) -> Any:
    """Copy plain data, so that an answer that changes its inputs does not change the next one's."""
    if not isinstance(value, list | dict | set | torch.Tensor | np.ndarray):
        return value
    try:
        return copy.deepcopy(value)
    except RuntimeError:  # a tensor inside an autograd graph cannot be copied, and autograd guards it against changes
        return value


def grade_galleries(course: Course, paths: list[Path]) -> int:
    """Grade the galleries of some or all lessons, print a table, and return an exit status."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("lesson", "exercise", "right passed", "wrong caught", title="Hidden checks against named answers")
    lessons = find_lessons(course.solutions)
    problems = [
        f"{path}: this is no lesson of the course. Name a file in solutions/." for path in paths if path not in lessons
    ]
    for path in [path for path in paths if path in lessons] if paths else lessons:
        counts: dict[str, list[int]] = {}
        for graded in grade_gallery(course, path):
            row = counts.setdefault(graded.answer.exercise, [0, 0, 0, 0])
            row[0 if graded.answer.right else 2] += not graded.problem
            row[1 if graded.answer.right else 3] += 1
            if graded.problem:
                kind = "right" if graded.answer.right else "wrong"
                problems.append(
                    f"{path.stem}, {graded.answer.exercise}, {kind} '{graded.answer.title}': {graded.problem}"
                )
        for exercise, (right, rights, wrong, wrongs) in counts.items():
            table.add_row(path.stem, exercise, f"{right} of {rights}", f"{wrong} of {wrongs}")
    console.print(table)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
