"""A class of eight to try the grader on: made from the course's own reference answers and galleries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from scalable_ai.course import Course
from scalable_ai.grading.gallery import Answer, read_gallery
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons

ENDLESS_LOOP = "while True:\n    pass"
FORGERY = """from IPython.display import display
import scalable_ai.checks
import scalable_ai.comparison

scalable_ai.comparison.difference = lambda *args, **kwargs: None
scalable_ai.checks.Check.equal = lambda *args, **kwargs: None
print("All checks passed. Score: 100 %")
display({"text/plain": "100.0"}, raw=True)
100.0"""


@dataclass(frozen=True)
class Learner:
    """One member of the class."""

    name: str
    story: str
    """What this one hands in."""


CLASS = (
    Learner("ada", "all right"),
    Learner("ben", "right in another style"),
    Learner("cleo", "partly right"),
    Learner("dora", "blank"),
    Learner("eli", "an exception halfway"),
    Learner("fay", "a file that is no notebook"),
    Learner("gus", "an endless loop"),
    Learner("hal", "prints full marks for itself"),
)


def play_class(course: Course, chapter: str) -> tuple[Learner, ...]:
    """Write the hand-ins of the class for a chapter into `submitted/`, and return who handed in.

    Args:
        course: Its `source/` must be built.
        chapter: The assignment.
    """
    lessons = [path for path in find_lessons(course.solutions) if path.parent.name == chapter]
    for number, path in enumerate(lessons):
        source = nbformat.read(course.source / chapter / f"{path.stem}.ipynb", as_version=4)
        given = nbformat.read(course.chapters / chapter / f"{path.stem}.ipynb", as_version=4)
        gallery = read_gallery(course.graders / chapter / "answers" / f"{path.stem}.py")
        # Those whose story is one mishap have it in the second lesson, and are right before it.
        mishap = number == min(1, len(lessons) - 1)
        for learner in CLASS:
            text = nbformat.writes(_hand_in(learner, source, given, gallery, mishap))
            if learner.name == "fay" and mishap:
                text = "<!DOCTYPE html><html><body>Your session has expired. Please log in.</body></html>\n"
            out = course.root / "submitted" / learner.name / chapter / f"{path.stem}.ipynb"
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text, encoding="utf-8")
    return CLASS


def _hand_in(
    learner: Learner, source: NotebookNode, given: NotebookNode, gallery: list[Answer], mishap: bool
) -> NotebookNode:
    """Return one learner's notebook: what was given, with this learner's answers."""
    notebook = nbformat.from_dict(given)
    references = {cell["id"]: solution_text(cell.source) for cell in source.cells if is_answer(cell)}
    answer = {"ben": _another_style, "cleo": _every_other_wrong}.get(learner.name, _reference)
    for number, cell in enumerate(cell for cell in notebook.cells if is_answer(cell)):
        text = answer(cell.metadata.nbgrader.grade_id, number, references[cell["id"]], gallery)
        if learner.name == "dora":
            continue
        if learner.name == "eli" and mishap and number == 1:
            text = "raise ValueError('this is where I gave up')\n\n" + text
        if learner.name == "gus" and mishap and number == 1:
            text = ENDLESS_LOOP
        if learner.name == "hal":
            text = FORGERY
        cell.source = text
    return notebook


def _reference(exercise: str, number: int, reference: str, gallery: list[Answer]) -> str:
    return reference


def _another_style(exercise: str, number: int, reference: str, gallery: list[Answer]) -> str:
    return _first(gallery, lambda answer: answer.exercise == exercise and answer.right) or reference


def _every_other_wrong(exercise: str, number: int, reference: str, gallery: list[Answer]) -> str:
    if number % 2:
        return reference
    return _first(gallery, lambda answer: answer.exercise == exercise and not answer.right) or reference


def _first(gallery: list[Answer], wanted: Callable[[Answer], bool]) -> str:
    return next((answer.text for answer in gallery if wanted(answer)), "")
