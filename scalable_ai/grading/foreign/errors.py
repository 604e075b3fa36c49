"""What can end a test cell, and the learner's exceptions as the judge raises them."""

from __future__ import annotations

import builtins
import sys

_CONTROL = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt)
_SILENT = {
    ("unittest.case", "SkipTest"),
    ("unittest.case", "_ShouldStop"),
    ("_pytest.outcomes", "Skipped"),
    ("_pytest.outcomes", "Exit"),
}
"""Exceptions that a runner of tests takes for success."""


class UnjudgedError(BaseException):
    """A construct that cannot be judged outside the learner's kernel; no `except` of a test keeps it from the top."""


class LostError(BaseException):
    """The learner's kernel ended, was stopped, or answered what cannot be read."""

    def __init__(self, text: str, is_stopped: bool) -> None:
        super().__init__(text)
        self.is_stopped = is_stopped


class RemoteControlError(RuntimeError):
    """What a test gets for the learner's StopIteration or KeyboardInterrupt, which would end its own loops."""


def known_exception(module: str, qualname: str) -> type[BaseException] | None:
    """Return the exception class that the judge raises for one of the learner's that says it is a library's."""
    if module == "builtins":
        kind = getattr(builtins, qualname, None)
    else:
        kind = sys.modules.get(module)
        for part in qualname.split("."):
            kind = getattr(kind, part, None)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        return None
    if issubclass(kind, _CONTROL):
        return RemoteControlError
    if (kind.__module__, kind.__qualname__) in _SILENT or kind in {BaseException, BaseExceptionGroup, ExceptionGroup}:
        return RemoteControlError if kind is not BaseException else None
    if module == "builtins" or issubclass(kind, Exception):
        return kind
    return RemoteControlError


def raised(kind: type[BaseException], args: tuple, text: str) -> BaseException:
    """Return an exception of a library class, made without running its own code."""
    try:
        error = kind.__new__(kind, *args)
        error.args = args
        if kind is SystemExit:
            error.code = args[0] if args else None
        elif issubclass(kind, OSError | ImportError | UnicodeError | SyntaxError | NameError | AttributeError):
            BaseException.__setattr__(error, "args", args)
            kind.__init__(error, *args) if kind.__module__ == "builtins" else None
    except Exception:
        error = Exception.__new__(kind)
        error.args = (text,)
    if kind is RemoteControlError:
        error.args = (text,)
    return error
