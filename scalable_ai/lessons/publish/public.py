"""What the public sees of a lesson: the learner's notebook with outputs, without answers, checks and their outputs.

A page is made of the learner's notebook, which never held an answer, and outputs come to it from the executed one. So
nothing has to be found and removed that a mistake could leave in.
"""

from __future__ import annotations

import re

import nbformat
from nbformat import NotebookNode

from scalable_ai.lessons.build import Built
from scalable_ai.lessons.source import Cell

_ASIDE = re.compile(
    r'<div class="alert alert-(?P<style>\w+)" role="note">\n\n\*\*\w+\.\*\* (?P<text>.*)\n\n</div>', re.DOTALL
)
_DIRECTIVES = {"info": "note", "success": "tip", "warning": "warning"}
_PICTURE = re.compile(r"data:image/[^\"']*")
_DATA_MODULE = re.compile(r"\bscalable_ai\.(data|capstone)\b")


def public_notebook(built: Built, executed: NotebookNode) -> NotebookNode:
    """Return the learner's notebook with the outputs of every cell but answers and checks.

    Args:
        built: The lesson.
        executed: Its solved notebook with outputs, cells as in the lesson.
    """
    outputs = {cell.id: (cell.outputs, cell.execution_count) for cell in executed.cells if cell.cell_type == "code"}
    notebook = nbformat.reads(built.release, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not is_check(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code" and not is_answer(cell):
            cell.outputs, cell.execution_count = outputs[cell.id]
    return notebook


def page_notebook(built: Built, executed: NotebookNode, opening: str) -> NotebookNode:
    """Return the notebook that the site's builder reads, in MyST Markdown.

    Args:
        built: The lesson.
        executed: Its solved notebook with outputs.
        opening: Markdown that stands below the title.
    """
    notebook = public_notebook(built, executed)
    slides = iter(built.lesson.of("slide"))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if is_answer(cell):
                cell.metadata["tags"] = ["answer"]
        elif cell.metadata["slideshow"]["slide_type"] == "slide" and cell is not notebook.cells[0]:
            cell.source = _slide(next(slides))
        else:
            cell.source = _ASIDE.sub(_admonition, cell.source)
    notebook.cells[0].source += f"\n\n{opening}"
    notebook.metadata = nbformat.from_dict({"kernelspec": notebook.metadata["kernelspec"]})
    return notebook


def shown_text(built: Built, executed: NotebookNode) -> str:
    """Return all text that the public sees of a lesson: cells, and outputs as text and HTML, pictures left out."""
    parts = []
    for cell in public_notebook(built, executed).cells:
        parts.append(cell.source)
        for output in cell.get("outputs", []):
            parts += [output.get("text", ""), *(str(text) for text in output.get("data", {}).values())]
    return _PICTURE.sub("", "\n".join(parts))


def uses_data(built: Built) -> bool:
    """Return whether a lesson's outputs depend on the images that are there."""
    return any(_DATA_MODULE.search(cell.text) for cell in built.lesson.cells if cell.type == "code")


def _slide(cell: Cell) -> str:
    # The notebook's slides have their bullets as HTML, for reveal.js; a page and its search want Markdown.
    return cell.text


def _admonition(match: re.Match[str]) -> str:
    return f"::::{{{_DIRECTIVES[match['style']]}}}\n{match['text']}\n::::"


def is_answer(cell: NotebookNode) -> bool:
    """Return whether a cell is for the learner to fill."""
    return "task" in cell.metadata.get("scalable_ai", {})


def is_check(cell: NotebookNode) -> bool:
    """Return whether a cell asks about answers: a check, or the result of a readiness check."""
    is_result = cell.cell_type == "code" and cell.id.startswith("result-")
    return is_result or cell.metadata.get("jupyter", {}).get("source_hidden") is True
