"""Exercises with test cells of many styles, each with a right answer and wrong ones."""

# ruff: noqa: E501 - answers as text
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """One exercise."""

    name: str
    answer: str
    test: str
    wrong: tuple[str, ...] = ()
    locked: str = ""
    given: str = ""
    needs: str = "sys"
    """A library."""
    after: str = ""
    """Another test cell."""

    @property
    def cells(self):
        """Return the source notebook's cells."""
        rows = [("given", self.given), ("locked", self.locked), ("answer", self.answer), ("test", self.test)]
        return [row for row in [*rows, ("test", self.after)] if row[1]]

    def answers(self):
        """Return labels and answers to try."""
        yield "right", (self.answer,)
        yield "blank", ("raise NotImplementedError",)
        for number, text in enumerate(self.wrong):
            yield f"wrong {number}", (text,)


STYLES = [
    Style(
        "class",
        """
class Account:
    rate = 0.5
    def __init__(self, owner, balance=0):
        self.owner, self.balance = owner, balance
    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        return self.balance
    def __repr__(self):
        return f"Account({self.owner!r}, {self.balance})"
    def __eq__(self, other):
        return isinstance(other, Account) and (self.owner, self.balance) == (other.owner, other.balance)
    def __add__(self, other):
        return Account(self.owner, self.balance + other.balance)
    def __len__(self):
        return int(self.balance)
    def __lt__(self, other):
        return self.balance < other.balance
class Savings(Account):
    pass
""",
        """
a = Account("ann", 3)
assert a.balance == 3 and a.owner == "ann"
assert isinstance(a, Account)
assert type(a).__name__ == "Account" and type(a) is Account
assert a.deposit(2) == 5
assert a.balance == 5
a.balance = 7
assert a.deposit(1) == 8
assert repr(a) == "Account('ann', 8)" and str(a) == "Account('ann', 8)"
assert a == Account("ann", 8)
assert a != Account("bob", 8)
assert (a + Account("x", 2)).balance == 10
assert len(a) == 8
assert issubclass(Savings, Account) and isinstance(Savings("z"), Account)
assert hasattr(a, "deposit") and not hasattr(a, "nothing")
assert callable(a.deposit) and callable(Account)
assert Account.rate == 0.5
assert sorted([Account("b", 3), Account("a", 1)])[0].owner == "a"
try:
    a.deposit(-1)
    assert False, "no error"
except ValueError as e:
    assert "positive" in str(e)
assert vars(Account("q", 1)) == {"owner": "q", "balance": 1}
assert f"{a}" == "Account('ann', 8)"
assert Account.deposit(Account("c"), 4) == 4
""",
        (
            "class Account:\n    def __init__(self, owner, balance=0): self.owner, self.balance = owner, balance",
            "Account = 3",
            "def Account(owner, balance=0): return None",
        ),
    ),
    Style(
        "generator",
        """
def countdown(n):
    while n > 0:
        yield n
        n -= 1
class Evens:
    def __init__(self, stop): self.stop = stop
    def __iter__(self): return iter(range(0, self.stop, 2))
""",
        """
import types
import collections.abc
assert list(countdown(3)) == [3, 2, 1]
g = countdown(2)
assert isinstance(g, types.GeneratorType)
assert isinstance(g, collections.abc.Iterator)
assert next(g) == 2
assert next(g) == 1
try:
    next(g)
    raise AssertionError("goes on")
except StopIteration:
    pass
assert sum(countdown(4)) == 10
assert [x for x in Evens(5)] == [0, 2, 4]
assert 4 in list(Evens(5))
assert max(countdown(3)) == 3
assert dict(zip(countdown(2), "ab")) == {2: "a", 1: "b"}
""",
        ("def countdown(n):\n    return list(range(n, 0, -1))", "def countdown(n):\n    yield n"),
    ),
    Style(
        "numpy testing",
        """
import numpy as np
def normalize(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)
def count(x):
    return np.int64((x > 0).sum())
""",
        """
from numpy.testing import assert_allclose, assert_array_equal
x = np.arange(12.0).reshape(4, 3)
z = normalize(x)
assert z.shape == (4, 3) and z.dtype == np.float64
assert_allclose(z.mean(axis=0), np.zeros(3), atol=1e-12)
assert_allclose(z.std(axis=0), np.ones(3))
np.testing.assert_array_equal(x, np.arange(12.0).reshape(4, 3))
assert count(x) == 11
assert isinstance(count(x), np.integer)
assert isinstance(z, np.ndarray)
""",
        (
            "import numpy as np\ndef normalize(x):\n    return x\ndef count(x): return 11",
            "import numpy as np\ndef normalize(x):\n    x -= x.mean(axis=0)\n    x /= x.std(axis=0)\n    return x\n"
            "def count(x): return np.int64((x > 0).sum())",
        ),
    ),
    Style(
        "raises",
        """
class TooSmall(ValueError):
    def __init__(self, n):
        super().__init__(f"{n} is too small")
        self.n = n
def root(n):
    if n < 0:
        raise TooSmall(n)
    if not isinstance(n, (int, float)):
        raise TypeError("number")
    return n ** 0.5
def look(d, k):
    return d[k]
""",
        """
def raises(kind, f, *args):
    try:
        f(*args)
    except kind as e:
        return e
    raise AssertionError(f"{kind} not raised")
e = raises(ValueError, root, -1)
assert str(e) == "-1 is too small"
assert type(e).__name__ == "TooSmall"
assert raises(TooSmall, root, -2).n == -2
assert issubclass(TooSmall, ValueError)
assert raises(KeyError, look, {}, "a").args == ("a",)
raises(ZeroDivisionError, lambda: root(0) / 0)
try:
    root(-3)
except TooSmall as problem:
    assert problem.n == -3
else:
    assert False
import contextlib
with contextlib.suppress(TooSmall):
    root(-1)
import unittest
case = unittest.TestCase()
with case.assertRaises(ValueError):
    root(-1)
case.assertEqual(root(4), 2.0)
case.assertRaisesRegex(ValueError, "too small", root, -1)
""",
        (
            "def root(n):\n    return abs(n) ** 0.5",
            "class TooSmall(Exception): pass\ndef root(n):\n    raise TooSmall(n)\ndef look(d, k): return d[k]",
        ),
    ),
    Style(
        "pytest",
        "def half(n):\n    if n % 2:\n        raise ValueError('odd number')\n    return n / 2",
        """
import pytest
with pytest.raises(ValueError, match="odd"):
    half(3)
assert half(4) == pytest.approx(2.0)
""",
        ("def half(n): return n / 2", "def half(n): raise ValueError('even')"),
    ),
    Style(
        "mock",
        """
import random
def greet():
    name = input("Your name? ")
    print(f"Hello {name}!")
def roll():
    return random.randint(1, 6) + random.randint(1, 6)
def helper(x):
    return x
def double(x):
    return 2 * helper(x)
def notify(service, text):
    service.send(text, urgent=True)
    return service.count
""",
        """
from unittest import mock
from unittest.mock import patch, Mock, MagicMock
with patch("builtins.input", return_value="Eve"), patch("builtins.print") as shown:
    greet()
shown.assert_called_once_with("Hello Eve!")
with patch("random.randint", side_effect=[2, 5]) as die:
    assert roll() == 7
assert die.call_count == 2
with patch("__main__.helper", return_value=10) as h:
    assert double(3) == 20
h.assert_called_with(3)
assert double(3) == 6
service = Mock()
service.count = 4
assert notify(service, "hi") == 4
service.send.assert_called_once_with("hi", urgent=True)
import random
with mock.patch.object(random, "randint", lambda a, b: b):
    assert roll() == 12
@patch("builtins.input", side_effect=["Al"])
def check(fake):
    import io, contextlib
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        greet()
    assert out.getvalue() == "Hello Al!\\n"
check()
""",
        (
            "def greet(): print('Hello Eve!')\ndef roll(): return 7\ndef double(x): return 20",
            "import random\ndef greet():\n    print(f'Hello {input()}!')\ndef roll(): return 7\n"
            "def helper(x): return x\ndef double(x): return 2 * helper(x)\ndef notify(s, t): s.send(t)",
        ),
    ),
    Style(
        "replaced by hand",
        """
import random, time
def ask():
    return int(input("a number: ")) + 1
def flip():
    return "H" if random.random() < 0.5 else "T"
""",
        """
import builtins, random
saved = builtins.input
builtins.input = lambda prompt="": "41"
try:
    assert ask() == 42
finally:
    builtins.input = saved
keep = random.random
random.random = lambda: 0.1
assert flip() == "H"
random.random = lambda: 0.9
assert flip() == "T"
random.random = keep
def input(prompt=""):
    return "1"
assert ask() == 2
""",
        ("def ask(): return 42\ndef flip(): return 'H'",),
    ),
    Style(
        "plot",
        """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
def draw(x, y):
    fig, ax = plt.subplots()
    ax.plot(x, y, color="red", label="line")
    ax.set_title("A line")
    ax.set_xlabel("x")
    ax.legend()
    return ax
""",
        """
ax = draw([1, 2, 3], [2, 4, 6])
assert ax.get_title() == "A line"
assert ax.get_xlabel() == "x"
line = ax.lines[0]
assert list(line.get_xdata()) == [1, 2, 3]
assert line.get_color() == "red"
assert len(ax.get_lines()) == 1
assert [t.get_text() for t in ax.get_legend().get_texts()] == ["line"]
assert isinstance(ax, plt.Axes)
assert plt.gca() is ax
plt.close("all")
from matplotlib.axes import Axes
assert isinstance(ax, Axes)
""",
        (
            "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
            "def draw(x, y):\n    plt.plot(x, y)\n    return plt.gca()",
            "def draw(x, y): return None",
        ),
    ),
    Style(
        "in place",
        """
def bubble(values):
    for i in range(len(values)):
        for j in range(len(values) - 1):
            if values[j] > values[j + 1]:
                values[j], values[j + 1] = values[j + 1], values[j]
def fill(array):
    array[array < 0] = 0
def tally(counts, word):
    counts[word] = counts.get(word, 0) + 1
    return counts
def fresh(values):
    return values[:]
""",
        """
import numpy as np
import copy
data = [3, 1, 2]
result = bubble(data)
assert result is None
assert data == [1, 2, 3]
x = np.array([-1.0, 2.0])
view = x[:1]
fill(view)
assert x[0] == 0
counts = {}
assert tally(counts, "a") is counts
tally(counts, "a")
assert counts == {"a": 2}
orig = [1, [2]]
new = fresh(orig)
assert new == orig and new is not orig
assert new[1] is orig[1]
nested = {"l": [2, 1]}
bubble(nested["l"])
assert nested == {"l": [1, 2]}
""",
        ("def bubble(values):\n    return sorted(values)\ndef fill(a): pass\ndef tally(c, w): return {w: 2}",),
    ),
    Style(
        "globals",
        """
total = 0
log = []
def add(n):
    global total
    total += n
    log.append(n)
def scaled(x):
    return factor * x
""",
        """
add(3)
assert total == 3
add(4)
assert total == 7 and log == [3, 4]
log.clear()
add(1)
assert log == [1]
total = 100
add(1)
assert total == 101
factor = 10
assert scaled(2) == 20
factor = 3
assert scaled(2) == 6
assert "total" in globals()
assert "nothing" not in globals()
del factor
try:
    scaled(1)
except NameError:
    pass
else:
    raise AssertionError
""",
        (
            "total = 7\nlog = [3, 4]\ndef add(n): pass",
            "total = 0\nlog = []\ndef add(n):\n    global total\n    total = n\n    log.append(n)",
        ),
    ),
    Style(
        "recursion limit",
        """
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)
""",
        """
import sys
assert depth(50) == 50
keep = sys.getrecursionlimit()
sys.setrecursionlimit(20000)
assert depth(9000) == 9000
sys.setrecursionlimit(1500)
try:
    depth(100000)
except RecursionError:
    pass
else:
    raise AssertionError("no recursion")
sys.setrecursionlimit(keep)
""",
        ("def depth(n): return n",),
    ),
    Style(
        "printed",
        """
def table(n):
    for i in range(1, n + 1):
        print(i, i * i)
""",
        """
import io, sys
from contextlib import redirect_stdout
f = io.StringIO()
with redirect_stdout(f):
    table(2)
assert f.getvalue() == "1 1\\n2 4\\n"
old = sys.stdout
sys.stdout = buffer = io.StringIO()
table(1)
sys.stdout = old
assert buffer.getvalue().strip() == "1 1"
print("all well")
from IPython.utils.capture import capture_output
with capture_output() as seen:
    table(1)
assert seen.stdout == "1 1\\n"
""",
        ("def table(n): return '1 1'", "def table(n): print('1 1\\n2 4')"),
    ),
    Style(
        "seeds",
        """
import random
import numpy as np
import torch
def draw(n):
    return np.random.rand(n)
def pick():
    return random.choice("abcdef")
def weights():
    return torch.randn(2, 3)
""",
        """
import numpy as np, random, torch
np.random.seed(7)
x = draw(3)
np.random.seed(7)
assert np.allclose(x, np.random.rand(3))
np.random.seed(1)
first = np.random.rand()
second = draw(1)[0]
third = np.random.rand()
np.random.seed(1)
assert np.allclose([first, second, third], np.random.rand(3))
random.seed(3)
a = pick()
random.seed(3)
assert a == random.choice("abcdef")
torch.manual_seed(5)
w = weights()
torch.manual_seed(5)
assert torch.equal(w, torch.randn(2, 3))
""",
        (
            "import numpy as np\ndef draw(n): return np.zeros(n)\ndef pick(): return 'a'",
            "import numpy as np, random, torch\nrng = np.random.default_rng(7)\ndef draw(n): return rng.random(n)\n",
        ),
    ),
    Style(
        "assert helpers",
        "def area(w, h):\n    return w * h",
        """
assert_equal(area(2, 3), 6)
check("area", area(1.5, 2), 3.0)
t.assertAlmostEqual(area(0.1, 3), 0.3)
""",
        ("def area(w, h): return w + h", "def area(w, h): return w * h * 2"),
        given="import math",
        locked="""
import unittest
def assert_equal(got, expected, message=None):
    assert got == expected, message or f"{got!r} is not {expected!r}"
def check(name, got, expected, tolerance=1e-9):
    if abs(got - expected) > tolerance:
        raise AssertionError(f"{name}: wrong")
class Tests(unittest.TestCase):
    pass
t = Tests()
""",
    ),
    Style(
        "partial credit",
        "def f(x):\n    return x + 1\ndef g(x):\n    return x * 2",
        """
score = 0
try:
    assert f(1) == 2
    score += 1
except Exception:
    pass
try:
    assert g(3) == 6
    score += 0.5
except Exception:
    pass
score
""",
        ("def f(x): return x + 1\ndef g(x): return x", "def g(x): return 2 * x"),
        after="""
grade = 2 if f(5) == 6 else 1
grade
""",
    ),
    Style(
        "results in later cells",
        "def f(x):\n    return x + 1",
        """
def near(a, b):
    return abs(a - b) < 1e-9
result = f(1)
assert near(result, 2)
""",
        ("def f(x): return x", "def f(x):\n    if x == 1: return 2\n    return 0"),
        after="assert near(result, 2)\nassert near(f(4), 5)",
    ),
    Style(
        "hidden tests",
        "def f(x):\n    return x + 1",
        """
assert f(1) == 2
### BEGIN HIDDEN TESTS
secret = [3, 4, 5]
for n in secret:
    assert f(n) == n + 1
### END HIDDEN TESTS
""",
        ("def f(x): return 2",),
    ),
    Style(
        "signature and source",
        'def f(x, y=2, *, z: int = 3) -> int:\n    """Add."""\n    return sum([x, y, z])',
        """
import inspect
s = inspect.signature(f)
assert list(s.parameters) == ["x", "y", "z"]
assert s.parameters["y"].default == 2
assert s.parameters["z"].kind is inspect.Parameter.KEYWORD_ONLY
assert f.__doc__ == "Add." and f.__name__ == "f"
assert "for" not in inspect.getsource(f)
assert "sum" in f.__code__.co_names
assert inspect.isfunction(f)
assert f(1) == 6 and f(1, z=0) == 3 and f(*[1], **{"y": 1}) == 5
""",
        ("def f(x, y=2, *, z=3):\n    t = 0\n    for i in (x, y, z): t += i\n    return t", "def f(*a): return 6"),
    ),
    Style(
        "callbacks",
        """
def twice(f, x):
    return f(f(x))
def timer(f):
    def inner(*args):
        inner.calls += 1
        return f(*args)
    inner.calls = 0
    return inner
def compose(*fs):
    def run(x):
        for f in fs: x = f(x)
        return x
    return run
def integrate(f, a, b, n=200):
    h = (b - a) / n
    return sum(f(a + (i + .5) * h) for i in range(n)) * h
""",
        """
import math
assert twice(lambda v: v * 3, 2) == 18
seen = []
def spy(v):
    seen.append(v)
    return v + 1
assert twice(spy, 1) == 3
assert seen == [1, 2]
@timer
def add(a, b):
    return a + b
assert add(1, 2) == 3 and add(2, 2) == 4
assert add.calls == 2
assert compose(str, len)(12345) == 5
assert compose(math.sqrt, math.floor)(17) == 4
assert abs(integrate(math.sin, 0, math.pi) - 2) < 1e-3
assert abs(integrate(lambda x: x ** 2, 0, 1) - 1 / 3) < 1e-3
def broken(v):
    raise KeyError("from the test")
try:
    twice(broken, 1)
except KeyError as e:
    assert e.args == ("from the test",)
else:
    assert False
assert sorted(["b", "A"], key=compose(str.lower)) == ["A", "b"]
""",
        ("def twice(f, x): return 18\ndef timer(f): return f\ndef compose(*f): return f[0]",),
    ),
    Style(
        "context manager",
        """
class Box:
    def __init__(self): self.log = []
    def __enter__(self):
        self.log.append("in")
        return self
    def __exit__(self, *what):
        self.log.append("out")
        return what[0] is ValueError
    def __getitem__(self, key): return self.log[key]
    def __setitem__(self, key, value): self.log[key] = value
    def __contains__(self, item): return item in self.log
    def __call__(self, x): return x + 1
    def __bool__(self): return False
    @property
    def size(self): return len(self.log)
    @staticmethod
    def make(): return Box()
    @classmethod
    def named(cls): return cls.__name__
""",
        """
b = Box()
with b as inner:
    assert inner is b
assert b.log == ["in", "out"]
assert b[0] == "in" and b[-1] == "out"
b[0] = "x"
assert b.log[0] == "x" and "x" in b and "in" not in b
assert b(3) == 4
assert not b
assert b.size == 2
assert isinstance(Box.make(), Box) and Box.named() == "Box"
b.log.append("more")
assert b.size == 3
del b.log
assert not hasattr(b, "size")
""",
        (
            "class Box:\n    def __init__(self): self.log = ['in', 'out']\n    def __enter__(self): return self\n"
            "    def __exit__(self, *a): return True",
        ),
    ),
    Style(
        "values of many kinds",
        """
import collections, datetime, decimal, fractions
Point = collections.namedtuple("Point", "x y")
def stats(words):
    return collections.Counter(words)
def group(words):
    d = collections.defaultdict(list)
    for w in words: d[len(w)].append(w)
    return d
def when(): return datetime.date(2024, 2, 29)
def half(): return fractions.Fraction(1, 2)
def cents(): return decimal.Decimal("1.10")
def move(p): return Point(p.x + 1, p.y)
def keys(d): return d.keys()
def unique(v): return set(v)
def big(): return 2 ** 200
def text(): return "déjà \\U0001f600"
def raw(): return b"\\x00\\xff"
def lazy(n): return map(str, range(n))
def nothing(): pass
""",
        """
from collections import Counter, defaultdict, namedtuple
import datetime
from fractions import Fraction
from decimal import Decimal
assert stats(["a", "b", "a"]) == Counter({"a": 2, "b": 1})
assert isinstance(stats([]), Counter) and stats(["a"]).most_common(1) == [("a", 1)]
g = group(["a", "bb", "c"])
assert g == {1: ["a", "c"], 2: ["bb"]} and isinstance(g, defaultdict)
assert when() == datetime.date(2024, 2, 29) and when() + datetime.timedelta(days=1) == datetime.date(2024, 3, 1)
assert half() == Fraction(1, 2) == 0.5 and cents() == Decimal("1.1")
p = move(Point(1, 2))
assert p == Point(2, 2) == (2, 2) and p.x == 2 and isinstance(p, tuple)
assert keys({"a": 1}) == {"a"}
assert unique([1, 1, 2]) == {1, 2} and type(unique([])) is set
assert big() == 2 ** 200 and text() == "déjà \\U0001f600" and raw() == b"\\x00\\xff"
assert list(lazy(3)) == ["0", "1", "2"]
assert nothing() is None
""",
        (
            "def stats(words): return {'a': 2, 'b': 1}",
            "import collections\ndef stats(w): return collections.Counter(w)",
        ),
    ),
    Style(
        "linked list",
        """
def length(node):
    n = 0
    while node is not None:
        n, node = n + 1, node.next
    return n
def push(node, value):
    return Node(value, node)
""",
        """
items = Node(1, Node(2, None))
assert length(items) == 2
longer = push(items, 0)
assert longer.value == 0 and longer.next is items
assert isinstance(longer, Node)
assert as_list(longer) == [0, 1, 2]
items.next.next = Node(3)
assert length(longer) == 4
""",
        ("def length(node): return 2", "def length(n): return 0\ndef push(n, v): return None"),
        locked="""
class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next
def as_list(node):
    found = []
    while node is not None:
        found.append(node.value)
        node = node.next
    return found
""",
    ),
    Style(
        "autotest",
        "def f(n):\n    return [i * 1.5 for i in range(n)]",
        """
from hashlib import sha1
assert str(type(f(3))) == "<class 'list'>", "f(3) is not a list"
assert str(len(f(3))) == "3"
assert sha1(str(sorted(map(str, f(3)))).encode("utf-8") + b"a").hexdigest() == "6b0836cece180330ee19807200df018cd8bed9eb"
assert sha1(str(type(f(2)[0])).encode("utf-8") + b"x").hexdigest() == "13de2d49f9563e28f2f0847c69eaeb8e07b90055", "type"
""",
        ("def f(n): return [i for i in range(n)]", "def f(n): return tuple(i * 1.5 for i in range(n))"),
    ),
    Style(
        "magics",
        "def f(n):\n    return n",
        """
%matplotlib inline
%load_ext autoreload
%autoreload 2
assert f(2) == 2
x = !echo hi
assert list(x) == ["hi"]
%time y = f(3)
assert y == 3
""",
        ("def f(n): return 0",),
        after="%%capture out\nassert f(1) == 1\n",
    ),
    Style(
        "classes in the test",
        """
class Shape:
    def area(self): raise NotImplementedError
    def describe(self): return f"{type(self).__name__} of {self.area()}"
def total(shapes):
    return sum(s.area() for s in shapes)
def read(stream):
    return [line.strip() for line in stream]
""",
        """
import io
class Square:
    def __init__(self, side): self.side = side
    def area(self): return self.side ** 2
assert total([Square(2), Square(3)]) == 13
assert read(io.StringIO("a\\nb\\n")) == ["a", "b"]
try:
    Shape().area()
except NotImplementedError:
    pass
else:
    assert False
class Fake:
    n = total([Square(1)])
    names = [k for k in range(2)]
assert Fake.n == 1
""",
        ("def total(shapes): return 13\ndef read(s): return ['a', 'b']", "class Shape: pass"),
    ),
    Style(
        "files",
        """
def save(name, rows):
    with open(name, "w") as f:
        for row in rows: f.write(f"{row}\\n")
def load(name):
    with open(name) as f:
        return [int(line) for line in f]
""",
        """
import os
save("out.txt", [1, 2])
assert os.path.exists("out.txt")
assert open("out.txt").read() == "1\\n2\\n"
with open("in.txt", "w") as f:
    f.write("5\\n6\\n")
assert load("in.txt") == [5, 6]
os.remove("in.txt")
try:
    load("in.txt")
except FileNotFoundError as e:
    assert e.filename == "in.txt" and e.errno == 2
else:
    assert False
os.remove("out.txt")
""",
        ("def save(name, rows): pass\ndef load(name): return [5, 6]",),
    ),
    Style(
        "warnings",
        "import warnings\ndef old():\n    warnings.warn('gone soon', DeprecationWarning)\n    return 1",
        """
import warnings
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always")
    assert old() == 1
assert len(w) == 1 and issubclass(w[0].category, DeprecationWarning) and "soon" in str(w[0].message)
""",
        ("def old(): return 1",),
    ),
    Style(
        "dataclasses and enums",
        """
import dataclasses, enum
class Color(enum.Enum):
    RED = 1
    BLUE = 2
@dataclasses.dataclass(order=True)
class Card:
    rank: int
    suit: str = "x"
def favorite(): return Color.BLUE
@dataclasses.dataclass(frozen=True)
class Key:
    n: int
""",
        """
import dataclasses
assert Card(1) == Card(1, "x") and Card(1) < Card(2) and Card(1) != Card(2)
assert dataclasses.is_dataclass(Card)
assert favorite() is Color.BLUE and favorite() == Color.BLUE and Color.RED.value == 1
assert [c.name for c in Color] == ["RED", "BLUE"] and len(Color) == 2
assert Color(1) is Color.RED and Color["RED"] is Color.RED
assert max([Card(3), Card(5)]).rank == 5
assert len({Key(1), Key(1), Key(2)}) == 2
assert {Key(1): "a"}[Key(1)] == "a"
assert [f.name for f in dataclasses.fields(Card)] == ["rank", "suit"]
assert dataclasses.asdict(Card(1)) == {"rank": 1, "suit": "x"}
""",
        (
            "class Card:\n    def __init__(self, rank, suit='x'): self.rank = rank\nclass Color: RED = 1; BLUE = 2\n"
            "def favorite(): return 2",
        ),
    ),
    Style(
        "torch",
        """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(x)
def loss_of(pred, y): return ((pred - y) ** 2).mean()
def train(model, x, y):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        opt.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        opt.step()
    return loss.item()
""",
        """
import torch
torch.manual_seed(0)
net = Net()
assert isinstance(net, torch.nn.Module) and issubclass(Net, nn.Module)
assert isinstance(net.fc, nn.Linear) and net.fc.in_features == 4
x, y = torch.ones(3, 4), torch.zeros(3, 2)
out = net(x)
assert out.shape == (3, 2) and out.dtype == torch.float32 and out.requires_grad
assert sum(p.numel() for p in net.parameters()) == 10
before = net.fc.weight.clone()
last = train(net, x, y)
assert last < 0.1
assert not torch.equal(before, net.fc.weight)
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss_of(w, torch.zeros(2)).backward()
assert torch.allclose(w.grad, torch.tensor([1.0, 2.0]))
assert list(net.state_dict()) == ["fc.weight", "fc.bias"]
net.eval()
assert not net.training
""",
        (
            "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    def forward(self, x): return x[:, :2]\n"
            "def loss_of(p, y): return 0\ndef train(m, x, y): return 0.0",
        ),
    ),
    Style(
        "pandas",
        """
import pandas as pd
def clean(df):
    return df.dropna().reset_index(drop=True)
def by_city(df):
    return df.groupby("city")["n"].mean()
def add_column(df):
    df["double"] = df["n"] * 2
def longest(df):
    return df.loc[df["n"].idxmax(), "city"]
def dates(df):
    return pd.to_datetime(df["day"])
def table(df):
    return df.pivot_table(index="city", columns="kind", values="n", aggfunc="sum")
frame = pd.DataFrame({"a": [1, 2]})
def labels(df): return df["city"].astype("category")
def names(df): return df.columns
def parts(df): return df.groupby("city")
def months(df): return df.set_index(pd.date_range("2024-01-31", periods=len(df), freq="D"))
def zoned(df): return pd.to_datetime(df["day"]).dt.tz_localize("UTC")
""",
        """
import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal, assert_series_equal
df = pd.DataFrame({"city": ["A", "B", "A", None], "n": [1.0, 5.0, 3.0, np.nan], "kind": list("xyxy"),
                   "day": ["2024-01-01"] * 4, "k": [1, 2, 3, 4]})
c = clean(df)
assert c.shape == (3, 5) and isinstance(c, pd.DataFrame)
assert_frame_equal(c, df.dropna().reset_index(drop=True))
means = by_city(c)
assert_series_equal(means, pd.Series([2.0, 5.0], index=pd.Index(["A", "B"], name="city"), name="n"))
assert add_column(c) is None
assert list(c.columns)[-1] == "double" and c["double"].sum() == 18
assert longest(c) == "B"
assert dates(c).dt.year.eq(2024).all() and str(dates(c).dtype).startswith("datetime64")
assert table(c).loc["A", "x"] == 4 and table(c).equals(c.pivot_table(index="city", columns="kind", values="n", aggfunc="sum"))
assert frame.equals(pd.DataFrame({"a": [1, 2]})) and (frame["a"] == pd.Series([1, 2])).all()
assert list(labels(c).cat.categories) == ["A", "B"]
assert_series_equal(labels(c), c["city"].astype("category"))
assert list(names(c)) == list(c.columns), names(c)
assert isinstance(names(c), pd.Index)
assert parts(c).ngroups == 2 and parts(c).size()["A"] == 2
assert_frame_equal(months(c), c.set_index(pd.date_range("2024-01-31", periods=3, freq="D")))
assert_series_equal(zoned(c), pd.to_datetime(c["day"]).dt.tz_localize("UTC"))
assert frame.loc[0, "a"] == 1
""",
        (
            "def clean(df): return df",
            "import pandas as pd\ndef clean(df): return df.dropna()\nframe = pd.DataFrame({'a': [1.0, 2.0]})",
        ),
        needs="pandas",
    ),
]
