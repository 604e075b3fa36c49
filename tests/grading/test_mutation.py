"""Mutation testing: of a tiny course through the command, and a sample of the real one's faults."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scalable_ai.cli import main
from scalable_ai.course import Course
from scalable_ai.grading.mutation import trial as trials
from scalable_ai.grading.mutation.child import CrashedError, LateError, ask_in_fork
from scalable_ai.grading.mutation.mutants import make_mutants
from scalable_ai.lessons.equivalents import EquivalentsError, equivalents_path, read_equivalents
from scalable_ai.lessons.pages.proof import fingerprint, read_proof
from scalable_ai.lessons.source import read_lesson
from tests.grading.conftest import CHAPTER, TINY_COURSE, TOTALS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a fork for each mutant")


def mutation(course, *arguments):
    """Run the command as a person does, since a fork needs a process without threads."""
    return subprocess.run(
        [sys.executable, "-m", "scalable_ai", "mutation", *arguments],
        cwd=course,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def weak(tmp_path_factory):
    """Return a tiny course whose check of the cost is gone, and what the command says of it."""
    root = tmp_path_factory.mktemp("weak") / "course"
    shutil.copytree(TINY_COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
    checks = root / "graders" / CHAPTER / f"{TOTALS}.py"
    checks.write_text(checks.read_text().replace('want=["heavy", "cost"]', 'want=["heavy"]'))
    known = root / "graders" / CHAPTER / "equivalent" / f"{TOTALS}.yaml"
    known.parent.mkdir()
    known.write_text(
        "total:\n"
        "  - before: cost  =  weights.dot(prices)\n    after: cost = prices.dot(weights)\n    why: It commutes.\n"
        "  - before: cost = weights.dot(prices)\n    after: cost = weights.mul(prices)\n    why: It is.\n"
        "  - before: heavy = weights.sum()\n    after: pass\n    why: It is not.\n"
    )
    return Course(root), mutation(root, TOTALS)


def test_survivors_are_told_with_lesson_exercise_line_and_change(weak):
    course, done = weak
    assert done.returncode == 1
    line = 1 + (course.solutions / CHAPTER / f"{TOTALS}.py").read_text().splitlines().index(
        "cost = weights.dot(prices)  # blank: dot"
    )
    place = f"{TOTALS}, total, line {line}: cost = weights.dot(prices) → "
    assert [line for line in done.stderr.splitlines() if ", line " in line] == [f"{place}pass"]


def test_entries_that_match_no_survivor_are_told(weak):
    told = weak[1].stderr
    assert (
        f"{TOTALS}, total: no survivor is 'cost  =  weights.dot(prices) → cost = prices.dot(weights)' any more" in told
    )
    assert "no survivor is 'heavy = weights.sum() → pass' any more" in told
    assert told.count("no survivor is") == 2


def test_a_gallery_that_the_checks_do_not_tell_apart_is_told(weak):
    assert "total, 'copied from the check': the learner does not read 'cost'" in weak[1].stderr


def test_the_figures_of_a_whole_trial_are_kept(weak):
    course, done = weak
    lesson = read_lesson(course.solutions / CHAPTER / f"{TOTALS}.py")
    proof = read_proof(course).lessons[f"{CHAPTER}/{TOTALS}"]
    counts = proof.counts(course, lesson)["total"]
    made = len(make_mutants("heavy = weights.sum()\ncost = weights.dot(prices)"))
    assert (counts.made, counts.equivalent, counts.wrong, counts.right) == (made, 1, 5, 2)
    assert counts.wrong_caught < counts.wrong
    assert counts.right_passed == counts.right
    assert (counts.killed, counts.survivors) == (made - 2, 1)
    assert proof.fingerprint == fingerprint(course, lesson)
    assert f"{made} mutants, {counts.killed} killed, 1 equivalent" in done.stdout
    assert counts.share_killed == counts.killed / (made - 1)


def test_a_sample_keeps_no_figures_and_a_lesson_that_cannot_be_tried_costs_itself(tmp_path):
    course = Course(tmp_path / "course")
    shutil.copytree(TINY_COURSE, course.root, ignore=shutil.ignore_patterns("__pycache__"))
    checks = course.graders / CHAPTER / f"{TOTALS}.py"
    checks.write_text(
        checks.read_text() + "\n@hidden('total', 'never')\ndef never(check, learner, reference, rng):\n"
        "    check.that(False, 'what nobody has')\n"
    )
    done = mutation(course.root, "--sample", "2", "--workers", "1")
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if TOTALS in line]
    assert len(told) == 1
    assert f"{TOTALS}.py, exercise 'total': no verdict" in told[0]
    assert re.search(r"lesson_1_2_scales +\d+ of \d+ mutants killed", done.stdout)
    assert read_proof(course) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["9.9"], "9.9: this is no lesson of the course. Name a file in solutions/, or an id such as 2.4."),
        (["--sample", "0"], "--sample needs a number from 1, and --workers one from 0."),
        (["--workers", "-1"], "--sample needs a number from 1, and --workers one from 0."),
    ],
)
def test_bad_input_gets_one_sentence(monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(TINY_COURSE)
    assert main(["mutation", *arguments]) == 1
    assert capsys.readouterr().err == f"{said}\n"


def test_figures_that_cannot_be_read_get_one_sentence(tmp_path, monkeypatch, capsys):
    shutil.copytree(TINY_COURSE, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    for broken in ("[", "[]", '{"a/b": {"exercises": {"c": {"d": 1}}}}'):
        (tmp_path / "course" / "graders" / "proof.json").write_text(broken)
        assert main(["mutation"]) == 1
        assert capsys.readouterr().err.endswith(
            "proof.json: these figures cannot be read. Remove the file and run 'make mutation'.\n"
        )


def test_a_fork_that_is_late_or_ends_is_told_and_leaves_nothing_behind(tmp_path):
    def start_another():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        (tmp_path / "pid").write_text(str(child.pid))
        time.sleep(60)

    assert ask_in_fork(lambda: {"a": 1}, 60) == {"a": 1}
    with pytest.raises(CrashedError):
        ask_in_fork(lambda: os._exit(0), 60)
    with pytest.raises(CrashedError):
        ask_in_fork(lambda: 1 / 0, 60)
    with pytest.raises(LateError):
        ask_in_fork(start_another, 1.5)
    stat = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    # What was ended waits for whoever adopts it.
    assert not stat.exists() or stat.read_text().split()[2] in "ZX"


def test_a_fork_changes_nothing_here_and_cannot_take_all_memory():
    changed = []
    assert ask_in_fork(lambda: changed.append(1), 60) is None
    assert changed == []
    with pytest.raises(CrashedError):
        ask_in_fork(lambda: len(bytearray(3 * 2**30)), 60)


@pytest.mark.parametrize("error", [LateError, CrashedError])
def test_a_mutant_that_is_late_or_ends_its_process_is_killed(monkeypatch, error):
    def ask(question, seconds):
        raise error

    monkeypatch.setattr(trials, "ask_in_fork", ask)
    assert not trials._survives(None, "total", make_mutants("a = b + c")[0], 1)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("a: b: c", "line 1: this is no YAML"),
        ("- total", "write 'EXERCISE:'"),
        ("totals: []", "'totals' is no exercise of this lesson"),
        ("total:\n  - before: a\n    after: b", "needs 'before', 'after' and 'why'"),
        ("total:\n  - {before: a, after: b, why: c, because: d}", "needs 'before', 'after' and 'why'"),
        ("total:\n  - {before: a, after: b, why: c, open: maybe}", "'open' is true or false"),
        ("total:\n  - {before: a, after: 1, why: c}", "'before', 'after' and 'why' are texts"),
        ("total:\n  - {before: a, after: b, why: ' '}", "'before', 'after' and 'why' are texts"),
    ],
)
def test_a_file_of_equivalents_that_cannot_be_read_is_named(tmp_path, content, wrong):
    shutil.copytree(TINY_COURSE, tmp_path / "course")
    course = Course(tmp_path / "course")
    lesson = read_lesson(course.solutions / CHAPTER / f"{TOTALS}.py")
    path = equivalents_path(course, lesson)
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(EquivalentsError) as caught:
        read_equivalents(course, lesson)
    assert str(caught.value).startswith(str(path))
    assert wrong in str(caught.value)
