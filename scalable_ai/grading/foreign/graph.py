"""Values between two processes: what can change is known to both by an id, and kept the same on both sides.

A message carries values as `plain` writes them; a list, dict, set, array or tensor in it is a reference to an object
that both sides have. Its content travels when it is new or has changed, so a list that a function sorts in place is
sorted for its caller too, and `is` holds.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import torch

from scalable_ai.grading.foreign import frames, plain
from scalable_ai.grading.foreign.contents import digest, digest_of_array, empty, fill, kind_of
from scalable_ai.grading.foreign.plain import ANOTHER, MAX_DEPTH, Node, limited
from scalable_ai.grading.wire import WireError

_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


class Graph:
    """One side's copy of what both sides share.

    Args:
        prefix: Of the ids that this side gives.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix, self._count = prefix, 0
        self.shared: dict[str, Any] = {}
        self._ids: dict[int, str] = {}
        self._told: dict[str, str] = {}

    def outside(self, value: Any) -> Node:
        """Return the node of something that is no plain data."""
        raise WireError(f"an object of type {type(value).__name__} is no plain data")

    def inside(self, tag: str, body: Any) -> Any:
        """Return what a node of another kind stands for."""
        raise WireError("the message is malformed")

    def made(self, value: Any, content: dict[str, Any]) -> Any:
        """Return what a new object of the other side's is on this one."""
        return value

    # values to nodes

    def node(self, value: Any, depth: int = 0) -> Node:
        """Return a value as JSON; what can change becomes a reference."""
        if depth > MAX_DEPTH:
            raise WireError("the value is nested too deeply to look at")
        simple = plain.write(value)
        if simple is not ANOTHER:
            return simple
        kind = type(value)
        if kind in {tuple, frozenset}:
            tag = "t" if kind is tuple else "fs"
            return {tag: [self.node(item, depth + 1) for item in limited(value)]}
        if kind is slice:
            return {"slice": [self.node(part, depth + 1) for part in (value.start, value.stop, value.step)]}
        if kind in _VIEWS:
            items = [self.node(item, depth + 1) for item in limited(value)]
            return {_VIEWS[kind]: items}
        if id(value) in self._ids:
            return {"r": self._ids[id(value)]}
        if frames.is_index(value):
            return {"index": frames.write_index(value, lambda item: self.node(item, depth + 1))}
        if kind_of(value):
            self._count += 1
            mid = f"{self._prefix}{self._count}"
            self._share(mid, value)
            return {"r": mid}
        return self.outside(value)

    def _share(self, mid: str, value: Any) -> None:
        self.shared[mid] = value
        self._ids[id(value)] = mid

    def _content(self, value: Any) -> dict[str, Any]:
        kind = kind_of(value)
        if kind == "array":
            return {kind: plain.array_body(value)}
        if kind == "objects":
            return {kind: [list(value.shape), [self.node(item, 1) for item in limited(value.ravel())]]}
        if kind == "tensor":
            grad = None if not value.is_leaf or value.grad is None else self.node(value.grad, 1)
            marks = [value.requires_grad, value.is_leaf, type(value) is torch.nn.Parameter]
            return {kind: [plain.tensor_body(value), marks, grad]}
        if kind in {"frame", "series"}:
            return {kind: frames.write(value, lambda item: self.node(item, 1))}
        if kind == "bytearray":
            return {kind: plain.pack_bytes(bytes(value))}
        if kind in {"list", "set"}:
            return {kind: [self.node(item, 1) for item in limited(value)]}
        if kind == "deque":
            return {kind: [[self.node(item, 1) for item in limited(value)], value.maxlen]}
        pairs = [[self.node(key, 1), self.node(item, 1)] for key, item in limited(value).items()]
        return {kind: [pairs, self.node(value.default_factory, 1)] if kind == "defaultdict" else pairs}

    def changes(self) -> dict[str, Any]:
        """Return the content of what is new or has changed since the other side was last told."""
        told: dict[str, Any] = {}
        seen: set[str] = set()
        while todo := [mid for mid in self.shared if mid not in seen]:
            for mid in todo:
                seen.add(mid)
                mark = self._mark(self.shared[mid])
                if self._told.get(mid) != mark:
                    self._told[mid] = mark
                    told[mid] = self._content(self.shared[mid])
        return told

    def _mark(self, value: Any) -> str:
        """Return something short that differs when the content does."""
        if isinstance(value, np.ndarray) and value.dtype.kind != "O":
            return repr(digest_of_array(value))
        if frames.kind(value):
            text = json.dumps(frames.write(value, lambda item: self.node(item, 1), digest_of_array))
        else:
            text = json.dumps(self._content(value))
        return text if len(text) < 200 else digest(text.encode())

    # nodes to values

    def value(self, node: Node, depth: int = 0) -> Any:
        """Return the value of a node; `take` has to have been called with its message's content."""
        if depth > MAX_DEPTH + 1:
            raise WireError("the reply is nested too deeply")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if not isinstance(node, dict) or len(node) != 1:
            raise WireError("the reply is malformed")
        ((tag, body),) = node.items()
        if tag == "r":
            return self.shared[body]
        if tag in plain.READERS:
            return plain.READERS[tag](body)
        if tag in {"t", "fs", "slice", "keys", "values", "items"}:
            items = [self.value(item, depth + 1) for item in limited(body)]
            return _TUPLES[tag](items)
        if tag == "index":
            return frames.read_index(body, lambda item: self.value(item, depth + 1))
        return self.inside(tag, body)

    def take(self, told: dict[str, Any], prefix: str) -> None:
        """Bring the shared objects to what the other side says of them.

        Args:
            told: What the other side's `changes` returned.
            prefix: Of ids that the other side may give.
        """
        for mid, content in limited(told).items():
            if mid not in self.shared:
                if not (isinstance(mid, str) and mid.startswith(prefix) and len(mid) < 20):
                    raise WireError("the reply is malformed")
                self._share(mid, self.made(empty(content), content))
        for mid, content in told.items():
            fill(self.shared[mid], content, self.value)
        for mid in told:
            self._told[mid] = self._mark(self.shared[mid])

    # what is no longer needed

    def forget(self, mids: list[str]) -> None:
        """Drop shared objects that the other side has dropped."""
        for mid in mids:
            if mid in self.shared:
                self._ids.pop(id(self.shared.pop(mid)), None)
                self._told.pop(mid, None)

    def unused(self) -> list[str]:
        """Drop and return what nothing on this side refers to but this table."""
        gone = []
        for mid in list(self.shared):
            # What was changed and then let go is told first.
            if sys.getrefcount(self.shared[mid]) <= 2 and self._told.get(mid) == self._mark(self.shared[mid]):
                gone.append(mid)
                self.forget([mid])
        return gone


def plain_copy(value: Any) -> Any:
    """Return a copy of plain data, of which nothing is shared with the original.

    Raises:
        WireError: It is no plain data.
    """
    here, there = Graph("p"), Graph("q")
    node = here.node(value)
    there.take(here.changes(), "p")
    return there.value(node)


_TUPLES = {
    "t": tuple,
    "fs": frozenset,
    "slice": lambda parts: slice(*parts),
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(items).items(),
}
