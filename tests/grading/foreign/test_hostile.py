"""Answers that would rather be believed than right: the marks are those of what they compute."""

# ruff: noqa: E501 - answers as text
from __future__ import annotations

import json

import pytest

from scalable_ai.grading.foreign.bench import ForeignBench
from tests.grading.foreign.kernels import Forked
from tests.grading.foreign.notebooks import handed_in, judged_marks, notebook, stock_marks, verdicts

HELPERS = """
import numpy as np
import unittest
def assert_equal(got, expected):
    assert got == expected, f"{got} is not {expected}"
def close(got, expected):
    return abs(got - expected) < 1e-9
"""

ANSWER = """
def f(x):
    return x + 1
"""

TESTS = {
    "plain": "assert f(1) == 2",
    "reflected": "assert 2 == f(1)",
    "difference": "assert abs(f(1) - 2) < 1e-9",
    "helper": "assert_equal(f(1), 2)",
    "close": "assert close(f(1), 2)",
    "not unequal": "assert not (f(1) != 2)",
    "member": "assert f(1) in [2]",
    "list": "assert [f(1), f(2)] == [2, 3]",
    "dict": "assert {'a': f(1)} == {'a': 2}",
    "numpy": "assert np.allclose(f(1), 2)",
    "numpy testing": "np.testing.assert_allclose(f(1), 2)",
    "numpy equal": "np.testing.assert_equal(f(1), 2)",
    "unittest": "unittest.TestCase().assertEqual(f(1), 2)",
    "almost": "unittest.TestCase().assertAlmostEqual(f(1), 2)",
    "kind": "assert isinstance(f(1), int) and f(1) == 2",
    "loop": "for got, expected in zip(map(f, [1, 2]), [2, 3]):\n    assert got == expected\nelse:\n    assert f(5) == 6",
    "all": "assert all(f(n) == n + 1 for n in range(3))",
    "any wrong": "assert not any(f(n) != n + 1 for n in range(3))",
    "sum": "assert sum(f(n) for n in range(3)) == 6",
    "bound": "assert 1.5 < f(1) < 2.5",
    "caught": "try:\n    ok = f(1) == 2\nexcept Exception:\n    ok = False\nassert ok",
    "hidden": "### BEGIN HIDDEN TESTS\nassert f(1) == 2\n### END HIDDEN TESTS",
    "swallowed": "import contextlib\nwith contextlib.suppress(ZeroDivisionError):\n    assert f(1) == 2",
}

EQUAL = """
class Yes:
    def _yes(self, *a): return True
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = _yes
    def _zero(self, *a): return 0.0
    __sub__ = __rsub__ = __add__ = __radd__ = __abs__ = __mul__ = _zero
    def __hash__(self): return hash(2)
    def __array_priority__(self): return 1e9
"""

