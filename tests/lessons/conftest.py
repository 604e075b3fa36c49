"""A small course in a temporary folder, and a way to break it by one edit."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from scalable_ai.course import Course
from scalable_ai.lessons.source import Lesson, read_lesson

SMALL_COURSE = Path(__file__).parent / "course"


@dataclass(frozen=True)
class SmallCourse:
    """A copy of `tests/lessons/course` that a test may break."""

    course: Course
    lesson: Path
    capstone: Path
    checks: Path
    gallery: Path
    facts: Path

    def edit(self, path: Path, old: str, new: str) -> None:
        """Replace a text that stands in a file exactly once."""
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def read(self) -> Lesson:
        """Return the lesson, parsed."""
        return read_lesson(self.lesson)


@pytest.fixture
def small(tmp_path: Path) -> SmallCourse:
    """Return a fresh copy of the small course."""
    root = tmp_path / "course"
    shutil.copytree(SMALL_COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
    solutions, graders = root / "solutions", root / "graders" / "ch1_growth"
    return SmallCourse(
        Course(root),
        lesson=solutions / "ch1_growth" / "lesson_1_1_counting.py",
        capstone=solutions / "ch1_growth" / "capstone_1.py",
        checks=graders / "lesson_1_1_counting.py",
        gallery=graders / "answers" / "lesson_1_1_counting.py",
        facts=solutions / "course.yml",
    )


@pytest.fixture
def lesson() -> Lesson:
    """Return the small course's lesson, unbroken."""
    return read_lesson(SMALL_COURSE / "solutions" / "ch1_growth" / "lesson_1_1_counting.py")
