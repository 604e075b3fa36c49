"""What a judge can ask of the learner's kernel."""

from __future__ import annotations

import builtins
import copy
import importlib
import inspect
import operator
from types import MappingProxyType
from typing import Any

from scalable_ai.grading.foreign import guest
from scalable_ai.grading.foreign.table import Table


def operate(table: Table, what: str, args: list[Any]) -> Any:
    """Carry out one operation and return its value."""
    return _ASKED[what](table, *args)


def _get(table: Table, name: str) -> Any:
    if name not in table.namespace:
        return ()
    table.seen[name] = table.namespace[name]
    return (table.namespace[name],)


def _names(table: Table) -> Any:
    return [name for name in table.namespace if isinstance(name, str)]


def _call(table: Table, function: Any, args: tuple, kwargs: tuple) -> Any:
    return function(*args, **dict(kwargs))


def _library(table: Table, path: str, args: tuple, kwargs: tuple) -> Any:
    return table.inside("lib", path)(*args, **dict(kwargs))


def _attr(table: Table, target: Any, name: str) -> Any:
    value = getattr(target, name)
    return dict(value) if isinstance(value, MappingProxyType) else value


def _setattr(table: Table, target: Any, name: str, value: Any) -> None:
    setattr(target, name, value)


def _delattr(table: Table, target: Any, name: str) -> None:
    delattr(target, name)


def _op(table: Table, name: str, args: tuple) -> Any:
    return OPERATIONS[name](*args)


def _step(table: Table, target: Any) -> Any:
    try:
        return (next(target),)
    except StopIteration:
        return ()


def _import(table: Table, name: str) -> Any:
    return importlib.import_module(name)


def _backward(table: Table, tensor: Any, gradient: Any) -> None:
    tensor.backward(gradient=gradient, retain_graph=True)


def _nothing(table: Table) -> None:
    pass


def _source(table: Table, target: Any) -> str:
    return inspect.getsource(target)


def _signature(table: Table, target: Any) -> Any:
    found = inspect.signature(target)
    rows = [
        (
            one.name,
            int(one.kind),
            one.default is not one.empty,
            None if one.default is one.empty else one.default,
            one.annotation is not one.empty,
            None if one.annotation is one.empty else one.annotation,
        )
        for one in found.parameters.values()
    ]
    has = found.return_annotation is not found.empty
    return tuple(rows), has, found.return_annotation if has else None


def _magic(table: Table, method: str, args: tuple) -> Any:
    from IPython import get_ipython

    value = getattr(get_ipython(), method)(*args)
    return list(value) if method == "getoutput" else None


def _dunder(name: str) -> Any:
    def apply(left: Any, *rest: Any) -> Any:
        return getattr(type(left), f"__{name}__")(left, *rest)

    return apply


OPERATIONS = {
    **{name: _dunder(name) for name in guest.BINARY},
    **{f"r{name}": _dunder(f"r{name}") for name in guest.BINARY},
    **{f"i{name}": _dunder(f"i{name}") for name in guest.BINARY if name != "divmod"},
    **{name: _dunder(name) for name in guest.COMPARE},
    **{name: getattr(operator, name) for name in ("neg", "pos", "abs", "invert")},
    **{name: getattr(builtins, name) for name in ["bool", "int", "float", "complex", "len", "str", "repr", "hash"]},
    **{name: getattr(builtins, name) for name in ["iter", "format", "round", "reversed", "dir"]},
    "index": operator.index,
    "contains": operator.contains,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "enter": _dunder("enter"),
    "exit": lambda target, kind, error: type(target).__exit__(target, kind, error, None),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "array": lambda target: __import__("numpy").asarray(target),
}

_ASKED = {
    "get": _get,
    "names": _names,
    "call": _call,
    "library": _library,
    "attr": _attr,
    "setattr": _setattr,
    "delattr": _delattr,
    "op": _op,
    "step": _step,
    "import": _import,
    "backward": _backward,
    "nothing": _nothing,
    "source": _source,
    "signature": _signature,
    "magic": _magic,
}
