"""Comparing values: types first, then shape, dtype, values; and saying what differs."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.comparison import PYTHON_FLOAT_TOLERANCE, TOLERANCE, difference, is_true, kind, show


class Liar:
    """Claims to be equal to everything."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("x")

    def __float__(self):
        return 1.0


class LyingText(str):
    __slots__ = ()

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class LyingSet(set):
    def __eq__(self, other):
        return True

    __hash__ = None


EQUAL = [
    (3, 3), (3.0, 3.0), (3, 3.0), (np.float32(0.1), 0.1), (np.int64(3), 3), (0.1 + 0.2, 0.3), (math.nan, math.nan),
    (math.inf, math.inf), ("a", "a"), (np.str_("a"), "a"), (None, None), (True, True), (np.bool_(True), True),
    ([1, 2.0], [1, 2.0]), ((1, 2), [1, 2]), ({"a": [1]}, {"a": [1]}), ({1, 2}, {2, 1}), (frozenset("ab"), set("ab")),
    (torch.tensor([1.0, math.nan]), torch.tensor([1.0, math.nan])),
    (torch.tensor([0.1 + 0.2], dtype=torch.float64), torch.tensor([0.3], dtype=torch.float64)),
    (torch.ones(2, requires_grad=True), torch.ones(2)), (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
    (torch.tensor([True]), torch.tensor([True])), (torch.tensor(5), torch.tensor(5)),
    (torch.tensor([1 + 2j]), torch.tensor([1 + 2j])), (torch.empty(0, 3), torch.empty(0, 3)),
    (np.arange(3), np.arange(3)), (np.array(["a"]), np.array(["a"])), (np.arange(6)[::-2], np.array([5, 3, 1])),
    (np.array(2.5), np.array(2.5)), (b"x", b"x"),
]  # fmt: skip

# got, expected, a part of what is expected, a part of what was got
DIFFERENT = [
    (Liar(), 1, "a whole number", "object of type Liar"),
    (Liar(), 1.0, "a number", "object of type Liar"),
    (Liar(), "a", "a text", "object of type Liar"),
    (Liar(), True, "True or False", "object of type Liar"),
    (Liar(), None, "None", "object of type Liar"),
    (Liar(), [1], "a list of 1 item", "object of type Liar"),
    (Liar(), {"a": 1}, "a dictionary of 1 item", "object of type Liar"),
    (Liar(), {1}, "a set", "object of type Liar"),
    (Liar(), torch.ones(2), "a tensor of shape (2,)", "object of type Liar"),
    (Liar(), np.ones(2), "a NumPy array of shape (2,)", "object of type Liar"),
    ([Liar()], [1], "a whole number", "object of type Liar"),
    ({"a": Liar()}, {"a": 1}, "a whole number", "object of type Liar"),
    ({Liar()}, {"x"}, "{'x'}", "Liar object"),
    (LyingText("b"), "a", "a text", "a text"),
    (LyingSet({3}), {1, 2}, "{1, 2}", "LyingSet({3})"),
    (np.array([Liar()], dtype=object), np.array([1]), "dtype int64", "dtype object"),
    (True, 1, "a whole number", "True"),
    (1, True, "True or False", "1, a whole number"),
    (1.0, 1, "a whole number", "1.0, a number"),
    (0, None, "None", "0"),
    (2, 3, "3", "2"),
    (1.001, 1.0, "1.0", "1.001"),
    (math.nan, 1.0, "1.0", "nan"),
    (1.0, math.nan, "nan", "1.0"),
    (math.inf, -math.inf, "-inf", "inf"),
    ("B", "b", "'b'", "'B'"),
    ("1", 1, "a whole number", "'1', a text"),
    (torch.tensor(1.0), 1.0, "a number", "a tensor of shape ()"),
    (1.0, torch.tensor(1.0), "a tensor of shape ()", "1.0, a number"),
    (np.ones(2), torch.ones(2), "a tensor of shape (2,)", "a NumPy array"),
    (torch.ones(2), np.ones(2), "a NumPy array of shape (2,)", "a tensor"),
    (torch.ones(2, 1), torch.ones(2), "shape (2,)", "shape (2, 1)"),
    (torch.ones(1), torch.tensor(1.0), "shape ()", "shape (1,)"),
    (torch.ones(2, dtype=torch.float64), torch.ones(2), "dtype torch.float32", "dtype torch.float64"),
    (np.ones(2, dtype=np.float32), np.ones(2), "dtype float64", "dtype float32"),
    (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), "tensor([1.0, 3.0])", "tensor([1.0, 2.0])"),
    (torch.tensor([math.nan]), torch.tensor([1.0]), "tensor([1.0])", "tensor([nan])"),
    (torch.tensor([5]), torch.tensor([6]), "tensor([6])", "tensor([5])"),
    (torch.tensor([True]), torch.tensor([False]), "tensor([False])", "tensor([True])"),
    (torch.zeros(10), torch.arange(10.0), "all 10 values", "9 of 10 values that differ"),
    (np.array(["a"]), np.array(["b"]), "array(['b'])", "array(['a'])"),
    ([1, 2], [1, 2, 3], "[1, 2, 3]", "[1, 2]"), ([[1], [2]], [[1]], "1 item", "2 items"),
    (list(range(40)), [0], "1 item", "40 items"),
    ("ab", ["a", "b"], "a list of 2 items", "a text"),
    ({"a": 1}, {"b": 1}, "the keys ['b']", "the keys ['a']"),
    ([("a", 1)], {"a": 1}, "a dictionary", "a list"),
    ({1, 2}, {1, 3}, "{1, 3}", "{1, 2}"),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected"), EQUAL)
def test_equal_values_have_no_difference(got, expected):
    assert difference(got, expected, "x") is None


@pytest.mark.parametrize(("got", "expected", "wanted", "had"), DIFFERENT)
def test_different_values_are_told_apart_in_words(got, expected, wanted, had):
    found = difference(got, expected, "x")
    assert found is not None
    assert wanted in found.expected
    assert had in found.got


def test_the_place_of_a_difference_is_named():
    assert difference([1, [2, 4]], [1, [2, 3]], "x").what == "x[1][1]"
    assert difference({"a": {"b": 1}}, {"a": {"b": 2}}, "x").what == "x['a']['b']"


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (7.125, 8.625), (71, 86), ("7125", "8625"), (torch.tensor([7.125]), torch.tensor([8.625])),
        (np.array([7.125]), np.array([8.625])), ([7.125], [8.625]), ({"k": 7.125}, {"k": 8.625}), ({7.125}, {8.625}),
        ("7125", 8.625), (7.125, "8625"), (b"7125", b"8625"),
    ],
)  # fmt: skip
def test_a_hidden_check_reveals_neither_value(got, expected):
    found = difference(got, expected, "x", reveal=False)
    for value in ("7", "8"):
        assert value not in found.sentence()


