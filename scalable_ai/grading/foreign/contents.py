"""Containers and arrays whose content travels: what kinds there are, and how one is made and filled."""

from __future__ import annotations

import collections
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from scalable_ai.grading.foreign import frames, plain
from scalable_ai.grading.foreign.plain import limited
from scalable_ai.grading.wire import WireError

_CONTAINERS = {
    list: "list",
    dict: "dict",
    set: "set",
    bytearray: "bytearray",
    collections.deque: "deque",
    collections.OrderedDict: "odict",
    collections.Counter: "counter",
    collections.defaultdict: "defaultdict",
}
_NEW = {kind: made for made, kind in _CONTAINERS.items()}


def kind_of(value: Any) -> str:
    """Return the tag of a container's content; empty for anything else."""
    known = _CONTAINERS.get(type(value))
    if known:
        return known
    if type(value) is np.ndarray:
        return "objects" if value.dtype.kind == "O" else "array"
    if type(value) in {torch.Tensor, torch.nn.Parameter}:
        return "tensor"
    return frames.kind(value)


def empty(content: dict[str, Any]) -> Any:
    """Return a container of a kind, without its items."""
    ((kind, body),) = content.items()
    if kind == "deque":
        return collections.deque(maxlen=body[1])
    if kind == "array":
        return plain.read_array(body)
    if kind == "objects":
        return np.empty(_shape(body), dtype=object)
    if kind == "tensor":
        value, marks = plain.read_tensor(body[0]), body[1]
        if marks[2]:
            return torch.nn.Parameter(value, requires_grad=bool(marks[0]))
        return value.requires_grad_(bool(marks[0])) if marks[0] else value
    if kind in {"frame", "series"}:
        return frames.empty(kind)
    return _NEW[kind]()


def _shape(body: list) -> tuple[int, ...]:
    shape = tuple(int(n) for n in body[0])
    if any(n < 0 for n in shape) or int(np.prod(shape, dtype=object)) != len(limited(body[1])):
        raise WireError("the reply is malformed")
    return shape


def _fill_array(target: np.ndarray, value: np.ndarray) -> None:
    if target.dtype != value.dtype:
        raise WireError("the reply is malformed")
    if target.shape != value.shape:
        target.resize(value.shape, refcheck=False)
    if target.flags.writeable:
        target[...] = value


def _fill_objects(target: np.ndarray, shape: list, items: list) -> None:
    if target.shape != _shape([shape, items]):
        raise WireError("the reply is malformed")
    for place, item in zip(np.ndindex(target.shape), items, strict=True):
        target[place] = item


def _fill_tensor(target: torch.Tensor, value: torch.Tensor, marks: list) -> None:
    if target.dtype != value.dtype:
        raise WireError("the reply is malformed")
    with torch.no_grad():
        if target.shape == value.shape:
            target.copy_(value)
        else:
            target.data = value
    if target.is_leaf and target.requires_grad != bool(marks[0]):
        target.requires_grad_(bool(marks[0]))


def fill(target: Any, content: dict[str, Any], value: Callable[..., Any]) -> None:
    """Give a container the content that the other side says it has.

    Args:
        target: The container.
        content: As `write_content` of the other side returned it.
        value: Returns the value of a node.
    """
    ((kind, body),) = content.items()
    if kind_of(target) != kind:
        raise WireError("the reply is malformed")
    if kind == "array":
        _fill_array(target, plain.read_array(body))
    elif kind == "objects":
        _fill_objects(target, body[0], [value(item, 1) for item in body[1]])
    elif kind == "tensor":
        _fill_tensor(target, plain.read_tensor(body[0]), body[1])
        if body[1][1]:
            target.grad = None if body[2] is None else value(body[2], 1)
    elif kind in {"frame", "series"}:
        frames.fill(target, body, lambda item: value(item, 1))
    elif kind == "bytearray":
        target[:] = plain.unpack_bytes(body)
    elif kind == "deque":
        target.clear()
        target.extend(value(item, 1) for item in body[0])
    elif kind in {"list", "set"}:
        items = [value(item, 1) for item in limited(body)]
        target.clear()
        (target.extend if kind == "list" else target.update)(items)
    else:
        pairs = body[0] if kind == "defaultdict" else body
        pairs = [(value(key, 1), value(item, 1)) for key, item in limited(pairs)]
        target.clear()
        for key, item in pairs:
            target[key] = item
        if kind == "defaultdict":
            target.default_factory = value(body[1], 1)


def digest_of_array(value: np.ndarray) -> list:
    """Return something short that differs when an array does."""
    if value.dtype.kind not in plain.ARRAY_KINDS:
        raise WireError(f"an array of dtype {value.dtype} cannot be looked at")
    return [value.dtype.str, value.shape, digest(np.ascontiguousarray(value).tobytes())]


def digest(data: bytes) -> str:
    """Return something short that differs when the bytes do."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
