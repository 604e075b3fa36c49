"""A class of honest learners, made from reference answers and galleries, for measuring the grader."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import nbformat

from scalable_ai.course import Course
from scalable_ai.grading.gallery import read_gallery
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.grading.stock import nbgrader
from scalable_ai.lessons.build import build_all, write_all
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons

STOCK_CONFIG = """c = get_config()
c.CourseDirectory.course_id = "scalable-ai"
c.CourseDirectory.source_directory = "source"
c.CourseDirectory.release_directory = "chapters"
"""
"""Where the course lies, and nothing else."""
SHARE_BLANK, SHARE_RAISING = 0.08, 0.04
"""Shares of exercises that are left blank, and that raise: no marks, whoever grades."""


def make_classroom(course: Course, root: Path, chapter: str, learners: int, seed: int = 0) -> Course:
    """Build a chapter in a new folder and have a class hand it in.

    Args:
        course: Whose lessons and galleries are used.
        root: The new course folder.
        chapter: The assignment.
        learners: How many hand in.
        seed: Of who answers how.
    """
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in (course.solutions, course.graders):
        for other in folder.iterdir():
            if other.name == chapter:
                shutil.copytree(other, root / folder.name / chapter, ignore=ignore)
    shutil.copy(course.root / "nbgrader_config.py", root)
    (root / "datasets").mkdir()
    made = Course(root.resolve())
    built, errors = build_all(made)
    if errors:
        raise errors[0]
    write_all(built)
    nbgrader(made.root, "generate_assignment", chapter, "--force")
    rng = random.Random(seed)
    for path in find_lessons(made.solutions):
        _hand_in(made, path, learners, rng)
    return made


def _hand_in(course: Course, path: Path, learners: int, rng: random.Random) -> None:
    chapter, name = path.parent.name, f"{path.stem}.ipynb"
    source = nbformat.read(course.source / chapter / name, as_version=4)
    given = (course.chapters / chapter / name).read_text(encoding="utf-8")
    gallery = read_gallery(course.graders / chapter / "answers" / path.name)
    styles = {cell["id"]: [solution_text(cell.source)] for cell in source.cells if is_answer(cell)}
    for cell in source.cells:
        if is_answer(cell):
            grade_id = cell.metadata.nbgrader.grade_id
            styles[cell["id"]] += [one.text for one in gallery if one.exercise == grade_id and one.right]
    for number in range(learners):
        notebook = nbformat.reads(given, as_version=4)
        for cell in notebook.cells:
            if cell["id"] in styles and (luck := rng.random()) > SHARE_BLANK:
                raises = luck < SHARE_BLANK + SHARE_RAISING
                cell.source = "raise ValueError('as far as I got')" if raises else rng.choice(styles[cell["id"]])
        out = course.root / "submitted" / f"learner{number:03d}" / chapter / name
        out.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, out)


def copy_for_stock(course: Course, root: Path, chapter: str, learners: list[str]) -> Course:
    """Copy a classroom with some of its hand-ins for nbgrader without this package's configuration."""
    shutil.copytree(course.source, root / "source")
    shutil.copytree(course.chapters, root / "chapters")
    shutil.copy(course.root / "gradebook.db", root)
    (root / "nbgrader_config.py").write_text(STOCK_CONFIG, encoding="utf-8")
    for learner in learners:
        shutil.copytree(course.root / "submitted" / learner / chapter, root / "submitted" / learner / chapter)
    return Course(root.resolve())


def lengthen(course: Course, chapter: str, seconds: float) -> None:
    """Add a cell to every hand-in that computes for so long, as a training would."""
    text = (
        "import time, torch\n"
        f"until = time.process_time() + {seconds}\n"
        "while time.process_time() < until:\n"
        "    torch.rand(200, 200).matmul(torch.rand(200, 200))"
    )
    for path in course.root.glob(f"submitted/*/{chapter}/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(text))
        nbformat.write(notebook, path)
