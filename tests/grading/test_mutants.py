"""The mutants of an answer: which faults are made, how they are told, and that each is one fault of valid Python."""

from __future__ import annotations

import ast

import pytest

from scalable_ai.grading.mutation.mutants import draw, make_mutants
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons, read_lesson
from tests.grading.conftest import ROOT


def faults(text):
    # Python versions write f-strings in different quotes.
    return {mutant.after.replace("'", '"') for mutant in make_mutants(text)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a = b - c", ["a = b + c", "a = c - b", "a = b", "a = c"]),
        ("a = b @ c", ["a = b * c", "a = c @ b"]),
        ("a += b", ["a -= b", "a = b", "pass"]),
        ("a = b < c", ["a = b <= c", "a = b > c"]),
        ("a = b == c", ["a = b != c"]),
        ("a = b and c", ["a = b or c", "a = b", "a = c"]),
        ("a = not b", ["a = b"]),
        ("a = b[2]", ["a = b[3]", "a = b[1]", "a = b[-2]", "a = b"]),
        ("a = b[-1]", ["a = b[0]", "a = b[-2]", "a = b[1]"]),
        ("a = 0.5", ["a = 1.5", "a = -0.5"]),
        ("a = b(True)", ["a = b(False)"]),
        ('a = loss(b, reduction="sum")', ['a = loss(b, reduction="mean")', "a = loss(b)"]),
        ('a = f"metrics.gap <= {b}"', ['a = f"metrics.gap < {b}"']),
        ('a = "speedup"', ['a = "speedup_"']),
        ("a = b.sum(dim=1)", ["a = b.sum(dim=0)", "a = b.sum(dim=2)", "a = b.sum()", "a = b.mean(dim=1)", "a = b"]),
        ("a = b.mean(dim=(0, 2))", ["a = b.mean(dim=(2,))", "a = b.mean(dim=(0,))", "a = b.mean(dim=(1, 2))"]),
        ("a = b.argmax()", ["a = b.argmin()"]),
        ("a = max(b)", ["a = min(b)"]),
        ("a = b.detach().clone()", ["a = b.detach()", "a = b.clone()"]),
        ("a = float(b)", ["a = b"]),
        ("a = f(b, c, d)", ["a = f(c, b, d)", "a = f(b, d, c)", "a = f(b, c)"]),
        ("model.eval()", ["pass", "model.train()"]),
        ("optimizer.zero_grad()", ["pass"]),
        ("a = b[2:8]", ["a = b[:8]", "a = b[2:]", "a = b[3:8]", "a = b[2:7]"]),
        ("a = b[:8]", ["a = b[1:8]", "a = b[:]"]),
        ("a = b[:, 0]", ["a = b[0, :]"]),
        ("return_value = (a, b)", ["return_value = (b, a)"]),
        ('a = {"b": 1, "c": 2}', ['a = {"c": 2}', 'a = {"b": 1}']),
        ("a = [b for b in c if d]", ["a = [b for b in c]", "a = [b for b in c if not d]"]),
        ("a = b if c else d", ["a = b", "a = d"]),
    ],
)
def test_the_faults_that_learners_make_are_made(text, wanted):
    assert faults(text) >= set(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f():\n    return b", "    return"),
        ("with no_grad():\n    a = b", "if True:"),
        ("with no_grad():\n    a = b", "with enable_grad():"),
        ("for a in b:\n    if a:\n        break", "        continue"),
        ("if a:\n    b()", "if not a:"),
        ("if a:\n    b()", "if True:"),
        ("for a in b:\n    c()", "pass"),
        ("try:\n    a()\nexcept E:\n    b()", "if True:\n    a()"),
        ("class A:\n    def f(self):\n        g()", "class A:\n    pass"),
        ("class A:\n    @classmethod\n    def f(self):\n        g()", "class A:\n    def f(self):"),
        ("def f():\n    loss.backward()\n    optimizer.step()", "    optimizer.step()\n    loss.backward()"),
    ],
)
def test_statements_are_left_out_turned_round_and_reordered(text, wanted):
    assert any(wanted in mutant.text and mutant.text != text for mutant in make_mutants(text))


def test_documentation_and_types_of_functions_stay_and_those_of_fields_do_not():
    text = 'def f(a: list[int] = 3) -> dict[str, int]:\n    """Return 1."""\n    return a'
    assert faults(text) == {
        "def f(a: list[int] = 4) -> dict[str, int]:",
        "def f(a: list[int] = 2) -> dict[str, int]:",
        "def f(a: list[int] = -3) -> dict[str, int]:",
        "return",
    }
    assert "b: list" in faults("class A(Model):\n    b: list[float]")


def test_an_axis_gets_no_sign_as_that_is_most_often_the_same_axis():
    assert not faults("a = b.sum(dim=1)") & {"a = b.sum(dim=-1)"}
    assert "a = b.sum(-1)" in faults("a = b.sum(1)")


def test_a_mutant_tells_its_line_and_only_the_lines_that_differ():
    text = 'müll = "ü"  # é\nfirst = (\n    second\n    - third\n)\nlast = 1'
    mutant = next(one for one in make_mutants(text) if one.after == "second + third")
    assert (mutant.line, mutant.before) == (3, "second - third")
    assert mutant.text == 'müll = "ü"  # é\nfirst = (\n    second + third\n)\nlast = 1'


def test_a_line_that_is_left_out_is_told():
    text = "class A:\n    @classmethod\n    def f(self):\n        return a"
    assert ("@classmethod", "(nothing)") in {(one.before, one.after) for one in make_mutants(text)}


def test_equal_lines_are_told_apart_by_their_number():
    twice = [one for one in make_mutants("step()\na = b\nstep()") if one.after == "pass" and one.before == "step()"]
    assert [(one.line, one.nth) for one in twice] == [(1, 1), (3, 2)]


def test_a_sample_is_the_same_for_the_same_seed_and_in_order():
    mutants = make_mutants("a = b + c * d - e")
    assert draw(mutants, 5, "1") == draw(mutants, 5, "1")
    assert any(draw(mutants, 5, str(seed)) != draw(mutants, 5, "1") for seed in range(5))
    drawn = draw(mutants, 5, "1")
    assert sorted(drawn, key=mutants.index) == drawn
    assert draw(mutants, None, "1") == draw(mutants, 1000, "1") == mutants


def test_every_answer_of_the_course_has_mutants_each_another_program():
    for path in find_lessons(ROOT / "solutions"):
        for cell in read_lesson(path).of("answer"):
            text = solution_text(cell.text)
            mutants = make_mutants(text)
            assert len(mutants) >= 5
            trees = [ast.dump(ast.parse(mutant.text)) for mutant in mutants]
            assert len({*trees, ast.dump(ast.parse(text))}) == len(mutants) + 1
            assert len({(one.before, one.after, one.nth) for one in mutants}) == len(mutants)
