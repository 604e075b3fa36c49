"""A question that is answered in a fork of this process, which is ended when it is late."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

MEMORY = 2 * 2**30
"""Bytes that a fork may take beyond what it starts with."""
FILE_SIZE = 2**30
"""Bytes of the largest file that it may write."""


class LateError(Exception):
    """The fork had no answer in time."""


class CrashedError(Exception):
    """The fork ended without an answer."""


def ask_in_fork(question: Callable[[], Any], seconds: float) -> Any:
    """Return what a function returns in a fork of this process, which sees and changes none of this one's memory.

    Args:
        question: Returns something that can be pickled.
        seconds: After which the fork and what it started are ended.

    Raises:
        LateError: It took longer.
        CrashedError: It ended before.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, question))
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise LateError
        return ours.recv()
    except EOFError:
        raise CrashedError from None
    finally:
        _end(process.pid)
        process.join()
        ours.close()


def _answer(line: Connection, question: Callable[[], Any]) -> None:
    """Answer, in the fork: silently, within limits, and with everything that it starts in a group of its own."""
    os.setsid()
    gc.freeze()  # a collection would touch, and so copy, all that this fork shares with its parent
    if sys.platform == "linux":
        from scalable_ai.grading.sandbox.keeper import end_with_parent

        end_with_parent()
    _limit()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    line.send(question())
    line.close()
    os._exit(0)


def _limit() -> None:
    import resource

    import psutil

    memory = psutil.Process().memory_info()
    data = getattr(memory, "data", memory.vms) + MEMORY
    for kind, most in ((resource.RLIMIT_DATA, data), (resource.RLIMIT_FSIZE, FILE_SIZE), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def _end(pid: int | None) -> None:
    """End a fork and its group; before it has made its group, there is none."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
