"""What a test cell finds around it in the judge, and what of its doing has to reach the learner's kernel.

Seeds, patched library functions, the recursion limit and global names are told to the learner's kernel before it is
asked anything; what its code prints is printed here.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dataclasses
import inspect
import io
import os
import random
import sys
import time
import timeit
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from scalable_ai.grading.foreign import rng
from scalable_ai.grading.foreign.errors import UnjudgedError
from scalable_ai.grading.foreign.graph import plain_copy
from scalable_ai.grading.foreign.patches import Patches
from scalable_ai.grading.foreign.plain import ANOTHER, write
from scalable_ai.grading.foreign.proxies import Remote, RemoteMeta
from scalable_ai.grading.wire import WireError

MAX_OUTPUT = 100_000
_ABSENT = object()
_CLOCKS = ("time", "perf_counter", "monotonic", "time_ns", "perf_counter_ns", "monotonic_ns")
_ASKED = (dataclasses.fields, dataclasses.asdict, dataclasses.astuple, dataclasses.replace)


class Output(io.StringIO):
    """A stream of limited length."""

    def write(self, text: str) -> int:
        """Write as much as there is room for."""
        super().write(text[: max(MAX_OUTPUT - self.tell(), 0)])
        return len(text)


class Surroundings:
    """The state of the judge's process while a test cell runs.

    Args:
        link: To the learner's kernel.
        used: Names that the instructor's code outside tests uses.
        is_seeded: Whether the notebook seeds random numbers.
        source_of: Returns the text of a function among the learner's answers.
    """

    def __init__(self, link: Any, used: set[str], is_seeded: bool, source_of: Callable[[str], str | None]) -> None:
        self._link, self._used, self.is_seeded, self._source_of = link, used, is_seeded, source_of
        self.visible: set[str] = set()
        self.line: int | None = None
        self._patches = Patches(link.namespace)
        self._limit, self._told_limit = sys.getrecursionlimit(), 0
        self._rng: dict[str, Any] = {}

    @contextlib.contextmanager
    def entered(self, folder: Path, out: io.StringIO) -> Iterator[None]:
        """Run a test cell's code in a folder, with what it prints going to a stream; what it replaces is put back."""
        before = Path.cwd()
        main, path = sys.modules.get("__main__"), list(sys.path)
        with contextlib.ExitStack() as stack:
            stack.callback(os.chdir, before)
            os.chdir(folder)
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(Output()))
            for target, name, value in self._replaced():
                stack.callback(setattr, target, name, getattr(target, name))
                setattr(target, name, value)
            stack.callback(self._put_back)
            stack.callback(sys.modules.__setitem__, "__main__", main)
            sys.modules["__main__"] = _Main(self._link.namespace)
            stack.callback(sys.path.__setitem__, slice(None), path)
            sys.path[:] = [entry for entry in path if entry and Path(entry).resolve() != Path(folder).resolve()]
            self._start_generators()
            yield

    def watch(self, code: ast.AST) -> None:
        """Note what of libraries some code is about to replace, by names that stand above it."""
        self._patches.find(code)

    def _replaced(self) -> list[tuple[Any, str, Any]]:
        enter = mock._patch.__enter__

        def enter_and_watch(patch: Any) -> Any:
            target = patch.getter()
            if not isinstance(target, Remote | RemoteMeta | _Main):
                self._patches.watch(target, patch.attribute)
            return enter(patch)

        get_source, get_lines = inspect.getsource, inspect.getsourcelines

        def lines(target: Any) -> tuple[list[str], int]:
            return (source(target).splitlines(keepends=True), 1) if _is_remote(target) else get_lines(target)

        def source(target: Any) -> str:
            return self._source(target) if _is_remote(target) else get_source(target)

        return [
            (mock._patch, "__enter__", enter_and_watch),
            (inspect, "getsource", source),
            (inspect, "getsourcelines", lines),
            *((dataclasses, one.__name__, self._there(one)) for one in _ASKED),
            (sys, "setrecursionlimit", self._set_limit),
            (sys, "getrecursionlimit", lambda: self._limit),
            (sys, "stdin", io.StringIO()),
            *((time, name, self._without_carrying(name)) for name in _CLOCKS),
            (timeit, "default_timer", self._without_carrying("perf_counter")),
        ]

    def _without_carrying(self, name: str) -> Callable[[], float]:
        """Return a clock that stands still while values are carried between the processes."""
        read, unit, before = getattr(time, name), 10**9 if name.endswith("_ns") else 1, self._link.skipped
        return lambda: read() - type(read())((self._link.skipped - before) * unit)

    def _there(self, function: Any) -> Any:
        """Return a function that runs in the learner's kernel for objects of the learner's."""

        def run(target: Any, /, *args: Any, **kwargs: Any) -> Any:
            if not _is_remote(target):
                return function(target, *args, **kwargs)
            path = f"{function.__module__}:{function.__name__}"
            return self._link.request("library", path, (target, *args), tuple(kwargs.items()))

        return run

    def _source(self, target: Any) -> str:
        name = target._name_ if isinstance(target, RemoteMeta) else str(target.__name__)
        return self._source_of(name) or str(self._link.request("source", target))

    def _set_limit(self, limit: int) -> None:
        if type(limit) is not int or limit < 1:
            raise ValueError("recursion limit must be greater or equal than 1")
        self._limit = self._told_limit = limit

    def _start_generators(self) -> None:
        random.seed()
        np.random.seed()
        torch.seed()
        if self.is_seeded:
            self._rng = rng.states()
            self._link.request("nothing")

    def _put_back(self) -> None:
        if self._patches.restore() and self._link.lost is None:
            with contextlib.suppress(BaseException):
                self._link.request("nothing")
        self._patches.forget()

    # what a request takes along, and what its reply brings

    def news(self, encode: Callable[[Any], Any]) -> dict[str, Any]:
        """Return what the learner's kernel has to know before it carries out a request."""
        told: dict[str, Any] = {"patch": self._patches.news(encode)}
        bound, told["del"] = self._link.namespace.news()
        told["set"] = [
            [name, node] for name, value in bound.items() if (node := self._pushed(name, value)) is not _ABSENT
        ]
        if self._told_limit:
            told["recursion"], self._told_limit = self._told_limit, 0
        if self.is_seeded:
            now = rng.states()
            told["rng"], self._rng = rng.difference(now, self._rng), now
            told["rng?"] = True
        return told

    def _pushed(self, name: str, value: Any) -> Any:
        """Return the node of a name that the learner's code may have use for.

        A name that the instructor's own answer uses is the same object on both sides; one that this answer uses and
        that the learner can read in the test is a copy; what only hidden lines bind stays here.
        """
        is_used = name in self._used or hasattr(builtins, name)
        if name.startswith("__") or not (is_used or name in self.visible):
            return _ABSENT
        try:
            if not is_used:
                return self._link.node(plain_copy(value))
            node = self._link.node(value)
            if write(value) is not ANOTHER or type(value) in {list, dict, set, tuple, np.ndarray, torch.Tensor}:
                self._link.namespace.hand_over(name)
            return node
        except (WireError, UnjudgedError):
            return _ABSENT

    def hear(self, reply: dict[str, Any]) -> None:
        """Go on with the random numbers where the learner's code left them."""
        if self.is_seeded and isinstance(reply.get("rng"), dict):
            with contextlib.suppress(Exception):
                rng.restore(rng.difference(reply["rng"], self._rng))
            self._rng = rng.states()


def _is_remote(target: Any) -> bool:
    return isinstance(target, RemoteMeta) or isinstance(type(target), RemoteMeta)


class _Main(types.ModuleType):
    """What `__main__` is while a test cell runs."""

    def __init__(self, namespace: Any) -> None:
        super().__init__("__main__")
        self.__dict__["_names"] = namespace

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_names"][name]
        except KeyError:
            raise AttributeError(f"module '__main__' has no attribute '{name}'") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__["_names"][name] = value

    def __delattr__(self, name: str) -> None:
        del self.__dict__["_names"][name]
