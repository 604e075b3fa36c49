"""The marks of a class as they are exported: after manual grading and late penalties."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry


@dataclass(frozen=True)
class Person:
    """A learner in the gradebook."""

    id: str
    first_name: str
    last_name: str
    email: str
    platform_id: str
    """The learning platform's number, from the gradebook or from the id that `collect` gave."""

    @property
    def names(self) -> set[str]:
        """Return what a learning platform may call this one, in small letters."""
        return {name.casefold() for name in (self.id, self.email, self.platform_id) if name}


@dataclass(frozen=True)
class Mark:
    """One learner's marks for one assignment."""

    person: Person
    assignment: str
    score: float | None
    """None where nothing was handed in."""
    max_score: float
    needs_manual_grade: bool = False


def read_marks(gradebook: Gradebook, assignments: Collection[str] = (), students: Collection[str] = ()) -> list[Mark]:
    """Return the marks of some or all assignments and learners, by assignment and then learner."""
    marks = []
    people = [person_of(one) for one in gradebook.students if not students or one.id in students]
    for assignment in sorted(gradebook.assignments, key=lambda one: one.name):
        if assignments and assignment.name not in assignments:
            continue
        for person in people:
            try:
                found = gradebook.find_submission(assignment.name, person.id)
            except MissingEntry:
                marks.append(Mark(person, assignment.name, None, assignment.max_score))
                continue
            score = max(0.0, found.score - found.late_submission_penalty)
            marks.append(Mark(person, assignment.name, score, assignment.max_score, bool(found.needs_manual_grade)))
    return marks


def person_of(student: object) -> Person:
    """Return a learner as exports need one."""
    number = re.search(r"_(\d+)$", student.id)
    platform_id = student.lms_user_id or (number[1] if number else "")
    fields = (student.first_name, student.last_name, student.email)
    return Person(student.id, *(str(field or "") for field in fields), str(platform_id))
