"""Compare a learner's value with the expected one, and say in words how they differ."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sized
from typing import Any

import numpy as np
import torch

from scalable_ai.cards import Finding

# Relative tolerance by dtype: some hundred rounding steps, wide enough for another order of summation.
TOLERANCE = {
    torch.float64: 1e-9,
    torch.float32: 1e-5,
    torch.float16: 1e-2,
    torch.bfloat16: 2e-2,
}
PYTHON_FLOAT_TOLERANCE = 1e-5
SHORT = 60
"""Characters up to which a list is written out."""


def kind(value: Any) -> str:
    """Name what sort of thing a value is, as a learner would say it."""
    if value is None:
        return "None"
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, bool | np.bool_):
        return "True or False"
    if isinstance(value, numbers.Integral):
        return "a whole number"
    if isinstance(value, numbers.Real):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {_items(value)}"
    if isinstance(value, dict):
        return f"a dictionary of {_items(value)}"
    return f"an object of type {type(value).__name__}"


def show(value: Any) -> str:
    """Return a short text of a value for a message."""
    if isinstance(value, torch.Tensor | np.ndarray):
        if math.prod(value.shape) > 6:
            return kind(value)
        text = f"{'tensor' if isinstance(value, torch.Tensor) else 'array'}({value.tolist()})"
    else:
        text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def is_true(condition: Any) -> bool:
    """Return whether a condition is true and is a truth value: of Python, NumPy or, without dimensions, PyTorch."""
    if isinstance(condition, torch.Tensor):
        return condition.dtype == torch.bool and condition.dim() == 0 and bool(condition.item())
    return condition is True or (isinstance(condition, np.bool_) and bool(condition))


def difference(
    got: Any, expected: Any, name: str, tolerance: float | None = None, reveal: bool = True
) -> Finding | None:
    """Return how `got` differs from `expected`, or None where it does not.

    Types are looked at first, then shape, dtype and values, so that an object which merely claims to be equal
    to everything is told apart before it is asked.

    Args:
        got: The learner's value.
        expected: The right value: a number, text, bool, None, tensor, array, list, tuple, set or dict of these.
        name: What the message calls the value.
        tolerance: Relative (and absolute) tolerance of floats; by default it follows the dtype (`TOLERANCE`).
        reveal: False leaves the expected and the learner's values out of the message: a hidden check's fresh
            values should not be pasted, and say less than the property that is wrong.
    """
    if isinstance(got, np.str_):
        got = str(got)
    if isinstance(expected, torch.Tensor | np.ndarray):
        return _array_difference(got, expected, name, tolerance, reveal)
    if isinstance(expected, bool | np.bool_) or expected is None or isinstance(expected, str | bytes):
        same = type(got) is type(expected) or (
            isinstance(expected, bool | np.bool_) and isinstance(got, bool | np.bool_)
        )
        if not same:
            return _other_kind(got, expected, name, reveal)
        return None if got == expected else _unequal(got, expected, name, reveal)
    if isinstance(expected, numbers.Real):
        return _number_difference(got, expected, name, tolerance, reveal)
    if isinstance(expected, list | tuple):
        return _sequence_difference(got, expected, name, tolerance, reveal)
    if isinstance(expected, dict):
        return _dict_difference(got, expected, name, tolerance, reveal)
    if isinstance(expected, set | frozenset):
        if not isinstance(got, set | frozenset):
            return Finding(name, "a set", kind(got))
        # The kind goes into the comparison, so that an element which claims to be equal to everything is told apart.
        same = {(kind(item), item) for item in got} == {(kind(item), item) for item in expected}
        return None if same else _unequal(got, expected, name, reveal)
    raise TypeError(f"{name}: a check cannot compare {kind(expected)}; fetch plain data instead.")


def _other_kind(got: Any, expected: Any, name: str, reveal: bool) -> Finding:
    """Say that a value is of another kind; where it only wants unpacking, say how, whatever the check had in mind."""
    likely = ""
    if isinstance(got, torch.Tensor | np.ndarray):
        if isinstance(expected, numbers.Real | bool | np.bool_) and math.prod(got.shape) == 1:
            likely = "`.item()` turns a tensor or an array of one value into a plain number or truth value."
        elif isinstance(expected, list | tuple):
            likely = "`.tolist()` turns a tensor or an array into a list of plain values."
    return Finding(name, kind(expected), _said(got, reveal), likely)


def _said(got: Any, reveal: bool) -> str:
    """Describe a value of the wrong kind; numbers and texts are shown where values may be."""
    plain = isinstance(got, numbers.Real | str)
    return f"{show(got)}, {kind(got)}" if reveal and plain else kind(got)


def _unequal(got: Any, expected: Any, name: str, reveal: bool) -> Finding:
    if reveal:
        return Finding(name, show(expected), show(got))
    return Finding(name, "the value that the task's rule gives for new inputs", "another value")


def _number_difference(got: Any, expected: Any, name: str, tolerance: float | None, reveal: bool) -> Finding | None:
    integral = isinstance(expected, numbers.Integral)
    wanted = numbers.Integral if integral else numbers.Real
    if isinstance(got, bool | np.bool_) or not isinstance(got, wanted):
        return _other_kind(got, expected, name, reveal)
    if integral and tolerance is None:
        return None if int(got) == int(expected) else _unequal(got, expected, name, reveal)
    got, expected = float(got), float(expected)
    limit = PYTHON_FLOAT_TOLERANCE if tolerance is None else tolerance
    # Without a stated tolerance only a zero is given room: seconds of microsecond size must still differ.
    room = 1e-12 if tolerance is None else tolerance
    both_nan = math.isnan(got) and math.isnan(expected)
    if both_nan or math.isclose(got, expected, rel_tol=limit, abs_tol=room):
        return None
    return _unequal(got, expected, name, reveal)


def _array_difference(got: Any, expected: Any, name: str, tolerance: float | None, reveal: bool) -> Finding | None:
    family = torch.Tensor if isinstance(expected, torch.Tensor) else np.ndarray
    if not isinstance(got, family):
        return Finding(name, kind(expected), _said(got, reveal))
    if tuple(got.shape) != tuple(expected.shape):
        return Finding(name, f"shape {tuple(expected.shape)}", f"shape {tuple(got.shape)}")
    if got.dtype != expected.dtype:
        return Finding(name, f"dtype {expected.dtype}", f"dtype {got.dtype}")
    if isinstance(expected, np.ndarray):
        if expected.dtype.kind not in "biufc":
            return None if np.array_equal(got, expected) else _unequal(got, expected, name, reveal)
        got, expected = (
            torch.from_numpy(np.array(got, order="C")),
            torch.from_numpy(np.array(expected, order="C")),
        )
    got, expected = got.detach().cpu(), expected.detach().cpu()
    limit = tolerance if tolerance is not None else TOLERANCE.get(expected.dtype, 0.0)
    if expected.is_complex():
        limit = tolerance if tolerance is not None else PYTHON_FLOAT_TOLERANCE
    room = limit if tolerance is not None or not limit else limit * _largest(expected)
    close = torch.isclose(got, expected, rtol=limit, atol=room, equal_nan=True)
    if bool(close.all()):
        return None
    if reveal and expected.numel() <= 6:
        return _unequal(got, expected, name, reveal)
    wrong, total = int((~close).sum()), expected.numel()
    return Finding(name, f"all {total} values as the task's rule gives them", f"{wrong} of {total} values that differ")


def _largest(values: torch.Tensor) -> float:
    """Return the largest finite magnitude: rounding errors of small entries come from the large ones."""
    finite = values[torch.isfinite(values)].abs()
    return float(finite.max()) if finite.numel() else 0.0


def _sequence_difference(got: Any, expected: Any, name: str, tolerance: float | None, reveal: bool) -> Finding | None:
    if not isinstance(got, list | tuple):
        return _other_kind(got, expected, name, reveal)
    if len(got) != len(expected):
        if reveal and all(_is_short(values) for values in (got, expected)):
            return _unequal(got, expected, name, reveal)
        return Finding(name, _items(expected), _items(got))
    for i, (one, other) in enumerate(zip(got, expected, strict=True)):
        found = difference(one, other, f"{name}[{i}]", tolerance, reveal)
        if found:
            return found
    return None


def _is_short(values: list | tuple) -> bool:
    plain = all(value is None or isinstance(value, numbers.Real | str) for value in values[:SHORT])
    return plain and len(values) <= SHORT and len(repr(values)) <= SHORT


def _items(values: Sized) -> str:
    return "1 item" if len(values) == 1 else f"{len(values)} items"


def _dict_difference(got: Any, expected: Any, name: str, tolerance: float | None, reveal: bool) -> Finding | None:
    if not isinstance(got, dict):
        return Finding(name, kind(expected), _said(got, reveal))
    if set(got) != set(expected):
        return Finding(name, f"the keys {sorted(map(str, expected))}", f"the keys {sorted(map(str, got))}")
    for key, value in expected.items():
        found = difference(got[key], value, f"{name}[{key!r}]", tolerance, reveal)
        if found:
            return found
    return None
