"""One thing that breaks a rule of the rubric or of the house."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scalable_ai.lessons.source import Cell, Lesson


@dataclass(frozen=True, order=True)
class Finding:
    """What breaks which rule where, and what to do about it."""

    path: Path
    line: int
    """From 1."""
    rule: str
    """Such as `G4`."""
    wrong: str
    """One sentence."""
    remedy: str
    """One sentence."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule} {self.wrong} {self.remedy}"


Findings = Iterator[Finding]
LessonRule = Callable[[Lesson], Findings]


def at(lesson: Lesson, cell: Cell, rule: str, wrong: str, remedy: str, offset: int | None = None) -> Finding:
    """Return a finding in a cell: at its mark, or `offset` lines (from 0) into its text."""
    return Finding(lesson.path, cell.line + (0 if offset is None else offset + 1), rule, wrong, remedy)


def in_header(lesson: Lesson, rule: str, wrong: str, remedy: str) -> Finding:
    """Return a finding about the lesson as a whole, at its header."""
    return Finding(lesson.path, 1, rule, wrong, remedy)
