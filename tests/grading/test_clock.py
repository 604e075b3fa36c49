"""The clock of time limits: what a learner's code waits for a processor does not count, and nobody can stop it."""

from __future__ import annotations

import os
import sys

import pytest

from scalable_ai.grading import clock as module
from scalable_ai.grading import resilient
from scalable_ai.grading.answerer import Answerer
from scalable_ai.grading.clock import SLOWEST, Clock
from scalable_ai.grading.conversation import Conversation
from tests.grading.conftest import RIGHT, SCALES
from tests.grading.test_kernel import grade

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes say on Linux only how long they waited")


@pytest.fixture
def machine(monkeypatch):
    """Return a machine's time, and what the process has waited of it, both to be set."""
    now = {"time": 50.0, "waited": 7.0}
    monkeypatch.setattr(module.time, "monotonic", lambda: now["time"])

    def told(file, size, place):
        if now["waited"] is None:
            raise ProcessLookupError
        return f"123456 {int(now['waited'] * 1e9)} 42\n".encode()

    monkeypatch.setattr(module.os, "pread", told)
    return now


@linux
def test_what_was_waited_for_a_processor_does_not_count(machine):
    clock = Clock(os.getpid())
    machine |= {"time": 60.0, "waited": 7.0}
    assert clock() == pytest.approx(10)
    machine |= {"time": 70.0, "waited": 15.0}
    assert clock() == pytest.approx(12)
    machine |= {"time": 71.0, "waited": None}  # it has ended
    assert clock() == pytest.approx(21)


@linux
def test_who_keeps_all_processors_busy_does_not_stop_it(machine):
    clock = Clock(os.getpid())
    machine |= {"time": 50.0 + 10 * SLOWEST, "waited": 1e6}
    assert clock() == pytest.approx(10)


def test_it_is_any_clock_where_nothing_is_known(machine):
    clock = Clock(None)
    machine |= {"time": 53.0, "waited": 9.0}
    assert clock() == pytest.approx(3)


def test_a_conversation_ends_by_its_clock(tmp_path):
    ticks = iter(range(100))
    line = Conversation(str(tmp_path / "line"), lambda: next(ticks))
    with pytest.raises(TimeoutError):
        line.open(3, lambda: None)
    assert next(ticks) == 4
    line.close()


def test_the_time_for_a_checks_questions_is_by_the_channels_clock():
    limits = []

    class Starved:
        clock = staticmethod(iter([0.0, 2.0, 2.0, 2.5]).__next__)

        def request(self, text, timeout):
            limits.append(timeout)
            return '{"ok": "1"}'

    answerer = Answerer(Starved(), {"clip": "clip = 1"}, 10, 0)
    for _ in range(2):
        answerer._ask({"op": "any"})
    assert limits == [10, 8]


@linux
@pytest.mark.parametrize(("had", "score"), [(0.1, 2), (2.0, 0)])
def test_a_cell_that_waited_for_a_processor_has_more_time(tiny, monkeypatch, had, score):
    monkeypatch.setattr(resilient, "Clock", lambda pid: lambda: had)
    text = f"import os, time\nif not os.path.exists('slept'): os.mkdir('slept'); time.sleep(2.5)\n{RIGHT['centered']}"
    assert grade(tiny, SCALES, {**RIGHT, "centered": text}).scores == {"centered": score, "clip": 3}
