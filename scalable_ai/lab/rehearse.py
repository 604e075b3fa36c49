"""A learner's notebook run as grading runs it, from the top and in order, with its visible checks."""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from scalable_ai.blanks import open_blanks
from scalable_ai.course import Course
from scalable_ai.grading.court import data_folders, data_variables
from scalable_ai.grading.folders import regular_files
from scalable_ai.grading.needed import what_to_run
from scalable_ai.grading.resilient import ResilientExecute
from scalable_ai.grading.workplace import Workplace
from scalable_ai.lab.merge import is_answer, is_own, merge
from scalable_ai.lab.progress import PASSED, exercises_of
from scalable_ai.lessons.pages.limits import Limits, read_limits


@dataclass(frozen=True)
class Rehearsed:
    """What came of one exercise."""

    title: str
    points: float
    is_passed: bool
    why_not: str = ""


class VisibleExecute(ResilientExecute):
    """Runs a notebook's answers, what they need, and its visible checks."""

    def run_all(self, notebook: NotebookNode, folder: Path, course: Course) -> dict[str, str]:
        """Run a notebook, and return cell id -> why it did not run to its end.

        Args:
            notebook: It is changed: outputs are new.
            folder: Whose other files its code may read, and gets a copy of.
            course: Where data are.
        """
        self.halted: dict[str, str] = {}
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        roots = [number for number, cell in enumerate(cells) if _is_check(cell) or is_answer(cell) or is_own(cell)]
        for cell, source in zip(cells, what_to_run([cell.source for cell in cells], roots), strict=True):
            cell.source, cell.outputs = source, []
        resources: dict[str, Any] = {"metadata": {"path": str(folder)}}
        # A copy of the files: nbgrader's runner takes links out of the folder that it is given.
        with tempfile.TemporaryDirectory() as copied:
            for path in regular_files(folder):
                if path.suffix != ".ipynb" and not path.relative_to(folder).parts[0].startswith("."):
                    place = Path(copied, path.relative_to(folder))
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, place)
            with Workplace(Path(copied), Path(copied)) as workplace:
                root = course.root
                self.run_in(workplace, notebook, resources, None, data_folders(root), data_variables(root))
        return self.halted

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Any:
        """Run one cell."""
        if cell.cell_type == "code" and cell.source.strip():
            self._running = cell
            self.run_cell(cell, index)
        return cell, resources

    def stopped(self, cell: NotebookNode, why: str) -> None:
        """Remember why a cell has no result."""
        self.halted[cell["id"]] = why.removeprefix("none: ")


def rehearse(mine: NotebookNode, given: NotebookNode, folder: Path, root: Path) -> list[Rehearsed]:
    """Run a notebook as grading does, and return what its visible checks say.

    Args:
        mine: The learner's.
        given: The lesson as the course gives it: its checks count, whatever became of them in the learner's.
        folder: Where it lies.
        root: The course's root.
    """
    course = Course(root)
    notebook = merge(mine, given) or copy.deepcopy(mine)
    blanks = {cell["id"]: open_blanks(cell.source) for cell in notebook.cells if is_answer(cell)}
    runner = VisibleExecute(**_settings(read_limits(course)))
    halted = runner.run_all(notebook, folder, course)
    checks = {cell["id"]: cell for cell in notebook.cells if _is_check(cell)}
    found = []
    for exercise in exercises_of(notebook):
        answer, check = f"{exercise.name}-answer", f"{exercise.name}-check"
        why = ""
        if exercise.state != PASSED:
            lines = blanks.get(answer)
            why = f"open blank in {lines[0].words()}" if lines else halted.get(answer) or halted.get(check, "")
            why = why or _said(checks.get(check))
        found.append(Rehearsed(exercise.title, exercise.points, exercise.state == PASSED, why))
    return found


def _settings(limits: Limits) -> dict[str, Any]:
    return {
        "timeout": limits.cell,
        "notebook_timeout": limits.notebook,
        "limits": {"memory": int(limits.memory * 2**30)},
        "allow_unsandboxed": True,  # the code is the learner's own, on the learner's own machine
        "allow_errors": True,
        "kernel_name": "python3",
    }


def _is_check(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and cell.cell_type == "code"


def _said(check: NotebookNode | None) -> str:
    """Return why a check did not pass: its error in one line."""
    errors = [out for out in (check.outputs if check is not None else []) if out.output_type == "error"]
    return " ".join(errors[-1].evalue.split()) if errors else "its check did not run"
