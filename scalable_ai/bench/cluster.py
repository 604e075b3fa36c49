"""`scalable-ai bench cluster`: one class graded by processes here, by one Dask worker and by two, in one run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scalable_ai.bench.grading import Graded, differences, marks_of
from scalable_ai.bench.hand_ins import make_classroom
from scalable_ai.bench.report import write
from scalable_ai.bench.usage import run_measured
from scalable_ai.course import Course
from scalable_ai.grading.stock import environment
from scalable_ai.lessons.source import find_lessons

WAYS = {"2 processes": ("", 2), "1 Dask worker": ("local", 1), "2 Dask workers": ("local", 2)}
"""Scheduler and number of workers of each way."""
GRADE = """import sys, time
from pathlib import Path

from scalable_ai.grading.batch import grade as batch
from scalable_ai.grading.batch.hand_in import Options

if __name__ == "__main__":
    record, spent = batch.Recorder.record, 0.0

    def timed(*arguments):
        global spent
        begun = time.monotonic()
        try:
            return record(*arguments)
        finally:
            spent += time.monotonic() - begun

    batch.Recorder.record = timed
    started = time.monotonic()
    asked = Options(Path.cwd(), sys.argv[1], workers=int(sys.argv[2]), scheduler=sys.argv[3], force=True)
    batch.grade(asked, lambda *done: print("done", time.monotonic() - started, spent, flush=True))
"""
"""What `scalable-ai grade` does, with the time at which each hand-in is done and what was spent on writing marks."""


def bench_cluster(course: Course, learners: int) -> int:
    """Grade a class in each way, print and store what it took.

    Args:
        course: Whose first chapter is graded.
        learners: Hand-ins.

    Returns:
        0, or 1 where the marks differ.
    """
    console = Console()
    chapter = find_lessons(course.solutions)[0].parent.name
    facts, graded = {"learners": learners}, {}
    with tempfile.TemporaryDirectory() as folder:
        console.print(f"{learners} hand-ins of {chapter} are made …")
        ours = make_classroom(course, Path(folder) / "ours", chapter, learners)
        for way, (scheduler, workers) in WAYS.items():
            console.print(f"{way} …")
            graded[way], facts[way] = _grade(ours, chapter, scheduler, workers)
    differing = [line for way in graded for line in differences(graded[way], graded["2 processes"])]
    for line in differing:
        print(line, file=sys.stderr)
    console.print(table(facts))
    console.print(f"Stored in {write(course.root / 'bench', 'cluster-', facts)}")
    return 1 if differing else 0


def _grade(course: Course, chapter: str, scheduler: str, workers: int) -> tuple[Graded, dict[str, float]]:
    script = course.root / "bench_grade.py"
    script.write_text(GRADE, encoding="utf-8")
    usage = run_measured([sys.executable, str(script), chapter, str(workers), scheduler], course.root, environment())
    lines = [line.split()[1:] for line in usage.output.splitlines() if line.startswith("done ")]
    finished, writing = [float(done) for done, _ in lines], float(lines[-1][1])
    return Graded(usage, finished, marks_of(course, chapter)), summary(
        finished, writing, usage.cpu_seconds, usage.peak_bytes
    )


def summary(finished: list[float], writing: float, cpu_seconds: float, peak_bytes: int) -> dict[str, float]:
    """Return what a hand-in took: the seconds of all, and between them once all is started.

    Args:
        finished: Seconds at which each hand-in was done.
        writing: Seconds spent on writing marks.
        cpu_seconds: Of all processes.
        peak_bytes: Of all processes.
    """
    number = len(finished)
    skipped = min(number // 4, 10)  # until all that is started once is started
    return {
        "until the first": finished[0],
        "seconds each": (finished[-1] - finished[skipped]) / max(number - 1 - skipped, 1),
        "writing each": writing / number,
        "cpu seconds each": cpu_seconds / number,
        "peak bytes": peak_bytes,
    }


def table(facts: dict) -> Table:
    """Return the facts as a table, a way a column."""
    made = Table("", *WAYS, title=f"{facts['learners']} hand-ins")
    shown = {
        "until the first mark": ("until the first", "{:.1f} s"),
        "a hand-in, once started": ("seconds each", "{:.2f} s"),
        "  writing its marks, here": ("writing each", "{:.3f} s"),
        "  processor time, start included": ("cpu seconds each", "{:.2f} s"),
    }
    for text, (name, form) in shown.items():
        made.add_row(text, *(form.format(facts[way][name]) for way in WAYS))
    made.add_row("memory at most", *(f"{facts[way]['peak bytes'] / 1e9:.2f} GB" for way in WAYS))
    one, two = (facts[way]["seconds each"] for way in ("1 Dask worker", "2 Dask workers"))
    made.add_row("two workers against one", "", "", f"{one / two:.2f} ×")
    return made
