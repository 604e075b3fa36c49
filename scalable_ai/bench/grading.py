"""`make bench-grading`: stock nbgrader and the engine on the same hand-ins, one after the other in one run."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from scalable_ai.bench.bare import bench_bare
from scalable_ai.bench.grading_table import show
from scalable_ai.bench.hand_ins import copy_for_stock, lengthen, make_classroom
from scalable_ai.bench.report import write
from scalable_ai.bench.usage import Usage, run_measured
from scalable_ai.course import Course
from scalable_ai.grading.stock import environment
from scalable_ai.lessons.source import find_lessons

COLD_CLASS = 30
"""A class that is graded from cold: its figure counts all that is started for it."""
TRAINING_SECONDS = (1, 4)
"""What is added to each notebook, to see how the ratio falls."""
TRAINING_CLASS = 2
SHARES, MARGIN = (0.1, 0.5, 1.0), 0.05
"""Of the batch, at which its memory is looked at, over so much before and after."""
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
        stock: How many of them stock nbgrader grades too; with none, there is no ratio.

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
        other = None
        if stock:
            console.print(f"Stock nbgrader grades {stock} of them …")
            other = grade_stock(copy_for_stock(ours, Path(folder) / "stock", chapter, names), chapter)
        console.print(f"The engine grades all {learners} …")
        engine = grade_engine(ours, chapter)
        differing = differences(engine, other) if other else []
        facts = summary(engine, other, learners, stock)
        console.print("Their cells run in forks of a warm interpreter, without kernel, sandbox or judge …")
        facts["bare seconds each"] = bench_bare(ours, chapter)
        spans = TRAINING_SECONDS if stock else ()
        facts["training"] = [training(course, chapter, seconds, console) for seconds in spans]
    show(console, facts, differing)
    console.print(f"Stored in {write(course.root / 'bench', 'grading-', facts)}")
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


def summary(engine: Graded, stock: Graded | None, learners: int, num_stock: int) -> dict:
    """Return seconds each, processor seconds each, memory and ratios."""
    cold = min(COLD_CLASS, learners)
    skipped = min(len(engine.finished) // 4, 10)  # until all that is started once is started
    first, rest = engine.finished[skipped], len(engine.finished) - 1 - skipped
    each = {
        "engine, from cold": engine.finished[cold - 1] / cold,
        "engine, long batch": (engine.finished[-1] - first) / max(rest, 1),
    }
    facts = {
        "learners": learners,
        "stock learners": num_stock,
        "seconds each": each,
        "cpu seconds each": {"engine": engine.usage.cpu_seconds / learners},
        "peak bytes": {"engine": engine.usage.peak_bytes},
        "bytes at a share of the batch": {str(share): memory_at(engine, share) for share in SHARES},
    }
    if stock is not None:
        facts["seconds each"] = {"stock": stock.usage.seconds / num_stock, **each}
        facts["ratio"] = {name: facts["seconds each"]["stock"] / seconds for name, seconds in each.items()}
        facts["cpu seconds each"]["stock"] = stock.usage.cpu_seconds / num_stock
        facts["peak bytes"]["stock"] = stock.usage.peak_bytes
    return facts


def memory_at(engine: Graded, share: float) -> int:
    """Return the bytes in use when a share of the batch was done: the median over a tenth of it."""
    number = len(engine.finished)
    first, last = (min(max(round((share + side) * number), 0), number - 1) for side in (-MARGIN, MARGIN))
    before = engine.usage.seconds - engine.finished[-1]  # the script's own start
    return engine.usage.memory_between(engine.finished[first] + before, engine.finished[last] + before)


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