HOSTILE = {
    "equal to everything": EQUAL + "def f(x): return Yes()",
    "a whole number that equals everything": "class N(int):\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n"
    "    __sub__ = __rsub__ = __radd__ = lambda s, o: 0.0\n    __hash__ = int.__hash__\ndef f(x): return N(0)",
    "helpers redefined": "def f(x): return 0\ndef assert_equal(*a): pass\ndef close(*a): return True\n"
    "def abs(x): return 0\ndef all(x): return True\ndef any(x): return False\nisinstance = lambda *a: True\nsum = lambda x: 6",
    "libraries patched": "import numpy as np, unittest, builtins\ndef f(x): return 0\nnp.testing.assert_allclose = np.testing."
    "assert_equal = lambda *a, **k: None\nnp.allclose = lambda *a: True\n"
    "unittest.TestCase.assertEqual = unittest.TestCase.assertAlmostEqual = lambda *a: None\n"
    "builtins.all = lambda x: True\nbuiltins.abs = lambda x: 0\nbuiltins.zip = lambda *a: []",
    "modules replaced": EQUAL + "class M:\n    def __getattr__(self, name): return lambda *a, **k: Yes()\n"
    "np = unittest = M()\ndef f(x): return 0",
    "StopIteration": "def f(x): raise StopIteration",
    "GeneratorExit": "def f(x): raise GeneratorExit",
    "SystemExit": "def f(x): raise SystemExit(0)",
    "KeyboardInterrupt": "def f(x): raise KeyboardInterrupt",
    "BaseException": "class B(BaseException): pass\ndef f(x): raise B()",
    "SkipTest": "import unittest\ndef f(x): raise unittest.SkipTest('skip')",
    "own StopIteration": "class S(StopIteration): pass\ndef f(x): raise S(2)",
    "error without a text": "class E(Exception):\n    def __str__(self): raise self\n    args = property(lambda s: 1 / 0)\ndef f(x): raise E()",
    "claims to be a number": EQUAL + "class int_(Yes):\n    @property\n    def __class__(self): return int\n"
    "int_.__name__ = int_.__qualname__ = 'int'\nint_.__module__ = 'builtins'\ndef f(x): return int_()",
    "a generator that ends": "def f(x):\n    if False: yield 1",
    "prints a mark": "def f(x):\n    print('2.0')\n    return 0",
    "a partial of everything": "from unittest.mock import ANY\ndef f(x): return ANY",
    "a mock": "from unittest.mock import Mock\nclass M(Mock):\n    def __eq__(self, o): return True\n"
    "    def __sub__(self, o): return 0\n    def __lt__(self, o): return True\n    __gt__ = __lt__\ndef f(x): return M()",
    "looks at its caller": "import sys\ndef f(x):\n    g = sys._getframe(1).f_globals\n    g.update(assert_equal=lambda *a: None)\n"
    "    import gc\n    return 0",
}


def source_of(name):
    return notebook(("given", ""), ("locked", HELPERS), ("answer", ANSWER), ("test", TESTS[name]))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_answer_earns_a_mark(name):
    tests = [("test", text) for text in TESTS.values()]
    source = notebook(("locked", HELPERS), ("answer", ANSWER), *tests)
    found = verdicts(source, handed_in(source, HOSTILE[name]))
    earned = [label for label, mark in zip(TESTS, judged_marks(source, None, found), strict=True) if mark]
    assert earned == []


def test_the_right_answer_earns_all_of_them():
    tests = [("test", text) for text in TESTS.values()]
    source = notebook(("locked", HELPERS), ("answer", ANSWER), *tests)
    assert judged_marks(source, None, verdicts(source, handed_in(source, ANSWER))) == [2.0] * len(TESTS)
    assert stock_marks(handed_in(source, ANSWER)) == [2.0] * len(TESTS)


def test_some_of_them_would_be_believed_in_one_kernel():
    source = source_of("helper")
    hand_in = handed_in(source, HOSTILE["helpers redefined"])
    assert stock_marks(hand_in) == [2.0]
    assert judged_marks(source, hand_in) == [0]


FORGE = """
from scalable_ai.grading.foreign import server
def f(x): return 0
def forge(reply, asked): {body}
_answer = server.Server.answer
def answer(self, asked):
    reply = _answer(self, asked)
    if asked["do"] in ("call", "op"):
        forged = forge(reply, asked)
        return reply if forged is None else forged
    return reply
server.Server.answer = answer
"""
KLASS = '{{"name": "{name}", "module": "{module}", "qualname": "{name}", "library": True, "bases": [], "has": {has}, "fields": None}}'


def claim(name, module, has="[]"):
    described = KLASS.format(name=name, module=module, has=has)
    return f"reply.setdefault('c', {{}})['h999'] = {described}; reply['v'] = {{'h': ['h1000', 'h999']}}"


