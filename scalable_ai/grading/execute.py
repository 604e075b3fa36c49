"""Runs a hand-in's notebook in a kernel of its own, and has its exercises judged."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
import time
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Bool, Dict, Float, List, default

from scalable_ai.cards import Finding
from scalable_ai.grading.court import Court, Kernel, court_of, data_folders, data_variables
from scalable_ai.grading.exporter import place_of
from scalable_ai.grading.needed import names_asked, what_to_run
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.grading.sandbox import Box, Limits, SandboxError
from scalable_ai.grading.verdict import Verdict
from scalable_ai.grading.workplace import Workplace
from scalable_ai.lessons.scaffold import BLANK

Result = tuple[NotebookNode, dict[str, Any]]
FLAGS = "scalable_ai_flags"
"""Where a notebook's resources hold why check cells have no verdict, by grade id."""
MAX_OUTPUT = 5_000_000
"""Characters that one cell may put out."""
MIN_SECONDS = 0.01


class JudgedExecute(Execute):
    """`autograde`, second half: runs a notebook in a sandbox and has its exercises judged by a process of its own.

    A check cell's outputs are the judge's and nobody else's: the cell itself is not run in the learner's kernel, so
    neither what it prints nor what it patches is ever a mark.
    """

    notebook_timeout = Float(300.0, help="Seconds for a whole notebook, its judging included.").tag(config=True)
    judge_time_limit = Float(180.0, help="Seconds for judging one exercise.").tag(config=True)
    limits = Dict(help="What a notebook may use: memory, disk, processes …, as in sandbox.Limits.").tag(config=True)
    allow_unsandboxed = Bool(
        False, help="Whether to run hand-ins with your own rights where this machine has no sandbox."
    ).tag(config=True)
    run_all_cells = Bool(
        False, help="Whether to run cells on which no mark depends, so that feedback shows their figures."
    ).tag(config=True)
    environment = List(
        ["PATH", "LANG", "LC_*", "TZ", "SCALABLE_AI_*", "NBGRADER_*", "MPLBACKEND"],
        help="Environment variables that reach a hand-in's code; yours may hold what is not for learners.",
    ).tag(config=True)

    @default("shutdown_kernel")
    def _shutdown_at_once(self) -> str:
        return "immediate"

    @default("timeout_func")
    def _time_left_too(self) -> Any:
        return lambda cell: self._limit(cell)[0]

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
        self._put_out: dict[int, int] = {}
        self._deadline = time.monotonic() + self.notebook_timeout
        whole = self._leave_out(nb)
        with Workplace(Path(resources["metadata"]["path"]), self._place.submitted) as self._workplace:
            result = super().preprocess(nb, resources, km)
            self._workplace.keep_new_files()
        for note in self._workplace.notes:
            self.log.warning("%s: %s", self._place.student, note)
        for cell, source in whole:
            cell.source = source
        return result

    def _leave_out(self, nb: NotebookNode) -> list[tuple[NotebookNode, str]]:
        """Leave out what no mark depends on, and return the cells concerned with their whole text."""
        if self._court is None or self.run_all_cells:
            return []
        cells = [cell for cell in nb.cells if cell.cell_type == "code" and not is_grade(cell)]
        added = {cell["id"] for cell in nb.cells} - {cell["id"] for cell in self._place.given().cells}
        roots = [number for number, cell in enumerate(cells) if is_answer(cell) or cell["id"] in added]
        graders = self._place.course.graders / self._place.chapter / f"{self._place.name}.py"
        try:
            asked = names_asked(graders.read_text(encoding="utf-8"))
        except (OSError, ValueError, SyntaxError):
            return []  # the judge says what is wrong with it
        to_run = what_to_run([cell.source for cell in cells], roots, asked)
        changed = [(cell, cell.source) for cell, text in zip(cells, to_run, strict=True) if text != cell.source]
        for cell, text in zip(cells, to_run, strict=True):
            cell.source = text
        return changed

    def start_new_kernel(self, **kwargs: Any) -> None:
        """Start a kernel of one thread: spinning barriers of several make cells tens of times slower side by side."""
        known = {name: text for name, text in os.environ.items() if any(fnmatch(name, p) for p in self.environment)}
        box = Box(
            self._workplace.folder,
            readable=data_folders(self._place.course.root),
            limits=Limits(**self.limits),
            allow_unsandboxed=self.allow_unsandboxed,
        )
        env = {**data_variables(self._place.course.root), **known, "OMP_NUM_THREADS": "1"}
        try:
            super().start_new_kernel(env=env, cwd=str(self._workplace.folder), box=box, **kwargs)
        except SandboxError as error:
            # It would be the same for every hand-in: end the batch.
            self.log.critical(str(error))
            raise SystemExit(1) from None

    def set_widgets_metadata(self) -> None:
        """Keep the state of widgets, where what the learner's kernel sent is of that form."""
        with contextlib.suppress(Exception):
            super().set_widgets_metadata()

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> NotebookNode | None:
        """Take an output, unless the cell has put out enough."""
        size = len(str(msg["content"]))
        before = self._put_out.get(cell_index, 0)
        self._put_out[cell_index] = before + size
        if before + size <= MAX_OUTPUT:
            return super().output(outs, msg, display_id, cell_index)
        if before <= MAX_OUTPUT:
            text = f"This cell put out more than {MAX_OUTPUT // 10**6} MB; the rest is left out.\n"
            outs.append(nbformat.v4.new_output("stream", name="stderr", text=text))
        return None

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

    def _limit(self, cell: NotebookNode | None = None) -> tuple[float, str]:
        """Return the seconds that a cell has, and the limit in words."""
        left = self._deadline - time.monotonic()
        if self.timeout is None or left < self.timeout:
            return max(left, 0.01), f"none: the {self.notebook_timeout:g} seconds for the whole notebook ran out"
        return self.timeout, f"none within {self.timeout} seconds; it was stopped"

    def _run(self, cell: NotebookNode, index: int) -> None:
        """Run one cell; one that ends its kernel, or is deaf to being stopped, costs that cell and no other."""
        seconds, words = self._limit()
        if seconds <= MIN_SECONDS:
            cell.outputs = []
            self._stop(cell, words)
            return
        self._ensure_kernel()
        try:
            super().preprocess_cell(cell, self.resources, index)
        except Exception as error:  # what a hostile kernel makes nbclient raise, it is lost all the same
            if getattr(self, "_async_cleanup_kernel_future", None) is not None:
                raise KeyboardInterrupt from None  # nbclient has ended the kernel for it
            ended = isinstance(error, DeadKernelError)
            self._lose(cell, index, "ended its kernel" if ended else "could not be stopped")
            self._revive()
            return
        if any(out.get("ename") == "CellTimeoutError" for out in cell.outputs):
            self._stop(cell, words)
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
        seconds, words = self._limit()
        if seconds <= MIN_SECONDS:
            self._stopped.setdefault(exercise, words)
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
                Kernel.of(self.km),
                self._answers,
                points,
                title=title,
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
