"""The learner's kernel, asked one thing at a time by a judge that runs a test cell elsewhere.

Nothing of this is believed by the judge: it runs beside the learner's code.
"""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import sys
import threading
import traceback
import warnings
from queue import SimpleQueue
from typing import Any

from scalable_ai.grading.foreign import rng
from scalable_ai.grading.foreign.operations import operate
from scalable_ai.grading.foreign.table import Table

MAX_OUTPUT = 200_000
_sessions: dict[int, Server] = {}


def serve(namespace: dict[str, Any], asked: dict[str, Any]) -> str:
    """Carry out one request and return the reply."""
    if id(namespace) not in _sessions or asked["do"] == "restart":
        _sessions[id(namespace)] = Server(namespace)
    return json.dumps(_sessions[id(namespace)].answer(asked))


class _Output(io.StringIO):
    def write(self, text: str) -> int:
        left = MAX_OUTPUT - self.tell()
        return super().write(text[: max(left, 0)])


class Server:
    """One kernel's end of the line."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.token = secrets.token_hex(16)
        self.namespace = namespace
        self.table = Table(namespace)
        self.table.ask = self._ask
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._waiting: list[SimpleQueue[Any]] = []
        self._threads: list[int] = []
        self._patched: dict[tuple[int, str], tuple[Any, bool, Any]] = {}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        if asked["do"] in {"hello", "restart"}:
            return {"token": self.token, "version": list(sys.version_info[:2])}
        table = self.table
        out, err = _Output(), _Output()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(record=True) as warned,
        ):
            try:
                self._prepare(asked)
                reply = self._advance(asked)
            except BaseException as error:
                reply = {"e": self._error(error)}
            try:
                reply["m"] = table.changes()
            except BaseException as error:
                reply = {"e": self._error(error), "m": {}}
        reply["c"], table.classes = table.classes, {}
        reply["out"], reply["err"] = out.getvalue(), err.getvalue()
        reply["warn"] = [[table.class_id(one.category), str(one.message)[:1000]] for one in warned[:100]]
        reply["c"].update(table.classes)
        table.classes = {}
        reply["stale"] = [
            name for name, value in self.table.seen.items() if self.namespace.get(name, self) is not value
        ]
        for name in reply["stale"]:
            del self.table.seen[name]
        if asked.get("rng?"):
            reply["rng"] = rng.states()
        return reply

    def _prepare(self, asked: dict[str, Any]) -> None:
        """Bring this side to what has happened in the test."""
        table = self.table
        table.forget(asked.get("forget", []))
        table.release(asked.get("release", []))
        table.take(asked.get("m", {}), "j")
        for target, name, node in asked.get("patch", []):
            self._patch(table.value(target), name, node)
        for name in asked.get("del", []):
            self.namespace.pop(name, None)
            self.table.seen.pop(name, None)
        for name, node in asked.get("set", []):
            self.namespace[name] = self.table.seen[name] = table.value(node)
        if "recursion" in asked:
            sys.setrecursionlimit(asked["recursion"])
        rng.restore(asked.get("rng", {}))

    def _patch(self, target: Any, name: str, node: Any) -> None:
        key = (id(target), name)
        if node == "restore":
            if key in self._patched:
                _, had, before = self._patched.pop(key)
                setattr(target, name, before) if had else delattr(target, name)
            return
        if key not in self._patched:
            self._patched[key] = (target, name in vars(target), vars(target).get(name))
        setattr(target, name, self.table.value(node))

    def _advance(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Run what is asked, as far as it goes without the judge."""
        if asked["do"] == "answer":
            self._waiting.pop().put(asked)
        elif not asked.get("threaded"):
            return {"v": self.table.node(self._run(asked))}
        else:
            threading.stack_size(256 * 1024 * 1024)
            thread = threading.Thread(target=self._work, args=(asked,), daemon=True)
            thread.start()
            self._threads.append(thread.ident)
        try:
            what, value = self._events.get()
        except KeyboardInterrupt:
            self._interrupt()
            raise
        if what == "ask":
            return value
        self._threads.pop()
        if what == "error":
            raise value
        return {"v": self.table.node(value)}

    def _work(self, asked: dict[str, Any]) -> None:
        try:
            self._events.put(("value", self._run(asked)))
        except BaseException as error:
            self._events.put(("error", error))

    def _interrupt(self) -> None:
        import ctypes

        for ident in self._threads:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))
        self._threads.clear()
        self._waiting.clear()
        self._events = SimpleQueue()

    def _ask(self, xid: str, what: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Ask the judge to act on an object of its own; called by the learner's code."""
        if threading.current_thread() is threading.main_thread():
            raise RuntimeError("a function of the test was called after the test")
        table, back = self.table, SimpleQueue()
        self._waiting.append(back)
        nodes = [table.node(arg) for arg in args]
        named = [[key, table.node(arg)] for key, arg in kwargs.items()]
        self._events.put(("ask", {"ask": [xid, what, nodes, named]}))
        answer = back.get()
        if "e" in answer:
            raise self._raised(answer["e"])
        return table.value(answer["v"])

    def _raised(self, said: dict[str, Any]) -> BaseException:
        kind = self.table.value(said["class"])
        error = kind(*(self.table.value(arg) for arg in said["args"]))
        error._judge_error = said["id"]
        return error

    def _run(self, asked: dict[str, Any]) -> Any:
        return operate(self.table, asked["do"], [self.table.value(node) for node in asked.get("a", [])])

    def _error(self, error: BaseException) -> dict[str, Any]:
        table = self.table
        known = getattr(error, "_judge_error", None)
        if known is not None:
            return {"x": known}
        said = {"class": table.class_id(type(error)), "id": table.hold(error), "args": None}
        with contextlib.suppress(BaseException):
            more = (error.filename,) if isinstance(error, OSError) and error.filename and len(error.args) == 2 else ()
            said["args"] = [table.node(arg) for arg in (*error.args, *more)]
        with contextlib.suppress(BaseException):
            said["attributes"] = table.node({key: value for key, value in vars(error).items() if key[:1] != "_"})
        with contextlib.suppress(BaseException):
            said["text"] = str(error)[:2000]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if "ipykernel_" in frame.filename]
        said["line"] = lines[-1] if lines else None
        error.__traceback__ = None
        return said
