"""What a check cell does in a learner's kernel: pass with a card, or say what is not right yet."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from scalable_ai import checks
from scalable_ai.checks import VISIBLE_ONLY, NotYet, exercise, quiz
from scalable_ai.packing import pack
from scalable_ai.self_study import Solution

OPTIONS = pack({"A": (False, "Too few."), "B": (True, "Each meets every other."), "C": (False, "Too many.")})


@pytest.fixture
def shown(monkeypatch):
    cards = []
    monkeypatch.setattr(checks, "_display", cards.append)
    monkeypatch.setattr(checks, "_failed_runs", checks.Counter())
    return cards


def run(body, **settings):
    with exercise("loads", title="Loads", success="You counted.", hints=["one", "two"], **settings) as check:
        body(check)


def failing(body):
    with pytest.raises(NotYet) as caught:
        run(body)
    return caught.value


def test_a_right_answer_gets_one_card_that_says_that_hidden_checks_follow(shown):
    run(lambda check: check.equal(3, 3, "total"))
    assert len(shown) == 1
    assert shown[0].passed
    assert shown[0].success == "You counted."
    assert shown[0].footer == VISIBLE_ONLY


def test_a_wrong_answer_gets_a_card_and_raises_so_that_nbgrader_sees_it(shown):
    error = failing(lambda check: check.equal(2, 3, "total", likely="Off by one."))
    assert isinstance(error, AssertionError)
    assert str(error) == "`total`: expected 3, got 2. Off by one."
    assert not shown[0].passed
    assert shown[0].findings == (error.finding,)
    assert error._render_traceback_() == ["Not yet: `total`: expected 3, got 2."]


def test_the_first_thing_that_is_not_right_ends_the_check(shown):
    def body(check):
        check.equal(1, 2, "first")
        check.equal(3, 4, "second")

    assert "first" in str(failing(body))
    assert len(shown[0].findings) == 1


def test_that_says_its_words_and_the_value(shown):
    error = failing(lambda check: check.that(len("abc") == 4, "four sizes", got=3, likely="Count again."))
    assert str(error) == "Your answer: expected four sizes, got 3. Count again."
    run(lambda check: check.that(torch.tensor([1.0]).sum() == 1, "one"))


@pytest.mark.parametrize("condition", [1, "yes", [0], object(), torch.tensor([True, True])])
def test_that_takes_truth_values_only(shown, condition):
    failing(lambda check: check.that(condition, "a truth"))


def test_a_name_that_is_not_there_yet(shown):
    error = failing(lambda check: check.equal(not_defined_yet, 1, "x"))  # noqa: F821
    assert "`not_defined_yet`: expected a name that your answer cell defines" in str(error)
    assert "`____`" not in str(error)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (
            "rate = 2  # ____\ntotal = price.____(amount)",
            "a blank that is still open in line 2: `total = price.____(amount)`",
        ),
        ("a = ____\nb = ____ + ____", "blanks that are still open in 2 lines, the first in line 1: `a = ____`"),
        (
            "def total():\n    raise NotImplementedError('Exercise 1: Loads')\n\n\nsum_ = total()",
            "the `raise` line, run",
        ),
        ("totl = price.dot(amount)", "If you have not done so, run"),
    ],
)
def test_a_blank_is_named_only_where_the_answer_has_one(shown, monkeypatch, answer, advice):
    check_cell = 'from scalable_ai.checks import exercise\n\nwith exercise("loads") as check:\n    ____'
    shell = SimpleNamespace(user_ns={"In": ["", "x = ____", answer, check_cell, check_cell]})
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    error = failing(lambda check: check.equal(not_defined_yet, 1, "x"))  # noqa: F821
    assert advice in str(error)
    assert ("____" in str(error)) is ("____" in answer)
    assert ("not_defined_yet" in str(error)) is ("____" not in answer)


def test_a_blank_that_is_still_open_inside_a_function(shown):
    error = failing(lambda check: check.equal(____, 1, "x"))  # noqa: F821
    assert "expected code in place of every blank, got a blank that is still open in line " in str(error)
    assert "`error = failing(lambda check: check.equal(____, 1" in str(error)


def test_a_blank_whose_line_is_unknown_is_a_blank_all_the_same(shown):
    error = failing(lambda check: exec("____", {}))
    assert "got a blank `____` that is still open" in str(error)


def test_a_right_answer_is_offered_after_one_of_your_own_where_the_course_has_it(shown, monkeypatch):
    asked = []
    monkeypatch.setattr(checks, "find_solution", lambda *given: asked.append(given) or Solution("total = 3", "here"))
    failing(lambda check: check.equal(not_defined_yet, 3, "total"))  # noqa: F821
    failing(lambda check: check.equal(2, 3, "total"))
    failing(lambda check: 1 / 0)
    assert asked == [("loads", "Loads")] * 2
    assert [card.solution for card in shown] == ["", "total = 3", "total = 3"]
    run(lambda check: check.equal(3, 3, "total"))
    assert shown[-1].solution == ""


def test_a_stub_that_is_still_there(shown):
    def stub():
        raise NotImplementedError("Exercise 2: crossover")

    error = failing(lambda check: check.equal(stub(), 1, "x"))
    assert "a body in place of the `raise` line" in str(error)


def test_what_pytorch_does_not_implement_is_an_error_of_the_answer_and_no_stub(shown):
    error = failing(lambda check: check.equal(torch.ones(2, dtype=torch.uint8).std(), 1, "x"))
    assert "the stub as it was given" not in str(error)
    assert "expected a result, got" in str(error)


def test_a_local_name_without_value_is_an_error_of_the_answer_and_no_missing_name(shown):
    def answer():
        if False:
            total = 1
        return total

    error = failing(lambda check: check.equal(answer(), 1, "x"))
    assert "UnboundLocalError" in str(error)
    assert "None" not in str(error)


def test_an_answer_that_breaks_is_named_by_its_error(shown):
    error = failing(lambda check: check.equal(1 / 0, 1, "x"))
    assert str(error) == (
        "Your answer: expected a result, got ZeroDivisionError: division by zero. "
        "Think of the case in which what is divided by is zero, such as an empty list."
    )
    assert error.__suppress_context__


def test_an_interrupt_stays_an_interrupt(shown):
    def body(check):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(body)
    assert shown == []


def test_each_failed_run_opens_one_more_hint_in_text(shown):
    for _ in range(4):
        failing(lambda check: check.equal(2, 3, "total"))
    assert [card.hints_in_text for card in shown] == [1, 2, 2, 2]
    texts = [card.text() for card in shown]
    assert "two" not in texts[0]
    assert "Hint 2 of 2: two" in texts[1]


def test_hints_of_one_exercise_do_not_open_those_of_another(shown):
    failing(lambda check: check.equal(2, 3, "total"))
    with pytest.raises(NotYet), exercise("other", hints=["a", "b"]) as check:
        check.equal(1, 2, "x")
    assert shown[-1].hints_in_text == 1


def test_a_change_in_place_is_seen(shown):
    before = torch.ones(2)
    given = before.clone()
    given.mul_(2)
    error = failing(lambda check: check.equal(given, before, "given", likely="`.mul_` changes in place."))
    assert "`.mul_` changes in place." in str(error)


@pytest.mark.parametrize("answer", ["B", " b "])
def test_the_right_option_is_explained_and_promises_no_hidden_checks(shown, answer):
    quiz("twice", lambda: answer, OPTIONS)
    assert shown[0].passed
    assert shown[0].success == "B. Each meets every other."
    assert shown[0].footer == ""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("A", "got option A. Too few."),
        ("C", "Too many."),
        ("D", "expected one of the letters A, B, C, in quotes, got 'D'"),
        ("", "got ''"),
        (2, "got 2"),
        (None, "got None"),
    ],
)
def test_a_wrong_option_is_explained_too(shown, answer, said):
    with pytest.raises(NotYet) as caught:
        quiz("twice", lambda: answer, OPTIONS)
    assert said in str(caught.value)
    assert "Each meets every other" not in str(caught.value)


def test_an_open_quiz_asks_for_its_blank(shown):
    with pytest.raises(NotYet, match="`twice`: expected a name that your answer cell defines"):
        quiz("twice", lambda: twice, OPTIONS)  # noqa: F821


def test_in_a_plain_script_a_pass_is_silent_and_a_failure_prints_its_card():
    program = (
        "from scalable_ai.checks import exercise\n"
        "with exercise('a', success='Well.') as check:\n    check.equal(1, 1, 'x')\n"
        "with exercise('b', title='Second') as check:\n    check.equal(1, 2, 'x')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("Not yet: Second\n")
    assert "Well." not in done.stdout
    assert "NotYet: `x`: expected 2, got 1." in done.stderr


def test_in_a_notebook_the_card_is_displayed(monkeypatch):
    import IPython
    import IPython.display

    cards = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", cards.append)
    run(lambda check: check.equal(1, 1, "x"))
    assert "You counted." in cards[0]._repr_html_()
