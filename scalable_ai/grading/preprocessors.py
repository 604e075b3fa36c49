"""What `nbgrader_config.py` plugs into nbgrader: answers cleared, submissions rebuilt, run and judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import (
    CheckCellMetadata,
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
from scalable_ai.grading.intake.record import notes_about
from scalable_ai.grading.rebuild import UNREADABLE_NOTE, rebuild, with_note
from scalable_ai.lessons.build import fingerprint
from scalable_ai.lessons.notebook import clear_answers

__all__ = ["ClearAnswers", "JudgedExecute", "RebuildSubmission", "SaveMarks", "Stamp"]


STOCK_SANITIZING = (ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata)


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
        place = place_of(self, resources)
        given = place.given()
        if given is None:
            return _stock(self, nb, resources, *STOCK_SANITIZING)
        rebuilt, repairs = rebuild(given, nb)
        if UNREADABLE in resources:
            return with_note(rebuilt, resources[UNREADABLE], UNREADABLE_NOTE), resources
        for text in repairs:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], text)
        repairs = [*notes_about(place.submitted, f"{place.name}.ipynb"), *repairs]
        return with_note(rebuilt, " ".join(repairs)) if repairs else rebuilt, resources


class SaveMarks(SaveAutoGrades):
    """`autograde`, last: nbgrader's own saving of marks, a notebook's all at once.

    What got no verdict is put up for manual grading.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Write a notebook's marks and comments: all of them or none."""
        names = resources["nbgrader"]
        self.notebook_id, self.assignment_id, self.student_id = (
            names[key] for key in ("notebook", "assignment", "student")
        )
        with Gradebook(names["db_url"]) as self.gradebook:
            db = self.gradebook.db
            with mock.patch.object(db, "commit", db.flush, create=True):
                submitted = self.gradebook.find_submission_notebook(
                    self.notebook_id, self.assignment_id, self.student_id
                )
                # nbgrader would ask the database for each cell, through seven tables.
                grades = {grade.cell.name: grade for grade in submitted.grades}
                comments = {comment.cell.name: comment for comment in submitted.comments}
                found = {"find_grade": _finder(grades), "find_comment": _finder(comments)}
                with mock.patch.multiple(self.gradebook, create=True, **found):
                    nb, resources = super(SaveAutoGrades, self).preprocess(nb, resources)
            db.commit()
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._add_score(cell, resources)
        name = cell.metadata.nbgrader.grade_id
        if name in resources.get(FLAGS, {}):
            grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
            grade.needs_manual_grade = True


def _finder(known: dict[str, Any]) -> Callable[..., Any]:
    def find(name: str, *where: str) -> Any:
        if name not in known:
            raise MissingEntry(f"{' / '.join(where)}: the gradebook has no cell '{name}'.")
        return known[name]

    return find
