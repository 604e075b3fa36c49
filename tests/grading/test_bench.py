"""What the bench of grading says of what it measured."""

from __future__ import annotations

import io
import json
import sys

import pytest
from rich.console import Console

from scalable_ai.bench import cluster
from scalable_ai.bench.bare import run_all
from scalable_ai.bench.grading import Graded, differences, memory_at, summary
from scalable_ai.bench.grading_table import show
from scalable_ai.bench.report import write
from scalable_ai.bench.usage import Usage


def graded(seconds, finished, marks=None, memory=()):
    return Graded(Usage(seconds, 2 * seconds, 10**9, "", tuple(memory)), finished, marks or {})


GROWING = graded(101, [float(n + 1) for n in range(100)], memory=[(n / 2, n * 10**6) for n in range(203)])
STOCK = graded(200, [])


def shown(facts, differing=()):
    console = Console(width=120, record=True, file=io.StringIO())
    show(console, {**facts, "training": [], "bare seconds each": {"all cells": 0.4}}, list(differing))
    return console.export_text()


def test_memory_is_looked_at_in_the_course_of_a_batch():
    flat = graded(101, GROWING.finished, memory=[(n / 2, 5 * 10**6) for n in range(203)])
    assert [round(memory_at(GROWING, share) / 10**6) for share in (0.1, 0.5, 1.0)] == [24, 104, 198]
    assert {memory_at(flat, share) for share in (0.1, 0.5, 1.0)} == {5 * 10**6}


def test_ratio_and_overhead_are_printed():
    facts = summary(GROWING, STOCK, 100, 10)
    assert facts["ratio"] == {"engine, from cold": 20, "engine, long batch": 20}
    text = shown(facts)
    assert "20.0 ×" in text
    assert "600 ms a hand-in" in text
    assert "memory at 50% of the batch" in text


def test_without_stock_there_is_no_ratio_and_it_is_said():
    facts = summary(GROWING, None, 100, 0)
    assert "ratio" not in facts
    assert "no ratio without stock" in shown(facts)


def test_marks_that_differ_are_named(capsys):
    ours, theirs = graded(2, [1.0, 2.0], {"ann": {"a/x": 1}}), graded(1, [], {"ann": {"a/x": 2}})
    assert differences(ours, theirs) == ["ann, a/x: 1 with the engine, 2 with stock nbgrader"]
    shown(summary(ours, theirs, 2, 1), differences(ours, theirs))
    assert "with stock nbgrader" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="it forks")
def test_bare_cells_run_to_the_end_whatever_they_raise(tmp_path):
    touch = [f"open({str(tmp_path / name)!r}, 'w').close()" for name in "ab"]
    assert run_all([[touch[0]], ["1 / 0", "open('here', 'w').close()", touch[1]]]) > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_what_is_stored_says_on_what_it_was_measured(tmp_path):
    stored = json.loads(write(tmp_path / "bench", "grading-", {"learners": 3}).read_text(encoding="utf-8"))
    assert stored["learners"] == 3
    assert {"torch", "nbgrader"} <= set(stored["packages"])
    assert "cores" in stored["machine"]
    assert stored["memory bytes"] > 10**8
    assert [path.name.startswith("grading-") for path in (tmp_path / "bench").iterdir()] == [True]


def test_a_cluster_is_shown_beside_processes():
    way = cluster.summary([9.0, *(10.0 + n for n in range(40))], 4.1, 82.0, 2 * 10**9)
    assert way["seconds each"] == 1.0
    assert way["until the first"] == 9.0
    facts = {"learners": 41, **dict.fromkeys(cluster.WAYS, way), "2 Dask workers": {**way, "seconds each": 0.5}}
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(cluster.table(facts))
    text = console.export_text()
    assert "2.00 ×" in text
    assert "0.100 s" in text
    assert "2.00 GB" in text
