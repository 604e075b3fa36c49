"""Temporary folders of the engine: nothing of a killed process stays for good, and nothing of a living one goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from scalable_ai.grading import scratch
from scalable_ai.grading.scratch import PREFIX, Scratch, sweep

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such locks here")

MAKES_ONE = """
import sys, time
from scalable_ai.grading.scratch import Scratch
made = Scratch("box", sys.argv[1])
(made.path / "k-1").touch()
print(made.path, flush=True)
time.sleep(1000)
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Have new folders looked at, too."""
    monkeypatch.setattr(scratch, "GRACE", -1.0)


@pytest.fixture
def other(tmp_path):
    """Return another process and the folder that it has made."""
    with subprocess.Popen([sys.executable, "-c", MAKES_ONE, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_killed_processs_folder_is_removed_and_not_before(other, tmp_path):
    process, folder = other
    sweep(str(tmp_path))
    assert os.listdir(folder) == ["k-1"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    sweep(str(tmp_path))
    assert not os.path.exists(folder)


def test_own_folders_stay_until_they_are_removed(tmp_path):
    with Scratch("hand-in", str(tmp_path)) as folder:
        (folder / "work.ipynb").touch()
        sweep(str(tmp_path))
        assert os.listdir(folder) == ["work.ipynb"]
    assert os.listdir(tmp_path) == []


def test_what_is_not_the_engines_stays(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "box-1").mkdir()
    (tmp_path / f"{PREFIX}notes").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "target")
    before = sorted(os.listdir(tmp_path))
    sweep(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == before


def test_a_folder_that_was_just_made_may_not_be_locked_yet(monkeypatch, tmp_path):
    monkeypatch.setattr(scratch, "GRACE", 60.0)
    (tmp_path / f"{PREFIX}box-1").mkdir()
    sweep(str(tmp_path))
    assert os.listdir(tmp_path) == [f"{PREFIX}box-1"]


def test_a_place_that_is_not_there_is_nothing_to_sweep(tmp_path):
    sweep(str(tmp_path / "none"))
