"""One gradebook session for all of nbgrader's steps with a hand-in: its marks are written together or not at all."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any
from unittest import mock

from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

MODULES = (
    "nbgrader.converters.autograde",
    "nbgrader.preprocessors.latesubmissions",
    "nbgrader.preprocessors.saveautogrades",
    "nbgrader.preprocessors.overwritecells",
    "nbgrader.preprocessors.overwritekernelspec",
    "scalable_ai.grading.preprocessors",
)
"""Where nbgrader opens a gradebook of its own for every step."""


class Session:
    """A gradebook that stays open; within `transaction`, commits wait for its end."""

    def __init__(self, db_url: str, course_id: str) -> None:
        self._gradebook = Gradebook(db_url, course_id)
        self._commit = self._gradebook.db.commit

    def __enter__(self) -> Gradebook:
        return self._gradebook

    def __exit__(self, *error: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gradebook, name)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Gradebook]:
        """Have nbgrader's steps use this session, and write what they did at the end, or nothing of it."""
        db = self._gradebook.db
        with contextlib.ExitStack() as patches, warnings.catch_warnings():
            # nbgrader makes objects in an order that SQLAlchemy remarks on, and commits between.
            warnings.simplefilter("ignore", SAWarning)
            for module in MODULES:
                patches.enter_context(mock.patch(f"{module}.Gradebook", return_value=self))
            patches.enter_context(mock.patch.object(db, "commit", db.flush, create=True))
            try:
                yield self._gradebook
            except BaseException:
                db.rollback()
                raise
            self._commit()
        # What was read stays in memory otherwise, for every learner of the class.
        db.expunge_all()

    def close(self) -> None:
        """Close the gradebook."""
        self._gradebook.close()
