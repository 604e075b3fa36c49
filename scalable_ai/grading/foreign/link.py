"""The judge's side of the shared objects: asks the learner's kernel, and believes values only."""

from __future__ import annotations

import collections
import json
import sys
import warnings
import weakref
from time import perf_counter
from typing import Any

from scalable_ai.grading.foreign import classes
from scalable_ai.grading.foreign.decisions import Decisions
from scalable_ai.grading.foreign.errors import LostError, RemoteControlError, UnjudgedError, raised
from scalable_ai.grading.foreign.exports import Exports
from scalable_ai.grading.foreign.graph import Graph
from scalable_ai.grading.foreign.line import Line
from scalable_ai.grading.foreign.plain import Node
from scalable_ai.grading.foreign.proxies import Remote, RemoteMeta
from scalable_ai.grading.wire import WireError

MAX_AT_ONCE = 100_000
_ROOTS = frozenset({"builtins", "types", "collections", "abc", "contextlib", "functools", "itertools", "io"})


class Link(Decisions, Line, Graph):
    """Questions to one learner's kernel.

    Args:
        namespace: The names that the test uses.
        classes: The special methods of each class in the instructor's own answers.
        roots: Libraries that the instructor's notebook imports.
    """

    def __init__(self, namespace: Any, classes: dict[str, set[str]], roots: set[str]) -> None:
        Graph.__init__(self, "j")
        Line.__init__(self)
        self.namespace, self.source_classes, self.roots = namespace, classes, _ROOTS | roots
        self.exports = Exports(namespace)
        self.mentioned: set[str] = set()
        self.skipped = 0.0
        """Seconds that went into carrying values, which a test's own stopwatch leaves out."""
        self.unmet: AssertionError | None = None
        self.surroundings: Any = None
        self._objects: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self._gone: list[str] = []
        self._classes: dict[str, type] = {}
        self._class_ids: dict[type, str] = {}
        self._errors: dict[str, BaseException] = {}

    # asking

    def request(self, do: str, *args: Any) -> Any:
        """Have the learner's kernel do one thing; what cannot be judged is remembered, whatever the test catches."""
        try:
            return self._request(do, *args)
        except UnjudgedError as refused:
            self.lost = self.lost or refused
            raise

    def _request(self, do: str, *args: Any) -> Any:
        """Have the learner's kernel do one thing and return its value.

        Raises:
            LostError: There is no answer, or none that can be read.
            UnjudgedError: An argument cannot travel.
            Exception: Whatever the learner's code raised.
        """
        gone = self.unused()
        reply = self._round({"do": do, "a": [self._argument(arg) for arg in args], "forget": gone})
        while "ask" in reply:
            reply = self._round({"do": "answer", **self._act(reply)})
        try:
            if "x" in reply.get("e", {}):
                error: BaseException = self._errors[reply["e"]["x"]]
            elif "e" in reply:
                error = self._raised(reply["e"])
            else:
                return self.value(reply["v"])
        except (LostError, UnjudgedError):
            raise
        except Exception as broken:
            self.lose(f"the reply cannot be read ({type(broken).__name__})", broken)
        raise error

    def call(self, function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call something of the learner's."""
        return self.request("call", function, args, tuple(kwargs.items()))

    def _argument(self, value: Any) -> Node:
        try:
            return self.node(value)
        except WireError as error:
            raise UnjudgedError(f"an argument cannot be given to the learner's code: {error}") from None

    def _round(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make one exchange; only what the learner's kernel takes for it counts on a stopwatch."""
        if self.lost is not None:
            raise self.lost
        started, self.waited = perf_counter(), 0.0
        try:
            return self._carry(body)
        finally:
            self.skipped += perf_counter() - started - self.waited

    def _carry(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            body |= self.surroundings.news(self._argument)
            body["m"] = self.changes()
        except WireError as error:
            raise UnjudgedError(f"a value of the test cannot be given to the learner's code: {error}") from None
        alive = {hid for hid in self._gone if hid in self._objects}
        body["release"], self._gone = [hid for hid in self._gone if hid not in alive], []
        body["threaded"] = self.exports.has_callbacks
        if len(json.dumps(body["m"])) > MAX_AT_ONCE:
            # Large values go ahead, so that carrying them is not taken for the learner's time.
            self.exchange({"op": "foreign", "do": "nothing", "m": body["m"], "forget": body.pop("forget", [])})
            body["m"], self.waited = {}, 0.0
        reply = self.exchange({"op": "foreign", **body})
        try:
            self._define(reply["c"])
            self.take(reply["m"], "k")
            self.namespace.forget_cached(str(name) for name in reply["stale"])
            out, err = str(reply["out"]), str(reply["err"])
            warned = [(self._classes[hid], str(text)) for hid, text in reply["warn"]]
        except (LostError, UnjudgedError):
            raise
        except Exception as broken:
            self.lose(f"the reply cannot be read ({type(broken).__name__})", broken)
        if out:
            sys.stdout.write(out)
        if err:
            sys.stderr.write(err)
        self.surroundings.hear(reply)
        for category, text in warned:
            known = isinstance(category, type) and issubclass(category, Warning)
            warnings.warn(text, category if known else UserWarning, stacklevel=3)
        return reply

    # callbacks

    def _act(self, reply: dict[str, Any]) -> dict[str, Any]:
        try:
            xid, what, nodes, named = reply["ask"]
            args = [self.value(node) for node in nodes]
            kwargs = {str(key): self.value(node) for key, node in named}
            self.exports[xid]
        except Exception as broken:
            self.lose(f"the reply cannot be read ({type(broken).__name__})", broken)
        try:
            return {"v": self._argument(self.exports.act(xid, what, args, kwargs))}
        except Exception as error:
            if isinstance(error, AssertionError) and not self.raised_by_learner(error):
                self.unmet = error  # whether it counts is not for the learner's code to say
            number = f"e{len(self._errors)}"
            self._errors[number] = error
            known = [self._argument(arg) for arg in error.args] if not isinstance(error, Remote) else []
            return {"e": {"class": self._argument(type(error)), "args": known, "id": number}}

    # values that are no plain data

    def outside(self, value: Any) -> Node:
        """Return a node for an object of the learner's, or one of the test."""
        if isinstance(value, RemoteMeta) or isinstance(type(value), RemoteMeta):
            owner = type.__getattribute__(value, "_link_") if isinstance(value, RemoteMeta) else type(value)._link_
            if owner is not self:
                self.refuse("it gives an object of one hand-in to another")
            return {"h": value._remote_}
        if isinstance(value, _Handle):
            return {"h": value.hid}
        if isinstance(value, type) and value in self._class_ids:
            return {"h": self._class_ids[value]}
        if isinstance(value, tuple) and type(value) in self._class_ids:
            return {"nt": [self._class_ids[type(value)], [self.node(item, 1) for item in value]]}
        return self.exports.node(value, self.node)

    def inside(self, tag: str, body: Any) -> Any:
        """Return what the learner's kernel means."""
        if tag == "h":
            hid, kind = body
            return self._object(str(hid), self._classes[kind])
        if tag == "k":
            return self._classes[body]
        if tag == "x":
            return self.exports[body]
        if tag == "nt":
            kind, items = body
            made = self._classes[kind]
            if isinstance(made, RemoteMeta):
                raise WireError("the reply is malformed")
            return made._make(self.value(item, 1) for item in items)
        raise WireError("the reply is malformed")

    def made(self, value: Any, content: dict[str, Any]) -> Any:
        """Return a tensor that passes its gradient on to the learner's graph, where it is part of one."""
        marks = content.get("tensor", (None, (False, True)))[1]
        if not marks[0] or marks[1] or not value.requires_grad:
            return value
        copy = value.clone()
        value.register_hook(lambda gradient: self.request("backward", copy, gradient))
        return copy

    def _object(self, hid: str, kind: type) -> Any:
        if not isinstance(kind, RemoteMeta):
            if issubclass(kind, BaseException):
                said = self.request("attr", _Handle(hid), "args")
                return raised(kind, said if type(said) is tuple else (), "")
            raise WireError("the reply is malformed")
        made = self._objects.get(hid)
        if made is None or type(made) is not kind:
            made = classes.make_object(kind, hid)
            self._objects[hid] = made
            weakref.finalize(made, self._gone.append, hid).atexit = False
        return made

    def _define(self, said: dict[str, Any], depth: int = 0) -> None:
        pending = dict(said)

        def define(hid: str) -> type:
            if hid in self._classes:
                return self._classes[hid]
            told = pending.pop(hid)
            bases = tuple(define(base) for base in told["bases"])
            made = None
            if told["library"]:
                made = classes.plain_class(told["module"], told["qualname"])
            elif told["fields"] is not None:
                made = collections.namedtuple(told["name"], told["fields"], module="__main__")
            self._classes[hid] = made or classes.make_class(self, hid, told, bases)
            if not isinstance(self._classes[hid], RemoteMeta) and told["fields"] is not None:
                self._class_ids[self._classes[hid]] = hid
            return self._classes[hid]

        for hid in said:
            define(hid)

    def _raised(self, said: dict[str, Any]) -> BaseException:
        kind = self._classes[said["class"]]
        if kind is WireError:
            self.refuse(str(said.get("text", ""))[:300])
        text = str(said.get("text", ""))
        self.surroundings.line = said.get("line")
        if isinstance(kind, RemoteMeta):
            if not issubclass(kind, BaseException):
                raise WireError("the reply is malformed")
            return self._object(str(said["id"]), kind)
        args = tuple(self.value(node) for node in said["args"]) if said["args"] is not None else (text,)
        if issubclass(kind, StopIteration):
            kind = RemoteControlError
        error = raised(kind, args, text)
        more = self.value(said["attributes"]) if "attributes" in said else {}
        error.__dict__.update({key: value for key, value in more.items() if isinstance(key, str) and key[:1] != "_"})
        error.__dict__["_of_learner"] = True
        return error


class _Handle:
    """An object of the learner's that has no stand-in here."""

    def __init__(self, hid: str) -> None:
        self.hid = hid
