"""What `nbgrader_config.py` plugs into nbgrader: answers cleared, submissions rebuilt, run and judged."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    DeduplicateIds,
    IncludeHeaderFooter,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from scalable_ai.grading.execute import FLAGS, JudgedExecute, Result
from scalable_ai.grading.exporter import UNREADABLE, place_of
from scalable_ai.grading.rebuild import UNREADABLE_NOTE, rebuild, with_note
from scalable_ai.lessons.build import fingerprint
from scalable_ai.lessons.notebook import clear_answers

__all__ = ["ClearAnswers", "JudgedExecute", "RebuildSubmission", "SaveMarks", "Stamp"]


def _stock(ours: NbGraderPreprocessor, nb: NotebookNode, resources: dict[str, Any], *steps: type) -> Result:
    """Take a notebook that this package did not build through nbgrader's own steps."""
    for step in steps:
        nb, resources = step(parent=ours.parent)(nb, resources)
    return nb, resources


class ClearAnswers(NbGraderPreprocessor):
    """`generate_assignment`: each marked answer becomes its scaffold; takes the place of `ClearSolutions`."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Return the notebook with blanks and stubs; one that this package did not build, as nbgrader does."""
        if "scalable_ai" not in nb.metadata:
            return _stock(self, nb, resources, IncludeHeaderFooter, ClearSolutions)
        return clear_answers(nb), resources


class Stamp(NbGraderPreprocessor):
    """`generate_assignment`: records what was built, so that work in a released notebook is never written over."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Return the notebook with its fingerprint; one that this package did not build, without hidden tests."""
        if "scalable_ai" not in nb.metadata:
            return _stock(self, nb, resources, ClearHiddenTests, ClearMarkScheme, ComputeChecksums)
        nb.metadata["scalable_ai"]["built"] = fingerprint(nb)
        return nb, resources


class RebuildSubmission(NbGraderPreprocessor):
    """`autograde`, first half: the instructor's notebook with the learner's answers in it.

    Notebooks that this package did not build go through nbgrader's own steps.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Return the notebook that is graded."""
        given = place_of(self, resources).given()
        if given is None:
            return _stock(self, nb, resources, ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells)
        rebuilt, repairs = rebuild(given, nb)
        if UNREADABLE in resources:
            return with_note(rebuilt, resources[UNREADABLE], UNREADABLE_NOTE), resources
        for text in repairs:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], text)
        return with_note(rebuilt, " ".join(repairs)) if repairs else rebuilt, resources


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
