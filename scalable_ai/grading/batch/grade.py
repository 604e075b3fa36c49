"""`scalable-ai grade`: all hand-ins of an assignment, several at a time; started again, it goes on where it stopped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import traceback
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path

import filelock
from nbgrader.api import InvalidEntry
from nbgrader.apps import AutogradeApp
from sqlalchemy.exc import DatabaseError, OperationalError

from scalable_ai.grading.batch.cluster import Cluster
from scalable_ai.grading.batch.hand_in import HandIn, Options, Outcome, graded_key, key_of, key_of_assignment
from scalable_ai.grading.batch.pool import Pool
from scalable_ai.grading.batch.recorder import Recorder
from scalable_ai.grading.batch.runner import BrokenError, Executed, application
from scalable_ai.grading.batch.workshop import shared_warm_parent, workshop_of

GO_ON = "Mend that and run the same command again; what is done stays done."


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
    if not any((options.root / name).exists() for name in ("nbgrader_config.py", "gradebook.db")):
        raise GradeError(f"{options.root}: there is no nbgrader course here (no nbgrader_config.py). Change into it.")
    if {"/", os.sep} & set(options.learner):
        raise GradeError(f"--student {options.learner}: this is a path; say a learner's id, or a pattern such as 'a*'.")
    gradebook = where = options.root
    try:
        app = application(options.root, options.arguments())
        app.coursedir.assignment_id = options.assignment
        gradebook = _gradebook_of(app)
        with contextlib.closing(Recorder(app)) as recorder:
            hand_ins = find_hand_ins(recorder, options)
            where = recorder.staging
            with _only_one(recorder, options), workshop_of(options.root) as workshop:
                return list(_grade(recorder, hand_ins, options, workshop, tell))
    except OSError as error:
        raise GradeError(f"{error.filename or where}: {error.strerror or error}. {GO_ON}") from error
    except (DatabaseError, InvalidEntry) as error:
        why = getattr(error, "orig", None) or str(error).splitlines()[0]
        upgrade = (
            "Its format may be of an older nbgrader: 'nbgrader db upgrade' mends that. "
            if "no such" in str(why)
            else ""
        )
        raise GradeError(f"{gradebook}: {why}. {upgrade}{GO_ON}") from error
    except BrokenError as error:
        raise GradeError(f"{str(error).rstrip('.')}. {GO_ON}") from error


def _gradebook_of(app: AutogradeApp) -> str:
    """Return where the gradebook is; nbgrader would make an empty one where there is none."""
    url = app.coursedir.db_url
    place = url.removeprefix("sqlite:///")
    if place != url and not os.path.lexists(place):
        raise GradeError(f"{place}: there is no gradebook here. Run 'nbgrader generate_assignment' first.")
    return place if place != url else "the gradebook"


@contextlib.contextmanager
def _only_one(recorder: Recorder, options: Options) -> Iterator[None]:
    """Keep other batches out, and leave no unfinished work behind."""
    staging = Path(recorder.staging)
    staging.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(staging.with_name(".grading.lock"), timeout=0):
            try:
                shutil.rmtree(staging, ignore_errors=True)  # of a batch that was killed
                staging.mkdir(exist_ok=True)
                yield
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except filelock.Timeout:
        raise GradeError(f"{options.root}: another 'scalable-ai grade' is at work here. Wait for it to end.") from None


def _grade(
    recorder: Recorder,
    hand_ins: list[HandIn],
    options: Options,
    workshop: Path,
    tell: Callable[[Outcome, int], None],
) -> Iterator[Outcome]:
    shared = _shared_key(recorder, options)
    keys = {hand_in: key_of(hand_in, shared) for hand_in in hand_ins}
    recorded = recorder.recorded(options.assignment)
    waiting = []
    for hand_in in hand_ins:
        is_known = hand_in.learner in recorded and keys[hand_in] and not options.force
        if is_known and graded_key(recorder.place_of(hand_in), hand_in.notebooks) == keys[hand_in]:
            outcome = recorder.outcome_of(hand_in)
            tell(outcome, len(hand_ins))
            yield outcome
        elif not hand_in.notebooks:
            names = ", ".join(f"{name}.ipynb" for name in recorder.notebooks_of(options.assignment))
            outcome = Outcome(hand_in.learner, failed=f"nothing in {hand_in.folder} is called {names}")
            tell(outcome, len(hand_ins))
            yield outcome
        else:
            waiting.append(hand_in)
    if not waiting:
        return
    recorder.begin()
    with _hands(recorder, options, len(waiting), workshop) as hands:
        for hand_in, executed in hands.run(waiting):
            if isinstance(executed, Executed):
                outcome = _recorded(recorder, hand_in, executed, keys[hand_in])
            else:
                outcome = Outcome(hand_in.learner, failed=executed)
            tell(outcome, len(hand_ins))
            yield outcome


@contextlib.contextmanager
def _hands(recorder: Recorder, options: Options, number: int, workshop: Path) -> Iterator[Pool | Cluster]:
    """Give what runs hand-ins: processes of this one, or a cluster."""
    seconds = recorder.seconds_a_notebook()
    if options.scheduler:
        with Cluster(options, seconds, Path(recorder.staging), workshop) as cluster:
            yield cluster
        return
    number = min(options.workers or _processors(), number)
    with shared_warm_parent(workshop) as kernels_are_there, Pool(options, number, seconds, workshop) as pool:
        kernels_are_there()
        yield pool


def _recorded(recorder: Recorder, hand_in: HandIn, executed: Executed, key: str) -> Outcome:
    try:
        return recorder.record(hand_in, executed, key)
    except (OSError, OperationalError):
        raise  # the next one would meet it too
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
        learner = re.fullmatch(pattern, path, re.DOTALL)["learner"]
        notebooks = tuple(sorted(f"{name}.ipynb" for name in known if os.path.lexists(Path(path, f"{name}.ipynb"))))
        if learner not in excluded:
            found.append(HandIn(learner, options.assignment, Path(path), notebooks))
    if not any(hand_in.notebooks for hand_in in found):
        where = coursedir.format_path(coursedir.submitted_directory, options.learner, options.assignment)
        raise GradeError(f"{where}: no notebook of '{options.assignment}' was handed in there. Collect hand-ins first.")
    return found


def _shared_key(recorder: Recorder, options: Options) -> str:
    course = recorder.coursedir
    source = Path(course.format_path(course.source_directory, ".", options.assignment))
    content = [options.root / folder / options.assignment for folder in ("solutions", "graders")]
    paths = [source, *content, *map(Path, sorted(recorder.parent.loaded_config_files))]
    return key_of_assignment([path for path in paths if path.exists()], repr(options.arguments()[1:]))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
