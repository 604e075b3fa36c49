"""The learner's objects and classes as a test sees them: every access is a question to the learner's kernel.

A class of the learner's is a class here too, so that `isinstance`, `except` and `type(x).__name__` need no special
case. What it inherits is believed only for exceptions and library classes, never for the types of plain data.
"""

from __future__ import annotations

from typing import Any

from scalable_ai.grading.foreign import guest

_OWN = {"__class__", "_remote_"}
_TYPE_OWN = frozenset(
    [
        "__class__",
        "__mro__",
        "__bases__",
        "__base__",
        "__name__",
        "__qualname__",
        "__module__",
        "__flags__",
        "__basicsize__",
        "__subclasses__",
        "__instancecheck__",
        "__subclasscheck__",
        "__abstractmethods__",
        "__weakrefoffset__",
        "__dictoffset__",
        "__itemsize__",
        "mro",
        "_remote_",
        "_link_",
        "_claims_",
        "_name_",
        "_library_",
        "__prepare__",
        "__type_params__",
        "__static_attributes__",
        "__firstlineno__",
    ]
)


class RemoteMeta(type):
    """The class of the learner's classes."""

    def __getattribute__(cls, name: str) -> Any:
        if name in _TYPE_OWN or "_remote_" not in type.__getattribute__(cls, "__dict__"):
            return type.__getattribute__(cls, name)
        return cls._link_.request("attr", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in {"__abstractmethods__", "__doc__"} and "_remote_" not in type.__getattribute__(cls, "__dict__"):
            return type.__setattr__(cls, name, value)
        return cls._link_.request("setattr", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        cls._link_.request("delattr", cls, name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Construct an object, in the learner's kernel."""
        return cls._link_.call(cls, args, kwargs)

    def __eq__(cls, other: Any) -> bool:
        return cls is other or (isinstance(other, type) and _claimed(cls) is other)

    def __hash__(cls) -> int:
        return type.__hash__(cls)

    def __iter__(cls) -> Any:
        return iter(cls._link_.request("op", "iter", (cls,)))

    def __len__(cls) -> int:
        return _whole(cls._link_.request("op", "len", (cls,)))

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, key: Any) -> Any:
        return cls._link_.request("op", "getitem", (cls, key))

    def __contains__(cls, item: Any) -> bool:
        return any(item is member or item == member for member in cls)

    def __dir__(cls) -> list[str]:
        return cls._link_.request("op", "dir", (cls,))

    def __repr__(cls) -> str:
        return f"<class '{cls.__module__}.{cls.__qualname__}'>"


def _claimed(cls: type) -> type | None:
    return type.__getattribute__(cls, "_claims_")


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    return value


class Remote:
    """An object of the learner's."""

    def __getattribute__(self, name: str) -> Any:
        kind = type(self)
        if name == "_remote_":
            return object.__getattribute__(self, name)
        if name == "__class__":
            return _claimed(kind) or kind
        if name in {"__reduce_ex__", "__reduce__", "__getstate__"}:
            kind._link_.refuse(f"an object of the learner's class {kind.__name__} would have to be copied to the judge")
        if name in {"__deepcopy__", "__copy__"}:
            operation = name.strip("_")
            return lambda memo=None: kind._link_.request("op", operation, (self,))
        if name == "__signature__" and kind._name_ in _FUNCTIONS:
            return kind._link_.signature(self)
        if name in {"__traceback__", "__cause__", "__context__", "__suppress_context__", "with_traceback", "__notes__"}:
            return object.__getattribute__(self, name)
        try:
            return kind._link_.request("attr", self, name)
        except AttributeError as missing:
            kind._link_.missing = missing
            raise

    def __getattr__(self, name: str) -> Any:
        # Python asks here after an AttributeError; a library class's own way would look for the name again.
        raise type(self)._link_.missing

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"__traceback__", "__cause__", "__context__", "__suppress_context__"}:
            return object.__setattr__(self, name, value)
        return type(self)._link_.request("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        type(self)._link_.request("delattr", self, name)

    def __str__(self) -> str:
        return _text(type(self)._link_.request("op", "str", (self,)))

    def __repr__(self) -> str:
        return _text(type(self)._link_.request("op", "repr", (self,)))

    def __format__(self, form: str) -> str:
        return _text(type(self)._link_.request("op", "format", (self, form)))

    def __dir__(self) -> list[str]:
        return type(self)._link_.request("op", "dir", (self,))

    def __eq__(self, other: Any) -> Any:
        return type(self)._link_.compare("eq", self, other)

    def __ne__(self, other: Any) -> Any:
        return type(self)._link_.compare("ne", self, other)

    def __hash__(self) -> int:
        link, kind = type(self)._link_, type(self)
        return _whole(link.request("op", "hash", (self,))) if link.decides(kind, "hash") else object.__hash__(self)

    def __bool__(self) -> bool:
        link, kind = type(self)._link_, type(self)
        if link.decides(kind, "bool"):
            return bool(link.request("op", "bool", (self,)))
        return len(self) > 0 if "__len__" in vars_of(kind) else True


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"__str__ returned non-string (type {type(value).__name__})")
    return value


_FUNCTIONS = {"function", "builtin_function_or_method", "method", "type"}


def vars_of(kind: type) -> dict[str, Any]:
    """Return the special methods that a class of the learner's was given here."""
    return {name: item for base in kind.__mro__ for name, item in type.__getattribute__(base, "__dict__").items()}


def _asks(name: str) -> Any:
    def ask(self: Any, *args: Any) -> Any:
        return type(self)._link_.request("op", name, (self, *args))

    return ask


def _decided(name: str) -> Any:
    def compare(self: Any, *args: Any) -> Any:
        return type(self)._link_.compare(name, self, *args)

    return compare


def _of_type(name: str, kinds: tuple[type, ...]) -> Any:
    def convert(self: Any) -> Any:
        value = type(self)._link_.request("op", name, (self,))
        if type(value) not in kinds:
            raise TypeError(f"__{name}__ returned {type(value).__name__}")
        return value

    return convert


def _contains(self: Any, item: Any) -> bool:
    link = type(self)._link_
    if link.decides(type(self), "contains", item):
        return bool(link.request("op", "contains", (self, item)))
    return any(item is one or item == one for one in self)


def _next(self: Any) -> Any:
    step = type(self)._link_.request("step", self)
    if not step:
        raise StopIteration
    return step[0]


def _exit(self: Any, kind: Any, error: Any, trace: Any) -> bool:
    """Leave a context manager of the learner's; it may swallow what the learner's code raised, never a failed check."""
    link = type(self)._link_
    mine = error if error is None or link.raised_by_learner(error) else None
    swallow = link.request("op", "exit", (self, type(mine) if mine is not None else None, mine))
    return mine is not None and swallow is True


METHODS: dict[str, Any] = {
    **{f"__{name}__": _decided(name) for name in (*guest.BINARY, *guest.COMPARE[2:])},
    **{f"__r{name}__": _decided(f"r{name}") for name in guest.BINARY},
    **{f"__i{name}__": _decided(f"i{name}") for name in guest.BINARY if name != "divmod"},
    **{f"__{name}__": _asks(name) for name in (*guest.UNARY, "getitem", "setitem", "delitem", "enter", "round")},
    **{f"__{name}__": _asks(name) for name in ("iter", "reversed")},
    "__int__": _of_type("int", (int,)),
    "__index__": _of_type("index", (int,)),
    "__len__": _of_type("len", (int,)),
    "__float__": _of_type("float", (float,)),
    "__complex__": _of_type("complex", (complex,)),
    "__next__": _next,
    "__contains__": _contains,
    "__exit__": _exit,
    "__call__": lambda self, *args, **kwargs: type(self)._link_.call(self, args, kwargs),
    "__array__": lambda self, dtype=None, copy=None: type(self)._link_.request("op", "array", (self,)),
}
