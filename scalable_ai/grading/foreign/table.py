"""The learner's side of the shared objects: what is no plain data gets an id and a description of its class."""

from __future__ import annotations

import importlib
import marshal
import pickle
import sys
import types
from typing import Any

from scalable_ai.grading.foreign import guest
from scalable_ai.grading.foreign.graph import Graph
from scalable_ai.grading.foreign.plain import Node, unpack_bytes
from scalable_ai.grading.wire import WireError

_MODULES_OF_LEARNERS = {"__main__", "__mp_main__"}


class Table(Graph):
    """What this kernel shares with the judge."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__("k")
        self.namespace = namespace
        self._held: dict[str, Any] = {}
        self._holds: dict[int, str] = {}
        self._described: set[str] = set()
        self.classes: dict[str, Any] = {}
        """Descriptions that the judge has not been told yet."""
        self.guests: dict[str, Any] = {}
        self._guest_ids: dict[int, str] = {}
        self.seen: dict[str, Any] = {}
        """Names that the judge has looked up, with what they meant then."""
        self.ask: Any = None
        """Asks the judge to act on an object of its own."""

    def outside(self, value: Any) -> Node:
        """Return an id for something that is no plain data."""
        if id(value) in self._guest_ids:
            return {"x": self._guest_ids[id(value)]}
        if isinstance(value, type):
            return {"k": self.class_id(value)}
        if _is_plain_namedtuple(type(value)):
            return {"nt": [self.class_id(type(value)), [self.node(item, 1) for item in value]]}
        return {"h": [self.hold(value), self.class_id(type(value))]}

    def hold(self, value: Any) -> str:
        """Keep an object and return its id."""
        if id(value) not in self._holds:
            self._count += 1
            self._holds[id(value)] = f"h{self._count}"
            self._held[f"h{self._count}"] = value
        return self._holds[id(value)]

    def class_id(self, kind: type) -> str:
        """Return a class's id, and see that the judge is told what it is."""
        hid = self.hold(kind)
        if hid not in self._described:
            self._described.add(hid)
            self.classes[hid] = {
                "name": kind.__name__[:200],
                "module": str(kind.__module__)[:200],
                "qualname": kind.__qualname__[:200],
                "library": _is_library(kind),
                "bases": [self.class_id(base) for base in kind.__mro__[1:-1]],
                "has": sorted(name for name in guest.SPECIAL if _has(kind, name)),
                "fields": list(kind._fields) if _is_plain_namedtuple(kind) else None,
            }
        return hid

    def release(self, hids: list[str]) -> None:
        """Let objects go that the judge no longer refers to."""
        for hid in hids:
            if hid not in self._described and hid in self._held:
                self._holds.pop(id(self._held.pop(hid)), None)

    def inside(self, tag: str, body: Any) -> Any:
        """Return what the judge means."""
        if tag == "h":
            return self._held[body]
        if tag == "x":
            return self._guest(*body)
        if tag == "lib":
            module, _, path = body.partition(":")
            value = importlib.import_module(module)
            for part in path.split(".") if path else ():
                value = getattr(value, part)
            return value
        if tag == "nt":
            kind, items = body
            return self._held[kind]._make(self.value(item) for item in items)
        if tag == "pickle":
            return pickle.loads(unpack_bytes(body))  # the judge's own; nothing is ever unpickled the other way
        if tag == "code":
            return self._function(*body)
        raise WireError("the message is malformed")

    def _guest(self, xid: str, kind: str, name: str, bases: list[str] | None = None) -> Any:
        if xid not in self.guests:
            self.guests[xid] = made = guest.make(self, xid, kind, name, bases)
            self._guest_ids[id(made)] = xid
        return self.guests[xid]

    def _function(self, xid: str, code: str, name: str, defaults: Node, kwdefaults: Node, names: Node) -> Any:
        """Return a function of the test that depends on nothing but its arguments and libraries."""
        if xid in self.guests:
            return self.guests[xid]
        made = types.FunctionType(marshal.loads(unpack_bytes(code)), {"__builtins__": __builtins__}, name)
        made.__globals__.update({key: self.value(item) for key, item in names})
        made.__defaults__, made.__kwdefaults__ = self.value(defaults), dict(self.value(kwdefaults)) or None
        self.guests[xid], self._guest_ids[id(made)] = made, xid
        return made


def _has(kind: type, name: str) -> bool:
    found = getattr(kind, name, None)
    return found is not None and found is not getattr(object, name, None)


def _is_library(kind: type) -> bool:
    """Return whether a class is an importable one, as opposed to one of this notebook."""
    if kind.__module__ in _MODULES_OF_LEARNERS:
        return False
    value: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        value = getattr(value, part, None)
    return value is kind or kind.__module__ == "builtins"


def _is_namedtuple_class(kind: type) -> bool:
    return issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple) and hasattr(kind, "_make")


_NAMEDTUPLE_HAS = {"_fields", "_field_defaults", "_make", "_replace", "_asdict", "__annotations__", "__orig_bases__"}


def _is_plain_namedtuple(kind: type) -> bool:
    """Return whether a class is one of named tuples without methods of their own."""
    if not _is_namedtuple_class(kind) or kind.__mro__[1:] != (tuple, object):
        return False
    own = {name for name, item in vars(kind).items() if callable(item) and not name.startswith("__")}
    return own <= _NAMEDTUPLE_HAS
