"""`scalable-ai mutation`: which faults in the reference answers the hidden checks do not see."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.grading.mutation.crew import LessonTrial, try_lessons
from scalable_ai.lessons.measure import load, this_machine
from scalable_ai.lessons.pages.proof import (
    LessonProof,
    Proof,
    key_of,
    read_proof,
    together,
    write_proof,
)
from scalable_ai.lessons.source import SourceError, find_lessons, read_lesson


def run_mutation(course: Course, names: list[str], sample: int | None, seed: int, workers: int) -> int:
    """Put lessons on trial, say what survives, keep the figures of a whole trial, and return an exit status.

    Args:
        course: Where lessons and checks are.
        names: Paths, file names or ids of lessons; all of them where there is none.
        sample: Mutants of each exercise, drawn at random; all of them where it is None.
        seed: Of the drawing.
        workers: Lessons at a time; one for each processor where it is 0.
    """
    course = Course(course.root.resolve())
    if sys.platform != "linux":
        return _told("Mutation testing forks a process for each mutant, which works on Linux only. Run it there.")
    if (sample is not None and sample < 1) or workers < 0:
        return _told("--sample needs a number from 1, and --workers one from 0.")
    try:
        proof = read_proof(course) or Proof()
        paths = [path for path in find_lessons(course.solutions) if read_lesson(path).exercises]
        chosen = [_find(paths, name) for name in names]
    except (ValueError, SourceError) as error:
        return _told(error)
    for name, found in zip(names, chosen, strict=True):
        if found is None:
            return _told(f"{name}: this is no lesson of the course. Name a file in solutions/, or an id such as 2.4.")
    paths = list(dict.fromkeys(chosen)) if names else paths
    busy = load() > 0.5 * this_machine().cores
    trials = []
    started = time.monotonic()
    # What takes long is begun first, so that nobody waits for it at the end.
    for trial in try_lessons(
        course, sorted(paths, key=lambda path: -_seconds(proof, path)), workers or _cores(), sample, seed
    ):
        trials.append(trial)
        print(_line(trial), flush=True)
        if sample is None and not trial.problem:
            _keep(course, trial, busy)
    return _concluded(sorted(trials, key=lambda trial: paths.index(trial.path)), time.monotonic() - started)


def _keep(course: Course, trial: LessonTrial, busy: bool) -> None:
    """Put a lesson's figures beside what is known by now: another run may have added to it."""
    proof, lesson = read_proof(course) or Proof(), read_lesson(trial.path)
    proof.lessons[key_of(lesson)] = LessonProof(
        {one.exercise: one.proof for one in trial.exercises},
        trial.fingerprint,
        time.strftime("%Y-%m-%d"),
        this_machine().words(),
        busy,
    )
    write_proof(course, proof)


def _find(paths: list[Path], name: str) -> Path | None:
    """Return the lesson that a path, a file's name or an id names."""
    for path in paths:
        if name in {path.stem, path.name} or Path(name).resolve() == path or read_lesson(path).meta["id"] == name:
            return path
    return None


def _seconds(proof: Proof, path: Path) -> float:
    known = proof.lessons.get(f"{path.parent.name}/{path.stem}")
    return sum(one.seconds for one in known.exercises.values()) if known else 0.0


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _line(trial: LessonTrial) -> str:
    counts = together(one.proof.counts(one.known) for one in trial.exercises)
    said = f"{counts.killed} of {counts.made} mutants killed, {counts.equivalent} equivalent, {counts.seconds:.0f} s"
    return f"{trial.path.stem:<40} {'not tried to its end' if trial.problem else said}"


def _concluded(trials: list[LessonTrial], seconds: float) -> int:
    """Say what is to be mended, and what came of all; return an exit status."""
    told = 0
    for trial in trials:
        for one in trial.exercises:
            place = f"{trial.path.stem}, {one.exercise}"
            problems = [f"{place}, {problem}" for problem in one.problems]
            for mutant in one.proof.survivors:
                if not any(entry.means(mutant) for entry in one.known):
                    problems.append(f"{place}, {mutant.words()}")
            for entry in one.stale:
                problems.append(f"{place}: no survivor is '{entry.before} → {entry.after}' any more. Remove the entry.")
            told += sum(map(_told, problems))
        told += _told(trial.problem) if trial.problem else 0
    counts = together(one.proof.counts(one.known) for trial in trials for one in trial.exercises)
    print(
        f"{counts.made} mutants, {counts.killed} killed, {counts.equivalent} equivalent, {counts.survivors} survived: "
        f"{100 * counts.share_killed:.1f} % of those that change behaviour were killed. {seconds / 60:.1f} minutes."
    )
    return 1 if told else 0


def _told(problem: object) -> int:
    print(problem, file=sys.stderr)
    return 1
