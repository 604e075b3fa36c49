"""Lessons on trial, several at a time, each in a fork of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.grading.mutation.trial import ExerciseTrial, try_lesson
from scalable_ai.lessons.pages.proof import fingerprint
from scalable_ai.lessons.source import read_lesson


@dataclass
class LessonTrial:
    """What became of one lesson."""

    path: Path
    fingerprint: str
    """Of what was tried: files may change meanwhile."""
    exercises: list[ExerciseTrial] = field(default_factory=list)
    problem: str = ""
    """Why it could not be tried to its end."""


@dataclass
class _Member:
    trial: LessonTrial
    process: BaseProcess
    line: Connection
    folder: str

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.line.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def try_lessons(
    course: Course, paths: list[Path], workers: int, sample: int | None, seed: int
) -> Iterator[LessonTrial]:
    """Put lessons on trial, `workers` of them at a time, and yield each when it is through.

    Args:
        course: Where they are.
        paths: Their sources.
        workers: How many at a time.
        sample: As in `try_lesson`.
        seed: As in `try_lesson`.
    """
    waiting, members = list(paths), []
    try:
        while waiting or members:
            while waiting and len(members) < workers:
                members.append(_start(course, waiting.pop(0), sample, seed))
            ready = wait([member.line for member in members])
            for member in [member for member in members if member.line in ready]:
                if _hear(member):
                    members.remove(member)
                    member.end()
                    yield member.trial
    finally:
        for member in members:
            member.end()


def _start(course: Course, path: Path, sample: int | None, seed: int) -> _Member:
    tried = fingerprint(course, read_lesson(path))
    folder = tempfile.mkdtemp(prefix="trial-")
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, folder, course, path, sample, seed))
    process.start()
    theirs.close()
    return _Member(LessonTrial(path, tried), process, ours, folder)


def _hear(member: _Member) -> bool:
    """Take what a member says, and return whether that was its last word."""
    try:
        said = member.line.recv()
    except (EOFError, OSError):
        member.trial.problem = f"{member.trial.path}: the process that tried this lesson ended early."
        return True
    if isinstance(said, ExerciseTrial):
        member.trial.exercises.append(said)
        return False
    member.trial.problem = said
    return True


def _work(line: Connection, folder: str, course: Course, path: Path, sample: int | None, seed: int) -> None:
    """Put one lesson on trial, in a process of its own: silently, and with all of its files in one folder."""
    from scalable_ai.grading.sandbox.keeper import end_with_parent

    end_with_parent()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    os.environ["MPLBACKEND"] = "Agg"
    problem = ""
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        try:
            for trial in try_lesson(course, path, sample, seed):
                line.send(trial)
        except Exception as error:  # whatever is wrong with one lesson, the others go on
            problem = f"{path}: {error}" if str(path) not in str(error) else str(error)
        line.send(problem)
