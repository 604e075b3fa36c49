"""Finds answer cells that have lost their marks: by where they stand, beside the course's own cells."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode


def bare(text: str) -> str:
    """Return a cell's text without what editors and systems change at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def find_lost(
    given: NotebookNode, submitted: NotebookNode, known: Sequence[str | None], answers: Sequence[str]
) -> dict[int, str]:
    """Return which unknown cell of a hand-in is which answer, for answers that no cell bears the mark of.

    An answer stands directly before its check; where that was deleted, directly after its card.

    Args:
        given: What the learner was given.
        submitted: What was handed in.
        known: For each cell of it, the id of the course's cell that it is, or None.
        answers: The ids of the answer cells.
    """
    ids = [cell["id"] for cell in given.cells]
    texts = {bare(cell.source): cell["id"] for cell in given.cells if cell.cell_type == "markdown"}
    places: dict[str, int] = {}
    for place, (cell, name) in enumerate(zip(submitted.cells, known, strict=True)):
        here = name or (texts.get(bare(cell.source)) if cell.cell_type == "markdown" else None)
        if here is not None:
            places.setdefault(here, place)
    found: dict[int, str] = {}
    for answer in answers:
        if answer in places:
            continue
        at = ids.index(answer)
        check, card = places.get(_at(ids, at + 1)), places.get(_at(ids, at - 1))
        for place in (None if check is None else check - 1, None if card is None else card + 1):
            if (
                place is not None
                and 0 <= place < len(known)
                and place not in found
                and _is_free(submitted, known, place)
            ):
                found[place] = answer
                break
    return found


def _at(ids: list[str], place: int) -> str:
    return ids[place] if 0 <= place < len(ids) else ""


def _is_free(submitted: NotebookNode, known: Sequence[str | None], place: int) -> bool:
    cell = submitted.cells[place]
    return known[place] is None and cell.cell_type == "code" and bool(cell.source.strip())
