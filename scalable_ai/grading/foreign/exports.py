"""What of a test is given to the learner's code, and what that code may do with it."""

from __future__ import annotations

import builtins
import dis
import io
import marshal
import operator
import pickle
import sys
import types
from typing import Any
from unittest import mock

from scalable_ai.grading.foreign import guest
from scalable_ai.grading.foreign.errors import UnjudgedError
from scalable_ai.grading.foreign.plain import ANOTHER, Node, pack_bytes, write

_REACHES_OUT = {"globals", "locals", "vars", "exec", "eval", "compile", "super", "__import__", "input", "dir"}
_MOCK_OWN = {"configure_mock", "mock_add_spec", "attach_mock", "reset_mock"}
_OPERATIONS = {
    **{
        name: getattr(operator, name)
        for name in (*guest.COMPARE, *["neg", "pos", "abs", "invert", "contains", "index"])
    },
    **{
        name: getattr(operator, f"{name}_" if name in {"and", "or"} else name)
        for name in guest.BINARY
        if name != "divmod"
    },
    **{name: getattr(operator, name) for name in ("getitem", "setitem", "delitem")},
    **{name: getattr(builtins, name) for name in ("bool", "int", "float", "len", "str", "repr", "divmod")},
    "enter": lambda target: type(target).__enter__(target),
    "exit": lambda target, *what: type(target).__exit__(target, *what),
}


class Exports:
    """Objects of a test that the learner's code was given.

    Args:
        namespace: The test's names.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._objects: dict[str, Any] = {}
        self._ids: dict[int, str] = {}
        self.same_python = True
        self.has_callbacks = False

    def __getitem__(self, xid: str) -> Any:
        return self._objects[xid]

    def _id(self, value: Any) -> str:
        if id(value) not in self._ids:
            xid = f"x{len(self._ids) + 1}"
            self._ids[id(value)], self._objects[xid] = xid, value
        return self._ids[id(value)]

    def node(self, value: Any, encode: Any) -> Node:
        """Return a node for something that is no plain data.

        Args:
            value: The judge's.
            encode: Returns nodes of other values.

        Raises:
            UnjudgedError: It cannot be given away.
        """
        if id(value) in self._ids and not isinstance(value, types.FunctionType):
            return {"x": [self._id(value), *self._kind(value)]}
        if isinstance(value, types.ModuleType):
            return {"lib": f"{value.__name__}:"}
        if name := library_name(value):
            return {"lib": name}
        if isinstance(value, types.FunctionType) and self.same_python and (names := self._needs(value)) is not None:
            defaults, named = value.__defaults__, tuple((value.__kwdefaults__ or {}).items())
            code = pack_bytes(marshal.dumps(value.__code__))
            needs = [[key, encode(item)] for key, item in names.items()]
            return {"code": [self._id(value), code, value.__name__, encode(defaults), encode(named), needs]}
        if kind := self._kind(value):
            self.has_callbacks = True
            return {"x": [self._id(value), *kind]}
        try:
            return {"pickle": pack_bytes(pickle.dumps(value))}
        except Exception:
            text = f"an argument of class {type(value).__module__}.{type(value).__name__}"
            raise UnjudgedError(f"{text} cannot be given to the learner's code from outside its kernel") from None

    @staticmethod
    def _kind(value: Any) -> tuple[Any, ...]:
        """Return kind, name and builtin bases of a stand-in; nothing where a copy will do."""
        if isinstance(value, types.FunctionType | types.MethodType):
            return "function", value.__name__, []
        if isinstance(value, types.BuiltinMethodType) and isinstance(value.__self__, io.IOBase | list | dict | set):
            return "function", value.__name__, []
        if isinstance(value, type):
            bases = [base.__name__ for base in value.__mro__ if base.__module__ == "builtins"][:1]
            return ("error" if issubclass(value, BaseException) else "function"), value.__name__, bases
        kind = type(value)
        if isinstance(value, mock.NonCallableMock | io.IOBase | types.GeneratorType) or kind.__module__ == "__main__":
            return "object", kind.__name__, []
        return ("object", kind.__name__, []) if hasattr(kind, "__next__") else ()

    def _needs(self, function: types.FunctionType) -> dict[str, Any] | None:
        """Return the names that a function needs if those are libraries and constants only, so that it can be sent."""
        if function.__closure__ or function.__globals__ is not self._namespace:
            return None
        needs: dict[str, Any] = {}
        for name in _global_names(function.__code__):
            if dict.__contains__(self._namespace, name):
                value = dict.__getitem__(self._namespace, name)
                if not (isinstance(value, types.ModuleType) or library_name(value) or write(value) is not ANOTHER):
                    return None
                needs[name] = value
            elif name in _REACHES_OUT or not hasattr(builtins, name) or self._namespace.is_learners(name):
                return None
        return needs

    # what the learner's code does with it

    def act(self, xid: str, what: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Carry out what the learner's code asks of an object of the test."""
        target = self._objects[xid]
        kind = self._kind(target)[0]
        if what == "call":
            return target(*args, **kwargs)
        if kind != "object":
            raise AttributeError(what)
        if what == "step":
            missing = object()
            item = next(target if hasattr(type(target), "__next__") else self._iterator(xid, target), missing)
            return () if item is missing else (item,)
        if what == "attr":
            return self._attribute(target, args[0])
        if what == "setattr":
            return self._set_attribute(target, *args)
        if what.startswith("r") and what[1:] in guest.BINARY:
            return _OPERATIONS[what[1:]](args[0], target)
        return _OPERATIONS[what](target, *args)

    def _iterator(self, xid: str, target: Any) -> Any:
        key = f"{xid}:iterator"
        if key not in self._objects:
            self._objects[key] = iter(target)
        return self._objects[key]

    @staticmethod
    def _attribute(target: Any, name: str) -> Any:
        is_mock = isinstance(target, mock.NonCallableMock)
        if name.startswith("_") or (is_mock and name in _MOCK_OWN):
            raise AttributeError(f"'{type(target).__name__}' object has no attribute '{name}'")
        value = getattr(target, name)
        if isinstance(value, types.FrameType | types.CodeType | types.ModuleType | types.TracebackType):
            raise AttributeError(name)
        return value

    @staticmethod
    def _set_attribute(target: Any, name: str, value: Any) -> None:
        if name.startswith("_") or callable(getattr(type(target), name, None)):
            raise AttributeError(name)
        if isinstance(target, mock.NonCallableMock) and hasattr(type(target), name):
            raise AttributeError(name)
        setattr(target, name, value)


def _global_names(code: types.CodeType) -> set[str]:
    names = {
        step.argval for step in dis.get_instructions(code) if "GLOBAL" in step.opname or step.opname == "LOAD_NAME"
    }
    # A function that asserts is asked here: whether it was met is not for the learner's code to say.
    stays = {"STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_NAME", "LOAD_ASSERTION_ERROR", "RAISE_VARARGS"}
    if any(step.opname in stays or step.argval is AssertionError for step in dis.get_instructions(code)):
        names.add("globals")
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def library_name(value: Any) -> str:
    """Return `module:name` of a function or class of a library; nothing for anything else."""
    if not callable(value):
        return ""
    module, path = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(path, str) or module == "__main__":
        return ""
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return f"{module}:{path}" if found is value else ""
