"""Processes that run hand-ins; one that is lost is replaced, and its hand-in started again."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, TimeoutError, wait

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from scalable_ai.grading.batch.hand_in import HandIn, Options
from scalable_ai.grading.batch.runner import Executed, Runner, application

TRIES = 2
"""How often a hand-in is started whose process was lost."""
SPARE_SECONDS = 120
"""What a process has beyond the limits of its notebooks before it is taken for lost."""

_runner: Runner | None = None


def _start(options: Options) -> None:
    global _runner  # noqa: PLW0603 - a worker process has one
    _runner = Runner(application(options.root, options.arguments()))
    _runner.prepare(options.assignment)


def _run(hand_in: HandIn) -> Executed:
    return _runner.run(hand_in)


class Pool:
    """A number of worker processes.

    Args:
        options: What is graded.
        number: How many.
        seconds: The limit of one notebook.
    """

    def __init__(self, options: Options, number: int, seconds: float) -> None:
        context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
        if sys.platform == "linux":
            context.set_forkserver_preload([__name__, "scalable_ai.grading.preprocessors"])
        self._pool = ProcessPool(number, initializer=_start, initargs=[options], context=context)
        self._ahead, self._seconds = 2 * number, seconds

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        if kind:
            self._pool.stop()
        else:
            self._pool.close()
        self._pool.join()

    def run(self, hand_ins: list[HandIn]) -> Iterator[tuple[HandIn, Executed | str]]:
        """Yield each hand-in with what running it gave, or with why it could not be run, as they come."""
        waiting = [(hand_in, 1) for hand_in in reversed(hand_ins)]
        running: dict[ProcessFuture, tuple[HandIn, int]] = {}
        while waiting or running:
            while waiting and len(running) < self._ahead:
                hand_in, number = waiting.pop()
                limit = SPARE_SECONDS + self._seconds * len(hand_in.notebooks)
                running[self._pool.schedule(_run, [hand_in], timeout=limit)] = hand_in, number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                hand_in, number = running.pop(future)
                try:
                    yield hand_in, future.result()
                except ProcessExpired as error:
                    if number < TRIES:
                        waiting.append((hand_in, number + 1))
                    else:
                        yield hand_in, f"the process that graded it ended twice ({error})"
                except TimeoutError:
                    yield hand_in, "grading it took longer than all its time limits together"
                except Exception as error:  # whatever a hand-in made go wrong, the others go on
                    yield hand_in, f"{type(error).__name__}: {error}"
