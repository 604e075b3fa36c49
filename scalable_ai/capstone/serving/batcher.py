"""Micro-batching: requests that come at about the same time share one run of the network."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np


class OverloadedError(Exception):
    """The queue is full; the request may be sent again later."""


@dataclass(eq=False)
class _Item:
    images: np.ndarray
    arrived: float
    answer: asyncio.Future = field(repr=False)


class Batcher:
    """Collects images and runs them together, in a thread of its own.

    A batch goes when it is full or when its first image has waited long enough. While one batch runs, the next gathers.

    Args:
        run: From float32 images [N, 3, 32, 32] to an array [N, ...]; called in the worker thread.
        max_batch: Images in one batch, at most.
        max_wait: Seconds that the first image of a batch waits for others, at most.
        max_queue: Images that may wait; more are refused.
        observe: Called with the number of images and the seconds of each run.
    """

    def __init__(
        self,
        run: Callable[[np.ndarray], np.ndarray],
        max_batch: int = 32,
        max_wait: float = 0.002,
        max_queue: int = 256,
        observe: Callable[[int, float], None] = lambda size, seconds: None,
    ):
        self.max_batch, self.max_wait, self.max_queue = max_batch, max_wait, max_queue
        self._run, self._observe = run, observe
        self._items: deque[_Item] = deque()
        self._news = asyncio.Event()
        self._executor = ThreadPoolExecutor(1, "inference")
        self._task: asyncio.Task | None = None

    @property
    def waiting(self) -> int:
        """Images that wait now."""
        return sum(len(item.images) for item in self._items)

    @property
    def alive(self) -> bool:
        """Whether batches are being run."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to run batches, in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End; what still waits is answered with an OverloadedError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _refuse(self._items)
        self._items.clear()
        self._executor.shutdown(wait=True)

    async def submit(self, images: np.ndarray) -> np.ndarray:
        """Return the answers [N, ...] for images [N, 3, 32, 32].

        Raises:
            OverloadedError: So many do not fit into the queue now.
        """
        if self.waiting + len(images) > self.max_queue:
            raise OverloadedError("Too many requests are waiting; try again in a moment.")
        loop = asyncio.get_running_loop()
        parts = [images[start : start + self.max_batch] for start in range(0, len(images), self.max_batch)]
        items = [_Item(part, loop.time(), loop.create_future()) for part in parts]
        self._items.extend(items)
        self._news.set()
        try:
            answers = await asyncio.gather(*(item.answer for item in items))
        finally:
            # A caller who left takes its images along, so that they cost nobody else time.
            for item in items:
                if not item.answer.done():
                    item.answer.cancel()
            if any(item.answer.cancelled() for item in items):
                self._items = deque(item for item in self._items if not item.answer.cancelled())
        return answers[0] if len(answers) == 1 else np.concatenate(answers)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = await self._gather()
            if not batch:
                continue
            start = loop.time()
            images = batch[0].images if len(batch) == 1 else np.concatenate([item.images for item in batch])
            try:
                answers = await loop.run_in_executor(self._executor, self._run, images)
            except asyncio.CancelledError:
                _refuse(batch)
                raise
            except Exception as error:
                for item in batch:
                    if not item.answer.done():
                        item.answer.set_exception(error)
                continue
            self._observe(len(images), loop.time() - start)
            position = 0
            for item in batch:
                if not item.answer.done():
                    item.answer.set_result(answers[position : position + len(item.images)])
                position += len(item.images)

    async def _gather(self) -> list[_Item]:
        """Wait for a batch that is full or old enough, and take it from the queue; [] when all callers left."""
        while not self._items:
            self._news.clear()
            await self._news.wait()
        loop = asyncio.get_running_loop()
        while self._items and self.waiting < self.max_batch:
            left = self._items[0].arrived + self.max_wait - loop.time()
            if left <= 0:
                break
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                break
        batch, size = [], 0
        while self._items and size + len(self._items[0].images) <= self.max_batch:
            batch.append(self._items.popleft())
            size += len(batch[-1].images)
        return batch


def _refuse(items: Iterable[_Item]) -> None:
    for item in items:
        if not item.answer.done():
            item.answer.set_exception(OverloadedError("The server is stopping; try again in a moment."))
