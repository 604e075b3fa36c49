"""The real course's first chapter through nbgrader's own commands."""

from __future__ import annotations

import shutil

import nbformat

from scalable_ai.course import Course
from scalable_ai.grading.classroom import play_class
from scalable_ai.grading.report import read_marks
from scalable_ai.grading.stock import nbgrader
from scalable_ai.lessons.build import build_lesson, write_all
from scalable_ai.lessons.source import find_lessons
from tests.grading.conftest import ROOT


def test_the_first_chapter_gives_full_marks_for_the_right_answers_and_none_for_a_blank(tmp_path):
    sources = find_lessons(ROOT / "solutions")
    chapter = sources[0].parent.name
    course = Course(tmp_path / "course")
    for folder in ("solutions", "graders"):
        shutil.copytree(ROOT / folder / chapter, course.root / folder / chapter)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    built = [build_lesson(course, path) for path in find_lessons(course.solutions)]
    write_all(built)
    nbgrader(course.root, "generate_assignment", chapter, "--force")
    for learner in play_class(course, chapter):
        if learner.name not in {"ada", "dora"}:
            shutil.rmtree(course.root / "submitted" / learner.name)
    result = nbgrader(course.root, "autograde", chapter)
    points = sum(
        cell.metadata.nbgrader.points
        for item in built
        for cell in nbformat.reads(item.release, as_version=4).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    )
    right, blank = read_marks(course.root, chapter)
    assert (right.learner, right.score, right.points) == ("ada", points, points)
    assert right.reasons == ()
    assert (blank.learner, blank.score, blank.points) == ("dora", 0, points)
    assert not [text for text in result.problems if "verdict" in text or "kernel" in text]
