"""Who got what and why, read from nbgrader's gradebook and the graded notebooks."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.grading.rebuild import REPAIR_NOTE, UNREADABLE_NOTE
from scalable_ai.grading.verdict import verdict_of


@dataclass(frozen=True)
class Mark:
    """One learner's marks for one chapter."""

    learner: str
    score: float
    points: float
    reasons: tuple[str, ...]
    """Why points are missing: one sentence an exercise."""


def read_marks(root: Path, chapter: str) -> list[Mark]:
    """Return the class's marks for a chapter, from the gradebook, with reasons from the graded notebooks."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        submissions = gradebook.assignment_submissions(chapter)
        scores = sorted((s.student.id, s.score, s.max_score) for s in submissions)
    return [
        Mark(learner, score, points, tuple(reasons(root / "autograded" / learner / chapter)))
        for learner, score, points in scores
    ]


def reasons(folder: Path) -> list[str]:
    """Return why points are missing in the graded notebooks of a folder, the most telling first."""
    first, found = [], []
    for path in sorted(folder.glob("*.ipynb"), key=lambda path: (path.stem.startswith("capstone"), path.stem)):
        notebook = nbformat.read(path, as_version=4)
        if note := _note(notebook, UNREADABLE_NOTE):
            first.append(note)
            continue
        if note := _note(notebook, REPAIR_NOTE):
            first.append(f"{path.stem}: {note}")
        for cell in notebook.cells:
            verdict = verdict_of(cell)
            if verdict is not None and not verdict.is_full:
                sentence = verdict.findings[0].sentence() if verdict.findings else verdict.flag
                (first if verdict.stopped else found).append(f"{path.stem}, {verdict.title}: {sentence}")
    return first + found


def _note(notebook: NotebookNode, name: str) -> str:
    for cell in notebook.cells:
        if cell.get("id") == name:
            return html.unescape(" ".join(s for s in cell.source.splitlines() if s and not s.startswith("<")))
    return ""
