"""The learner's own copies of the lessons, in `work/`: what the course brings anew never overwrites what is in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.lab.folders import Folders
from scalable_ai.lab.merge import built_version, is_own, merge
from scalable_ai.lessons.build import fingerprint

NEW = "new"
IMPORTED = "imported"
BEFORE = ".before-update"
"""Where a learner's notebook stays as it was before its lesson was merged into it."""


@dataclass(frozen=True)
class Change:
    """What happened to one lesson."""

    path: Path
    """Below the working folder."""
    words: str


def bring_up_to_date(folders: Folders) -> list[Change]:
    """Copy lessons that are new, replace those that nobody has worked in, merge the others or lay them beside.

    Returns:
        What a learner has to know: first copies are not told.
    """
    changes = []
    for given in _lessons(folders.chapters):
        path = given.relative_to(folders.chapters)
        mine = folders.work / path
        words = "" if _copy_first(given, mine) else _renew(given, mine, folders.work / BEFORE / path)
        if words:
            changes.append(Change(path, words))
    for page in sorted(folders.chapters.glob("*.md")):
        _copy(page, folders.work / page.name)
    return changes


def lay_in(notebook: NotebookNode, mine: Path, given: Path, before: Path) -> str:
    """Put a learner's notebook from elsewhere into the working folder.

    Args:
        notebook: From elsewhere, of any version of the lesson.
        mine: Where the lesson is here.
        given: The lesson as the course gives it.
        before: Where `mine` is kept if it is replaced.

    Returns:
        What happened, in words; nothing where it brings nothing that is not here.
    """
    if not is_worked_in(notebook):
        return ""
    here = read(mine) if mine.is_file() else read(given)
    if here is not None and _answers(here) == _answers(notebook):
        return ""
    if here is None or is_worked_in(here):
        beside = _beside(mine, IMPORTED)
        write(notebook, beside)
        return f"you have worked in it here too: the other one is beside it, in {beside.name}"
    merged = notebook
    new = read(given)
    if new is not None and built_version(new) != built_version(notebook):
        merged = merge(notebook, new) or notebook
    if mine.is_file():
        _copy(mine, before)
    write(merged, mine)
    return "taken over"


def read(path: Path) -> NotebookNode | None:
    """Return a notebook; None where the file is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # whatever a broken file makes nbformat raise
        return None


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook in one step, so that no half of it is ever there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    os.replace(partial, path)


def is_worked_in(notebook: NotebookNode) -> bool:
    """Return whether a learner has written into a notebook."""
    return built_version(notebook) != fingerprint(notebook) and bool(_answers(notebook))


def _renew(given: Path, mine: Path, before: Path) -> str:
    new, old = read(given), read(mine)
    if new is None:
        return f"{given} is no notebook; get the course again"
    if old is None:
        return "your file is no notebook any more; rename it to get the lesson anew"
    if built_version(old) == built_version(new):
        return ""
    if not is_worked_in(old):
        write(new, mine)
        return "is new; you had not begun it"
    merged = merge(old, new)
    if merged is not None:
        _copy(mine, before)
        write(merged, mine)
        return "is new, with your answers and notes in it; run it again"
    beside = _beside(mine, NEW)
    there = read(beside) if beside.is_file() else None
    if there is None or (built_version(there) != built_version(new) and not is_worked_in(there)):
        write(new, beside)
        return f"has changed where you have answered: yours stays, the new one is beside it, in {beside.name}"
    return ""


def _answers(notebook: NotebookNode) -> list[str]:
    """Return what a learner has written, cell by cell."""
    return [cell.source for cell in notebook.cells if is_own(cell) and cell.source.strip()]


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.stem}.{what}{path.suffix}")


def _lessons(chapters: Path) -> Iterator[Path]:
    return iter(sorted(path for path in chapters.glob("*/*.ipynb") if not path.parent.name.startswith(".")))


def _copy_first(given: Path, mine: Path) -> bool:
    if mine.exists():
        return False
    _copy(given, mine)
    return True


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
