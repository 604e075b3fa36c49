"""What `nbgrader_config.py` plugs into nbgrader: answers cleared, submissions rebuilt, run and judged."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    ClearOutput,
    DeduplicateIds,
    Execute,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade
from traitlets import Float, default

from scalable_ai.cards import Finding
from scalable_ai.course import Course
from scalable_ai.grading.court import court_of
from scalable_ai.grading.exporter import source_of
from scalable_ai.grading.rebuild import instructor_notebook, is_answer, rebuild, with_note
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.build import fingerprint
from scalable_ai.lessons.notebook import clear_answers

Result = tuple[NotebookNode, dict[str, Any]]
FLAGS = "scalable_ai_flags"


class ClearAnswers(NbGraderPreprocessor):
    """`generate_assignment`: each marked answer becomes its scaffold; takes the place of `ClearSolutions`."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Return the notebook with blanks and stubs."""
        return clear_answers(nb), resources


class Stamp(NbGraderPreprocessor):
    """`generate_assignment`: records what was built, so that work in a released notebook is never written over."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Return the notebook with its fingerprint."""
        if "scalable_ai" in nb.metadata:
            nb.metadata["scalable_ai"]["built"] = fingerprint(nb)
        return nb, resources


class RebuildSubmission(NbGraderPreprocessor):
    """`autograde`, first half: the instructor's notebook with the learner's answers in it.

    Notebooks that this package did not build go through nbgrader's own steps.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Return the notebook that is graded."""
        given = instructor_notebook(source_of(resources))
        if given is None:
            for stock in (ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells):
                nb, resources = stock(parent=self.parent).preprocess(nb, resources)
            return nb, resources
        notes = [cell.source for cell in nb.cells if cell.get("id") == "grading-note"]
        rebuilt, repairs = rebuild(given, nb)
        for text in repairs if not notes else []:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], text)
        if notes:
            rebuilt.cells.insert(0, nb.cells[0])
        elif repairs:
            rebuilt = with_note(rebuilt, " ".join(repairs))
        return rebuilt, resources


class JudgedExecute(Execute):
    """`autograde`, second half: runs a notebook and has its exercises judged by a process of its own.

    A check cell's outputs are the judge's and nobody else's: the cell itself is not run in the learner's kernel, so
    neither what it prints nor what it patches is ever a mark.
    """

    judge_time_limit = Float(180.0, help="Seconds for judging one exercise.").tag(config=True)

    @default("shutdown_kernel")
    def _shutdown_at_once(self) -> str:
        return "immediate"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if sys.platform == "linux":
            from scalable_ai.grading.provisioner import WarmKernelManager

            kwargs.setdefault("kernel_manager_class", WarmKernelManager)
        super().__init__(*args, **kwargs)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any], km: Any = None) -> Result:
        """Run and judge one notebook."""
        names = resources["nbgrader"]
        self._place = (names["assignment"], names["notebook"])
        self._student = names["student"]
        course = Course(Path.cwd())
        self._court = None
        if (
            "scalable_ai" in nb.metadata
            and (course.solutions / names["assignment"] / f"{names['notebook']}.py").is_file()
        ):
            self._court = court_of(course)
            self._court.time_limit = self.judge_time_limit
            self._court.start()
        answers = {cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if is_answer(cell)}
        self._answers = {name: cell.source for name, cell in answers.items()}
        self._titles = {name: cell.metadata.get("scalable_ai", {}).get("task", name) for name, cell in answers.items()}
        self._flags = resources.setdefault(FLAGS, {})
        self._done: list[tuple[NotebookNode, int]] = []
        self._stopped: dict[str, str] = {}
        # Spinning barriers of several threads make cells tens of times slower when kernels share cores.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return super().preprocess(nb, resources, km)

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        """Run one cell, or have its exercise judged."""
        if is_grade(cell) and cell.cell_type == "code":
            if self._court is not None:
                self._judge(cell)
                return cell, resources
            cell, resources = self._execute(cell, resources, index)
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
            return cell, resources
        return self._execute(cell, resources, index)

    def _execute(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        """Run one cell; one that ends its kernel costs that cell, and the cells before it are run again."""
        try:
            result = super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self.log.error("%s: a cell ended its kernel; going on with a new one", self._student)
            self._revive()
            if is_answer(cell):
                self._stopped[cell.metadata.nbgrader.grade_id] = "none: the cell ended its kernel"
            message = "This cell ended its kernel. The cells before it were run again, and grading went on."
            cell.outputs = [nbformat.v4.new_output("error", ename="KernelEnded", evalue=message, traceback=[message])]
            return cell, resources
        if cell.cell_type == "code":
            self._done.append((cell, index))
            stopped = any(out.get("ename") == "CellTimeoutError" for out in cell.outputs)
            if stopped and is_answer(cell):
                self._stopped[cell.metadata.nbgrader.grade_id] = f"none within {self.timeout} seconds; it was stopped"
        return result

    def _revive(self) -> None:
        """Start another kernel and bring it to where the dead one was."""
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        for cell, index in self._done:
            outputs = cell.outputs
            super().preprocess_cell(cell, self.resources, index)
            cell.outputs = outputs

    def _judge(self, cell: NotebookNode) -> None:
        chapter, name = self._place
        exercise = cell.metadata.nbgrader.grade_id.removesuffix("-check")
        points = float(cell.metadata.nbgrader.points)
        if exercise in self._stopped:
            finding = Finding("Your answer", "a result", self._stopped[exercise])
            verdict = Verdict(self._titles[exercise], 0.0, points, (finding,))
        else:
            verdict = self._court.judge(chapter, name, exercise, self.km.connection_file, self._answers, points)
        if verdict.flag:
            self.log.error("%s, %s: no verdict, so no marks: %s", self._student, exercise, verdict.flag)
            self._flags[cell.metadata.nbgrader.grade_id] = verdict.flag
        cell.outputs = verdict.outputs()


class SaveMarks(SaveAutoGrades):
    """`autograde`, last: nbgrader's own saving of marks; what got no verdict is put up for manual grading."""

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._add_score(cell, resources)
        if cell.metadata.nbgrader.grade_id in resources.get(FLAGS, {}):
            grade = self.gradebook.find_grade(
                cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
            )
            grade.needs_manual_grade = True
            self.gradebook.db.commit()
