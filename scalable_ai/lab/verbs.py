"""The verbs of `scalable-ai` that learners use."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from scalable_ai.lab.folders import LabError, find_folders

Verb = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_verbs(verb: Verb) -> None:
    """Add the learner's verbs; `verb` takes name, function and description."""
    progress = verb(
        "progress", _told(_progress), "Say what you have passed, lesson by lesson, from your own notebooks."
    )
    progress.add_argument("--export", type=Path, metavar="FILE", help="pack what you have begun, to take it elsewhere")
    progress.add_argument("--import", type=Path, metavar="FILE", dest="taken", help="take in what was packed elsewhere")
    submit = verb(
        "submit", _told(_submit), "Run a chapter as grading does, say what is missing, and pack it for hand-in."
    )
    submit.add_argument("chapter", help="its folder, such as ch1_introduction")
    submit.add_argument("--out", type=Path, metavar="FILE", help="the archive to write (default: CHAPTER.zip)")
    submit.add_argument("--check", action="store_true", help="write nothing; fail when something is missing")
    about = "Open JupyterLab on the lessons, with kernels that start at once; takes JupyterLab's options."
    verb("lab", lambda options: open_lab([]), about)


def open_lab(arguments: list[str]) -> int:
    """Run JupyterLab and return the exit status.

    Args:
        arguments: JupyterLab's options, such as `--no-browser`.
    """
    from scalable_ai.lab.command import run_lab

    try:
        return run_lab(find_folders(), arguments)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def _told(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return a verb that says in one sentence what is to be mended."""

    def verb(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except LabError as error:
            print(error, file=sys.stderr)
            return 1

    return verb


def _progress(options: argparse.Namespace) -> int:
    from scalable_ai.lab.progress_card import progress
    from scalable_ai.lab.transfer import export_progress, import_progress

    if options.taken:
        for change in import_progress(find_folders(), options.taken):
            print(f"{change.path.as_posix()} {change.words}.")
    if options.export:
        number = export_progress(find_folders(), options.export)
        print(f"{number} lesson{'' if number == 1 else 's'} packed in {options.export}.")
        return 0
    print(progress().text())
    return 0


def _submit(options: argparse.Namespace) -> int:
    from scalable_ai.lab.submit import run_submit

    report = run_submit(find_folders(), options.chapter.strip("/"), options.out, options.check)
    return 1 if options.check and not report.is_complete else 0
