"""What a Dask worker keeps for grading: a parent of warm kernels, and for each thread a process that runs hand-ins."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import threading
from pathlib import Path

from scalable_ai.grading.batch.hand_in import HandIn, Options, installed, packages
from scalable_ai.grading.batch.pool import Pool
from scalable_ai.grading.batch.runner import Executed
from scalable_ai.grading.batch.workshop import shared_warm_parent
from scalable_ai.grading.scratch import Scratch

HAS_NO_CHILDREN = (
    "Dask started it so that it may have no child processes; "
    "start workers with the environment variable DASK_DISTRIBUTED__WORKER__DAEMON=False"
)

MOST_NAMED = 4
"""Packages that a sentence names."""

_lock = threading.Lock()
_place = contextlib.ExitStack()
_workshop: Path | None = None
_batch = ""
_free: list[Pool] = []


def look(token: str, wanted: str, names: frozenset[str]) -> str:
    """Return why this worker cannot grade, or nothing.

    Args:
        token: A file of the course's folder.
        wanted: What `packages` says where marks are written.
        names: What is `installed` there.
    """
    if multiprocessing.current_process().daemon:
        return HAS_NO_CHILDREN
    if not Path(token).exists():
        folder = next((one for one in reversed(Path(token).parents) if not one.exists()), Path(token).parent)
        return f"it does not see {folder}; share the course's folder with it, at the same path"
    if packages() != wanted:
        differing = sorted(names ^ installed())
        more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
        what = ", ".join(differing[:MOST_NAMED]) + more or "this course's own files"
        return f"not the same is installed there ({what}); install the same course with the same constraints.txt"
    return ""


def grade(batch: str, options: Options, seconds: float, hand_in: HandIn) -> Executed | str:
    """Run one hand-in, in a process of its own kind, and return what came of it, or why it could not be run.

    Raises:
        OSError: This machine is out of something, such as disk space.
        BrokenError: No hand-in can be run here.
    """
    pool = _taken(batch, options, seconds)
    ended = True
    try:
        ((_, executed),) = pool.run([hand_in])
        ended = False
        return executed
    finally:
        with _lock:
            is_over = ended or batch != _batch
            if not is_over:
                _free.append(pool)
        if is_over:
            pool.__exit__(None)


def leave(batch: str) -> None:
    """Let the processes go that were started for a batch; they know its checks."""
    global _batch  # noqa: PLW0603 - of this worker
    with _lock:
        over = list(_free) if batch == _batch else []
        if batch == _batch:
            _batch = ""
            _free.clear()
    for pool in over:
        pool.__exit__(None)


def _taken(batch: str, options: Options, seconds: float) -> Pool:
    global _batch, _workshop  # noqa: PLW0603
    with _lock:
        if _workshop is None:
            # As long as this worker: the server that processes are forked from knows one parent of kernels only.
            atexit.register(_place.close)
            _workshop = _place.enter_context(Scratch("grading"))
            os.chmod(_workshop, 0o711)  # kernels that run as somebody else find their own folders in it
            _place.enter_context(shared_warm_parent(_workshop))()
        old = list(_free) if batch != _batch else []
        if batch != _batch:
            _batch = batch
            _free.clear()
        pool = _free.pop() if _free else None
    for other in old:
        other.__exit__(None)
    return pool or Pool(options, 1, seconds, _workshop).__enter__()
