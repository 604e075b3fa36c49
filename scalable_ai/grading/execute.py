"""Runs a hand-in's notebook in a kernel of its own, and has its exercises judged."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from dataclasses import replace
from typing import Any

import nbformat
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Float, default

from scalable_ai.cards import Finding
from scalable_ai.grading.court import Court, court_of
from scalable_ai.grading.exporter import place_of
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.scaffold import BLANK

Result = tuple[NotebookNode, dict[str, Any]]
FLAGS = "scalable_ai_flags"
"""Where a notebook's resources hold why check cells have no verdict, by grade id."""


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
        self._place = place_of(self, resources)
        self._court: Court | None = None
        if self._place.given() is not None:
            self._court = court_of(self._place.course)
            self._court.time_limit = self.judge_time_limit
            self._court.prepare(self._place.chapter, self._place.name)
        answers = [cell for cell in nb.cells if is_answer(cell)]
        self._answers = {cell.metadata.nbgrader.grade_id: cell.source for cell in answers}
        self._titles = {
            cell.metadata.nbgrader.grade_id: cell.metadata.get("scalable_ai", {}).get("task", "") for cell in answers
        }
        self._flags = resources.setdefault(FLAGS, {})
        self._done: list[tuple[NotebookNode, int]] = []
        self._stopped: dict[str, str] = {}
        self._raised: dict[str, str] = {}
        return super().preprocess(nb, resources, km)

    def start_new_kernel(self, **kwargs: Any) -> None:
        """Start a kernel of one thread: spinning barriers of several make cells tens of times slower side by side."""
        super().start_new_kernel(env={**os.environ, "OMP_NUM_THREADS": "1"}, **kwargs)

    def set_widgets_metadata(self) -> None:
        """Keep the state of widgets, where what the learner's kernel sent is of that form."""
        with contextlib.suppress(Exception):
            super().set_widgets_metadata()

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        """Run one cell, or have its exercise judged."""
        is_check = is_grade(cell) and cell.cell_type == "code"
        if is_check and self._court is not None:
            self._judge(cell)
        elif cell.cell_type == "code":
            self._run(cell, index)
            if is_check:
                cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        return cell, resources

    def _run(self, cell: NotebookNode, index: int) -> None:
        """Run one cell; one that ends its kernel, or is deaf to being stopped, costs that cell and no other."""
        self._ensure_kernel()
        try:
            super().preprocess_cell(cell, self.resources, index)
        except Exception as error:  # what a hostile kernel makes nbclient raise, it is lost all the same
            ended = isinstance(error, DeadKernelError)
            self._lose(cell, index, "ended its kernel" if ended else "could not be stopped")
            self._revive()
            return
        if any(out.get("ename") == "CellTimeoutError" for out in cell.outputs):
            self._stop(cell, f"none within {self.timeout} seconds; it was stopped")
        else:
            self._done.append((cell, index))
            self._note_error(cell)

    def _note_error(self, cell: NotebookNode) -> None:
        """Remember what an answer cell raised: a missing name is explained by it, not by itself."""
        raised = next((out for out in cell.outputs if out.output_type == "error"), None)
        if raised is not None and is_answer(cell) and BLANK not in raised.evalue:
            text = textwrap.shorten(f"{raised.ename}: {raised.evalue}", 200, placeholder=" …")
            self._raised[cell.metadata.nbgrader.grade_id] = text

    def _lose(self, cell: NotebookNode, index: int, what: str) -> None:
        self.log.error("%s: a cell %s; going on with a new kernel", self._place.student, what)
        self._stop(cell, f"none: the cell {what}")
        message = f"This cell {what}. The cells before it were run again, and grading went on."
        self.clear_display_id_mapping(index)
        cell.outputs = [nbformat.v4.new_output("error", ename="KernelEnded", evalue=message, traceback=[message])]

    def _stop(self, cell: NotebookNode, why: str) -> None:
        if is_answer(cell):
            self._stopped[cell.metadata.nbgrader.grade_id] = why

    def _ensure_kernel(self) -> None:
        if not run_sync(self.km.is_alive)():
            self._revive()

    def _revive(self) -> None:
        """Start another kernel and bring it to where the last one was, without what ends it this time."""
        while True:
            self._cleanup_kernel()
            self.km = self.create_kernel_manager()
            self.start_new_kernel()
            self.start_new_kernel_client()
            for cell, index in self._done:
                kept = cell.outputs, cell.execution_count
                try:
                    super().preprocess_cell(cell, self.resources, index)
                except Exception:
                    self._done.remove((cell, index))
                    self._lose(cell, index, "ended its kernel")
                    break
                self.clear_display_id_mapping(index)
                cell.outputs, cell.execution_count = kept
            else:
                return

    def _judge(self, cell: NotebookNode) -> None:
        exercise = cell.metadata.nbgrader.grade_id.removesuffix("-check")
        points, title = float(cell.metadata.nbgrader.points), self._titles.get(exercise) or exercise
        if exercise in self._stopped:
            finding = Finding("Your answer", "a result", self._stopped[exercise])
            verdict = Verdict(title, 0.0, points, (finding,), stopped=True)
        else:
            self._ensure_kernel()
            verdict = self._court.judge(
                self._place.chapter,
                self._place.name,
                exercise,
                self.km.connection_file,
                self._answers,
                points,
                title=title,
                pid=getattr(self.km.provisioner, "pid", None),
            )
            if verdict.stopped:
                self._revive()
        if verdict.points != points:  # the lesson was changed after nbgrader took it in
            verdict = replace(verdict, score=round(verdict.score / verdict.points * points, 3), points=points)
        if exercise in self._raised and not verdict.is_full:
            finding = Finding("Your answer cell", "to run to its end", self._raised[exercise])
            verdict = replace(verdict, findings=(finding, *verdict.findings))
        if verdict.flag:
            self.log.error("%s, %s: no verdict, so no marks: %s", self._place.student, exercise, verdict.flag)
            self._flags[cell.metadata.nbgrader.grade_id] = verdict.flag
        cell.outputs = verdict.outputs()
