"""Named right and wrong answers: the real course's, and what is said of a gallery that cannot be read."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scalable_ai.cards import Finding
from scalable_ai.course import Course
from scalable_ai.grading.gallery import (
    NOTHING,
    REFERENCE,
    UNTOUCHED,
    Answer,
    GalleryError,
    Graded,
    grade_gallery,
    read_gallery,
)
from scalable_ai.grading.hidden import GraderError
from scalable_ai.grading.proof import grade_galleries, prove
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.source import find_lessons
from tests.grading.conftest import CHAPTER, ROOT, SCALES, TINY_COURSE, TOTALS


@pytest.mark.parametrize("path", find_lessons(ROOT / "solutions"), ids=lambda path: path.stem)
def test_the_courses_own_checks_tell_its_named_answers_apart(path):
    proof = prove(Course(ROOT), path)
    assert proof.problems == []
    shares = {(one.answer.exercise, one.answer.title): one.verdict.score / one.verdict.points for one in proof.graded}
    for exercise in {name for name, _ in shares}:
        assert shares[exercise, REFERENCE] == 1
        assert shares[exercise, UNTOUCHED] == 0
        assert shares[exercise, NOTHING] == 0


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    shutil.copytree(TINY_COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return Course(root)


def lesson_of(course, name=TOTALS) -> Path:
    return course.solutions / CHAPTER / f"{name}.py"


def gallery_of(course, name=TOTALS) -> Path:
    return course.graders / CHAPTER / "answers" / f"{name}.py"


def problems(course, name=TOTALS):
    return {one.answer.title: one.problem for one in grade_gallery(course, lesson_of(course, name)) if one.problem}


def test_the_tiny_gallery_agrees_with_its_checks(course, capsys):
    assert grade_galleries(course, []) == 0
    out = capsys.readouterr()
    assert "5 of 5" in out.out
    assert out.err == ""


def test_a_lesson_that_writes_files_leaves_none(course, tmp_path):
    grade_gallery(course, lesson_of(course, SCALES))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course"]
    assert not list(course.root.rglob("left-by-the-lesson.txt"))


@pytest.mark.parametrize(
    ("old", "new", "title", "problem"),
    [
        ("# scores: 0.75", "# scores: 0.5", "the mean", "scores 0.75 where the gallery says 0.50"),
        ("# says: heavy", "# says: light", "the mean", "the learner does not read 'light' but: heavy: expected"),
        ("weights.mean()", "weights.sum()", "the mean", "a wrong answer gets full marks"),
        ("torch.sum(weights)", "torch.mean(weights)", "operators", "a right answer scores 75%"),
    ],
)
def test_a_gallery_that_disagrees_with_the_checks_is_told(course, capsys, old, new, title, problem):
    text = gallery_of(course).read_text()
    assert text.count(old) == 1
    gallery_of(course).write_text(text.replace(old, new))
    found = problems(course)
    assert list(found) == [title]
    assert found[title].startswith(problem)
    assert grade_galleries(course, [lesson_of(course)]) == 1
    assert f"'{title}': {problem}" in capsys.readouterr().err


def test_checks_that_let_everything_pass_are_told(course):
    path = course.graders / CHAPTER / f"{TOTALS}.py"
    path.write_text(
        "from scalable_ai.grading.hidden import hidden\n"
        "@hidden('total', 'x')\ndef any_will_do(check, learner, reference, rng):\n    pass\n"
    )
    found = problems(course)
    assert found[UNTOUCHED] == found[NOTHING] == found["the mean"] == "a wrong answer gets full marks"


def test_no_verdict_is_a_problem_for_right_and_wrong():
    verdict = Verdict("T", 0, 1, flag="no reason")
    for right in (True, False):
        assert Graded(Answer("e", "t", right, ""), verdict).problem == "no verdict: no reason"
    wrong = replace(verdict, flag="", findings=(Finding("`x`", "Two", "one\nmore"),))
    assert Graded(Answer("e", "t", False, "", says="x: expected two, got `one` more"), wrong).problem == ""


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("# %%\nx = 1\n", "the cell in line 1 needs a mark"),
        ("# %% wrong total - no colon\n# says: x\ny = 1\n", "needs a mark"),
        ("# %% maybe: total - neither\ny = 1\n", "needs a mark"),
        ("# %% wrong: total - silent\ny = 1\n", "'silent' needs a line '# says: …'"),
        ("# %% wrong: total - much\n# says: x\n# scores: half\ny = 1\n", "'# scores: half', which is no number"),
    ],
)
def test_a_gallery_that_cannot_be_read_names_file_and_remedy(tmp_path, content, wrong):
    path = tmp_path / "gallery.py"
    path.write_text(content)
    with pytest.raises(GalleryError) as caught:
        read_gallery(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert wrong in str(caught.value)


def test_answers_to_no_exercise_of_the_lesson_are_told(course):
    with gallery_of(course).open("a") as file:
        file.write("\n# %% right: totals - misspelt\npass\n")
    with pytest.raises(GalleryError, match="'totals', which is no exercise"):
        grade_gallery(course, lesson_of(course))


def test_a_lesson_without_gallery_is_graded_by_its_reference(course):
    gallery_of(course).unlink()
    graded = [one.answer for one in grade_gallery(course, lesson_of(course)) if one.answer.exercise == "total"]
    assert [answer.title for answer in graded] == [REFERENCE, UNTOUCHED, NOTHING]


def test_a_lesson_without_checks_says_which_file_is_missing(course):
    (course.graders / CHAPTER / f"{TOTALS}.py").unlink()
    with pytest.raises(GraderError, match=rf"{TOTALS}\.py"):
        grade_gallery(course, lesson_of(course))
