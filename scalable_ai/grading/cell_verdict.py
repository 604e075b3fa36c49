"""What the judge says of an ordinary nbgrader test cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode


@dataclass
class ForeignVerdict:
    """What the judge says of one test cell."""

    outputs: list[NotebookNode] = field(default_factory=list)
    """For the cell, in nbgrader's own form."""
    stopped: bool = False
    """Whether the learner's code took too long or ended its kernel."""
    flag: str = ""
    """Why there is no verdict, for the instructor; then there are no marks either."""


def unjudged(grade_id: str, why: str, stopped: bool = False) -> ForeignVerdict:
    """Return no verdict and so no marks: nbgrader takes a cell without an error for one that passed."""
    text = "this test could not be judged; your instructor is told."
    return ForeignVerdict([error_output("NoVerdict", text)], stopped, f"test cell '{grade_id}': {why}")


def error_output(name: str, message: str, *lines: str) -> NotebookNode:
    """Return an output that nbgrader reads as no marks."""
    head = f"{name}: {message}" if message else name
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[*lines, head])
