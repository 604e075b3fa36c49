"""Runs a hand-in's notebook in a kernel of its own, and has its exercises judged."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, Enum, Float

from scalable_ai.advice import likely_mistake
from scalable_ai.cards import Finding
from scalable_ai.grading.cell_verdict import ForeignVerdict
from scalable_ai.grading.court import court_of, data_folders, data_variables
from scalable_ai.grading.defuse import defuse
from scalable_ai.grading.exporter import place_of
from scalable_ai.grading.kernel import Call, call_to_judge
from scalable_ai.grading.needed import cells_to_run
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.grading.resilient import MIN_SECONDS, ResilientExecute, Result
from scalable_ai.grading.verdict import Verdict, verdict_of
from scalable_ai.grading.workplace import Workplace
from scalable_ai.lessons.scaffold import BLANK

AnyVerdict = TypeVar("AnyVerdict", Verdict, ForeignVerdict)
FLAGS = "scalable_ai_flags"
"""Where a notebook's resources hold why check cells have no verdict, by grade id."""
MIN_TIMEOUT, TIMES_REFERENCE = 5.0, 10.0
"""An answer has so many seconds, and so many times what the reference answer took."""


class JudgedExecute(ResilientExecute):
    """`autograde`, second half: runs a notebook in a sandbox and has its exercises judged by a process of its own.

    A check cell's outputs are the judge's and nobody else's: the cell itself is not run in the learner's kernel, so
    neither what it prints nor what it patches is ever a mark.
    """

    judge_time_limit = Float(180.0, help="Seconds for judging one exercise.").tag(config=True)
    run_all_cells = Bool(
        False, help="Whether to run cells on which no mark depends, so that feedback shows their figures."
    ).tag(config=True)
    test_cells = Enum(
        ("judge", "kernel"),
        "judge",
        help="Where test cells of ordinary nbgrader notebooks run: apart from the learner's code, or in its kernel.",
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any], km: Any = None) -> Result:
        """Run and judge one notebook."""
        self._place = place_of(self, resources)
        self._court = court_of(self._place.course)
        self._court.time_limit = self.judge_time_limit
        self._is_lesson = self._place.given() is not None
        reference = self._court.timings(self._place.chapter, self._place.name) if self._is_lesson else {}
        self._limits = {name: round(MIN_TIMEOUT + TIMES_REFERENCE * seconds) for name, seconds in reference.items()}
        answers = [cell for cell in nb.cells if is_answer(cell)]
        self._answers = {cell.metadata.nbgrader.grade_id: cell.source for cell in answers}
        # As they were when the assignment was generated: nbgrader has put them back from its gradebook.
        tests = [cell for cell in nb.cells if is_grade(cell) and cell.cell_type == "code" and not is_solution(cell)]
        self._tests = {cell.metadata.nbgrader.grade_id: cell.source for cell in tests}
        self._titles = {
            cell.metadata.nbgrader.grade_id: cell.metadata.get("scalable_ai", {}).get("task", "") for cell in answers
        }
        self._flags = resources.setdefault(FLAGS, {})
        self._stopped: dict[str, str] = {}
        self._raised: dict[str, Finding] = {}
        root = self._place.course.root
        whole = self._leave_out(nb)
        with Workplace(Path(resources["metadata"]["path"]), self._place.submitted) as workplace:
            result = self.run_in(workplace, nb, resources, km, data_folders(root), data_variables(root))
            workplace.keep_new_files()
        for cell in nb.cells:
            if not is_grade(cell) or is_answer(cell):
                defuse(cell, is_ours=self._is_lesson)
        for note in workplace.notes:
            self.log.warning("%s: %s", self._place.student, note)
        for cell, source in whole:
            cell.source = source
        return result

    def _leave_out(self, nb: NotebookNode) -> list[tuple[NotebookNode, str]]:
        """Leave out what no mark depends on, and return the cells concerned with their whole text."""
        if not self._is_lesson or self.run_all_cells:
            return []
        checks = self._place.course.graders / self._place.chapter / f"{self._place.name}.py"
        changed = []
        for cell, text in cells_to_run(nb, self._place.given(), checks):
            if text != cell.source:
                changed.append((cell, cell.source))
                cell.source = text
        return changed

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        """Run one cell, or have its exercise judged."""
        is_check = is_grade(cell) and cell.cell_type == "code"
        if is_check and self._is_lesson:
            self._judge(cell)
        elif is_check and not is_solution(cell) and self._judges_test_cells():
            self._judge_test_cell(cell)
        elif cell.cell_type == "code":
            if self.run_cell(cell, index):
                self._note_error(cell)
            if is_check:
                cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        if is_check and self.doubt and not _is_full(cell):
            self._flag(cell.metadata.nbgrader.grade_id, self.doubt)
        return cell, resources

    def _judges_test_cells(self) -> bool:
        """Return whether the judge runs the test cells of a notebook that this package did not build."""
        return self.test_cells == "judge" and self._place.source.is_file() and self.km.kernel_name.startswith("python")

    def _judge_test_cell(self, cell: NotebookNode) -> None:
        grade_id = cell.metadata.nbgrader.grade_id
        seconds, words = self.limit()
        if seconds <= MIN_SECONDS:
            words = self.doubt or words
            cell.outputs = [nbformat.v4.new_output("error", ename="TimeLimit", evalue=words, traceback=[words])]
            return

        def judge(call: Call) -> ForeignVerdict:
            folder = self.workplace.folder
            return self._court.judge_cell(
                self._place.source, grade_id, call, self._answers, self._tests, folder, seconds
            )

        verdict = self._judged(grade_id, judge)
        if verdict.flag:
            self._flag(grade_id, verdict.flag)
        cell.outputs = verdict.outputs

    def _judged(self, what: str, judge: Callable[[Call], AnyVerdict]) -> AnyVerdict:
        """Have something judged, again where the kernel was killed by nobody knows whom."""
        while True:
            self.ensure_kernel()
            verdict = judge(partial(call_to_judge, self.km, self.kc))
            if not verdict.stopped:
                return verdict
            is_over = not self.in_doubt(what)
            self.revive()
            if is_over or self.limit()[0] <= MIN_SECONDS:
                return verdict

    def _flag(self, grade_id: str, why: str) -> None:
        self.log.error("%s, %s: no verdict, so no marks: %s", self._place.student, grade_id, why)
        self._flags.setdefault(grade_id, why)

    def limit(self, cell: NotebookNode | None = None) -> tuple[float, str]:
        """Return the seconds that a cell has: an answer as many as the reference answer suggests, if that is less."""
        seconds, words = super().limit(cell)
        if cell is not None and is_answer(cell):
            own = self._limits.get(cell.metadata.nbgrader.grade_id, seconds)
            if own < seconds:
                return own, f"none within {own:g} seconds; it was stopped"
        return seconds, words

    def _note_error(self, cell: NotebookNode) -> None:
        """Remember what an answer cell raised: a missing name is explained by it, not by itself."""
        raised = next((out for out in cell.outputs if out.output_type == "error"), None)
        if raised is not None and is_answer(cell) and BLANK not in raised.evalue:
            text = textwrap.shorten(f"{raised.ename}: {raised.evalue}", 200, placeholder=" …")
            likely = likely_mistake(raised.ename, raised.evalue)
            finding = Finding("Your answer cell", "to run to its end", text, likely)
            self._raised[cell.metadata.nbgrader.grade_id] = finding

    def stopped(self, cell: NotebookNode, why: str) -> None:
        """Remember why an answer has no result."""
        self.log.error("%s: %s", self._place.student, why)
        if is_answer(cell):
            self._stopped[cell.metadata.nbgrader.grade_id] = why

    def _judge(self, cell: NotebookNode) -> None:
        exercise = cell.metadata.nbgrader.grade_id.removesuffix("-check")
        seconds, words = self.limit()
        if seconds <= MIN_SECONDS:
            self._stopped.setdefault(exercise, self.doubt or words)
        points, title = float(cell.metadata.nbgrader.points), self._titles.get(exercise) or exercise
        if exercise in self._stopped:
            finding = Finding("Your answer", "a result", self._stopped[exercise])
            verdict = Verdict(title, 0.0, points, (finding,), stopped=True)
        else:
            place, answers = self._place, self._answers
            verdict = self._judged(
                exercise,
                lambda call: self._court.judge(place.chapter, place.name, exercise, call, answers, points, title=title),
            )
        if verdict.points != points:  # the lesson was changed after nbgrader took it in
            verdict = replace(verdict, score=round(verdict.score / verdict.points * points, 3), points=points)
        if exercise in self._raised and not verdict.is_full:
            verdict = replace(verdict, findings=(self._raised[exercise], *verdict.findings))
        if verdict.flag:
            self._flag(cell.metadata.nbgrader.grade_id, verdict.flag)
        cell.outputs = verdict.outputs()


def _is_full(cell: NotebookNode) -> bool:
    """Tell whether a check cell has all its marks."""
    verdict = verdict_of(cell)
    if verdict is not None:
        return verdict.is_full
    return not any(output.output_type == "error" for output in cell.outputs)
