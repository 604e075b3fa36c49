"""Hand-ins that are run by a Dask cluster: the marks are written here, by the one process that writes the gradebook."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from scalable_ai.grading.batch import station
from scalable_ai.grading.batch.hand_in import HandIn, Options, installed, packages
from scalable_ai.grading.batch.runner import BrokenError, Executed

LOCAL = "local"
"""Asks for a cluster of this machine's own, in place of an address."""
CONNECT_SECONDS = 10
WORKER_SECONDS = 60
"""How long a cluster may be without a worker."""
AHEAD = 2
"""Hand-ins that are asked for at a time, by threads of the cluster: what comes back waits in memory to be written."""
TRIES = 3
"""Workers that may be lost over one hand-in."""


class Cluster:
    """What `Pool` is, on the workers of a Dask scheduler; they see the course's folder at the same path.

    Workers may come and go: a lost one's hand-ins are run by others, and only the first result of a hand-in counts.

    Args:
        options: What is graded, and by which scheduler.
        seconds: The limit of one notebook.
        staging: Where hand-ins lie while they are graded.
        workshop: Folder for what a cluster of this machine's own needs.
    """

    def __init__(self, options: Options, seconds: float, staging: Path, workshop: Path) -> None:
        self._options, self._seconds, self._staging = options, seconds, options.root / staging
        self._workshop = workshop
        self._batch = secrets.token_hex(8)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Cluster:
        with contextlib.ExitStack() as stack:
            self._client = stack.enter_context(_client(self._options, self._workshop))
            self._check()
            stack.callback(self._leave)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _check(self) -> None:
        """See that there are workers, and that they are of the same kind and see the same files."""
        where = self._options.scheduler
        try:
            self._client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            raise BrokenError(f"{where}: no worker joined this scheduler within {WORKER_SECONDS} seconds") from None
        token = self._staging / self._batch
        token.touch()
        try:
            said = self._client.run(station.look, str(token), packages(), installed(), on_error="return")
        finally:
            token.unlink()
        for worker, why in said.items():
            if isinstance(why, ModuleNotFoundError):
                why = f"it has no Python module '{why.name}'; install this course there, too"  # noqa: PLW2901
            if why:
                raise BrokenError(f"{where}: the worker {worker} cannot grade: {why}")

    def _leave(self) -> None:
        with contextlib.suppress(Exception):  # whatever a lost scheduler says: the marks are written
            self._client.run(station.leave, self._batch, on_error="ignore")

    def run(self, hand_ins: list[HandIn]) -> Iterator[tuple[HandIn, Executed | str]]:
        """Yield each hand-in with what running it gave, or with why it could not be run, as they come.

        Raises:
            OSError: A machine is out of something, such as disk space.
            BrokenError: The cluster is lost, or no hand-in can be run there.
        """
        waiting, asked = list(reversed(hand_ins)), {}
        try:
            while waiting or asked:
                while waiting and len(asked) < AHEAD * max(sum(self._client.ncores().values()), 1):
                    hand_in = waiting.pop()
                    asked[self._ask(hand_in)] = hand_in
                for future in self._done(asked):
                    result = _result(future)
                    future.release()
                    yield asked.pop(future), result
        finally:
            self._client.cancel(list(asked), force=True)

    def _ask(self, hand_in: HandIn) -> Any:
        key = f"grade-{self._batch}-{hand_in.assignment}-{hand_in.learner}"
        what = (self._batch, self._options, self._seconds, hand_in)
        return self._client.submit(station.grade, *what, key=key, pure=False)

    def _done(self, asked: dict[Any, HandIn]) -> list[Any]:
        """Wait until at least one is done, and return those."""
        from distributed import wait

        without = 0
        while without < 2:
            with contextlib.suppress(TimeoutError):
                return list(wait(list(asked), timeout=WORKER_SECONDS, return_when="FIRST_COMPLETED").done)
            without = 0 if self._client.status == "running" and self._client.ncores() else without + 1
        raise BrokenError(f"{self._options.scheduler}: the scheduler, or its last worker, is gone")


def _result(future: Any) -> Executed | str:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return f"the workers that graded it ended {TRIES} times (out of memory?)"
    except CancelledError:
        raise BrokenError("the connection with the scheduler was lost") from None


@contextlib.contextmanager
def _client(options: Options, workshop: Path) -> Iterator[Any]:
    try:
        import dask
        import distributed
    except ImportError:
        raise BrokenError("--scheduler needs Dask: pip install 'scalable-ai[cluster]'") from None
    settings = {
        "distributed.worker.daemon": False,
        "distributed.scheduler.allowed-failures": TRIES - 1,
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
        "logging": {"distributed": "critical"},
        "temporary-directory": str(workshop),
    }
    with dask.config.set(settings), contextlib.ExitStack() as stack:
        address = options.scheduler
        if address == LOCAL:
            local = {"n_workers": options.workers or None, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
            cluster = stack.enter_context(distributed.LocalCluster(**local, silence_logs=logging.CRITICAL))
            address = cluster.scheduler_address
        try:
            # A client with an address that is none would wait for itself when it goes.
            distributed.comm.registry.get_backend(distributed.comm.parse_address(str(address), strict=True)[0])
            client = stack.enter_context(distributed.Client(address, timeout=CONNECT_SECONDS))
        except (OSError, ValueError, TypeError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BrokenError(f"{options.scheduler}: no Dask scheduler answers there ({why[:200]})") from None
        yield client
