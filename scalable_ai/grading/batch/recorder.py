"""The gradebook's one writer: a hand-in's marks and its graded notebooks appear together, or not at all."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
from nbconvert.writers import FilesWriter
from nbformat import NotebookNode
from nbgrader.api import Assignment, SubmittedAssignment
from nbgrader.apps import AutogradeApp
from nbgrader.converters.base import BaseConverter
from nbgrader.utils import rmtree
from sqlalchemy import text

from scalable_ai.grading.batch.hand_in import KEY, HandIn, Outcome
from scalable_ai.grading.batch.runner import Executed, Notes, Runner
from scalable_ai.grading.batch.session import Session

INDEXES = {"submitted_notebook": "assignment_id", "grade": "notebook_id", "comment": "notebook_id"}


class _Staged(BaseConverter):
    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy no files: they were copied before the notebooks ran, and what was left out then stays out."""


class Recorder(Runner, _Staged):
    """nbgrader's autograder from its writing of marks on."""

    def __init__(self, app: AutogradeApp) -> None:
        super().__init__(app)
        self.writer = FilesWriter(parent=self, config=self.config)
        self._session = Session(self.coursedir.db_url, self.coursedir.course_id)

    def recorded(self, assignment: str) -> set[str]:
        """Return the learners whose marks the gradebook has."""
        # By columns: objects would bring along each learner's scores, added up in queries of their own.
        query = self._session.db.query(SubmittedAssignment.student_id).join(Assignment).filter_by(name=assignment)
        return {learner for (learner,) in query}

    def begin(self) -> None:
        """See that the gradebook can be written, and that a learner's rows are found without reading all others'."""
        db = self._session.db
        if db.bind.dialect.name == "sqlite":
            db.execute(text("BEGIN IMMEDIATE"))  # which a file that can only be read allows, but not the next line
            db.execute(text("UPDATE assignment SET name = name WHERE 0"))
            for table, column in INDEXES.items():  # nbgrader has none
                db.execute(text(f"CREATE INDEX IF NOT EXISTS ix_{table}_{column} ON {table} ({column})"))
            db.commit()

    def notebooks_of(self, assignment: str) -> list[str]:
        """Return the names of an assignment's notebooks, none where the gradebook does not know it."""
        found = [one for one in self._session.assignments if one.name == assignment]
        return [notebook.name for one in found for notebook in one.notebooks]

    def place_of(self, hand_in: HandIn) -> Path:
        """Return where nbgrader looks for a graded hand-in."""
        return Path(self.coursedir.format_path(str(self._graded), hand_in.learner, hand_in.assignment))

    def seconds_a_notebook(self) -> float:
        """Return the configured time limit of a notebook."""
        return max(getattr(step, "notebook_timeout", 0.0) for step in self.halves()[0])

    def outcome_of(self, hand_in: HandIn) -> Outcome:
        """Return the marks that the gradebook has for a hand-in."""
        submission = self._session.find_submission(hand_in.assignment, hand_in.learner)
        return Outcome(hand_in.learner, submission.score, submission.max_score, unchanged=True)

    def record(self, hand_in: HandIn, executed: Executed, key: str) -> Outcome:
        """Write the marks of a hand-in that was run, and put its notebooks where nbgrader looks for them."""
        notes = Notes()
        self.log.addHandler(notes)
        try:
            with self._session.transaction() as gradebook:
                self.notebooks = sorted(map(str, hand_in.folder.glob("*.ipynb")))  # unknown ones get a warning
                # Nothing is to be copied: the instructor's files lie over the hand-in's since it was staged.
                nothing = mock.patch("nbgrader.converters.autograde.utils.find_all_files", return_value=[])
                with nothing, mock.patch.object(self.coursedir, "get_existing_timestamp", self._time_in):
                    self.init_assignment(hand_in.assignment, hand_in.learner)
                for name in hand_in.notebooks:
                    self._record_notebook(name, executed, hand_in, key)
                submission = gradebook.find_submission(hand_in.assignment, hand_in.learner)
                outcome = Outcome(hand_in.learner, submission.score, submission.max_score, executed.seconds)
                self.set_permissions(hand_in.assignment, hand_in.learner)
        finally:
            self.log.removeHandler(notes)
        self._publish(hand_in)
        self.coursedir.student_id = hand_in.learner
        self.run_post_convert_hook()
        outcome.notes = list(dict.fromkeys([*executed.notes, *notes.texts]))
        return outcome

    def _time_in(self, folder: str) -> datetime | None:
        """Return when a folder was handed in; None where nobody said, or nobody can read it."""
        try:
            return type(self.coursedir).get_existing_timestamp(self.coursedir, folder)
        except (AttributeError, ValueError, OverflowError):  # nbgrader calls a method that it does not have
            self.log.warning("timestamp.txt holds no time that can be read, so it counts as in time.")
            return None

    def _record_notebook(self, name: str, executed: Executed, hand_in: HandIn, key: str) -> None:
        notebook = nbformat.from_dict(json.loads(executed.notebooks[name]))
        resources: dict[str, Any] = executed.resources[name]
        for step in self.halves()[1]:
            notebook, resources = step(notebook, resources)
        self._write(notebook, Path(self._format_dest(hand_in.assignment, hand_in.learner)) / name, key)

    def _write(self, notebook: NotebookNode, path: Path, key: str) -> None:
        notebook.metadata[KEY] = key
        nbformat.write(notebook, path)

    def _publish(self, hand_in: HandIn) -> None:
        """Exchange the graded folder by renaming: at every moment it is whole, or not there."""
        staged = Path(self._format_dest(hand_in.assignment, hand_in.learner))
        place = self.place_of(hand_in)
        place.parent.mkdir(parents=True, exist_ok=True)
        old = staged.with_name(f"{staged.name}.old")
        if place.exists():
            os.replace(place, old)
        os.replace(staged, place)
        if old.exists():
            rmtree(str(old))

    def close(self) -> None:
        """Close the gradebook."""
        self._session.close()
