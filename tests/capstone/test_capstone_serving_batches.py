"""Micro-batching: batches form, each caller gets its own answer, and no caller costs another one anything."""

import asyncio
import threading

import numpy as np
import pytest

from scalable_ai.capstone.serving.batcher import Batcher, OverloadedError


def image(value, count=1):
    return np.full((count, 3, 32, 32), value, np.float32)


def first_pixels(images):
    return images[:, 0, 0, :1]


class Gate:
    """A network that waits until it is let go, and notes the batches that it saw."""

    def __init__(self):
        self.go, self.seen, self.started = threading.Event(), [], threading.Event()

    def __call__(self, images):
        self.started.set()
        assert self.go.wait(20)
        self.seen.append(first_pixels(images).ravel().tolist())
        return first_pixels(images)


def played(scene):
    return asyncio.run(asyncio.wait_for(scene, 20))


async def begun(gate):
    await asyncio.to_thread(gate.started.wait, 20)


def test_each_gets_its_own_answer_and_batches_form():
    sizes = []

    async def all_answers():
        batcher = Batcher(first_pixels, max_batch=8, max_wait=0.05, observe=lambda size, _: sizes.append(size))
        batcher.start()
        answers = await asyncio.gather(*(batcher.submit(image(value)) for value in range(40)))
        await batcher.stop()
        return [float(answer[0, 0]) for answer in answers]

    assert played(all_answers()) == list(range(40))
    assert sizes == [8] * 5


def test_a_lone_request_does_not_wait_for_a_full_batch():
    async def answer():
        batcher = Batcher(first_pixels, max_batch=8, max_wait=0.01)
        batcher.start()
        return (await asyncio.wait_for(batcher.submit(image(7)), 20)).tolist()

    assert played(answer()) == [[7]]


def test_a_batch_waits_for_others_and_goes_when_full():
    sizes = []

    async def scene():
        batcher = Batcher(first_pixels, max_batch=2, max_wait=60, observe=lambda size, _: sizes.append(size))
        batcher.start()
        first = asyncio.ensure_future(batcher.submit(image(0)))
        await asyncio.sleep(0.05)
        assert not first.done()
        return await asyncio.wait_for(asyncio.gather(first, batcher.submit(image(1))), 20)

    assert [answer.item() for answer in played(scene())] == [0, 1]
    assert sizes == [2]


def test_a_batch_whose_callers_all_left_is_no_batch():
    async def scene():
        batcher = Batcher(first_pixels, max_batch=2, max_wait=0.2)
        batcher.start()
        first = asyncio.ensure_future(batcher.submit(image(0)))
        await asyncio.sleep(0.02)
        first.cancel()
        second = asyncio.ensure_future(batcher.submit(image(1)))
        asyncio.get_running_loop().call_soon(second.cancel)  # before the batcher looks
        await asyncio.gather(first, second, return_exceptions=True)
        await asyncio.sleep(0.02)
        return (await asyncio.wait_for(batcher.submit(image(2)), 20)).item()

    assert played(scene()) == 2


def test_large_requests_are_parted_and_put_together():
    sizes = []

    async def answer():
        batcher = Batcher(first_pixels, max_batch=8, max_wait=0, observe=lambda size, _: sizes.append(size))
        batcher.start()
        images = np.concatenate([image(value) for value in range(19)])
        return (await batcher.submit(images)).ravel().tolist()

    assert played(answer()) == list(range(19))
    assert sum(sizes) == 19
    assert max(sizes) <= 8


def test_a_full_queue_refuses_and_recovers():
    async def scene():
        gate = Gate()
        batcher = Batcher(gate, max_batch=1, max_wait=0, max_queue=2)
        batcher.start()
        running = asyncio.ensure_future(batcher.submit(image(0)))
        await begun(gate)
        waiting = [asyncio.ensure_future(batcher.submit(image(value))) for value in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError, match="try again"):
            await batcher.submit(image(3))
        gate.go.set()
        answers = [float((await one)[0, 0]) for one in (running, *waiting)]
        return [*answers, float((await batcher.submit(image(4)))[0, 0])]

    assert played(scene()) == [0, 1, 2, 4]


def test_cancelled_requests_are_not_run_and_free_their_place():
    async def scene():
        gate = Gate()
        batcher = Batcher(gate, max_batch=4, max_wait=0, max_queue=3)
        batcher.start()
        running = asyncio.ensure_future(batcher.submit(image(0)))
        await begun(gate)
        gone, stays = (asyncio.ensure_future(batcher.submit(image(value))) for value in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        running.cancel()  # its batch runs already; the others must not notice
        await asyncio.gather(gone, running, return_exceptions=True)
        assert batcher.waiting == 1
        gate.go.set()
        return float((await stays)[0, 0]), gate.seen

    assert played(scene()) == (2, [[0], [2]])


def test_a_failing_run_fails_its_callers_only():
    def run(images):
        if images[0, 0, 0, 0] == 1:
            raise RuntimeError("broken")
        return first_pixels(images)

    async def scene():
        batcher = Batcher(run, max_batch=1, max_wait=0)
        batcher.start()
        return await asyncio.gather(*(batcher.submit(image(value)) for value in (0, 1, 2)), return_exceptions=True)

    zero, broken, two = played(scene())
    assert (zero.item(), str(broken), two.item()) == (0, "broken", 2)


def test_what_waits_at_the_end_is_told_so():
    async def scene():
        gate = Gate()
        batcher = Batcher(gate, max_batch=1, max_wait=0)
        batcher.start()
        requests = [asyncio.ensure_future(batcher.submit(image(value))) for value in (0, 1)]
        await begun(gate)
        gate.go.set()
        await batcher.stop()
        return batcher.alive, await asyncio.wait_for(asyncio.gather(*requests, return_exceptions=True), 20)

    alive, answers = played(scene())
    assert not alive
    assert isinstance(answers[1], OverloadedError)