def test_tolerance_follows_the_dtype_and_can_be_set():
    assert difference(torch.tensor([1.00001]), torch.tensor([1.0]), "x") is None
    got, expected = (torch.tensor([value], dtype=torch.float64) for value in (1.00001, 1.0))
    assert difference(got, expected, "x") is not None
    assert difference(got, expected, "x", tolerance=1e-3) is None
    half = torch.tensor([1.005], dtype=torch.float16)
    assert difference(half, torch.ones(1, dtype=torch.float16), "x") is None
    assert difference(10, 11, "x", tolerance=0.2) is None
    assert difference(10, 13, "x", tolerance=0.2) is not None


def test_what_a_check_cannot_compare_is_the_authors_mistake():
    with pytest.raises(TypeError, match="a check cannot compare an object of type object"):
        difference(1, object(), "x")


def test_comparing_changes_nothing():
    got, expected = torch.ones(3, requires_grad=True), torch.zeros(3)
    difference(got, expected, "x")
    assert got.requires_grad
    assert torch.equal(expected, torch.zeros(3))
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    assert difference(frozen, np.arange(3.0), "x") is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (True, True), (False, False), (np.bool_(True), True), (np.bool_(False), False), (torch.tensor(True), True),
        (torch.tensor(False), False), (torch.tensor([True]), False), (torch.tensor(1), False), (1, False),
        ("yes", False),
        (Liar(), False), (None, False), ([1], False),
        (type("bool_", (), {"__bool__": lambda self: True})(), False),
    ],
)  # fmt: skip
def test_only_a_truth_value_is_true(condition, holds):
    assert is_true(condition) is holds


def test_kinds_and_short_texts_are_what_a_learner_would_say():
    assert kind(np.float32(1)) == "a number"
    assert kind({}) == "a dictionary of 0 items"
    assert show(torch.zeros(3)) == "tensor([0.0, 0.0, 0.0])"
    assert show(torch.zeros(30)) == "a tensor of shape (30,)"
    assert show("x" * 500).endswith("...")
    assert len(show("x" * 500)) == 120


FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=32)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_equals_itself(value):
    assert difference(value, value, "x") is None


@given(st.lists(FLOATS, min_size=1, max_size=8), st.data())
def test_one_changed_element_is_seen(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    got, expected = torch.tensor(values), torch.tensor(values)
    # A change far above rounding, which is measured by the largest entry.
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    got[place] = 0.0 if not (expected[place].abs() < max(1.0, 0.01 * largest)) else max(7.0, 0.1 * largest)
    assert difference(got, expected, "x") is not None
    assert difference(got.numpy(), expected.numpy(), "x") is not None
    assert difference(got.tolist(), expected.tolist(), "x") is not None


@pytest.mark.parametrize(
    ("got", "expected", "likely"),
    [
        (torch.tensor(0.5), 0.5, "`.item()`"),
        (np.array([3]), 3, "`.item()`"),
        (torch.tensor(True), True, "`.item()`"),
        (torch.ones(2), [1.0, 1.0], "`.tolist()`"),
        (torch.ones(2), 1.0, ""),
        ("0.5", 0.5, ""),
    ],
)
def test_a_tensor_in_place_of_plain_values_is_told_how_to_unpack_it(got, expected, likely):
    found = difference(got, expected, "x").likely
    assert likely in found
    assert bool(found) == bool(likely)


def test_authors_read_the_real_tolerances():
    page = (Path(__file__).parents[1] / "docs" / "authoring.md").read_text(encoding="utf-8")
    stated = dict(
        re.findall(r"^\| (?:tensors and arrays, )?(Python's `float`|\w+) \| (\d+e-\d+) \|", page, re.MULTILINE)
    )
    real = {str(dtype).removeprefix("torch."): limit for dtype, limit in TOLERANCE.items()}
    assert {name: float(text) for name, text in stated.items()} == real | {"Python's `float`": PYTHON_FLOAT_TOLERANCE}
