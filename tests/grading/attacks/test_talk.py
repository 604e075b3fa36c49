"""Those who talk with a hostile kernel, the judge and the notebook's runner, lose neither marks nor their wits."""

from __future__ import annotations

import threading

import psutil
import pytest

from scalable_ai.grading.verdict import VERDICT, verdict_of
from tests.grading.attacks.talk import DID, JUDGE, RUNNER
from tests.grading.conftest import RIGHT


def armed(scene, code):
    """Return an attack with what it needs to know."""
    return f"VERDICT, LOCAL = {VERDICT!r}, {scene.local!r}\n{DID}\n{code}"


@pytest.mark.parametrize("attack", JUDGE)
def test_a_kernel_that_turns_on_the_judge_gets_no_marks_by_it(attack, attacked, scene, best, next_one):
    graded = attacked({**RIGHT, "clip": "clip = lambda *args: None\n" + armed(scene, JUDGE[attack])})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert graded.flags == {}
    assert graded.verdicts["clip"].findings
    assert (graded.folder / "did.txt").exists()


@pytest.mark.parametrize("attack", RUNNER)
def test_a_kernel_that_turns_on_the_runner_costs_its_cell_at_most(attack, attacked, scene, best, next_one):
    graded = attacked({**RIGHT, "centered": f"{armed(scene, RUNNER[attack])}\n{RIGHT['centered']}"})
    assert graded.scores["centered"] in {0, 2}
    # A kernel whose sockets were led elsewhere is lost to its own other exercises, too.
    assert graded.scores["clip"] in ({0, 3} if attack == "the sockets lead elsewhere" else {3})
    assert graded.flags == {}
    assert (graded.folder / "did.txt").exists()
    assert all(verdict_of(cell) is None for name, cell in graded.cells.items() if not name.endswith("-check"))
    assert not any(verdict.title == "Forged" for verdict in graded.verdicts.values())


def test_cells_that_sleep_until_just_before_their_limit_do_not_outlast_the_notebooks(attacked, best):
    nap = f"{DID}import time\ndid('slept')\ntime.sleep(1.5)"
    graded = attacked(RIGHT, extra=[nap] * 20, timeout=2, notebook_timeout=6)
    assert graded.scores == {"centered": 2, "clip": 3}
    assert 1 <= (graded.folder / "did.txt").read_text().count("slept") <= 4


LARGE = {
    "one message": "print('x' * 200_000_000)",
    "states of widgets": """
kernel, large = get_ipython().kernel, "x" * 2_000_000
for number in range(100):
    content = {"comm_id": str(number), "target_name": "jupyter.widget", "data": {"state": {"a": large}}}
    kernel.session.send(kernel.iopub_socket, "comm_open", content, parent=kernel.get_parent())
""",
}
MOST = 150_000_000
"""Bytes that the engine may grow by; each attack sends 200,000,000."""


@pytest.mark.parametrize("flood", LARGE)
def test_the_engines_memory_is_bounded(flood, attacked, best, next_one):
    attacked(RIGHT)
    engine, sizes, over = psutil.Process(), [], threading.Event()
    before = engine.memory_info().rss

    def watch():
        while not over.wait(0.01):
            sizes.append(engine.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    graded = attacked({**RIGHT, "clip": f"{DID}\ndid('sends')\n{LARGE[flood]}"}, timeout=10)
    over.set()
    watcher.join()
    assert graded.scores == {"centered": 2, "clip": 0}
    assert (graded.folder / "did.txt").exists()
    assert max(sizes) - before < MOST
