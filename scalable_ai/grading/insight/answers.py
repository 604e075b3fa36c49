"""The answers of a class to an assignment: marks from the gradebook, the rest from the graded notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from sqlalchemy import text

from scalable_ai.grading.verdict import verdict_of

QUERY = """
select a.student_id, b.name, c.name,
    coalesce(g.manual_score, g.auto_score, 0) + coalesce(g.extra_credit, 0), k.max_score
from submitted_assignment a join assignment t on t.id = a.assignment_id
join submitted_notebook n on n.assignment_id = a.id join notebook b on b.id = n.notebook_id
join grade g on g.notebook_id = n.id join base_cell c on c.id = g.cell_id join grade_cells k on k.id = c.id
where t.name = :assignment order by 1, 2, 3
"""


@dataclass(frozen=True)
class Answer:
    """One learner's answer to one exercise."""

    learner: str
    notebook: str
    exercise: str
    score: float
    points: float
    title: str = ""
    message: str = ""
    """The first thing that was not right, without what this answer gave; empty where nothing was, or nobody said."""
    seconds: float | None = None
    """How long the answer's cell ran at grading."""
    code: str = ""

    @property
    def share(self) -> float:
        """Return the earned part of the points, from 0 to 1 unless there was extra credit."""
        return self.score / self.points if self.points else 1.0


def read_answers(gradebook: Gradebook, assignment: str, folder: Path) -> list[Answer]:
    """Return all answers to an assignment.

    Args:
        gradebook: Has the marks, manual ones first.
        assignment: Its name.
        folder: nbgrader's folder of graded hand-ins.
    """
    found: dict[tuple[str, str], dict[str, dict]] = {}
    answers = []
    for learner, notebook, cell, score, points in gradebook.db.execute(text(QUERY), {"assignment": assignment}):
        key = learner, notebook
        if key not in found:
            found[key] = dict(_details(folder / learner / assignment / f"{notebook}.ipynb"))
        exercise = cell.removesuffix("-check")
        answers.append(Answer(learner, notebook, exercise, score, points, **found[key].get(exercise, {})))
    return answers


def _details(path: Path) -> Iterator[tuple[str, dict]]:
    """Yield what a graded notebook tells of each exercise; nothing where there is no such notebook."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:
        return
    details: dict[str, dict] = {}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader") or {}
        here = details.setdefault(str(marks.get("grade_id", "")).removesuffix("-check"), {})
        if marks.get("solution"):
            here.update(code=cell.source, seconds=_seconds(cell))
        verdict = verdict_of(cell)
        if verdict is not None:
            here["title"] = verdict.title
            if verdict.flag:
                here["message"] = "no verdict; graded by hand"
            elif verdict.findings:
                first = verdict.findings[0]
                here["message"] = f"{first.what}: {first.likely or 'expected ' + first.expected}"
        elif marks.get("grade"):
            wrong = [output for output in cell.get("outputs", []) if output.output_type == "error"]
            here["message"] = f"{wrong[0].ename}: {wrong[0].evalue}"[:200] if wrong else ""
    yield from details.items()


def _seconds(cell: NotebookNode) -> float | None:
    times = cell.metadata.get("execution") or {}
    try:
        began, ended = (datetime.fromisoformat(times[key]) for key in ("iopub.execute_input", "shell.execute_reply"))
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, (ended - began).total_seconds())
