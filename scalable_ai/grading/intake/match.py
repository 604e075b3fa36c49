"""Which of an assignment's notebooks a file is, told from its content first and its name second."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.grading.intake.owner import plain_stem
from scalable_ai.grading.rebuild import UnreadableError, instructor_notebook, is_answer, parse_submission, rebuild

_CHECK = re.compile(r"\b(?:exercise|quiz)\(\s*['\"](\w+)['\"]")


@dataclass(frozen=True)
class Known:
    """One notebook of an assignment."""

    name: str
    """Without its ending."""
    lesson: str
    """The lesson's id; empty where this package did not build the notebook."""
    exercises: frozenset[str]
    """nbgrader's ids of the cells that are graded or answered."""
    given: NotebookNode | None = field(default=None, compare=False)
    """What the learner was given, where this package built it."""


@dataclass(frozen=True)
class Match:
    """What a file that was handed in is."""

    known: Known | None
    note: str = ""
    """What is odd about it, for instructor and learner."""
    is_blank: bool = False
    """Whether nothing in it has been answered."""
    is_notebook: bool = True


def read_known(folder: Path) -> list[Known]:
    """Return the notebooks of an assignment's source folder."""
    found = []
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        marks = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in notebook.cells]
        lesson = str(notebook.metadata.get("scalable_ai", {}).get("lesson", ""))
        found.append(Known(path.stem, lesson, frozenset(filter(None, marks)), instructor_notebook(path)))
    return found


def match(name: str, raw: bytes, known: Iterable[Known]) -> Match:
    """Say which notebook a file is.

    Args:
        name: The file's, with its ending.
        raw: Its content.
        known: The assignment's notebooks.
    """
    known = list(known)
    named = _by_name(name, known)
    try:
        notebook = parse_submission(name, raw)
    except UnreadableError as error:
        return Match(named, str(error), is_notebook=False)
    found = _by_content(notebook, known)
    if found is None and named is None:
        return Match(None, f"{name}: nothing in this notebook belongs to the assignment; left out.")
    if found is not None and found is not named:
        other = f", though it is called like {named.name}" if named else ""
        note = f"{name}: taken for {found.name}.ipynb by what is in it{other}. Keep the name that it had."
        return Match(found, note, _is_blank(found, notebook))
    note = "" if name == f"{named.name}.ipynb" else f"{name}: taken for {named.name}.ipynb. Keep the name that it had."
    return Match(named, note, _is_blank(named, notebook))


def _by_name(name: str, known: list[Known]) -> Known | None:
    for form in (lambda text: text, lambda text: re.sub(r"[\W_]+", "", text).casefold()):
        wanted = {form(name.rpartition(".")[0]), form(plain_stem(name))}
        found = [one for one in known if form(one.name) in wanted]
        if len(found) == 1:
            return found[0]
    return None


def _by_content(notebook: NotebookNode, known: list[Known]) -> Known | None:
    """Return the notebook with which a file shares most: its exercises' names, then its lesson's id."""
    names = set()
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        if isinstance(marks, dict):
            names.add(str(marks.get("grade_id")))
        names.update(_CHECK.findall(cell.source))
        names.add(str(cell.get("id", "")).removesuffix("-answer"))
    shared = sorted(((len(names & one.exercises), one.name) for one in known), reverse=True)
    if shared and shared[0][0] and (len(shared) == 1 or shared[0][0] > shared[1][0]):
        return next(one for one in known if one.name == shared[0][1])
    ours = notebook.metadata.get("scalable_ai")
    lesson = str(ours.get("lesson")) if isinstance(ours, dict) else ""
    return next((one for one in known if lesson and one.lesson == lesson), None)


def _is_blank(known: Known, notebook: NotebookNode) -> bool:
    if known.given is None:
        return False
    rebuilt, _ = rebuild(known.given, notebook)
    return [cell.source for cell in rebuilt.cells if is_answer(cell)] == [
        cell.source for cell in known.given.cells if is_answer(cell)
    ]
