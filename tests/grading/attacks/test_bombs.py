"""What uses up the machine, and what stays behind: a box has its share, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.grading.attacks.bombs import BOMBS, LEFT_BEHIND, LIMITS, START
from tests.grading.conftest import RIGHT

NEEDS_OWN_FILES = {"memory files": "shared memory"}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_its_cell_at_most(bomb, attacked, level, next_one):
    limits = {**LIMITS, "cpu_seconds": 6} if bomb == "processor time of many" else LIMITS
    graded = attacked({**RIGHT, "centered": f"{START}\n{BOMBS[bomb]}\n{RIGHT['centered']}"}, limits=limits, timeout=8)
    assert graded.scores["centered"] in {0, 2}
    assert graded.scores["clip"] == 3
    assert graded.flags == {}
    # It was refused something and says so, or it is not there any more to say anything.
    did = (graded.folder / "did.txt").read_text() if (graded.folder / "did.txt").exists() else ""
    stopped = {out.get("ename") for out in graded.cells["centered"].outputs}
    assert "refused" in did or stopped & {"KernelEnded", "CellTimeoutError"}
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
