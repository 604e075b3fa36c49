"""`make demo`: the whole product at work on embedded data, in a folder of its own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scalable_ai.course import Course
from scalable_ai.grading.classroom import CLASS, play_class
from scalable_ai.grading.report import Mark, read_marks
from scalable_ai.grading.stock import NbgraderError, nbgrader
from scalable_ai.lessons.build import build_all, write_all

if TYPE_CHECKING:
    from scalable_ai.capstone import Artifact, Evaluation, FitResult

UNSANDBOXED = "c.JudgedExecute.allow_unsandboxed = True\n"
MARKER = ".made-by-scalable-ai-demo"


@dataclass(frozen=True)
class Capstone:
    """What the capstone's three verbs gave."""

    fit: FitResult
    evaluation: Evaluation
    artifacts: list[Artifact]


def run_demo(course: Course, out: Path) -> int:
    """Build the lessons, grade a class of eight, train, evaluate and export; print one table.

    Args:
        course: The course whose lessons, checks and galleries are used; nothing in it is changed.
        out: A new folder, or the folder of an earlier demo, which is written over.

    Returns:
        0, or 1 where a step failed.
    """
    console = Console()
    if not console.is_terminal:
        console.width = 120
    started = time.monotonic()
    if out.exists() and any(out.iterdir()) and not (out / MARKER).is_file():
        print(
            f"{out}: this folder holds something else. Name a new one: scalable-ai demo --out FOLDER", file=sys.stderr
        )
        return 1
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARKER).touch()
    try:
        console.rule("1 of 4: lessons")
        classroom = _copy_course(course, out / "course")
        chapter = _build(classroom, console)
        console.rule("2 of 4: a class of eight")
        marks = _grade(classroom, chapter, console)
        console.rule("3 of 4: the capstone")
        capstone = _capstone(out / "runs")
    except NbgraderError as error:
        print(error, file=sys.stderr)
        return 1
    console.rule("4 of 4: what came of it")
    _show(console, classroom, chapter, marks, capstone)
    # The same again at a fixed width, as a picture to keep.
    picture = Console(record=True, width=120, file=io.StringIO())
    _show(picture, classroom, chapter, marks, capstone)
    picture.save_svg(str(out / "summary.svg"), title="make demo")
    console.print(f"Finished in {(time.monotonic() - started) / 60:.1f} minutes.")
    return 0


def _copy_course(course: Course, root: Path) -> Course:
    """Copy what grading needs, so that the demo leaves the course itself alone."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in (course.solutions, course.graders):
        shutil.copytree(folder, root / folder.name, ignore=ignore)
    config = (course.root / "nbgrader_config.py").read_text(encoding="utf-8")
    # The class is the course's own, so it may run where there is no sandbox.
    (root / "nbgrader_config.py").write_text(f"{config}{UNSANDBOXED}", encoding="utf-8")
    return Course(root.resolve())


def _build(course: Course, console: Console) -> str:
    built, errors = build_all(course)
    if errors:
        raise NbgraderError(str(errors[0]))
    write_all(built)
    chapter = built[0].release_path.parent.name
    console.print(f"{len(built)} learner notebooks built in {course.chapters / chapter}")
    return chapter


def _grade(course: Course, chapter: str, console: Console) -> list[Mark]:
    with _progress(console) as progress:
        task = progress.add_task("nbgrader generate_assignment", total=1)
        nbgrader(course.root, "generate_assignment", chapter, "--force")
        progress.advance(task)
        play_class(course, chapter)
        notebooks = len(list(course.chapters.glob(f"{chapter}/*.ipynb"))) * len(CLASS)
        for command, counted in (("autograde", "Autograding "), ("generate_feedback", "Converting notebook ")):
            task = progress.add_task(f"nbgrader {command}", total=notebooks)
            nbgrader(course.root, command, chapter, counts=counted, tick=lambda _, t=task: progress.advance(t))
        task = progress.add_task("nbgrader export", total=1)
        nbgrader(course.root, "export", "--to", "grades.csv")
        progress.advance(task)
    return read_marks(course.root, chapter)


def _capstone(runs: Path) -> Capstone:
    from scalable_ai.capstone import evaluate, export, fit

    result = fit(["--config", "quick", "--trainer.default_root_dir", str(runs), "--name", "demo"])
    evaluation = evaluate(checkpoint=result.checkpoint)
    return Capstone(result, evaluation, export(checkpoint=result.checkpoint))


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """Show bars on a terminal, and their last state where there is none."""
    columns = (TextColumn("{task.description:<30}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield progress


def _show(console: Console, course: Course, chapter: str, marks: list[Mark], capstone: Capstone) -> None:
    stories = {learner.name: learner.story for learner in CLASS}
    table = Table("who", "handed in", "marks", "why", title=f"The class: {chapter}", show_lines=True)
    for mark in marks:
        why = textwrap.shorten(mark.reasons[0], 180, placeholder=" …") if mark.reasons else "every exercise is right"
        more = f" (and {len(mark.reasons) - 1} more)" if len(mark.reasons) > 1 else ""
        table.add_row(mark.learner, stories[mark.learner], f"{mark.score:g} of {mark.points:g}", why + more)
    console.print(table)

    fitted = capstone.fit
    table = Table("step", "result", "file", title="The capstone")
    table.add_row("fit", f"{fitted.seconds:.0f} s, {fitted.images_per_second:,.0f} images/s", _place(fitted.checkpoint))
    table.add_row("evaluate", f"accuracy {capstone.evaluation.accuracy:.1%} on {capstone.evaluation.source} images", "")
    for artifact in capstone.artifacts:
        table.add_row(f"export {artifact.name}", artifact.parity, _place(artifact.path))
    console.print(table)

    table = Table("where", "file", title="Files")
    for label, path in (
        ("learner notebooks", course.chapters / chapter),
        ("feedback pages", course.root / "feedback"),
        ("grades as CSV", course.root / "grades.csv"),
        ("nbgrader's gradebook", course.root / "gradebook.db"),
    ):
        table.add_row(label, _place(path))
    console.print(table)


def _place(path: Path) -> str:
    """Return a path as seen from here; in full where it lies on another drive."""
    try:
        return os.path.relpath(path)
    except ValueError:
        return str(path)
