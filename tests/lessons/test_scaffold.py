"""The learner's version of an answer: blanks, stubs, and nothing else changed."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.lessons.scaffold import BLANK, comments, learner_text, solution_text

STUBBED = '''\
import math


def area(radius: float) -> float:  # stub
    """Return the area of a circle.

    # A line of the docstring that looks like a comment stays one.
    """
    # Square the radius
    square = radius**2

    # Multiply by pi
    return math.pi * square


UNIT = "m²"
'''


def test_a_blank_hides_its_text_and_nothing_else():
    answer = "# Reduce\ntotal = a.dot(b)  # blank: dot\nrest = 1"
    assert learner_text(answer, "task") == "# Reduce\ntotal = a.____(b)\nrest = 1"
    assert solution_text(answer) == "# Reduce\ntotal = a.dot(b)\nrest = 1"


def test_several_blanks_in_a_line_are_hidden_each():
    answer = "z = x.add(y, alpha=2)  # blank: add | 2 | y, "
    assert learner_text("z = x.add(y, alpha=2)  # blank: add | 2", "task") == "z = x.____(y, alpha=____)"
    assert solution_text(answer).rstrip() == "z = x.add(y, alpha=2)"


def test_a_blank_is_found_as_a_whole_name_only():
    assert learner_text("added = a.add(b)  # blank: a", "task") == "added = ____.add(b)"
    assert learner_text("x = -1  # blank: -1", "task") == "x = ____"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("x = a + a  # blank: a", "line 1 of the answer: 'a' stands 2 times in the line."),
        ("# Go\nx = a  # blank: b", "line 2 of the answer: 'b' stands 0 times in the line."),
        ("x = a.add(b)  # blank: ad", "'ad' stands 0 times"),
        ("x = 1  #blank: 1", "line 1 of the answer: a mark ends its line as '  # blank: TEXT' or '  # stub'."),
        ("y = 1  # blank: 1\nx = 1  # Blank: 1", "line 2 of the answer: a mark ends its line"),
        ("y = 1  # blank:", "line 1 of the answer: a mark ends its line"),
        ("x = 1", "nothing is marked. Add '# blank: …' or '# stub'."),
        ("x = 1  # stub", "'# stub' belongs at the end of a 'def' or 'class' line."),
        ("def f(:  # stub\n    pass", "'# stub' needs valid Python around it."),
        ("def f():  # stub\n    return 1", "a stub needs a docstring, which stays."),
        ('def f():  # stub\n    """Do."""', "the function has no body to drop."),
        (
            'class A:  # stub\n    """Do."""\n\n    def f(self):  # stub\n        """Do."""\n        return 1',
            "line 4 of the answer: it is inside another stub",
        ),
    ],
)
def test_a_mark_that_does_not_fit_is_named_with_its_line(answer, said):
    with pytest.raises(ValueError, match=r"line .* of the answer") as caught:
        learner_text(answer, "task")
    assert said in str(caught.value)


def test_a_stub_keeps_signature_docstring_comments_and_surroundings():
    stub = learner_text(STUBBED, "Exercise 2: area")
    assert (
        stub
        == '''\
import math


def area(radius: float) -> float:
    """Return the area of a circle.

    # A line of the docstring that looks like a comment stays one.
    """
    # Square the radius
    # Multiply by pi
    raise NotImplementedError("Exercise 2: area")


UNIT = "m²"'''
    )
    before, after = (ast.parse(text).body[1] for text in (solution_text(STUBBED), stub))
    assert ast.unparse(before.args) == ast.unparse(after.args)
    assert ast.unparse(before.returns) == ast.unparse(after.returns)
    assert ast.get_docstring(before) == ast.get_docstring(after)
    assert comments(stub) == comments(STUBBED) == ["# Square the radius", "# Multiply by pi"]


def test_a_stubs_signature_may_span_lines_and_sit_in_a_class():
    answer = (
        "class Net:\n    size = 3\n\n    def forward(\n        self, x: int\n    ) -> int:  # stub\n"
        '        """Return x."""\n        y = x\n        return y\n\n    def other(self):\n        return 2\n'
    )
    stub = learner_text(answer, "Exercise 1: net")
    assert "y = x" not in stub
    assert "return 2" in stub
    assert stub.count('        raise NotImplementedError("Exercise 1: net")') == 1
    ast.parse(stub)


def test_two_stubs_and_a_blank_in_one_cell():
    answer = (
        'def f(x: int) -> int:  # stub\n    """Return f."""\n    return x\n\n\n'
        'def g(x: int) -> int:  # stub\n    """Return g."""\n    return x + 1\n\n\nz = f(g(1))  # blank: 1\n'
    )
    stub = learner_text(answer, "t")
    assert stub.count("raise NotImplementedError") == 2
    assert "return" not in stub.replace("Return", "")
    assert "z = f(g(____))" in stub


@pytest.mark.parametrize("task", ['Say "yes"', "A \\ backslash", "It's é"])
def test_the_stubs_exception_names_any_title(task):
    stub = learner_text(STUBBED, task)
    with pytest.raises(NotImplementedError) as caught:
        exec(stub + "\narea(1.0)", {})
    assert str(caught.value) == task


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)


@given(target=NAMES, parts=st.lists(NAMES, min_size=2, max_size=6, unique=True), data=st.data())
def test_learner_text_differs_from_the_solution_only_at_blanks(target, parts, data):
    hidden = data.draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))
    code = f"({target}) = " + " + ".join(f"_{target}{i}" for i in range(2)) + " + f(" + ", ".join(parts) + ")"
    if any(code.replace("(", " ").replace(")", " ").replace(",", " ").split().count(name) != 1 for name in hidden):
        return
    answer = f"# Add\n{code}  # blank: {' | '.join(hidden)}"
    learner, solution = learner_text(answer, "task"), solution_text(answer)
    assert learner.count(BLANK) == len(hidden)
    in_order = sorted(
        hidden, key=lambda name: code.replace(",", " ").replace("(", " ").replace(")", " ").split().index(name)
    )
    for name in in_order:
        learner = learner.replace(BLANK, name, 1)
    assert learner == solution


@given(body=st.lists(st.sampled_from(["x = 1", "# Say so", "y = x", "if x:\n        y = 2", ""]), min_size=1))
def test_a_stub_keeps_every_comment_of_its_body_in_order(body):
    lines = "\n    ".join([*body, "return y"])
    answer = f'def f(x: int) -> int:  # stub\n    """Return y."""\n    {lines}\n'
    stub = learner_text(answer, "task")
    assert comments(stub) == comments(answer)
    assert "return" not in stub
    ast.parse(stub)


def test_comments_are_read_from_unfinished_code_too():
    assert comments("# One\nx = ____\n# Two\nif (:\n") == ["# One", "# Two"]
    assert comments("x = '# none'") == []
