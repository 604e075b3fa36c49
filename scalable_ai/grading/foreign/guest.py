"""Stand-ins, in the learner's kernel, for functions and objects of a test that were given to the learner's code."""

from __future__ import annotations

from typing import Any

BINARY = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
    "divmod",
]
COMPARE = ["eq", "ne", "lt", "le", "gt", "ge"]
UNARY = ["neg", "pos", "abs", "invert"]
CONVERT = ["bool", "int", "float", "complex", "index", "len", "str", "repr", "hash"]
OTHER = [
    "contains",
    "getitem",
    "setitem",
    "delitem",
    "call",
    "iter",
    "next",
    "enter",
    "exit",
    "format",
    "round",
    "reversed",
    "array",
]
SPECIAL = frozenset(
    f"__{name}__"
    for name in (
        *(*BINARY, *COMPARE, *UNARY, *CONVERT, *OTHER),
        *(f"r{name}" for name in BINARY),
        *(f"i{name}" for name in BINARY if name != "divmod"),
    )
)
"""Special methods that the two sides know how to ask for."""


class Guest:
    """An object of the judge's; what is done to it happens there."""

    def __init__(self, table: Any, xid: str, name: str) -> None:
        object.__setattr__(self, "_ask_judge", lambda *asked: table.ask(xid, *asked))
        object.__setattr__(self, "_name", name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'{self._name}' object has no attribute '{name}'")
        return self._ask_judge("attr", [name], {})

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask_judge("setattr", [name, value], {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object, in the judge."""
        return self._ask_judge("call", list(args), kwargs)

    def __iter__(self) -> Any:
        while True:
            # A generator ends by returning; StopIteration itself would be an error in one.
            step = self._ask_judge("step", [], {})
            if not step:
                return
            yield step[0]

    def __next__(self) -> Any:
        step = self._ask_judge("step", [], {})
        if not step:
            raise StopIteration
        return step[0]

    def __enter__(self) -> Any:
        return self._ask_judge("enter", [], {})

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        return self._ask_judge("exit", [None, None, None], {})

    __hash__ = object.__hash__


def _operation(name: str, place: int | None = None) -> Any:
    def operate(self: Guest, *args: Any) -> Any:
        return self._ask_judge(name, list(args), {})

    operate.__name__ = f"__{name}__"
    return operate


for _name in (
    *(*BINARY, *COMPARE, *UNARY),
    *["bool", "int", "float", "index", "len", "str", "repr", "contains", "getitem", "setitem", "delitem"],
    *(f"r{name}" for name in BINARY),
):
    setattr(Guest, f"__{_name}__", _operation(_name))


def make(table: Any, xid: str, kind: str, name: str, bases: list[str] | None) -> Any:
    """Return a stand-in.

    Args:
        table: Of the kernel.
        xid: The judge's id of the object.
        kind: `function`, `error` for a class of exceptions, or `object`.
        name: Of the function or class.
        bases: Builtin exception classes that an `error` is one of.
    """
    if kind == "function":

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return table.ask(xid, "call", list(args), kwargs)

        stand_in.__name__ = stand_in.__qualname__ = name
        return stand_in
    if kind == "error":
        import builtins

        return type(name, tuple(getattr(builtins, base) for base in bases or ["Exception"]), {})
    return type(name, (Guest,), {})(table, xid, name)
