"""The learner's side of a challenge: look a name up, call a function, re-run an answer with other inputs.

This runs in the learner's kernel, so nothing it says is believed: it can only be asked, and what comes back is judged
by value on the other side.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import os
import re
import socket
import stat
import time
import traceback
import types
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from scalable_ai.grading import wire
from scalable_ai.grading.conversation import CLOSED

PATIENCE = 300.0
"""Seconds in which the judge has to open its end."""
ANSWER = "<answer>"
"""The file that an answer's code says it is from."""
_TIMERS = re.compile(r"\A(\s*%%(time|timeit|capture)\b[^\n]*\n)+")


class MissingNameError(Exception):
    """A name that the answer was to define does not exist."""


class HandedInError(Exception):
    """A file that was to be handed in cannot be read; the message says what is there instead."""


def answer(request: str) -> str:
    """Carry out one request in the running kernel and return the reply, both as JSON text."""
    from IPython import get_ipython

    return respond(get_ipython().user_ns, request)


def serve(address: str) -> None:
    """Answer requests, a line each, until the judge hangs up."""
    with socket.socket(socket.AF_UNIX) as end:
        _connect(end, address)
        with _unheard(), end.makefile("rw", encoding="utf-8", newline="\n") as lines:
            while request := lines.readline():
                lines.write(answer(request) + "\n")
                lines.flush()


class _Nowhere(io.TextIOBase):
    """Takes what nobody will read."""

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Keep what answers print and show while they are judged from the notebook, which has shown it once."""
    from IPython import get_ipython

    publisher, nowhere = get_ipython().display_pub, _Nowhere()
    publisher.publish = lambda *args, **kwargs: None
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            yield
    finally:
        del publisher.publish


def _connect(end: socket.socket, address: str) -> None:
    """Connect; a judge that is still at work opens its end later."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return end.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > until or os.path.exists(address + CLOSED):
                raise
            time.sleep(0.002)


def respond(namespace: dict[str, Any], request: str) -> str:
    """Carry out one request in a namespace.

    Returns:
        JSON text: `{"ok": value}`, or `{"error": {"type", "message", "line"}}` for whatever the learner's code raised.
    """
    asked = json.loads(request)
    return json.dumps(_reply(lambda: _OPERATIONS[asked["op"]](namespace, asked)))


def _reply(value: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"ok": wire.dumps(value())}
    except BaseException as error:
        return {"error": {"type": type(error).__name__, "message": _message(error), "line": _line(error)}}


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    try:
        return str(error)[:300]
    except Exception:
        return ""


def _line(error: BaseException) -> int | None:
    """Return the line of the learner's cell in which an exception arose."""
    if isinstance(error, SyntaxError) and error.filename == ANSWER:
        return error.lineno
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno for frame in frames if _is_cell(frame.filename)), None)


def _is_cell(filename: str) -> bool:
    """Tell whether code was compiled here, or by the kernel from a notebook cell."""
    return filename == ANSWER or "ipykernel_" in filename


def _get(namespace: dict[str, Any], asked: dict[str, Any]) -> Any:
    return _lookup(namespace, asked["name"])


def _call(namespace: dict[str, Any], asked: dict[str, Any]) -> Any:
    function = _lookup(namespace, asked["name"])
    args, kwargs = wire.loads(asked["args"]), wire.loads(asked["kwargs"])
    _seed(asked)
    return function(*args, **kwargs)


def _call_and_keep(namespace: dict[str, Any], asked: dict[str, Any]) -> list[Any]:
    """Return what a function returns, and its arguments as it left them."""
    function, args = _lookup(namespace, asked["name"]), wire.loads(asked["args"])
    _seed(asked)
    return [function(*args), list(args)]


def _file(namespace: dict[str, Any], asked: dict[str, Any]) -> bytes:
    """Return the content of the file that a name of the answer names."""
    path, limit = _lookup(namespace, asked["name"]), asked["limit"]
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise HandedInError(f"no name of a file but {type(path).__name__}")
    name = os.path.basename(os.fspath(path))[:80]
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode) or not stat.S_ISREG(os.lstat(path).st_mode):
            raise HandedInError(f"'{name}', which is a link, a folder or a device and not a plain file")
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError):
        raise HandedInError(f"no file '{name}' beside the notebook; hand it in together with the notebook") from None
    if len(content) > limit:
        raise HandedInError(f"'{name}' of more than {limit / 1e6:g} MB")
    return content


def _rerun(namespace: dict[str, Any], asked: dict[str, Any]) -> Any:
    inner = _run_again(namespace, asked)
    return {name: _lookup(inner, name) for name in asked["want"]}


def _rerun_each(namespace: dict[str, Any], asked: dict[str, Any]) -> Any:
    """Return a reply for each name, so that one that is missing or no plain data costs no other."""
    inner = _run_again(namespace, asked)
    return {name: json.dumps(_reply(partial(_lookup, inner, name))) for name in asked["want"]}


def _run_again(namespace: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Run an answer cell's text in a copy of the namespace, with some names given."""
    inner = dict(namespace)
    for name in asked["want"]:
        inner.pop(name, None)
    inner.update(wire.loads(asked["given"]))
    _seed(asked)
    code, text = _compiled(asked["source"])
    # What reads the source of a function, such as `torch.jit.script`, looks for it here.
    linecache.cache[ANSWER] = (len(text), None, text.splitlines(keepends=True), ANSWER)
    exec(code, inner)  # the learner's own code, in the learner's kernel
    return inner


def _lookup(namespace: dict[str, Any], path: str) -> Any:
    name, *attributes = path.split(".")
    if name not in namespace:
        raise MissingNameError(name)
    value = namespace[name]
    for attribute in attributes:
        value = getattr(value, attribute)
    return value


def _seed(asked: dict[str, Any]) -> None:
    import random

    import numpy as np
    import torch

    seed = asked.get("seed", 0) % 2**32
    for seed_one in (random.seed, np.random.seed, torch.manual_seed):
        seed_one(seed)


@lru_cache(64)
def _compiled(source: str) -> tuple[types.CodeType, str]:
    text = _plain(source)
    return compile(text, ANSWER, "exec", dont_inherit=True), text


def _plain(source: str) -> str:
    """Turn notebook syntax (`%magic`, `!command`) into Python; a `%%time` above a cell changes nothing in it."""
    from IPython.core.inputtransformer2 import TransformerManager

    source = _TIMERS.sub(lambda found: "\n" * found[0].count("\n"), source)
    # The transformer drops empty lines at the top, which would shift the line numbers of messages.
    above = "\n" * (len(source) - len(source.lstrip("\n")))
    return above + TransformerManager().transform_cell(source)


def _foreign(namespace: dict[str, Any], asked: dict[str, Any]) -> str:
    """Carry out one request of a test cell that runs in the judge."""
    from scalable_ai.grading.foreign.server import serve as serve_test

    return serve_test(namespace, asked)


_OPERATIONS = {
    "get": _get,
    "call": _call,
    "call_and_keep": _call_and_keep,
    "file": _file,
    "rerun": _rerun,
    "rerun_each": _rerun_each,
    "foreign": _foreign,
}
