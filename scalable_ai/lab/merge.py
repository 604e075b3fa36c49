"""A learner's notebook and a newer version of its lesson, made one where no answer is lost by it."""

from __future__ import annotations

import copy
import hashlib
import re

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

_BUILT_ID = re.compile(r"[a-z]+-(?P<hash>[0-9a-f]{8})(-\d+)?")
_NAMED_ID = re.compile(r".+-(exercise|quiz|question|answer|check|result)(-\d+)?")


def built_version(notebook: NotebookNode) -> str:
    """Return which version of its lesson a notebook began as."""
    return str(notebook.metadata.get("scalable_ai", {}).get("built", ""))


def is_answer(cell: NotebookNode) -> bool:
    """Return whether a learner writes into a cell: an exercise's, a quiz's or a readiness question's."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution")) or "task" in cell.metadata.get("scalable_ai", {})


def is_own(cell: NotebookNode) -> bool:
    """Return whether a learner has written a cell, or changed what stood in it."""
    settings = cell.metadata.get("nbgrader")
    if settings:
        # A check is the course's own, whatever was written into it.
        return bool(settings.get("solution")) and settings.get("checksum") != compute_checksum(cell)
    cell_id = cell.get("id", "")
    if built := _BUILT_ID.fullmatch(cell_id):
        return built["hash"] != hashlib.sha256(cell.source.encode()).hexdigest()[:8]
    return is_answer(cell) or not _NAMED_ID.fullmatch(cell_id)


def merge(mine: NotebookNode, new: NotebookNode) -> NotebookNode | None:
    """Return the new lesson with the learner's answers, notes and outputs in it.

    Args:
        mine: The learner's notebook, of any version.
        new: The lesson as it is given now.

    Returns:
        None where an answer has no place in the new lesson: its exercise is gone, or begins in another way.
    """
    merged = copy.deepcopy(new)
    places = {cell["id"]: cell for cell in merged.cells}
    notes: dict[str, list[NotebookNode]] = {}
    before = ""
    for cell in mine.cells:
        cell_id = cell.get("id", "")
        place = places.get(cell_id)
        if is_own(cell):
            if is_answer(cell):
                if place is None or _begins_otherwise(cell, place):
                    return None
                place.source = cell.source
            elif place is not None:
                place.source = cell.source
            else:
                notes.setdefault(before, []).append(copy.deepcopy(cell))
        if place is not None:
            _take_outputs(cell, place)
            before = cell_id
    cells = notes.get("", [])
    for cell in merged.cells:
        cells += [cell, *notes.get(cell["id"], [])]
    merged.cells = cells
    return merged


def _begins_otherwise(cell: NotebookNode, place: NotebookNode) -> bool:
    """Return whether an answer's cell was given with another text; readiness questions do not say."""
    began, begins = (one.metadata.get("nbgrader", {}).get("checksum") for one in (cell, place))
    return began != begins


def _take_outputs(cell: NotebookNode, place: NotebookNode) -> None:
    """Keep what a cell has put out, if it is still the same cell: a new check has yet to be passed."""
    if cell.cell_type == place.cell_type == "code" and cell.source == place.source:
        place.outputs, place.execution_count = cell.outputs, cell.execution_count