FORGED = {
    "no value": "reply.pop('v')",
    "no node": "reply['v'] = {'q': 1}",
    "two tags": "reply['v'] = {'i': '0x2', 'f': 'nan'}",
    "a list": "reply['v'] = [2]",
    "not even a dict": "return 7",
    "unknown reference": "reply['v'] = {'r': 'k77'}",
    "unknown class": "reply['v'] = {'h': ['h1', 'h2']}",
    "unknown export": "reply['v'] = {'x': 'x1'}",
    "number class": claim("int", "builtins"),
    "shell class": claim("Popen", "subprocess", "['__eq__', '__sub__', '__rsub__', '__radd__', '__lt__', '__gt__']"),
    "array class": claim("ndarray", "numpy", "['__eq__', '__array__', '__sub__']"),
    "function": claim("function", "builtins", "['__eq__', '__sub__', '__rsub__', '__abs__']"),
    "deep": "reply['v'] = None\nfor _ in range(3000): reply['v'] = {'t': [reply['v']]}",
    "wide": "reply['v'] = {'t': [0] * 2_000_000}",
    "large number": "reply['v'] = {'i': 'f' * 1_000_000}",
    "array that lies about its size": "reply['v'] = {'scalar': ['<f8', [], 'AAAA']}",
    "object array": "reply['v'] = {'scalar': ['|O', [], 'AAAAAAAAAAA=']}",
    "shared objects changed": "reply['m'] = {'j1': {'list': []}, 'j2': {'dict': []}}",
    "shared object retyped": "reply['m'] = {'k5': {'frobnicate': []}}",
    "an error that is none": "reply['e'] = {'class': 'h1'}",
    "an error of the test": "reply['e'] = {'x': 'e0'}",
    "asks for what it was not given": "return {**reply, 'ask': ['x1', 'attr', ['__class__'], []]}",
    "cyclic classes": "reply['c'] = {'h5': {'name': 'A', 'module': 'm', 'qualname': 'A', 'library': False, "
    "'bases': ['h5'], 'has': [], 'fields': None}}",
    "strange class": "reply['c'] = {'h6': {'name': 'a\\0b', 'module': 'm', 'qualname': '', 'library': False, 'bases': [], "
    "'has': [], 'fields': None}}",
    "strange tuple": "reply['c'] = {'h6': {'name': 'a b', 'module': 'm', 'qualname': '', 'library': False, 'bases': [], "
    "'has': [], 'fields': ['class']}}",
    "output that is none": "reply['out'] = 3; reply['err'] = None",
    "warnings that are none": "reply['warn'] = [['h9', 'text']]",
    "stale names that are none": "reply['stale'] = 5",
}


@pytest.mark.parametrize("name", FORGED)
def test_no_forged_reply_earns_a_mark(name):
    body = "\n    ".join(["", *FORGED[name].split("\n")])
    tests = [("test", TESTS[test]) for test in ("plain", "difference", "loop", "caught", "numpy testing", "sum")]
    source = notebook(("locked", HELPERS), ("answer", ANSWER), *tests)
    found = verdicts(source, handed_in(source, FORGE.format(body=body)))
    assert judged_marks(source, None, found) == [0] * len(tests)


class Liar(Forked):
    reply = ""

    def request(self, text, timeout):
        return super().request(text, timeout) if json.loads(text)["do"] in {"hello", "restart"} else self.reply


@pytest.mark.parametrize(
    "reply", ["", "nothing", "[]", '{"ok": 3}', '{"ok": "\\"x\\""}', "[" * 200_000, '{"error": 1}', "null"]
)
def test_replies_that_are_no_replies_are_flagged(reply):
    source = source_of("caught")
    found = verdicts(source, handed_in(source, ANSWER), channel=type("One", (Liar,), {"reply": reply}))
    assert judged_marks(source, None, found) == [0]
    assert found[0].flag
    assert not found[0].stopped


@pytest.mark.parametrize("answer", ["import os\ndef f(x): os._exit(0)", "def f(x):\n    while True: pass"])
def test_an_answer_that_ends_its_kernel_or_never_returns_is_stopped(answer):
    source = source_of("caught")
    ended = type("Ended", (Forked,), {"request": lambda self, *asked: _ended(Forked.request, self, *asked)})
    found = verdicts(source, handed_in(source, answer), channel=ended, time_limit=2)
    assert judged_marks(source, None, found) == [0]
    assert found[0].stopped
    assert not found[0].flag


def _ended(request, *asked):
    from scalable_ai.grading.channel import KernelEndedError

    try:
        return request(*asked)
    except ConnectionError:
        raise KernelEndedError from None


