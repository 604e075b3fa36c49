"""What a learner must not read: each rule is seen to fire on a finding that breaks it, and on no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scalable_ai.cards import Finding
from scalable_ai.grading.feedback import assigned, feedback_of, telling
from scalable_ai.lessons.source import read_lesson
from tests.grading.conftest import CHAPTER, TINY_COURSE, TOTALS

GOOD = Finding("`cost`", "the value that the task's rule gives for new inputs", "another value", "Pairs come first.")
SCALE = {"heavy": torch.tensor(1234.0), "cost": torch.tensor([0.125, 7.25])}


@pytest.fixture(scope="module")
def feedback():
    checks = (TINY_COURSE / "graders" / CHAPTER / f"{TOTALS}.py").read_text(encoding="utf-8")
    return feedback_of(read_lesson(TINY_COURSE / "solutions" / CHAPTER / f"{TOTALS}.py"), checks, SCALE)


def test_a_finding_that_says_what_a_learner_needs_has_no_fault(feedback):
    assert feedback.faults("total", GOOD) == []


@pytest.mark.parametrize(
    ("part", "text", "fault"),
    [
        ("expected", " ", "'expected' is empty"),
        ("got", "", "'got' is empty"),
        ("likely", "", "no likely mistake is named"),
        ("got", "AssertionError", "a bare AssertionError"),
        ("got", "another kind of value (KeyError)", "the check fails at this value in place of judging it"),
        ("got", "TypeError in scalable_ai/grading/hidden.py", "'scalable_ai' is internal"),
        ("got", "Traceback (most recent call last)", "'Traceback' is internal"),
        ("got", "AnswerError: expected a result", "'AnswerError' is internal"),
        ("got", "no file /tmp/a1b2", "'/tmp/' is internal"),
        ("what", "inputs_unchanged", "'inputs_unchanged' is a name of the hidden checks"),
        ("likely", "See SECRET_OF_THE_GRADER.", "'SECRET_OF_THE_GRADER' is a name of the hidden checks"),
        ("expected", "1234.0", "'1234.0' is a result that could be pasted"),
        ("expected", "about 1,234", "'1,234' is a result that could be pasted"),
        ("likely", "The first is 0.125.", "'0.125' is a result that could be pasted"),
        ("expected", "[0.125, 7.25]", "'[0.125, 7.25]' is a result that could be pasted"),
        ("expected", "a loss of 0.6931", "'0.6931' is a number that the lesson does not name"),
    ],
)
def test_each_fault_is_named(feedback, part, text, fault):
    assert fault in feedback.faults("total", replace(GOOD, **{part: text}))


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("got", "AssertionError in line 2 of the answer: sizes differ"),
        ("got", "an accuracy of 0.6931"),
        ("expected", "shape (17, 3072)"),
        ("expected", "12 of 12 values"),
        ("expected", "a mean of 2.5"),
        ("likely", "The loss of weights is a total."),
    ],
)
def test_what_only_looks_like_a_fault_is_none(feedback, part, text):
    assert feedback.faults("total", replace(GOOD, **{part: text})) == []


def test_visible_checks_may_say_what_stands_in_the_notebook(feedback):
    shown = replace(GOOD, expected="1234.0", likely="")
    assert feedback.faults("total", shown, is_hidden=False) == []
    assert feedback.faults("total", replace(shown, got="WireError"), is_hidden=False) == ["'WireError' is internal"]


def test_results_are_looked_up_for_their_own_exercise_alone(feedback):
    assert feedback.faults("doubling", replace(GOOD, expected="1234")) == []


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (7, set()),
        (True, set()),
        (1500, set()),
        (1536, {"1536", "1,536"}),
        (0.5, set()),
        (2 / 3, {"0.667", "0.6667", repr(2 / 3)}),
        ("sgd", set()),
        ("momentum", {"'momentum'"}),
        ([3, 1, 2], {"[3, 1, 2]"}),
        ({"loss": 0.4375}, {"0.4375", "'loss'"}),
        (torch.tensor([3.125]), {"3.125"}),
        (np.arange(100), set()),
    ],
)
def test_texts_that_give_a_value_away(value, texts):
    assert texts <= telling(value)
    assert bool(texts) == bool(telling(value))


def test_names_that_a_cell_assigns():
    text = "a = b, c = f()\nfor d in e: g = 1\nh: int = 2\nx.y = 3\ndef i(): j = 1"
    assert {"a", "b", "c", "h"} <= assigned(text)
    assert not {"e", "f", "i", "j"} & assigned(text)
