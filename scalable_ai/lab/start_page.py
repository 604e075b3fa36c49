"""The page that JupyterLab opens on: the path through the course, what is passed, and what has changed."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.lab.progress_card import ProgressCard
from scalable_ai.lab.work import Change, read, write
from scalable_ai.lessons.build import fingerprint
from scalable_ai.lessons.notebook import KERNELSPEC

NAME = "start.ipynb"
CARD = "# Run this cell to see where you are now\nfrom scalable_ai.lab.progress_card import progress\n\nprogress()"
INTRODUCTION = """# Designing Scalable AI Systems

Open a lesson below, read, and run its cells in order with Shift+Enter. Fill the blanks (`____`) or the body of a
function, run the cell, then the check below it. What you have passed is read from your notebooks when they are saved;
run the cell below to read it again."""
PAGES = (
    """[All lessons with their objectives](README.md) · [Glossary](glossary.md) · [How you are graded](grading.md)"""
)


def start_notebook(card: ProgressCard, changes: Sequence[Change] = ()) -> NotebookNode:
    """Return the start page."""
    cells = [nbformat.v4.new_markdown_cell(INTRODUCTION, id="introduction")]
    if changes:
        lines = [f"- `{change.path.as_posix()}` {change.words}." for change in changes]
        cells.append(nbformat.v4.new_markdown_cell("\n".join(["**Since last time**", "", *lines]), id="changes"))
    shown = nbformat.v4.new_output(
        "execute_result", {"text/plain": card.text(), "text/html": card._repr_html_()}, execution_count=None
    )
    hidden = {"jupyter": {"source_hidden": True}}
    cells.append(nbformat.v4.new_code_cell(CARD, outputs=[shown], metadata=hidden, id="progress"))
    # Below the card, so that running it adds no empty cell.
    cells.append(nbformat.v4.new_markdown_cell(PAGES, id="pages"))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    notebook.metadata["scalable_ai"] = {"built": fingerprint(notebook)}
    return notebook


def write_start_page(folder: Path, card: ProgressCard, changes: Sequence[Change] = ()) -> None:
    """Write the start page, unless somebody has written into it."""
    path = folder / NAME
    if path.is_file():
        there = read(path)
        if there is None or _is_written_into(there):
            return
    page = start_notebook(card, changes)
    write(page, path)
    with contextlib.suppress(Exception):  # unsigned, it is shown all the same, with less of its style
        from nbformat.sign import NotebookNotary

        NotebookNotary().sign(page)


def _is_written_into(page: NotebookNode) -> bool:
    """Return whether a start page has more than it was written with; JupyterLab adds empty cells by itself."""
    page = copy.copy(page)
    page.cells = [cell for cell in page.cells if cell.source.strip()]
    return page.metadata.get("scalable_ai", {}).get("built") != fingerprint(page)
