"""Tables that Canvas and Moodle import: made anew, or their own ones filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scalable_ai.grading.export.marks import Mark, Person

Rows = list[list[str]]

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
CANVAS_STUDENT = frozenset({*CANVAS, "Integration ID", "Root Account", "LastName", "FirstName"})
POINTS = "    Points Possible"
MOODLE = ("First name", "Last name", "Username", "Email address", "ID number")


class SheetError(ValueError):
    """A table that cannot be filled in: says what is wrong and what to do."""


def number(score: float | None) -> str:
    """Return marks as text; empty where there are none."""
    return "" if score is None else f"{round(score, 2):g}"


def canvas_sheet(marks: Iterable[Mark]) -> Rows:
    """Return a table for Canvas's gradebook: one row a learner, one column an assignment."""
    marks = list(marks)
    names = list(dict.fromkeys(mark.assignment for mark in marks))
    points = {mark.assignment: mark.max_score for mark in marks}
    rows = [[*CANVAS, *names], [POINTS, "", "", "", "", *(number(points[name]) for name in names)]]
    for person, scores in _by_person(marks).items():
        called = f"{person.last_name}, {person.first_name}" if person.last_name else person.id
        rows.append([called, person.platform_id, "", person.id, "", *(number(scores.get(name)) for name in names)])
    return rows


def fill_canvas(rows: Rows, marks: Iterable[Mark]) -> tuple[Rows, list[str]]:
    """Return Canvas's own exported gradebook with marks in it, and what did not fit.

    Columns of other assignments are left out, so that an import changes nothing but these.

    Raises:
        SheetError: It is no gradebook of Canvas's.
    """
    marks = list(marks)
    head = rows[0] if rows else []
    if not head or "ID" not in head or not {"Student", "LastName"} & set(head):
        raise SheetError("it has no columns 'Student' and 'ID'. Export the gradebook from Canvas and give that file.")
    kept = [place for place, name in enumerate(head) if name in CANVAS_STUDENT]
    people, notes, used = _by_person(marks), [], set()
    names = list(dict.fromkeys(mark.assignment for mark in marks))
    columns = {name: _canvas_column(head, name) for name in names}
    points = {mark.assignment: mark.max_score for mark in marks}
    filled = [[head[place] for place in kept] + [head[at] if at is not None else n for n, at in columns.items()]]
    for short in rows[1:]:
        row = short + [""] * (len(head) - len(short))
        student = [row[place] for place in kept]
        if "Points Possible" in row[0]:
            known = {name: row[at].strip() if at is not None else "" for name, at in columns.items()}
            filled.append(student + [known[name] or number(points[name]) for name in names])
            notes += [
                f"{name}: Canvas counts {text} points and the gradebook {number(points[name])}; scores are not scaled."
                for name, text in known.items()
                if text and text != number(points[name]) and _is_number(text) and float(text) != points[name]
            ]
        elif any(cell.strip() for cell in student):
            keys = {row[head.index(name)].strip().casefold() for name in ("ID", *CANVAS[2:4]) if name in head} - {""}
            person = next((one for one in people if keys & one.names), None)
            used.add(person)
            scores = people.get(person, {})
            old = {name: row[at] if at is not None else "" for name, at in columns.items()}
            filled.append(student + [number(scores.get(name)) or old[name] for name in names])
    others = ", ".join(f"'{name}'" for name in head if name not in CANVAS_STUDENT)
    notes += [
        f"{name}: no column is called so; the new one is another assignment to Canvas. There are {others or 'none'}."
        for name, at in columns.items()
        if at is None
    ]
    return filled, notes + _without_row(people, used)


def _canvas_column(head: list[str], assignment: str) -> int | None:
    """Return the column of an assignment, which Canvas calls `Title (number)`."""
    found = [place for place, name in enumerate(head) if _plain(re.sub(r"\s*\(\d+\)$", "", name)) == _plain(assignment)]
    return found[0] if len(found) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def moodle_sheet(marks: Iterable[Mark]) -> Rows:
    """Return a table for Moodle's grade import: one row a learner, one column an assignment."""
    marks = list(marks)
    names = list(dict.fromkeys(mark.assignment for mark in marks))
    rows = [[*MOODLE, *names]]
    for person, scores in _by_person(marks).items():
        who = [person.first_name, person.last_name, person.id, person.email, person.platform_id]
        rows.append(who + [number(scores.get(name)) for name in names])
    return rows


def fill_moodle(
    rows: Rows, marks: Iterable[Mark], identifier: str = "Identifier", grade: str = "Grade"
) -> tuple[Rows, list[str]]:
    """Return Moodle's own grading worksheet with marks in it, and what did not fit.

    Args:
        rows: The worksheet; what else is in it stays as it is.
        marks: Of one assignment.
        identifier: What the column of participants is called, in the language of that Moodle.
        grade: What the column of grades is called.

    Raises:
        SheetError: It is no grading worksheet, or the marks are of several assignments.
    """
    marks = list(marks)
    if len({mark.assignment for mark in marks}) != 1:
        raise SheetError("a grading worksheet is for one assignment. Name it: --assignment '[\"ch1_introduction\"]'")
    head = rows[0] if rows else []
    if missing := [name for name in (identifier, grade) if name not in head]:
        raise SheetError(
            f"it has no column '{missing[0]}'. Download the grading worksheet from Moodle and give that file."
        )
    people, used, notes, filled = _by_person(marks), set(), [], [head]
    for short in rows[1:]:
        row = short + [""] * (len(head) - len(short))
        participant = re.search(r"\d+$", row[head.index(identifier)].strip())
        keys = {participant[0]} if participant else set()
        keys |= {row[place].strip().casefold() for place, name in enumerate(head) if "mail" in name.casefold()} - {""}
        person = next((one for one in people if keys & one.names), None)
        used.add(person)
        score = next(iter(people.get(person, {}).values()), None)
        if score is not None:
            row[head.index(grade)] = number(score)
        most = row[head.index("Maximum Grade")] if "Maximum Grade" in head else ""
        if score is not None and _is_number(most) and float(most) != marks[0].max_score:
            notes.append(f"Moodle counts {most} points and the gradebook {number(marks[0].max_score)}; not scaled.")
        filled.append(row)
    return filled, [*dict.fromkeys(notes), *_without_row(people, used)]


def _by_person(marks: Iterable[Mark]) -> dict[Person, dict[str, float | None]]:
    people: dict[Person, dict[str, float | None]] = {}
    for mark in marks:
        people.setdefault(mark.person, {})[mark.assignment] = mark.score
    return people


def _without_row(people: dict[Person, dict[str, float | None]], used: set[Person | None]) -> list[str]:
    left = [one.id for one, scores in people.items() if one not in used and any(s is not None for s in scores.values())]
    return [
        f"{name}: marks that no row of the file is for; is the lms_user_id in the roster that of a row?"
        for name in left
    ]
