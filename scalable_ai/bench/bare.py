"""The floor of grading: the cells of hand-ins in forks of a warm interpreter, with no sandbox, kernel or judge."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbgrader.utils import is_grade

from scalable_ai.bench.usage import run_measured
from scalable_ai.course import Course
from scalable_ai.grading.needed import cells_to_run
from scalable_ai.grading.preload import preload
from scalable_ai.grading.stock import environment


def bench_bare(course: Course, chapter: str) -> dict[str, float]:
    """Run the cells of a class's hand-ins, as many notebooks at a time as there are processors.

    Returns:
        Seconds a hand-in: with `all cells` but checks, and with the `cells that are graded`, which the engine runs.
    """
    environ = {**environment(), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    said = run_measured([sys.executable, "-m", "scalable_ai.bench.bare", chapter], course.root, environ).output
    # Libraries may say something more as the process ends.
    return json.loads(next(line for line in reversed(said.splitlines()) if line.startswith('{"all cells"')))


def main(chapter: str) -> None:
    """Measure in a process that has imported what kernels import, and print the result as JSON."""
    preload()
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()
    course = Course(Path.cwd())
    learners = sorted((course.root / "submitted").iterdir())
    whole, graded = [], []
    for path in sorted(course.root.glob(f"submitted/*/{chapter}/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        given = nbformat.read(course.source / chapter / path.name, as_version=4)
        whole.append([cell.source for cell in notebook.cells if cell.cell_type == "code" and not is_grade(cell)])
        checks = course.graders / chapter / f"{path.stem}.py"
        graded.append([text for _, text in cells_to_run(notebook, given, checks)])
    times = {"all cells": run_all(whole), "cells that are graded": run_all(graded)}
    print(json.dumps({name: seconds / len(learners) for name, seconds in times.items()}))


def run_all(notebooks: list[list[str]]) -> float:
    """Run each notebook's cells in a fork of its own and return the seconds for all."""
    started, running = time.monotonic(), 0
    processors = len(os.sched_getaffinity(0))
    for cells in notebooks:
        if running == processors:
            os.wait()
            running -= 1
        if os.fork() == 0:
            _run(cells)
        running += 1
    for _ in range(running):
        os.wait()
    return time.monotonic() - started


def _run(cells: list[str]) -> None:
    """Run cells one after the other as a notebook would, errors and all, and end this process."""
    from IPython.core.interactiveshell import InteractiveShell

    try:
        with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
            os.chdir(folder)
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            for text in cells:
                InteractiveShell.instance().run_cell(text, store_history=False)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
