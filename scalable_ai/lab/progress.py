"""What is passed, read from the learner's own notebooks: no account, no server, nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from scalable_ai.cards import KEY
from scalable_ai.lab.folders import Folders
from scalable_ai.lab.work import read

PASSED, TRIED, OPEN = "passed", "not yet", "open"
_MINUTES = re.compile(r"^About (\d+) minutes\.$", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """An exercise or a quiz, and where a learner is with it."""

    name: str
    title: str
    points: float
    state: str
    """`PASSED`, `TRIED` or `OPEN`, as its check said when it was last run and saved."""


@dataclass(frozen=True)
class Lesson:
    """A lesson, and where a learner is with it."""

    path: Path
    """Below the folder of all lessons."""
    title: str
    minutes: int
    exercises: tuple[Exercise, ...]
    problem: str = ""
    """Why it could not be read."""

    @property
    def passed(self) -> int:
        """How many exercises have passed."""
        return sum(one.state == PASSED for one in self.exercises)

    @property
    def is_done(self) -> bool:
        """Whether all exercises have passed."""
        return self.passed == len(self.exercises) and not self.problem

    @property
    def chapter(self) -> str:
        """The folder it lies in."""
        return self.path.parent.name

    @property
    def words(self) -> str:
        """Where the learner is, in a word or two."""
        if self.problem:
            return self.problem
        if self.is_done:
            return "done"
        return "begun" if any(one.state != OPEN for one in self.exercises) else "not begun"


def read_progress(folders: Folders) -> list[Lesson]:
    """Return all graded lessons in the order of the course, read from the learner's notebooks as they were saved."""
    lessons = [_lesson(given, folders) for given in folders.chapters.glob("*/*.ipynb")]
    return sorted((lesson for lesson in lessons if lesson and lesson.exercises), key=_place)


def next_lesson(lessons: list[Lesson]) -> Lesson | None:
    """Return the first lesson that is not done."""
    return next((lesson for lesson in lessons if not lesson.is_done), None)


def exercises_of(notebook: NotebookNode) -> Iterator[Exercise]:
    """Yield a notebook's exercises and quizzes in order, each with its state."""
    titles = {}
    for cell in notebook.cells:
        settings = cell.metadata.get("nbgrader", {})
        grade_id = settings.get("grade_id", "")
        if settings.get("solution"):
            titles[grade_id] = cell.metadata.get("scalable_ai", {}).get("task", grade_id)
        elif settings.get("grade") and cell.cell_type == "code":
            name = grade_id.removesuffix("-check")
            yield Exercise(name, titles.get(name, name), float(settings.get("points", 0)), state_of(cell, name))


def state_of(cell: NotebookNode, name: str) -> str:
    """Return what a check cell's own card says; other outputs say nothing."""
    for output in cell.get("outputs", []):
        said = output.get("metadata", {}).get(KEY, {})
        if isinstance(said, dict) and said.get("exercise") == name:
            return PASSED if said.get("passed") is True else TRIED
    return OPEN


def _lesson(given: Path, folders: Folders) -> Lesson | None:
    path = given.relative_to(folders.chapters)
    mine = folders.desk / path
    begun = read(mine) if mine.is_file() else None
    notebook = begun or read(given)
    if notebook is None:
        return None
    meta = notebook.metadata.get("scalable_ai", {})
    number, title = str(meta.get("lesson", "")), str(meta.get("title", path.stem))
    text = "\n".join(cell.source for cell in notebook.cells[:3])
    minutes = _MINUTES.search(text)
    return Lesson(
        path,
        f"{number} {title}" if number[:1].isdigit() else title,
        int(minutes[1]) if minutes else 0,
        tuple(exercises_of(notebook)),
        "cannot be read" if mine.is_file() and begun is None else "",
    )


def _place(lesson: Lesson) -> tuple[str, bool, str]:
    """Return what sorts lessons: by chapter, capstones last."""
    return lesson.chapter, not lesson.path.name.startswith("lesson_"), lesson.path.name
