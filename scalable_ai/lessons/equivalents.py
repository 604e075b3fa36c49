"""Mutants that are right answers too, each with the reason: `graders/CHAPTER/equivalent/LESSON.yaml`.

An entry names the lines before and after, not their number, so that it stays right when lines move. With
`open: true` it explains a mutant that is wrong and that no check can be expected to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from scalable_ai.course import Course
from scalable_ai.lessons.source import Lesson

KEYS = {"before", "after", "why"}


class Change(Protocol):
    """A mutant, by what it changes."""

    before: str
    after: str
    nth: int


class EquivalentsError(ValueError):
    """A file of equivalent mutants that cannot be read: says which, what is wrong and what to do."""


@dataclass(frozen=True)
class Equivalent:
    """One mutant that no check can tell from the reference answer, or need not."""

    exercise: str
    before: str
    after: str
    why: str
    nth: int = 1
    open: bool = False
    """Whether it is a wrong answer that the checks let pass all the same."""

    def means(self, mutant: Change) -> bool:
        """Tell whether a mutant is the one that is meant; quotes and spaces do not matter."""
        return (_plain(self.before), _plain(self.after), self.nth) == (
            _plain(mutant.before),
            _plain(mutant.after),
            mutant.nth,
        )


def _plain(text: str) -> str:
    return "".join(text.split()).replace("'", '"')


def read_equivalents(course: Course, lesson: Lesson) -> list[Equivalent]:
    """Return what is known of a lesson; nothing where there is no file.

    Raises:
        EquivalentsError: The file is no such list, or names no exercise of the lesson.
    """
    path = equivalents_path(course, lesson)
    if not path.is_file():
        return []
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        raise EquivalentsError(f"{path}, line {line}: this is no YAML. Quote texts with '>-' or '|'.") from None
    if not isinstance(content, dict) or not all(isinstance(entries, list) for entries in content.values()):
        raise EquivalentsError(f"{path}: write 'EXERCISE:' and below it a list of entries.")
    found = []
    for exercise, entries in content.items():
        if exercise not in lesson.exercises:
            raise EquivalentsError(f"{path}: '{exercise}' is no exercise of this lesson. Mend or remove it.")
        found += [_entry(path, exercise, entry) for entry in entries]
    return found


def _entry(path: Path, exercise: str, entry: object) -> Equivalent:
    place = f"{path}, '{exercise}'"
    if not isinstance(entry, dict) or not KEYS <= set(entry) <= KEYS | {"nth", "open"}:
        raise EquivalentsError(f"{place}: an entry needs 'before', 'after' and 'why', and may have 'nth' and 'open'.")
    found = Equivalent(exercise, **entry)
    if not all(isinstance(text, str) and text.strip() for text in (found.before, found.after, found.why)):
        raise EquivalentsError(f"{place}: 'before', 'after' and 'why' are texts; quote them.")
    if not isinstance(found.nth, int) or not isinstance(found.open, bool):
        raise EquivalentsError(f"{place}: 'nth' is a number, and 'open' is true or false.")
    return found


def equivalents_path(course: Course, lesson: Lesson) -> Path:
    """Return where a lesson's file is."""
    return course.graders / lesson.chapter / "equivalent" / f"{lesson.name}.yaml"
