"""A collection that is killed or interrupted at any moment: every hand-in is whole, and none is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from scalable_ai.grading.intake.record import RECORD
from scalable_ai.grading.intake.staging import ASIDE, NAME, Staging
from tests.grading.batch.klass import RIGHT, new_course, surroundings
from tests.grading.conftest import CHAPTER, TOTALS, answered
from tests.grading.intake.parcels import put, raw, zipped

LEARNERS = [f"learner{n:03}" for n in range(60)]
SCRIPT = "from scalable_ai.cli import main; import sys; sys.exit(main())"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course with two archives of the whole class, an earlier and a later one."""
    course = new_course(tmp_path_factory.mktemp("killed") / "course")
    for name, said in (("earlier", "heavy = 1"), ("later", RIGHT["total"])):
        notebook = raw(answered(course, TOTALS, {**RIGHT, "total": said}))
        put(course.root / f"{name}.zip", zipped({f"{one}/{TOTALS}.ipynb": notebook for one in LEARNERS}))
    put(course.root / "nothing.zip", zipped({"readme.txt": b"to be sent next week"}))
    return course


def start(course, archive):
    line = [sys.executable, "-c", SCRIPT, "collect", CHAPTER, f"{archive}.zip"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(line, cwd=course.root, env=surroundings(course.root), **pipes)


def collected(course):
    """Return what was handed in by each learner; a folder without its notebook is half a hand-in."""
    found = {}
    for place in sorted(course.root.glob(f"submitted/*/{CHAPTER}")):
        assert sorted(os.listdir(place)) == sorted([RECORD, f"{TOTALS}.ipynb"])
        found[place.parent.name] = "heavy = 1" not in (place / f"{TOTALS}.ipynb").read_text()
    return found


def moved(course):
    """Return how many hand-ins the one at work has replaced so far."""
    return sum(os.path.lexists(course.root / "submitted" / NAME / ASIDE / one) for one in LEARNERS)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_again_ends_what_was_begun(course, blow):
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    stops = tries = 0
    found = {}
    while stops < 2 and tries < 8:  # a quick one may be over before it could be stopped
        tries += 1
        if all(found.values()):
            shutil.rmtree(course.root / "submitted", ignore_errors=True)
            assert start(course, "earlier").wait(120) == 0
        process = start(course, "later")
        aim = chance.randrange(len(LEARNERS) - 20)
        while process.poll() is None and moved(course) < aim:
            time.sleep(0.001)
        process.send_signal(blow)
        stops += process.wait(60) != 0
        start(course, "nothing").wait(120)  # another command: what was moved aside is put back
        found = collected(course)
        assert sorted(found) == LEARNERS, f"seed {seed}"
    assert stops, f"seed {seed}"
    inodes = {one: (course.root / "submitted" / one / CHAPTER).stat().st_ino for one, new in found.items() if new}
    assert start(course, "later").wait(120) == 0
    assert collected(course) == dict.fromkeys(LEARNERS, True)
    assert all((course.root / "submitted" / one / CHAPTER).stat().st_ino == was for one, was in inodes.items())
    assert not (course.root / "submitted" / NAME).exists()


@pytest.mark.parametrize("killed", [True, False])
def test_between_two_moves_the_earlier_one_is_put_back(tmp_path, monkeypatch, killed):
    place, move = tmp_path / "ann" / "ch1", os.replace
    with Staging(tmp_path) as staging:
        staging.publish({"a.ipynb": b"earlier"}, place)

    def moves(source, target):
        if target == place:
            raise KeyboardInterrupt
        move(source, target)

    staging = Staging(tmp_path).__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", moves)
        with pytest.raises(KeyboardInterrupt):
            staging.publish({"a.ipynb": b"later"}, place)
    assert not place.exists()
    if killed:
        Staging(tmp_path).__enter__()
    else:
        staging.__exit__(KeyboardInterrupt)
    assert (place / "a.ipynb").read_bytes() == b"earlier"
