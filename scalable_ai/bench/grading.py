"""`make bench-grading`: stock nbgrader and the engine on the same hand-ins, one after the other in one run."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scalable_ai.bench.hand_ins import copy_for_stock, lengthen, make_classroom
from scalable_ai.bench.usage import Usage, run_measured
from scalable_ai.course import Course
from scalable_ai.grading.stock import environment
from scalable_ai.lessons.source import find_lessons

COLD_CLASS = 30
"""A class that is graded from cold: its figure counts all that is started for it."""
TRAINING_SECONDS = (1, 4)
"""What is added to each notebook, to see how the ratio falls."""
TRAINING_CLASS = 2
GRADE = """import sys, time
from pathlib import Path

from scalable_ai.grading.batch.grade import grade
from scalable_ai.grading.batch.hand_in import Options

if __name__ == "__main__":
    started = time.monotonic()
    grade(Options(Path.cwd(), sys.argv[1]), lambda *done: print("done", time.monotonic() - started, flush=True))
"""
"""What `scalable-ai grade` does, with the time at which each hand-in is done."""


@dataclass(frozen=True)
class Graded:
    """One way of grading some hand-ins."""

    usage: Usage
    finished: list[float]
    """Seconds at which each hand-in was done, where that is known."""
    marks: dict[str, dict[str, float | None]]
    """Marks by learner and cell."""


def bench_grading(course: Course, learners: int, stock: int) -> int:
    """Grade a class with the engine and, all or some of it, with stock nbgrader; print and store what it took.

    Args:
        course: Whose first chapter is graded.
        learners: Hand-ins for the engine.
        stock: How many of them stock nbgrader grades too.

    Returns:
        0, or 1 where the marks differ.
    """
    console = Console()
    if not console.is_terminal:
        console.width = 120
    chapter = find_lessons(course.solutions)[0].parent.name
    with tempfile.TemporaryDirectory() as folder:
        console.print(f"{learners} hand-ins of {chapter} are made …")
        ours = make_classroom(course, Path(folder) / "ours", chapter, learners)
        names = sorted(path.name for path in (ours.root / "submitted").iterdir())[:stock]
        theirs = copy_for_stock(ours, Path(folder) / "stock", chapter, names)
        console.print(f"Stock nbgrader grades {stock} of them …")
        other = grade_stock(theirs, chapter)
        console.print(f"The engine grades all {learners} …")
        engine = grade_engine(ours, chapter)
        differing = differences(engine, other)
        facts = summary(engine, other, learners, stock)
        facts["training"] = [training(course, chapter, seconds, console) for seconds in TRAINING_SECONDS]
    _show(console, facts, differing)
    path = course.root / "bench" / f"grading-{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    console.print(f"Stored in {path}")
    return 1 if differing else 0


def grade_stock(course: Course, chapter: str) -> Graded:
    """Grade with `nbgrader autograde`."""
    usage = run_measured([sys.executable, "-m", "nbgrader", "autograde", chapter], course.root, environment())
    return Graded(usage, [], marks_of(course, chapter))


def grade_engine(course: Course, chapter: str) -> Graded:
    """Grade with `scalable-ai grade`."""
    script = course.root / "bench_grade.py"
    script.write_text(GRADE, encoding="utf-8")
    usage = run_measured([sys.executable, str(script), chapter], course.root, environment())
    finished = [float(line.split()[1]) for line in usage.output.splitlines() if line.startswith("done ")]
    return Graded(usage, finished, marks_of(course, chapter))


def marks_of(course: Course, chapter: str) -> dict[str, dict[str, float | None]]:
    """Read the marks by learner and cell from a gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return {
            one.student.id: {
                f"{notebook.name}/{grade.cell.name}": grade.auto_score
                for notebook in one.notebooks
                for grade in notebook.grades
            }
            for one in gradebook.assignment_submissions(chapter)
        }


def differences(engine: Graded, stock: Graded) -> list[str]:
    """Return where the two ways of grading disagree."""
    return [
        f"{learner}, {cell}: {engine.marks[learner].get(cell)} with the engine, {mark} with stock nbgrader"
        for learner, cells in stock.marks.items()
        for cell, mark in cells.items()
        if engine.marks[learner].get(cell) != mark
    ]


def summary(engine: Graded, stock: Graded, learners: int, num_stock: int) -> dict:
    """Return seconds each, processor seconds each, memory and ratios."""
    cold = min(COLD_CLASS, learners)
    skipped = min(len(engine.finished) // 4, 10)  # until all that is started once is started
    first, rest = engine.finished[skipped], len(engine.finished) - 1 - skipped
    each = {
        "stock": stock.usage.seconds / num_stock,
        "engine, from cold": engine.finished[cold - 1] / cold,
        "engine, long batch": (engine.finished[-1] - first) / rest,
    }
    return {
        "learners": learners,
        "stock learners": num_stock,
        "seconds each": each,
        "ratio": {name: each["stock"] / seconds for name, seconds in each.items()},
        "cpu seconds each": {
            "stock": stock.usage.cpu_seconds / num_stock,
            "engine": engine.usage.cpu_seconds / learners,
        },
        "peak bytes": {"stock": stock.usage.peak_bytes, "engine": engine.usage.peak_bytes},
    }


def training(course: Course, chapter: str, seconds: float, console: Console) -> dict:
    """Return the ratio where every notebook computes for some seconds more."""
    console.print(f"Both grade {TRAINING_CLASS} hand-ins with {seconds} s of training in every notebook …")
    with tempfile.TemporaryDirectory() as folder:
        ours = make_classroom(course, Path(folder) / "ours", chapter, 2 * TRAINING_CLASS)
        lengthen(ours, chapter, seconds)
        names = sorted(path.name for path in (ours.root / "submitted").iterdir())[:TRAINING_CLASS]
        stock = grade_stock(copy_for_stock(ours, Path(folder) / "stock", chapter, names), chapter)
        engine = grade_engine(ours, chapter)
    # The second half of the batch, so that what is started once does not count.
    half = (engine.finished[-1] - engine.finished[TRAINING_CLASS - 1]) / TRAINING_CLASS
    each = stock.usage.seconds / TRAINING_CLASS
    return {"seconds added to each notebook": seconds, "stock": each, "engine": half, "ratio": each / half}


def _show(console: Console, facts: dict, differing: list[str]) -> None:
    table = Table("way", "seconds each", "times stock", title=f"Grading, {facts['learners']} hand-ins, marks compared")
    for name, seconds in facts["seconds each"].items():
        table.add_row(name, f"{seconds:.2f}", f"{facts['ratio'][name]:.1f} ×")
    for one in facts["training"]:
        added = one["seconds added to each notebook"]
        table.add_row(f"stock, {added} s more in every notebook", f"{one['stock']:.2f}", "1.0 ×")
        table.add_row(f"engine, {added} s more in every notebook", f"{one['engine']:.2f}", f"{one['ratio']:.1f} ×")
    console.print(table)
    table = Table("what", "stock", "engine")
    cpu, peak = facts["cpu seconds each"], facts["peak bytes"]
    table.add_row("processor seconds each", f"{cpu['stock']:.2f}", f"{cpu['engine']:.2f}")
    table.add_row("memory at most", f"{peak['stock'] / 1e9:.2f} GB", f"{peak['engine'] / 1e9:.2f} GB")
    table.add_row("marks that differ", "", f"{len(differing)} of {facts['stock learners']} hand-ins' cells")
    console.print(table)
    for line in differing:
        print(line, file=sys.stderr)
