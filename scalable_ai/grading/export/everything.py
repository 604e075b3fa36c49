"""All that a gradebook knows of its learners, as a table; and the way back into a fresh gradebook."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from nbgrader.api import Gradebook, InvalidEntry, MissingEntry

STUDENT = ("first_name", "last_name", "email", "lms_user_id")
GRADE = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade")
COMMENT = ("auto_comment", "manual_comment")
_WHERE = ("assignment", "duedate", "timestamp", "extension", "notebook", "penalty", "cell")
COLUMNS = ("student_id", *STUDENT, *_WHERE, *GRADE, *COMMENT)


class RestoreError(Exception):
    """A table that cannot be taken back: says which line, what is wrong and what to do. Nothing was changed."""


def rows_of(gradebook: Gradebook, assignments: Iterable[str] = (), students: Iterable[str] = ()) -> Iterator[dict]:
    """Yield a row for each graded cell, each commented cell, and each learner who handed nothing in."""
    wanted, asked = set(assignments), set(students)
    for student in gradebook.students:
        if asked and student.id not in asked:
            continue
        who = {"student_id": student.id, **{name: getattr(student, name) for name in STUDENT}}
        submissions = [one for one in student.submissions if not wanted or one.assignment.name in wanted]
        if not submissions:
            yield who
        for submission in sorted(submissions, key=lambda one: one.assignment.name):
            what = {
                **who,
                "assignment": submission.assignment.name,
                "duedate": submission.assignment.duedate,
                "timestamp": submission.timestamp,
                "extension": submission.extension and submission.extension.total_seconds(),
            }
            for notebook in submission.notebooks:
                here = {**what, "notebook": notebook.name, "penalty": notebook.late_submission_penalty}
                for grade in notebook.grades:
                    yield {**here, "cell": grade.cell.name, **{name: getattr(grade, name) for name in GRADE}}
                for comment in notebook.comments:
                    yield {**here, "cell": comment.cell.name, **{name: getattr(comment, name) for name in COMMENT}}


def write(path: Path, rows: Iterable[dict]) -> None:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({key: _text(value) for key, value in row.items()} for row in rows)


def _text(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def restore(gradebook: Gradebook, path: Path) -> int:
    """Write a table of `write` into a gradebook, all of it or nothing, and return how many rows it has.

    Args:
        gradebook: It must have the assignments already.
        path: The table.

    Raises:
        RestoreError: It is no such table, or of other assignments than the gradebook's.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := sorted(set(COLUMNS) - set(reader.fieldnames or ())):
                raise RestoreError(
                    f"{path}: there is no column '{missing[0]}'. Give a file that EverythingExport wrote."
                )
            rows = list(reader)
    except (OSError, UnicodeError, csv.Error) as error:
        raise RestoreError(f"{path}: it cannot be read as CSV ({error}).") from None
    db, commit = gradebook.db, gradebook.db.commit
    with mock.patch.object(db, "commit", db.flush, create=True):
        try:
            for line, row in enumerate(rows, 2):
                try:
                    _restore_row(gradebook, {key: value or None for key, value in row.items() if key in COLUMNS})
                except (MissingEntry, ValueError, TypeError, InvalidEntry) as error:
                    why = str(error).splitlines()[0]
                    raise RestoreError(f"{path}, about row {line}: {why}. Nothing was changed.") from None
            commit()
        except BaseException:
            db.rollback()
            raise
    return len(rows)


def _restore_row(gradebook: Gradebook, row: dict[str, str | None]) -> None:
    if not row["student_id"]:
        raise ValueError("there is no student_id")
    gradebook.update_or_create_student(row["student_id"], **{name: row[name] for name in STUDENT})
    if not row["assignment"]:
        return
    try:
        assignment = gradebook.find_assignment(row["assignment"])
    except MissingEntry:
        raise MissingEntry(
            f"'{row['assignment']}' is not in the gradebook. Run 'nbgrader generate_assignment' first"
        ) from None
    if row["duedate"]:
        assignment.duedate = datetime.fromisoformat(row["duedate"])
    submission = gradebook.update_or_create_submission(assignment.name, row["student_id"])
    submission.timestamp = datetime.fromisoformat(row["timestamp"]) if row["timestamp"] else None
    submission.extension = timedelta(seconds=float(row["extension"])) if row["extension"] else None
    where = (row["notebook"], assignment.name, row["student_id"])
    notebook = gradebook.find_submission_notebook(*where)
    notebook.late_submission_penalty = _number(row["penalty"])
    if row["needs_manual_grade"] is not None:
        grade = gradebook.find_grade(row["cell"], *where)
        for name in GRADE[:3]:
            setattr(grade, name, _number(row[name]))
        grade.needs_manual_grade = row["needs_manual_grade"] == "True"
    else:
        comment = gradebook.find_comment(row["cell"], *where)
        for name in COMMENT:
            setattr(comment, name, row[name])
    gradebook.db.flush()


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
