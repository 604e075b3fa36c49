"""The notebook that is graded: the instructor's cells with the learner's answers put in."""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.lessons.build import release_notebook


class UnreadableError(Exception):
    """A file that is no notebook: says which, what is wrong and what to do."""


def read_submission(path: Path) -> NotebookNode:
    """Read a hand-in.

    Raises:
        UnreadableError: It is no notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        detail = " ".join(str(error).split())[:80]
        raise UnreadableError(
            f"{path.name}: this file is not a notebook ({type(error).__name__}: {detail}). "
            "Open it in JupyterLab, save it, and hand it in again."
        ) from None
    return notebook


def instructor_notebook(source: Path) -> NotebookNode | None:
    """Return what the learner was given, from nbgrader's source notebook; None where this package did not build it."""
    if not source.is_file():
        return None
    notebook = nbformat.read(source, as_version=4)
    return release_notebook(notebook) if "scalable_ai" in notebook.metadata else None


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
    known = {cell["id"] for cell in given.cells}
    answers = {cell["id"]: cell for cell in notebook.cells if is_answer(cell)}
    by_name = {cell.metadata.nbgrader.grade_id: cell["id"] for cell in answers.values()}
    extra: dict[str | None, list[NotebookNode]] = {}
    taken, notes, last = set(), [], None
    for cell in submitted.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        here = by_name.get(name) or (cell.get("id") if cell.get("id") in known else None)
        if here is None:
            if cell.cell_type == "code" and not cell.metadata.get("nbgrader") and cell.source.strip():
                extra.setdefault(last, []).append(nbformat.v4.new_code_cell(cell.source))
            continue
        last = here
        if here in answers and cell.cell_type == "code":
            if here in taken:
                notes.append(f"The answer cell '{here}' is there twice; the first one is graded.")
                continue
            taken.add(here)
            answers[here].source = cell.source
    notes += [f"The answer cell '{name}' is missing; it counts as blank." for name in answers if name not in taken]
    cells = list(extra.get(None, []))
    for cell in notebook.cells:
        cells += [cell, *extra.get(cell["id"], [])]
    for number, cell in enumerate(cell for added in extra.values() for cell in added):
        cell["id"] = f"added-{number}"
    notebook.cells = cells
    return notebook, notes


def with_note(notebook: NotebookNode, text: str) -> NotebookNode:
    """Return a copy that opens with a note to the learner."""
    noted = copy.deepcopy(notebook)
    cell = nbformat.v4.new_markdown_cell(f'<div class="alert alert-warning" role="note">\n\n{text}\n\n</div>')
    cell["id"] = "grading-note"
    noted.cells.insert(0, cell)
    return noted
