"""`scalable-ai grade`: all hand-ins of an assignment, several at a time; started again, it goes on where it stopped."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path

import filelock
from nbgrader.apps import AutogradeApp

from scalable_ai.grading.batch.hand_in import HandIn, Options, Outcome, graded_key, key_of, key_of_assignment
from scalable_ai.grading.batch.pool import Pool
from scalable_ai.grading.batch.recorder import Recorder
from scalable_ai.grading.batch.runner import Executed, application
from scalable_ai.grading.warm import VARIABLE, warm_parent


class GradeError(Exception):
    """Grading cannot start: says what is wrong and what to do."""


def grade(options: Options, tell: Callable[[Outcome, int], None] = lambda outcome, total: None) -> list[Outcome]:
    """Grade an assignment's hand-ins.

    Args:
        options: Which, and how.
        tell: Told of each hand-in that is done, and of how many there are in all.

    Raises:
        GradeError: There is nothing to grade, or the course folder cannot be used.
    """
    app = application(options.root, options.arguments())
    app.coursedir.assignment_id = options.assignment
    try:
        graded = Path(app.coursedir.format_path(app.coursedir.autograded_directory, ".", "."))
        (graded / ".staging").mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(graded / ".grading.lock", timeout=0)
        with lock:
            return list(_grade(app, options, tell))
    except filelock.Timeout:
        raise GradeError(f"{options.root}: another 'scalable-ai grade' is at work here. Wait for it to end.") from None
    except OSError as error:
        where, what = error.filename or options.root, error.strerror or error
        raise GradeError(
            f"{where}: {what}. Mend that and run the same command again; what is done stays done."
        ) from error


def _grade(app: AutogradeApp, options: Options, tell: Callable[[Outcome, int], None]) -> Iterator[Outcome]:
    recorder = Recorder(app)
    try:
        hand_ins = find_hand_ins(recorder, options)
        shared = _shared_key(recorder, options)
        keys = {hand_in: key_of(hand_in, shared) for hand_in in hand_ins}
        recorded = recorder.recorded(options.assignment)
        waiting = []
        for hand_in in hand_ins:
            is_known = hand_in.learner in recorded
            is_known = is_known and graded_key(recorder.place_of(hand_in), hand_in.notebooks) == keys[hand_in]
            if is_known and not options.force:
                outcome = recorder.outcome_of(hand_in)
                tell(outcome, len(hand_ins))
                yield outcome
            else:
                waiting.append(hand_in)
        if not waiting:
            return
        share_warm_parent()
        with Pool(options, min(options.workers or _processors(), len(waiting)), recorder.seconds_a_notebook()) as pool:
            for hand_in, executed in pool.run(waiting):
                if isinstance(executed, Executed):
                    outcome = _recorded(recorder, hand_in, executed, keys[hand_in])
                else:
                    outcome = Outcome(hand_in.learner, failed=executed)
                tell(outcome, len(hand_ins))
                yield outcome
    finally:
        recorder.close()


def _recorded(recorder: Recorder, hand_in: HandIn, executed: Executed, key: str) -> Outcome:
    try:
        return recorder.record(hand_in, executed, key)
    except OSError:
        raise
    except Exception as error:  # one that cannot be written stops no other
        recorder.log.error(traceback.format_exc())
        return Outcome(hand_in.learner, failed=f"its marks could not be written ({type(error).__name__}: {error})")


def find_hand_ins(recorder: Recorder, options: Options) -> list[HandIn]:
    """Return what was handed in, by learner.

    Raises:
        GradeError: There is nothing, or the gradebook does not know the assignment.
    """
    coursedir = recorder.coursedir
    known = recorder.notebooks_of(options.assignment)
    if not known:
        raise GradeError(
            f"'{options.assignment}' is not in the gradebook of {options.root}. "
            f"Run 'nbgrader generate_assignment {options.assignment}' first."
        )
    pattern = coursedir.format_path(coursedir.submitted_directory, "(?P<learner>.*)", options.assignment, escape=True)
    excluded = set(filter(None, coursedir.student_id_exclude.split(",")))
    found = []
    for path in sorted(glob(coursedir.format_path(coursedir.submitted_directory, options.learner, options.assignment))):
        learner = re.fullmatch(pattern, path)["learner"]
        notebooks = tuple(sorted(f"{name}.ipynb" for name in known if os.path.lexists(Path(path, f"{name}.ipynb"))))
        if notebooks and learner not in excluded:
            found.append(HandIn(learner, options.assignment, Path(path), notebooks))
    if not found:
        where = coursedir.format_path(coursedir.submitted_directory, options.learner, options.assignment)
        raise GradeError(f"{where}: no notebook of '{options.assignment}' was handed in there. Collect hand-ins first.")
    return found


def _shared_key(recorder: Recorder, options: Options) -> str:
    course = recorder.coursedir
    source = Path(course.format_path(course.source_directory, ".", options.assignment))
    content = [options.root / folder / options.assignment for folder in ("solutions", "graders")]
    config = options.root / "nbgrader_config.py"
    return key_of_assignment(
        [path for path in (source, *content, config) if path.exists()], repr(options.arguments()[2:])
    )


def share_warm_parent() -> None:
    """Start one parent of kernels for all worker processes, where there are warm kernels."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # workers then start kernels as they can
            os.environ[VARIABLE] = warm_parent.address


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
