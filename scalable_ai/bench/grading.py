"""One hand-in run and judged with a warm kernel against the same with nbgrader's stock kernel and stock marks."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

from scalable_ai.bench.timing import Comparison, compare_turns
from scalable_ai.course import Course
from scalable_ai.grading.preprocessors import JudgedExecute
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.lessons.build import build_lesson
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons


def bench_grading(course: Course) -> Comparison:
    """Time one right hand-in of an early lesson, from start of its kernel to its marks."""
    from nbgrader.preprocessors import Execute

    lessons = find_lessons(course.solutions)
    path = lessons[min(2, len(lessons) - 1)]
    notebook = nbformat.reads(build_lesson(course, path).source, as_version=4)
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = solution_text(cell.source)
    names = {"assignment": path.parent.name, "notebook": path.stem, "student": "bench"}

    def run(preprocessor: type[Execute]) -> None:
        copy = nbformat.from_dict(notebook)
        preprocessor(timeout=60).preprocess(copy, {"nbgrader": names, "metadata": {"path": "."}})

    with _working_in(course.root):
        ways = {"warm kernel, judged": lambda: run(JudgedExecute), "stock kernel": lambda: run(Execute)}
        return compare_turns(f"grading {path.stem}", "hand-ins", 1, ways, turns=3)


@contextlib.contextmanager
def _working_in(root: Path) -> Iterator[None]:
    """Work in a copy of what grading needs, so that the course itself is left alone."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("solutions", "graders"):
            shutil.copytree(root / name, Path(folder) / name)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
