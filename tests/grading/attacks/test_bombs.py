"""What uses up the machine, and what stays behind: a box has its share, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from scalable_ai.grading import execute
from scalable_ai.grading.sandbox import DOES_NOT_HOLD, LANDLOCK
from tests.grading.attacks.bombs import BOMBS, LEFT_BEHIND, LIMITS, START
from tests.grading.conftest import RIGHT

NOT_HELD = {"memory files": "shared memory"}
"""What the lower level does not hold, by its name in the level's own list."""


PATIENCE = 120
"""Seconds after which a bomb's cell is stopped, which is not what is tested; only a failing test waits for them."""
LOWER = (
    "forks", "forks that fork", "memory of many processes", "memory segments", "many large files", "temporary files",
    "memory files", "processor time of many",
)  # fmt: skip
"""What the levels hold by other means; the rest is held by the same limits."""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_its_cell_at_most(bomb, attacked, level, next_one, monkeypatch):
    if level == LANDLOCK and bomb not in LOWER:
        pytest.skip("held by the same limit as at the better level")
    if NOT_HELD.get(bomb) in DOES_NOT_HOLD[level]:
        pytest.skip(f"level '{level}' does not hold '{NOT_HELD[bomb]}'")
    monkeypatch.setattr(execute, "MIN_TIMEOUT", PATIENCE)
    limits = {**LIMITS, "cpu_seconds": 4} if bomb == "processor time of many" else LIMITS
    text = f"{START}\n{BOMBS[bomb]}\n{RIGHT['centered']}"
    graded = attacked({**RIGHT, "centered": text}, limits=limits, timeout=PATIENCE)
    assert graded.scores["centered"] in {0, 2}
    assert graded.scores["clip"] == 3
    assert graded.flags == {}
    # It was refused something and says so, or it was ended for a limit: not for the time of its cell.
    did = (graded.folder / "did.txt").read_text() if (graded.folder / "did.txt").exists() else ""
    errors = {out.get("ename"): out.get("evalue") for out in graded.cells["centered"].outputs}
    assert "refused" in did or "BlockingIOError" in errors or "more than" in errors["KernelEnded"]
    assert not list(graded.folder.rglob("large*"))


@pytest.mark.skipif(os.getuid() != 0, reason="the control ends processes of a group of its own")
def test_without_a_box_processes_stay_behind(tmp_path):
    code = LEFT_BEHIND + "\nos._exit(0)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    pids = [int(pid) for pid in (tmp_path / "pids.txt").read_text().split()]
    alive = [pid for pid in pids if psutil.pid_exists(pid)]
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    assert len(alive) == len(pids) == 4


def test_nothing_stays_behind(attacked, level, next_one):
    graded = attacked({**RIGHT, "clip": f"{LEFT_BEHIND}\n{RIGHT['clip']}"}, timeout=10)
    assert graded.scores == {"centered": 2, "clip": 3}
    assert len((graded.folder / "pids.txt").read_text().split()) == 4
    assert not (graded.folder / "late.txt").exists()


DEEP = """
import os
import ipykernel
here = os.getcwd()
for start in (here, os.path.dirname(ipykernel.get_connection_file())):
    os.chdir(start)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
os.chdir(here)
"""


def test_folders_that_are_too_deep_for_a_recursion_cost_nobody_marks(attacked, level, next_one):
    graded = attacked({**RIGHT, "clip": f"{RIGHT['clip']}\n{DEEP}"}, timeout=10)
    assert graded.scores == {"centered": 2, "clip": 3}
