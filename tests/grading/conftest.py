"""A tiny course, built once a session, and ways to grade with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from scalable_ai.course import Course
from scalable_ai.grading.court import Court
from scalable_ai.grading.court import _courts as courts
from scalable_ai.grading.warm import warm_parent
from scalable_ai.lessons.build import build_all, write_all

ROOT = Path(__file__).parents[2]
TINY_COURSE = Path(__file__).parent / "course"
CHAPTER = "ch1_sums"
TOTALS, SCALES = "lesson_1_1_totals", "lesson_1_2_scales"

SHORT_LIMITS = """
c.JudgedExecute.timeout = 4
c.JudgedExecute.judge_time_limit = 60
c.JudgedExecute.allow_unsandboxed = __import__("sys").platform != "linux"
"""

RIGHT = {
    "total": "heavy = weights.sum()\ncost = weights.dot(prices)",
    "doubling": 'doubling = "B"',
    "centered": "centered = values - values.mean()",
    "clip": "def clip(values, low, high):\n    return [min(max(value, low), high) for value in values]",
}
"""Right answers to the tiny course, in the words of its sources."""


def copy_of_tiny_course(root: Path, source: Path = TINY_COURSE) -> Course:
    """Write the tiny course, or another one, built, with the repository's own nbgrader configuration."""
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (root / "nbgrader_config.py").write_text(text + SHORT_LIMITS, encoding="utf-8")
    course = Course(root)
    built, errors = build_all(course)
    assert not errors
    write_all(built)
    return course


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a folder of its own, since lessons may write where they run."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the tiny course, built; not to be changed."""
    return copy_of_tiny_course(tmp_path_factory.mktemp("tiny") / "course")


@pytest.fixture(scope="session")
def court(tiny: Course):
    """Return a court of the tiny course, for all tests that leave it whole."""
    court = Court(tiny, time_limit=60)
    yield court
    court.close()


def given_notebook(course: Course, name: str) -> nbformat.NotebookNode:
    """Return what learners get."""
    return nbformat.read(course.chapters / CHAPTER / f"{name}.ipynb", as_version=4)


def answered(course: Course, name: str, answers: dict[str, str]) -> nbformat.NotebookNode:
    """Return what learners get, with some answer cells filled."""
    notebook = given_notebook(course, name)
    left = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if cell.metadata.get("nbgrader")}
    for exercise, text in answers.items():
        if exercise in left:
            left[exercise].source = text
    return notebook


@pytest.fixture(scope="session", autouse=True)
def _end_processes():
    """End the warm parent and the judges with the tests."""
    yield
    warm_parent.stop()
    for court in courts.values():
        court.close()
