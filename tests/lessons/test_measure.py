"""Measuring lessons: what is kept, what is thrown away, and what a lesson that does not run says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scalable_ai.cli import main
from scalable_ai.lessons import measure as measuring
from scalable_ai.lessons.pages.run_times import RunTime, RunTimes, code_fingerprint, read_run_times, write_run_times
from scalable_ai.lessons.source import read_lesson


@pytest.fixture
def quick(small, monkeypatch):
    """Make importing PyTorch and the lessons quick: what is measured here is the measuring."""
    monkeypatch.setattr(measuring, "START", "pass")
    for path in (small.lesson, small.capstone):
        header = path.read_text(encoding="utf-8").partition("# ---\n\n")[0]
        path.write_text(f"{header}# ---\n\n# %%\nimport os\n\nopen('left behind', 'w').close()\n", encoding="utf-8")
    monkeypatch.chdir(small.course.root)
    return small


def test_each_lesson_is_run_as_often_as_asked_and_kept_with_the_machine(quick, capsys):
    assert main(["measure-lessons", "--runs", "2"]) == 0
    times = read_run_times(quick.course)
    assert {name: len(one.seconds) for name, one in times.lessons.items()} == {"1.1": 2, "capstone_1": 2}
    assert times.lessons["1.1"].code == code_fingerprint(read_lesson(quick.lesson))
    assert times.machine == measuring.this_machine()
    assert times.machine.cores >= 1
    assert "1.1" in capsys.readouterr().out
    assert not list(quick.course.root.rglob("left behind"))


def test_one_lesson_is_measured_beside_the_others_of_the_same_machine(quick):
    assert main(["measure-lessons", "--runs", "1"]) == 0
    before = read_run_times(quick.course)
    assert main(["measure-lessons", "--runs", "3", str(quick.capstone)]) == 0
    after = read_run_times(quick.course)
    assert after.lessons["1.1"] == before.lessons["1.1"]
    assert len(after.lessons["capstone_1"].seconds) == 3


def test_times_of_another_machine_are_not_mixed_in(quick):
    other = replace(measuring.this_machine(), processor="Another one")
    times = {"1.1": RunTime([1.0], "x"), "9.9": RunTime([1.0], "x")}
    write_run_times(quick.course, RunTimes(other, "2026-01-31", 1.0, 0.0, times))
    assert main(["measure-lessons", "--runs", "1", str(quick.capstone)]) == 0
    assert list(read_run_times(quick.course).lessons) == ["capstone_1"]


def test_a_lesson_that_does_not_run_has_no_time_and_is_named(quick, capsys):
    quick.lesson.write_text(quick.lesson.read_text() + "raise ValueError('no parcels')\n")
    assert main(["measure-lessons", "--runs", "1"]) == 1
    error = capsys.readouterr().err
    assert "lesson_1_1_counting.py: it ended with status 1 (ValueError: no parcels)" in error
    assert read_run_times(quick.course) is None


def test_a_path_that_is_no_lesson_gets_a_sentence(quick, capsys):
    assert main(["measure-lessons", "nowhere.py"]) == 1
    assert "nowhere.py: this is no lesson of the course" in capsys.readouterr().err


def test_the_images_are_the_generated_ones_and_figures_need_no_window(quick):
    quick.capstone.write_text(
        quick.capstone.read_text()
        + "assert (os.environ['SCALABLE_AI_DATA'], os.environ['MPLBACKEND']) == ('generated', 'Agg')\n"
    )
    assert main(["measure-lessons", "--runs", "1", str(quick.capstone)]) == 0
    assert json.loads((quick.course.solutions / "run_times.json").read_text())["lessons"]
