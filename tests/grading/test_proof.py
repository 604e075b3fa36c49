"""Marks that do not fall when an answer gets better, and right answers that pass with any inputs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.course import Course
from scalable_ai.grading import proof as proof_module
from scalable_ai.grading.gallery import Answer, Graded
from scalable_ai.grading.hidden import Outcome
from scalable_ai.grading.judge import score_of
from scalable_ai.grading.mending import bound, mended
from scalable_ai.grading.proof import SEEDS, losses, prove, unordered
from scalable_ai.grading.rehearsal import rehearse
from scalable_ai.grading.verdict import Verdict
from tests.grading.conftest import CHAPTER, TINY_COURSE, TOTALS

WEIGHTS = st.lists(st.integers(1, 20) | st.sampled_from([0.5, 1.5, 2.5]), min_size=1, max_size=9)
POINTS = st.integers(1, 20) | st.sampled_from([0.5, 2.5])


@given(data=st.data(), weights=WEIGHTS, points=POINTS)
def test_more_checks_passed_never_score_less(data, weights, points):
    more = data.draw(st.lists(st.booleans(), min_size=len(weights), max_size=len(weights)))
    keep = data.draw(st.lists(st.booleans(), min_size=len(weights), max_size=len(weights)))
    less = [passed and kept for passed, kept in zip(more, keep, strict=True)]
    low, high = (
        score_of(points, [Outcome("", weight, passed) for weight, passed in zip(weights, passes, strict=True)])
        for passes in (less, more)
    )
    assert 0 <= low <= high <= points
    assert (low < high) == (less != more)
    assert (high == points) == all(more)
    assert (high == 0) == (not any(more))


REFERENCE = "import math\na = x + 1\nb = math.sqrt(a)\nc, d = a, b\nprint(d)"


def test_a_wrong_answer_is_mended_a_result_at_a_time():
    assert mended("a = x\nb = a\nextra = a\nc, d = b, a", REFERENCE) == [
        "import math\na = x + 1\nb = a\nextra = a\nc, d = (b, a)",
        "import math\na = x + 1\nb = math.sqrt(a)\nextra = a\nc, d = (b, a)",
        "import math\na = x + 1\nb = math.sqrt(a)\nc, d = (a, b)\nprint(d)\nextra = a",
    ]


def test_of_several_results_at_once_only_the_others_stay():
    first, *_ = mended("a, b = x, 2", REFERENCE)
    assert first == "import math\na = x + 1\n_, b = (x, 2)"


@pytest.mark.parametrize("last", ["x.add_(1)", "x += 1", "for i in x:\n    a = i\n    y = 2"])
def test_what_could_undo_a_mended_result_is_left_out(last):
    assert mended(f"{last}\nb = 2\nc, d = 1, 2", REFERENCE) == []


def test_what_is_done_for_its_effect_is_not_done_twice():
    reference = "loss = f(w)\nloss.backward()\ngrad = w.grad"
    *_, last = mended("loss = g(w)\nloss.mean().backward()\nprint(w)\ngrad = w.grad", reference)
    assert last == "loss = f(w)\nloss.backward()\ngrad = w.grad\nprint(w)"


@pytest.mark.parametrize(
    ("wrong", "reference"),
    [
        ("a = (", REFERENCE),
        ("def f(): pass", "def f():\n    return 1"),
        ("def put(x): return [x]\ndef take(y): return y[0]", "def put(x):\n    return x\ndef take(y):\n    return y"),
    ],
)
def test_what_cannot_be_half_mended_is_not(wrong, reference):
    assert mended(wrong, reference) == []


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("def f(): g = 1", {"f"}),
        ("import a.b, c as d", {"a", "d"}),
        ("for i in j: k = i", {"i", "k"}),
        ("a = [b for b, in c]", {"a"}),
        ("x.y = 1", set()),
    ],
)
def test_names_that_a_statement_binds(statement, names):
    import ast

    assert bound(ast.parse(statement).body[0]) == names


def verdict(score: float, *passed: str, flag: str = "") -> Verdict:
    return Verdict("T", score, 4, passed=passed, flag=flag)


def graded(title: str, score: float, *passed: str, exercise: str = "total") -> Graded:
    return Graded(Answer(exercise, title, False, ""), verdict(score, *passed))


def test_marks_that_do_not_follow_the_checks_are_told():
    less, more = graded("less", 2, "a"), graded("more", 3, "a", "b")
    assert unordered([less, more, graded("other", 9, exercise="clip"), graded("apart", 1, "c")]) == []
    for score in (2, 1):
        assert unordered([less, graded("more", score, "a", "b")]) == [
            "total: 'more' passes more than 'less' and scores no more"
        ]


def test_a_step_that_costs_marks_is_told():
    assert list(losses([verdict(0), verdict(1, "a"), verdict(1, "b"), verdict(4, "a", "b")])) == []
    assert list(losses([verdict(1, "a"), verdict(2, "a", "b"), verdict(1, "b")])) == [
        "scores 1 after 2 at step 2 of mending (lost: a)"
    ]


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    shutil.copytree(TINY_COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return Course(root)


def test_a_thorough_proof_takes_all_seeds_and_all_wrong_answers(course):
    path = course.solutions / CHAPTER / f"{TOTALS}.py"
    some, every = prove(course, path), prove(course, path, thorough=True)
    assert some.problems == every.problems == []
    assert some.again == {"total": 1, "doubling": 1}
    assert every.again == {"total": 2 * (SEEDS - 1), "doubling": 3 * (SEEDS - 1)}
    assert some.steps == {"total": 1}
    assert every.steps == {"total": 4 * 2}  # the one that writes in place cannot be half mended


def test_a_check_that_fails_right_answers_with_some_inputs_is_told(course):
    path = course.graders / CHAPTER / f"{TOTALS}.py"
    lucky = (
        "\n@hidden('total', 'A lucky draw', control=False)\ndef lucky(check, learner, reference, rng):\n"
        "    learner.rerun('total', load(rng), ['cost'])\n"
        "    check.that(rng.integers(10) > 0, 'more than nothing', likely='Bad luck.')\n"
    )
    path.write_text(path.read_text() + lucky)
    found = prove(course, course.solutions / CHAPTER / f"{TOTALS}.py", thorough=True).problems
    assert any(
        ", right 'operators': with seed " in problem and "a right answer scores 80%" in problem for problem in found
    )


def test_a_check_that_costs_marks_for_a_better_answer_is_told(course):
    path = course.graders / CHAPTER / f"{TOTALS}.py"
    jealous = (
        "\n@hidden('total', 'Two of a kind', weight=5, control=False)\ndef jealous(check, learner, reference, rng):\n"
        "    ones = {'weights': torch.ones(4), 'prices': torch.ones(4)}\n"
        "    got = learner.rerun('total', ones, ['heavy', 'cost'])\n"
        "    check.that(got['heavy'] < 0 or got['cost'] > 0, 'x', likely='y')\n"
    )
    path.write_text(path.read_text() + jealous)
    wrong = course.graders / CHAPTER / "answers" / f"{TOTALS}.py"
    text = "# %% wrong: total - below zero\n# says: heavy\nheavy = -weights.abs().sum()\ncost = -prices.abs().sum()\n\n"
    wrong.write_text(text + wrong.read_text())
    found = prove(course, course.solutions / CHAPTER / f"{TOTALS}.py", thorough=True).problems
    assert any("wrong 'below zero'" in problem and "at step 1 of mending" in problem for problem in found)


def test_a_half_mended_answer_that_does_not_run_is_none(course):
    gallery = course.graders / CHAPTER / "answers" / f"{TOTALS}.py"
    parted = "# %% wrong: total - parts that fit each other only\n# says: heavy\n# scores: 0.75\n"
    parted += "heavy = [*weights]\ncost = torch.stack(heavy).dot(prices)\n\n"
    gallery.write_text(parted + gallery.read_text())
    assert prove(course, course.solutions / CHAPTER / f"{TOTALS}.py", thorough=True).problems == []


def test_the_seed_beside_the_first_is_one_of_the_twenty(course, monkeypatch):
    seen = []
    grade = proof_module.Rehearsal.grade
    monkeypatch.setattr(
        proof_module.Rehearsal,
        "grade",
        lambda self, exercise, text, seed=0: seen.append(seed) or grade(self, exercise, text),
    )
    prove(course, course.solutions / CHAPTER / f"{TOTALS}.py")
    drawn = {seed for seed in seen if seed}
    assert len(drawn) == 1
    assert drawn <= set(range(proof_module.SEED + 1, proof_module.SEED + SEEDS))


def test_each_answer_finds_the_folder_as_the_lesson_left_it(course):
    path = course.solutions / CHAPTER / f"{TOTALS}.py"
    lesson = "import torch\n\nfrom pathlib import Path\n\nPath('given').write_text('as it was')\n"
    path.write_text(path.read_text().replace("import torch\n", lesson, 1))
    right = "heavy = weights.sum()\ncost = weights @ prices\n"
    writes = "Path('kept').mkdir(exist_ok=True)\nPath('kept/one').touch()\nPath('given').write_text('over')\n"
    with rehearse(course, path) as rehearsal:
        for _ in range(2):
            assert rehearsal.grade("total", right + writes).score > 0
            assert sorted(one.name for one in Path().iterdir()) == ["given", "kept"]
        assert Path("given").read_text() == "over"
        rehearsal.grade("total", right + "Path('given').unlink()\n")
        rehearsal.grade("total", right)
        assert [(one.name, one.read_text()) for one in Path().iterdir()] == [("given", "as it was")]


def test_no_verdict_is_no_better_than_a_wrong_answer():
    (text,) = losses([verdict(1, "a"), replace(verdict(0), flag="why")])
    assert text.startswith("scores 0 after 1")