GIVEN_AWAY = """
class Secret:
    def __init__(self): self.value, self._inner = 41, [1]
    def tell(self): return self.value
calls = []
def spy(n):
    calls.append(n)
    return n
assert use(Secret(), spy) == 42
assert calls == [1]
"""
REACHES = {
    "globals of a function": "server._ask('x2', 'attr', ['__globals__'], {})",
    "namespace of the test": "server._ask('x2', 'setattr', ['__code__', None], {})",
    "something never given": "server._ask('x9', 'call', [], {})",
    "class": "object.__getattribute__(s, '_ask_judge')('attr', ['__class__'], {})",
    "private name": "object.__getattribute__(s, '_ask_judge')('attr', ['_inner'], {})",
    "init": "object.__getattribute__(s, '_ask_judge')('attr', ['__init__'], {})",
    "method replaced": "setattr(s, 'tell', lambda: 42)",
}


@pytest.mark.parametrize("name", REACHES)
def test_what_the_test_gives_away_is_no_way_into_the_judge(name):
    setup = "from scalable_ai.grading.foreign.server import _sessions\n"
    answer = f"{setup}def use(s, f):\n    server = list(_sessions.values())[-1]\n    f(1)\n    got = {REACHES[name]}\n    return 42"
    source = notebook(("answer", "def use(s, f): return s.tell() + f(1)"), ("test", GIVEN_AWAY))
    assert judged_marks(source, handed_in(source, answer)) == [0]
    assert judged_marks(source, handed_in(source, "def use(s, f): return s.tell() + f(1)")) == [2.0]


def test_a_failed_assertion_is_not_swallowed_by_the_learners_code():
    source = notebook(
        ("answer", "import contextlib\ndef each(f, xs):\n    for x in xs: f(x)\nmanaged = contextlib.nullcontext"),
        ("test", "def check(x):\n    assert x == 1, 'not one'\neach(check, [1, 2])"),
        ("test", "with managed():\n    assert 1 == 2"),
    )
    answer = """
def each(f, xs):
    for x in xs:
        try: f(x)
        except AssertionError: pass
class managed:
    def __enter__(self): pass
    def __exit__(self, *what): return True
"""
    hand_in = handed_in(source, answer)
    assert stock_marks(hand_in) == [2.0, 2.0]
    assert judged_marks(source, hand_in) == [0, 0]


def test_feedback_never_shows_a_hidden_line():
    test = "assert f(1) == 2\n### BEGIN HIDDEN TESTS\nsecret = 12345\nassert f(secret) == 54321\n### END HIDDEN TESTS\n"
    source = notebook(("answer", "def f(x): return 2 if x == 1 else 54321"), ("test", test))
    (verdict,) = verdicts(source, handed_in(source, "def f(x): return 2"))
    text = json.dumps(verdict.outputs)
    assert "a hidden test was not met (test-1)" in text
    assert "54321" not in text
    assert "secret" not in text
    (verdict,) = verdicts(source, handed_in(source, "def f(x): return 1"))
    assert "line 1: assert f(1) == 2" in json.dumps(verdict.outputs)


def test_hidden_values_do_not_reach_the_learners_kernel():
    test = "### BEGIN HIDDEN TESTS\nexpected = 99\nassert f(1) == expected\n### END HIDDEN TESTS\n"
    source = notebook(("answer", "def f(x): return 99"), ("test", test))
    hand_in = handed_in(source, "def f(x): return globals().get('expected')")
    assert stock_marks(hand_in) == [2.0]
    assert judged_marks(source, hand_in) == [0]


def test_two_hand_ins_share_nothing():
    source = notebook(
        ("answer", "def f(x): return x"), ("test", "kept = f(1)\nassert kept == 1"), ("test", "assert kept == 1")
    )
    bench = ForeignBench(source)
    right, blank = handed_in(source, None), handed_in(source, "pass")
    assert judged_marks(source, right, bench=bench) == [2.0, 2.0]
    assert judged_marks(source, blank, bench=bench) == [0, 0]
    assert judged_marks(source, right, bench=bench) == [2.0, 2.0]
