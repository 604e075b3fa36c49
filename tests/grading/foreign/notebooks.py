"""Notebooks of one exercise or a few, written as text, and both ways of marking an answer to them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbgrader.utils import is_grade, is_solution

from scalable_ai.grading.foreign.bench import ForeignBench
from tests.grading.foreign.kernels import Forked, marks

TIME_LIMIT = 30


def notebook(*cells):
    """Return a source notebook of cells, each `(kind, text)`.

    Kinds are `given` (no marks of nbgrader's), `locked`, `answer` and `test`.
    """
    made = nbformat.v4.new_notebook()
    for number, (kind, text) in enumerate(cells):
        cell = nbformat.v4.new_code_cell(text.strip("\n"))
        if kind != "given":
            flags = {"locked": kind in {"locked", "test"}, "solution": kind == "answer", "grade": kind == "test"}
            cell.metadata["nbgrader"] = {**flags, "grade_id": f"{kind}-{number}", "points": 2, "schema_version": 3}
        made.cells.append(cell)
    return made


def handed_in(source, *answers):
    """Return a hand-in: the source with its answer cells replaced, in order; None leaves one as it is."""
    made = nbformat.from_dict(source)
    places = [cell for cell in made.cells if cell.cell_type == "code" and is_solution(cell)]
    for cell, answer in zip(places, answers, strict=False):
        cell.source = cell.source if answer is None else answer
    return made


def is_test(cell):
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def stock_marks(hand_in, folder="."):
    """Return the marks of running every cell in one kernel, in order."""
    found = []
    with Forked(folder) as kernel:
        for cell in hand_in.cells:
            if cell.cell_type == "code":
                outputs = kernel.run(cell.source)
                if is_test(cell):
                    found.append(marks(cell, outputs))
    return found


def verdicts(source, hand_in, folder=".", bench=None, channel=Forked, time_limit=TIME_LIMIT):
    """Return the judge's verdicts, test cells being left out of the learner's kernel."""
    bench = bench or ForeignBench(source)
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in hand_in.cells
        if cell.cell_type == "code" and is_solution(cell)
    }
    found = []
    with channel(folder) as kernel:
        for cell in hand_in.cells:
            if cell.cell_type == "code" and not is_test(cell):
                kernel.run(cell.source)
            elif is_test(cell):
                name = cell.metadata.nbgrader.grade_id
                found.append(bench.judge(name, kernel, answers, Path(folder), time_limit))
    return found


def judged_marks(source, hand_in, found=None, **how):
    """Return the marks that nbgrader takes from the judge's verdicts."""
    found = found or verdicts(source, hand_in, **how)
    tests = [cell for cell in source.cells if is_test(cell)]
    return [marks(cell, verdict.outputs) for cell, verdict in zip(tests, found, strict=True)]
