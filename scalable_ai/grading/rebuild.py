"""The notebook that is graded: the instructor's cells with the learner's answers put in."""

from __future__ import annotations

import copy
import html
import json
import os
import re
import stat
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.course import Course
from scalable_ai.grading.lost_marks import bare, find_lost
from scalable_ai.lessons.build import build_lesson, release_notebook

UNREADABLE_NOTE, REPAIR_NOTE = "grading-note", "repair-note"
"""Ids of the cells that tell a learner what was wrong with the file."""


MAX_BYTES = 250_000_000
"""Of a notebook file, its outputs included."""


class UnreadableError(Exception):
    """A file that is no notebook: says which, what is wrong and what to do."""


def read_submission(path: Path) -> NotebookNode:
    """Read a hand-in, of any notebook format; what is odd about its cells is left to `rebuild`.

    Raises:
        UnreadableError: It is no notebook.
    """
    try:
        return _parsed(_bytes(path))
    except Exception as error:
        raise _unreadable(path.name, error) from None


def parse_submission(name: str, raw: bytes) -> NotebookNode:
    """Return a hand-in from a file's content, as `read_submission` does.

    Raises:
        UnreadableError: It is no notebook; says the file's name.
    """
    try:
        return _parsed(raw)
    except Exception as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> UnreadableError:
    why = error if isinstance(error, _ContentError) else "its content is not that of a notebook"
    return UnreadableError(
        f"{name}: this file is not a notebook: {why}. Open your work in JupyterLab, save it, and hand it in again."
    )


CONFLICT = re.compile(rb"(?m)^<{7} .*$")
"""How Git begins what it could not merge; JSON has no such line."""


class _ContentError(ValueError):
    pass


def _bytes(path: Path) -> bytes:
    """Read a plain file: a link may lead to another learner's work, and a pipe has no end."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _ContentError("it is a link or a device and not a plain file")
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise _ContentError(f"it is larger than {MAX_BYTES // 10**6} MB")
    return raw


def _parsed(raw: bytes) -> NotebookNode:
    if not raw.strip():
        raise _ContentError("it is empty")
    if CONFLICT.search(raw):
        raise _ContentError("it holds both sides of a Git merge conflict ('<<<<<<<')")
    if raw.lstrip()[:1] == b"<":
        raise _ContentError("it is a web page")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _ContentError("it is not text in UTF-8") from None
    try:
        data = json.loads(text)
    except ValueError:
        raise _ContentError("it is not JSON") from None
    if not isinstance(data, dict) or not {"cells", "worksheets"} & set(data):
        raise _ContentError("it is JSON without cells")
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        # A lone half of a surrogate pair is legal in JSON and cannot be written again.
        cell.source = cell.source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
        if not isinstance(cell.metadata, dict):
            raise _ContentError("its content is not that of a notebook")
    return notebook


_given: dict[Path, tuple[int, NotebookNode | None]] = {}


def instructor_notebook(source: Path, course: Course | None = None) -> NotebookNode | None:
    """Return what the learner was given, not to be changed; None where this package did not build it.

    Args:
        source: nbgrader's source notebook.
        course: Where the lesson's own source is looked for when that notebook is missing.
    """
    lesson = course.solutions / source.parent.name / f"{source.stem}.py" if course else None
    origin = source if source.is_file() else lesson
    if origin is None or not origin.is_file():
        return None
    changed = origin.stat().st_mtime_ns
    if _given.get(origin, (None,))[0] != changed:
        built = origin.read_text(encoding="utf-8") if origin is source else build_lesson(course, lesson).source
        notebook = nbformat.reads(built, as_version=4)
        _given[origin] = changed, release_notebook(notebook) if "scalable_ai" in notebook.metadata else None
    return _given[origin][1]


def is_answer(cell: NotebookNode) -> bool:
    """Return whether a cell is one that learners answer in."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def rebuild(given: NotebookNode, submitted: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Put a learner's answers into the notebook that was given.

    Changed, deleted, copied or re-tagged cells of the course do not matter: they are the instructor's again. Code
    cells that the learner added are kept where they stood, without their metadata.

    Returns:
        The notebook, and notes on what was repaired.
    """
    notebook = copy.deepcopy(given)
    answers = {cell["id"]: cell for cell in notebook.cells if is_answer(cell)}
    by_name = {cell.metadata.nbgrader.grade_id: cell["id"] for cell in answers.values()}
    known = {cell["id"] for cell in given.cells}
    # Formats before 4.5 have no ids, and copies get new ones: such a cell is known by its text.
    by_text = {
        bare(cell.source): cell["id"] for cell in given.cells if cell.cell_type == "code" and not is_answer(cell)
    }

    def identify(cell: NotebookNode) -> str | None:
        return by_name.get(_grade_id(cell)) or (
            cell["id"] if str(cell.get("id")) in known else by_text.get(bare(cell.source))
        )

    found = [identify(cell) for cell in submitted.cells]
    lost = find_lost(given, submitted, found, list(answers))
    parts: dict[str, list[str]] = {}
    extra: dict[str | None, list[NotebookNode]] = {}
    notes = [
        f"The answer cell '{_name(answers[name])}' had lost its mark and was found by its place."
        for name in lost.values()
    ]
    last = None
    for place, cell in enumerate(submitted.cells):
        marks = cell.metadata.get("nbgrader")
        here = lost.get(place, found[place])
        if here is None:
            if cell.cell_type == "code" and not marks and cell.source.strip():
                extra.setdefault(last, []).append(nbformat.v4.new_code_cell(cell.source))
            continue
        if here in answers:
            earlier = parts.setdefault(here, [])
            if last == here or not [part for part in earlier if part != answers[here].source]:
                earlier.append(cell.source)  # the pieces of a cell that was split, or a copy of a blank one
            else:
                notes.append(f"The answer cell '{_name(answers[here])}' is there twice; the first one is graded.")
        last = here
    for name, cell in answers.items():
        if name in parts:
            filled = [part for part in dict.fromkeys(parts[name]) if part != cell.source]
            cell.source = "\n".join(filled) if filled else cell.source
        else:
            notes.append(f"The answer cell '{_name(cell)}' is missing; it counts as blank.")
    cells = list(extra.get(None, []))
    for cell in notebook.cells:
        cells += [cell, *extra.get(cell["id"], [])]
    for number, cell in enumerate(cell for added in extra.values() for cell in added):
        cell["id"] = f"added-{number}"
    notebook.cells = cells
    return notebook, notes


def _grade_id(cell: NotebookNode) -> str:
    marks = cell.metadata.get("nbgrader")
    return str(marks.get("grade_id")) if isinstance(marks, dict) else ""


def _name(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader.grade_id


def with_note(notebook: NotebookNode, text: str, name: str = REPAIR_NOTE) -> NotebookNode:
    """Return a copy that opens with a note to the learner."""
    noted = copy.deepcopy(notebook)
    text = html.escape(text, quote=False)
    cell = nbformat.v4.new_markdown_cell(f'<div class="alert alert-warning" role="note">\n\n{text}\n\n</div>')
    cell["id"] = name
    noted.cells.insert(0, cell)
    return noted
