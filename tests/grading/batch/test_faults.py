"""What a batch is after a part of it was killed, interrupted, or left without disk: whole, or told in a sentence."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from scalable_ai.course import Course
from tests.grading.batch.faults import VICTIMS, Range
from tests.grading.batch.klass import (
    RIGHT,
    command,
    graded_stamps,
    halves,
    hand_in,
    left_behind,
    marks,
    rows,
    run,
)
from tests.grading.batch.test_batch import changed, one_sentence
from tests.grading.conftest import CHAPTER, SCALES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks at processes in /proc")


KILLS = {victim: 4 if victim == "kernel" else 2 for victim in VICTIMS}
"""In one batch; of kernels more, since one after the other may be killed under the same hand-in."""


@pytest.fixture(scope="module")
def shooting_range(tmp_path_factory):
    """Return a class to grade again and again."""
    return Range(tmp_path_factory.mktemp("faults") / "course", 40)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_batch_that_loses_a_part_ends_with_all_marks(shooting_range, victim):
    seed = random.SystemRandom().randrange(10**6)
    for _ in range(3):  # a quick batch may be over before anything could be killed
        report = shooting_range.strike(victim, KILLS[victim], random.Random(seed))
        if report.kills:
            break
    assert report.kills
    assert report.problems == [], f"seed {seed}"


def interrupted(range_, line, recorded):
    """Start a command, send it Ctrl-C as a terminal does once so many hand-ins are graded, and return how it ended."""
    process = range_.start(line)
    range_.wait(process, recorded)
    before = graded_stamps(range_.root)
    os.killpg(process.pid, signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert range_.survivors() == []
    return process.returncode, said, errors, before


def test_ctrl_c_keeps_what_is_done(shooting_range):
    root = shooting_range.root
    shooting_range.reset()
    status, _, errors, before = interrupted(shooting_range, command("--workers=2"), 3)
    assert (status, errors) == (130, "Stopped.\n")
    done = marks(root)
    assert 3 <= len(done) < len(shooting_range.due)
    assert halves(root) == []
    assert left_behind(root) == []
    graded = changed(root)
    assert not graded & set(before)
    assert marks(root) == shooting_range.due


def test_ctrl_c_stops_nbgraders_own_autograde(shooting_range):
    root = shooting_range.root
    shooting_range.reset()
    status, _, _, _ = interrupted(shooting_range, [sys.executable, "-m", "nbgrader", "autograde", CHAPTER], 2)
    assert status != 0
    assert len(marks(root)) < len(shooting_range.due)


def test_a_locked_gradebook_is_said_and_the_same_command_works_after(shooting_range):
    root = shooting_range.root
    shooting_range.reset()
    with sqlite3.connect(root / "gradebook.db", isolation_level=None) as db:
        db.execute("begin exclusive")
        one_sentence(run(root, "--student=learner000[0-2]"), "gradebook.db: database is locked")
        db.execute("rollback")
    assert changed(root, "--student=learner000[0-2]") == {"learner0000", "learner0001", "learner0002"}


def test_a_file_that_is_no_gradebook_is_said(shooting_range):
    root = shooting_range.root
    (root / "gradebook.db").write_text("this is not a gradebook, and long enough to be taken for one" * 100)
    one_sentence(run(root), "gradebook.db: file is not a database")


@pytest.fixture
def small_disk(shooting_range, tmp_path):
    """Return a copy of the course on a small file system."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(place)], check=False)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    shooting_range.reset()
    try:
        root = place / "course"
        shutil.copytree(shooting_range.root, root, ignore=shutil.ignore_patterns("empty.db"))
        yield root
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(root, left):
    """Fill a disk but for so many bytes."""
    with (root.parent / "ballast").open("wb") as file:
        size = shutil.disk_usage(root).free - left
        file.write(b"x" * max(size, 0))


@pytest.mark.parametrize("left", [0, 24_000, 120_000])
def test_a_full_disk_is_said_and_the_same_command_works_after(shooting_range, small_disk, left):
    fill(small_disk, left)
    result = run(small_disk, "--workers=2")
    fill_was_felt = result.returncode == 1
    assert fill_was_felt, result.stdout
    one_sentence(result, "that and run the same command again; what is done stays done")
    assert halves(small_disk) == []
    assert left_behind(small_disk) == []
    done = marks(small_disk)
    (small_disk.parent / "ballast").unlink()
    before = graded_stamps(small_disk)
    assert run(small_disk).returncode == 0
    assert marks(small_disk) == shooting_range.due
    assert {name for name, stamp in graded_stamps(small_disk).items() if before.get(name) == stamp} >= set(done)


def test_a_read_only_course_is_said(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk.parent)], check=True)
    one_sentence(run(small_disk), "ead-only")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk.parent)], check=True)
    assert run(small_disk, "--student=learner0000").returncode == 0


def test_a_limit_on_file_sizes_is_said(shooting_range):
    root = shooting_range.root
    shooting_range.reset()
    size = (root / "gradebook.db").stat().st_size

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))

    one_sentence(run(root, "--workers=1", preexec_fn=limit), "that and run the same command again")
    assert halves(root) == []
    assert changed(root) == set(shooting_range.due)


def test_a_notebook_of_a_thousand_cells(shooting_range):
    course = Course(shooting_range.root)
    shooting_range.reset()
    folder = hand_in(course, "long", RIGHT)
    import nbformat

    path = folder / f"{SCALES}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1:1] = [nbformat.v4.new_code_cell(f"x{n} = {n}") for n in range(1000)]
    nbformat.write(notebook, path)
    assert run(course.root, "--student=long").returncode == 0
    assert marks(course.root) == {"long": 10}
    assert rows(course.root, "select count(*) from submitted_notebook") == [(2,)]
    shutil.rmtree(folder.parent)
