"""What an answer may give instead of a value: exceptions, replies and objects made to hurt whoever looks at them."""

from __future__ import annotations

import json

EXCEPTIONS = {
    "its text takes for ever": ("__str__ = lambda self: __import__('time').sleep(1000)", ""),
    "its text raises": ("__str__ = lambda self: 1 / 0", "Hostile"),
    "its text ends the process": ("__str__ = lambda self: __import__('os')._exit(0)", ""),
    "its text leaves": ("def __str__(self): raise SystemExit", ""),
    "its text is huge": ("__str__ = lambda self: 'x' * 50_000_000", "Hostile"),
    "its text is no text": ("__str__ = lambda self: 5", "Hostile"),
    "its text is half a character": ("__str__ = lambda self: chr(0xD800)", ""),
    "its class has no name": ("__module__ = None; __qualname__ = ''", ""),
    "it shows no traceback": ("_render_traceback_ = lambda self: []", "Hostile"),
    "its traceback cannot be had": ("__traceback__ = property(lambda self: 1 / 0)", ""),
}
"""Bodies of a class of exceptions, and what the learner is told of it."""

RAISED = {
    "StopIteration": "raise StopIteration",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit": "raise SystemExit(0)",
    "GeneratorExit": "raise GeneratorExit",
    "an exit from below": "import sys; sys.exit(0)",
    "no traceback": "raise ValueError('x').with_traceback(None)",
    "a long chain": """
    error = None
    for number in range(20_000):
        later = ValueError(number)
        later.__cause__, error = error, later
    raise error
""",
    "a recursion": "return clip(*args)",
    "a group": "raise BaseExceptionGroup('x', [SystemExit(), KeyboardInterrupt()])",
}
"""Bodies of `clip(*args)` that give no value."""


def _wired(value: object) -> str:
    return json.dumps({"ok": json.dumps(value)})


REPLIES = {
    "no JSON": "nonsense",
    "no object": "[1]",
    "a number": "7",
    "nothing": "{}",
    "text in place of data": json.dumps({"ok": 5}),
    "an error of no form": json.dumps({"error": 5}),
    "an error of odd parts": json.dumps({"error": {"type": [], "message": {}, "line": "x" * 1000}}),
    "true": _wired(True),
    "not a number": json.dumps({"ok": "NaN"}),
    "infinity": json.dumps({"ok": "1e999"}),
    "a list of infinities": json.dumps({"ok": '{"l": [' + ", ".join(["1e999"] * 6) + "]}"}),
    "a list of truths": _wired({"l": [True] * 6}),
    "a number of a million digits": json.dumps({"ok": "1" * 1_000_000}),
    "a number of a million bits": _wired({"i": "0x1" + "0" * 250_000}),
    "an unknown tag": _wired({"pickle": "gASVJwAAAA=="}),
    "two tags": _wired({"l": [], "t": []}),
    "a set of lists": _wired({"s": [{"l": []}]}),
    "a depth of a hundred thousand": json.dumps({"ok": "[" * 100_000}),
    "a depth of thirty": json.dumps({"ok": '{"l": [' * 30 + "]}" * 30}),
    "objects in an array": _wired({"numpy": ["|O", [1], "AAAAAAAAAAA="]}),
    "a record in an array": _wired({"numpy": ["<f8,<f8", [1], "AAAAAAAAAAA="]}),
    "an array that is larger than its data": _wired({"numpy": ["<f8", [10**12], "AAAAAAAAAAA="]}),
    "an array of negative shape": _wired({"numpy": ["<f8", [-1, -1], "AAAAAAAAAAA="]}),
    "an array of true shape": _wired({"numpy": ["<f8", [True], "AAAAAAAAAAA="]}),
    "an empty tensor of astronomic shape": _wired({"torch": ["float64", [0, 10**18, 10**18], ""]}),
    "a tensor of no known kind": _wired({"torch": ["quint8", [1], "AA=="]}),
    "a tensor of a thousand dimensions": _wired({"torch": ["float64", [1] * 1000, "AAAAAAAAAAA="]}),
    "many brackets": json.dumps({"ok": '{"l": [' + "{}," * 3_000_000 + "{}]}"}),
    "numbers that all hash alike": _wired({"s": [{"i": hex(k * (2**61 - 1))} for k in range(1, 300_000)]}),
    "keys that all hash alike": _wired({"d": [[{"i": hex(k * (2**61 - 1))}, 0] for k in range(1, 300_000)]}),
}
"""Lines in place of a reply; the question was a list of six numbers."""

OBJECTS = {
    "a length that takes for ever": "__len__ = lambda self: __import__('time').sleep(1000)",
    "a length that lies": "__len__ = lambda self: 10**18",
    "items without end": "__iter__ = lambda self: __import__('itertools').repeat(0.0)",
    "items that raise": "__iter__ = lambda self: 1 / 0",
    "an own way to be pickled": "__reduce__ = __reduce_ex__ = lambda self, *args: (exec, ('raise SystemExit',))",
    "any attribute": "__getattr__ = lambda self, name: self",
    "a class of its own choice": "__class__ = property(lambda self: float)",
    "a truth that raises": "__bool__ = lambda self: 1 / 0",
    "a finalizer": "__del__ = lambda self: __import__('os')._exit(0)",
}
"""Bodies of a class of lists."""

QUIZZES = {
    "a text that is right whatever it is asked": """
class Text(str):
    strip = upper = lambda self: self
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__
doubling = Text("C")
""",
    "all letters": "doubling = 'ABC'",
    "a list of letters": "doubling = ['A', 'B', 'C']",
    "a letter that looks right": "doubling = '\u0412'",
    "an object": "doubling = type('B', (), {'strip': lambda self: self, 'upper': lambda self: 'B'})()",
    "a dictionary": "doubling = {'A': 1, 'B': 2}",
}
"""Choices that are none; the right one is B."""
