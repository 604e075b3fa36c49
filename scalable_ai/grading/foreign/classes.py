"""The classes here of the learner's objects, made from what the learner's kernel says of them."""

from __future__ import annotations

import datetime
import decimal
import fractions
import numbers
import sys
import types
from typing import Any

import numpy as np
import torch

from scalable_ai.grading.foreign.errors import RemoteControlError, known_exception
from scalable_ai.grading.foreign.proxies import METHODS, Remote, RemoteMeta

_SAFE_CLASSES = (
    *(int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, object, type),
    *(type(None), type(...), type(NotImplemented)),
)


def library_class(module: str, qualname: str, roots: frozenset[str]) -> type | None:
    """Return the class of a library that the judge has loaded, for `isinstance`; none for types of plain data."""
    if module.partition(".")[0] not in roots:
        return None
    kind: Any = sys.modules.get(module)
    if module == "builtins":
        kind = _BUILTIN.get(qualname)
    else:
        for part in qualname.split("."):
            kind = getattr(kind, part, None)
    return kind if isinstance(kind, type) and not is_value_class(kind) else None


_BUILTIN = {
    "function": types.FunctionType,
    "method": types.MethodType,
    "builtin_function_or_method": types.BuiltinFunctionType,
    "generator": types.GeneratorType,
    "coroutine": types.CoroutineType,
    "module": types.ModuleType,
    "property": property,
    "staticmethod": staticmethod,
    "classmethod": classmethod,
    **{kind.__name__: kind for kind in (zip, map, filter, enumerate, reversed, super)},
}


def is_value_class(kind: type) -> bool:
    """Return whether a class is one of plain data, which nothing but a value that travelled can be of."""
    families = (*_SAFE_CLASSES[:13], np.ndarray, np.generic, torch.Tensor, datetime.date, datetime.time)
    more = (datetime.timedelta, decimal.Decimal, fractions.Fraction, numbers.Number)
    frames = sys.modules.get("pandas")
    tables = (frames.DataFrame, frames.Series, frames.Index) if frames else ()
    return kind not in {object} and issubclass(kind, (*families, *more, *tables))


def plain_class(module: str, qualname: str) -> type | None:
    """Return a class that is the same one on both sides and harmless to call: int, list, ValueError, np.int64, …."""
    for kind in _SAFE_CLASSES:
        if kind.__module__ == module and kind.__qualname__ == qualname:
            return kind
    loaded = sys.modules.get(module)
    kind = getattr(loaded, qualname, None) if module in {"builtins", "numpy", "torch", "datetime", "decimal"} else None
    kind = getattr(sys.modules["collections"], qualname, None) if module == "collections" else kind
    if isinstance(kind, type) and (is_value_class(kind) or issubclass(kind, Exception)):
        return kind
    return None


def make_class(link: Any, hid: str, said: dict[str, Any], bases: tuple[type, ...]) -> type:
    """Return the class here of one of the learner's.

    Args:
        link: To the learner's kernel.
        hid: The class's id there.
        said: What that kernel says of it.
        bases: The classes here of those that it says it inherits from.
    """
    name, module, qualname = (str(said[key])[:200] for key in ("name", "module", "qualname"))
    claims = library_class(module, qualname, link.roots) if said["library"] else None
    body = {"_link_": link, "_name_": name, "_claims_": claims, "__module__": module, "__qualname__": qualname}
    body |= {special: METHODS[special] for special in said["has"] if special in METHODS}
    body |= {"_remote_": hid, "_library_": bool(said["library"]) and module != "builtins"}
    error = known_exception(module, qualname) if said["library"] else None
    if error is not None and error is not RemoteControlError:
        return error
    exceptions = tuple(base for base in bases if issubclass(base, BaseException) and base is not RemoteControlError)
    lead = exceptions[:1] or tuple(base for base in bases if isinstance(base, RemoteMeta))[:1]
    if claims is not None and _can_inherit(claims):
        lead, body["__del__"] = (claims,), lambda self: None
    parents = (Remote, *lead) if lead and not issubclass(lead[0], Remote) else (lead or (Remote,))
    if error is RemoteControlError or any(base is RemoteControlError for base in bases):
        parents = (Remote, RemoteControlError)
    try:
        return RemoteMeta(name, parents, body)
    except TypeError:
        return RemoteMeta(name, (Remote,), body)


def _can_inherit(kind: type) -> bool:
    """Return whether a class of the learner's can be a subclass of a library's here without running its code."""
    heap_type = 1 << 9  # Py_TPFLAGS_HEAPTYPE: written in Python
    return type(kind) is type and all(
        base.__flags__ & heap_type and "__init_subclass__" not in vars(base) for base in kind.__mro__[:-1]
    )


def make_object(kind: type, hid: str) -> Any:
    """Return the object here that stands for one of the learner's."""
    made = BaseException.__new__(kind) if issubclass(kind, BaseException) else object.__new__(kind)
    object.__setattr__(made, "_remote_", hid)
    return made
