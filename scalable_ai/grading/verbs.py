"""The verbs of `scalable-ai` with which instructors take hand-ins in, give marks out and prove the checks."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

Verb = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_verbs(verb: Verb) -> None:
    """Add the instructor's verbs; `verb` takes name, function and description."""
    collect = verb("collect", _collect, "Take hand-ins into submitted/: from Canvas, Moodle, GitHub, folders.")
    collect.add_argument("assignment", help="nbgrader's name of the assignment, such as ch1_introduction")
    collect.add_argument("paths", nargs="*", type=Path, help="archives or folders (default: downloaded/…/archive)")
    collect.add_argument("--learner", default="", help="whose all of it is, where no name tells")
    collect.add_argument("--prefix", default="", help="what the names of clones begin with (default: what all share)")
    collect.add_argument("--times", type=Path, metavar="CSV", help="when each one handed in: learner, time")
    collect.add_argument("--force", action="store_true", help="replace hand-ins that came by other ways, or later ones")

    report = verb("class-report", _class_report, "Show what a class got wrong in a chapter, and whose code is alike.")
    report.add_argument("assignment", help="nbgrader's name of the assignment, such as ch1_introduction")
    report.add_argument("--out", type=Path, default=Path("reports"), help="folder to write into (default: reports)")

    restore = verb("restore", _restore, "Take marks and comments that EverythingExport wrote into the gradebook.")
    restore.add_argument("path", type=Path, help="the CSV file")

    mutation = verb("mutation", _mutation, "Grade the reference answers with one fault each, and say what survives.")
    mutation.add_argument("lessons", nargs="*", help="sources, names or ids of lessons; all of them by default")
    mutation.add_argument("--sample", type=int, help="faults of each exercise, drawn at random (default: all)")
    mutation.add_argument("--seed", type=int, default=0, help="of the drawing (default: 0)")
    mutation.add_argument("--workers", type=int, default=0, help="lessons at a time (default: one for each processor)")


def _collect(options: argparse.Namespace) -> int:
    from scalable_ai.grading.intake.collect import Options
    from scalable_ai.grading.intake.command import run_collect

    paths = tuple(path.absolute() for path in options.paths)
    times = options.times and options.times.absolute()
    return run_collect(
        Options(Path.cwd(), options.assignment, paths, options.learner, options.prefix, times, options.force)
    )


def _mutation(options: argparse.Namespace) -> int:
    from scalable_ai.course import find_course
    from scalable_ai.grading.mutation.command import run_mutation

    return run_mutation(find_course(), options.lessons, options.sample, options.seed, options.workers)


def _class_report(options: argparse.Namespace) -> int:
    from scalable_ai.grading.insight.command import run_class_report

    return run_class_report(Path.cwd(), options.assignment, options.out.absolute())


def _restore(options: argparse.Namespace) -> int:
    from scalable_ai.grading.export.command import run_restore

    return run_restore(Path.cwd(), options.path.absolute())
