"""Processes that run hand-ins; one that is lost is replaced, and its hand-in started again."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from scalable_ai.grading import court
from scalable_ai.grading.batch.hand_in import HandIn, Options
from scalable_ai.grading.batch.runner import BrokenError, Executed, Runner, application

PRELOAD = ("scalable_ai.grading.preprocessors", "scalable_ai.grading.judge")
"""What the server imports that workers are forked from, and they fork their judges."""
TRIES = 3
"""How often a hand-in is started that could not be run, or whose process was lost."""
MAX_STARTS = 5
"""How many processes in a row may end before they have done anything."""
SPARE_SECONDS = 120
"""What a process has beyond the limits of its notebooks before it is taken for lost."""
OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors that the next hand-in would meet too."""


def _work(asked: Connection, options: Options, workshop: Path) -> None:
    """Run hand-ins, in a process of its own, until the other side hangs up."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the batch, which ends this process
    if sys.platform == "linux":
        from scalable_ai.grading.sandbox.keeper import end_with_parent

        parent = os.getppid()
        end_with_parent()
        if os.getppid() != parent:
            return
    tempfile.tempdir = os.environ["TMPDIR"] = str(workshop)
    court.FORKS_FIRST = sys.platform == "linux"
    runner = Runner(application(options.root, options.arguments()))
    with contextlib.suppress(EOFError, OSError), contextlib.closing(runner):
        runner.prepare(options.assignment)
        while True:
            hand_in = asked.recv()
            result: Executed | Exception
            try:
                result = runner.run(hand_in)
            except (BrokenError, OSError) as error:
                result = error
            except Exception as error:  # whatever a hand-in made go wrong, the others go on
                result = RuntimeError(f"{type(error).__name__}: {error}")
            asked.send(result)


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    hand_in: HandIn | None = None
    number: int = 0
    deadline: float = float("inf")

    def give(self, hand_in: HandIn, number: int, seconds: float) -> None:
        self.hand_in, self.number, self.deadline = hand_in, number, time.monotonic() + seconds
        with contextlib.suppress(OSError):  # it is lost, which is seen when it is listened to
            self.line.send(hand_in)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.line.close()


class Pool:
    """A number of worker processes.

    Each has a pipe of its own: libraries have theirs share one, and a process that is killed while it holds that
    one's lock stops all others.

    Args:
        options: What is graded.
        number: How many.
        seconds: The limit of one notebook.
        workshop: Folder for what they need while they work.
    """

    def __init__(self, options: Options, number: int, seconds: float, workshop: Path) -> None:
        self._context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
        if sys.platform == "linux":
            self._context.set_forkserver_preload([__name__, *PRELOAD])
        self._options, self._number, self._seconds, self._workshop = options, number, seconds, workshop
        self._workers: list[_Worker] = []
        self._fruitless = 0

    def __enter__(self) -> Pool:
        self._workers = [self._started() for _ in range(self._number)]
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        for worker in self._workers if kind is None else []:
            worker.line.close()
        for worker in self._workers if kind is None else []:
            worker.process.join(SPARE_SECONDS)
        for worker in self._workers:
            worker.end()

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._options, self._workshop), daemon=False)
        try:
            process.start()
        except (OSError, EOFError):  # the server that forks them was lost at this moment; there is a new one now
            process = self._context.Process(target=_work, args=(theirs, self._options, self._workshop), daemon=False)
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def run(self, hand_ins: list[HandIn]) -> Iterator[tuple[HandIn, Executed | str]]:
        """Yield each hand-in with what running it gave, or with why it could not be run, as they come.

        Raises:
            OSError: The machine is out of something, such as disk space.
            BrokenError: No hand-in can be run here.
        """
        waiting = [(hand_in, 1) for hand_in in reversed(hand_ins)]
        self._give(waiting)
        while any(worker.hand_in is not None for worker in self._workers):
            done: list[tuple[HandIn, Executed | str]] = []
            for worker, result in list(self._heard()):
                hand_in, number = worker.hand_in, worker.number
                worker.hand_in, worker.deadline = None, float("inf")
                if isinstance(result, Executed):
                    done.append((hand_in, result))
                elif getattr(result, "errno", None) in OF_THE_MACHINE:
                    raise result
                elif hand_in is not None and number < TRIES and not isinstance(result, TimeoutError):
                    waiting.insert(0, (hand_in, number + 1))  # after all others
                elif isinstance(result, BrokenError):
                    raise result
                elif hand_in is not None:
                    done.append((hand_in, str(result) or type(result).__name__))
            self._give(waiting)  # before marks are written, which takes its time
            yield from done

    def _give(self, waiting: list[tuple[HandIn, int]]) -> None:
        for worker in self._workers:
            if worker.hand_in is None and waiting:
                hand_in, number = waiting.pop()
                worker.give(hand_in, number, SPARE_SECONDS + self._seconds * len(hand_in.notebooks))

    def _heard(self) -> Iterator[tuple[_Worker, Executed | Exception]]:
        """Wait for workers, and return what they said; those that are lost or late are replaced."""
        nearest = min(worker.deadline for worker in self._workers) - time.monotonic()
        ready = wait([worker.line for worker in self._workers], max(nearest, 0))
        for place, worker in enumerate(self._workers):
            try:
                if worker.line in ready:
                    result: Executed | Exception = worker.line.recv()
                    self._fruitless = 0
                elif worker.deadline < time.monotonic():
                    result = TimeoutError("grading it took longer than all its time limits together")
                    self._replace(place)
                else:
                    continue
            except (EOFError, OSError):
                self._fruitless += 1
                self._replace(place)
                result = ConnectionError(f"the process that graded it ended {TRIES} times (out of memory?)")
            yield worker, result

    def _replace(self, place: int) -> None:
        self._workers[place].end()
        if self._fruitless > MAX_STARTS:
            raise BrokenError(f"{self._fruitless} grading processes in a row ended before they had done anything")
        self._workers[place] = self._started()
