"""Hidden checks: what they look at, what a learner reads, and that nothing but a right answer passes."""

from __future__ import annotations

import contextlib
import copy
import json
import types

import numpy as np
import pytest
import torch

from scalable_ai.grading import channel as channel_module
from scalable_ai.grading import hidden as hidden_module
from scalable_ai.grading.answerer import Answerer, AnswerError
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.hidden import GraderError, compare, hidden, load_checks, run_check
from scalable_ai.grading.judge import Bench, Judge
from tests.grading.conftest import CHAPTER, RIGHT, SCALES, TOTALS


@pytest.fixture
def collected():
    """Return the checks that a test registers, in order."""
    hidden_module._collected.clear()
    yield hidden_module._collected
    hidden_module._collected.clear()


def answerer(source: str, namespace: dict | None = None, seed: int = 0) -> Answerer:
    """Return an answer that has run, as in a notebook: what it raises is left behind."""
    inner = {"__name__": "__main__", **copy.deepcopy(namespace or {})}
    with contextlib.suppress(BaseException):
        exec(compile(source, "<answer>", "exec"), inner)
    return Answerer(LocalChannel(inner), {"task": source}, 10, seed)


def outcome(check, learner: str, reference: str, namespace: dict | None = None, seed: int = 1):
    """Run one check on two answers' texts."""
    return run_check(
        check,
        learner=lambda: answerer(learner, namespace, seed),
        reference=lambda: answerer(reference, namespace, seed),
        rng=np.random.default_rng(seed),
    )


NAMES = {"x": torch.ones(3)}
DOUBLE = "y = 2 * x"


@pytest.fixture
def doubled(collected):
    """Return a check of `y`, which is twice a fresh `x`."""
    compare("task", given=lambda rng: {"x": torch.tensor(rng.normal(size=4))}, want=["y"], likely="Twice, not squared.")
    return collected[0]


FUNCTION = "def f(a, b):\n    return a - b"


@pytest.fixture
def called(collected):
    """Return a check of `f(a, b)`, which is the difference."""
    compare("task", call="f", args=lambda rng: tuple(rng.normal(size=2).tolist()), likely="b is subtracted.")
    return collected[-1]


def test_a_right_answer_in_another_style_passes(doubled, called):
    assert outcome(doubled, "y = x + x", DOUBLE, NAMES).passed
    assert outcome(called, "f = lambda a, b: -b + a", FUNCTION).passed


@pytest.mark.parametrize(
    "wrong", ["y = x ** 2", "y = (2 * x).float()", "y = (2 * x).tolist()", "y = (2 * x)[None]", "y = 2.0"]
)
def test_a_wrong_value_dtype_type_or_shape_fails_with_the_likely_mistake(doubled, wrong):
    found = outcome(doubled, wrong, DOUBLE, NAMES)
    assert not found.passed
    assert found.finding.what == "`y`"
    assert found.finding.likely == "Twice, not squared."


def test_a_hard_coded_value_fails_though_it_is_right_in_the_lesson(doubled):
    namespace = {"x": torch.ones(4, dtype=torch.float64)}
    hard_coded = "import torch\ny = torch.full((4,), 2.0, dtype=torch.float64)"
    assert not outcome(doubled, hard_coded, DOUBLE, namespace).passed


def test_fresh_values_stay_out_of_messages(collected):
    compare("task", given=lambda rng: {"x": float(rng.normal())}, want=["y", "z"])
    compare("task", call="f", args=lambda rng: (rng.normal(size=3).tolist(),))
    reference = "y = 2 * x\nz = [x, x]\ndef f(a):\n    return {'sum': sum(a)}"
    wrong = "y = 3 * x\nz = [x, 0.0]\ndef f(a):\n    return {'sum': 0.25}"
    rng = np.random.default_rng(1)
    drawn = [float(rng.normal()) for _ in range(5)]
    for check in collected:
        found = outcome(check, wrong, reference, {"x": 1.0}).finding
        text = found.sentence()
        assert "task's rule" in text
        for value in drawn:
            for said in (2 * value, 3 * value, value):
                assert f"{said:.4f}"[:6] not in text
        assert "0.25" not in text


@pytest.mark.parametrize(
    ("source", "expected", "got"),
    [
        ("pass", "a name `y`", "no such name"),
        ("y = ____", "every `____` filled", "a blank that is still open"),
        ("y = x.____(2)", "every `____` filled", "a blank that is still open"),
        (
            'raise NotImplementedError("Exercise 2: A")',
            "a body in place of the `raise` line",
            "the stub as it was given",
        ),
        ("y = x\nraise NotImplementedError('no op')", "a result", "NotImplementedError in line 2 of the answer: no op"),
        (
            "\ny = x / int('a')",
            "a result",
            "ValueError in line 2 of the answer: invalid literal for int() with base 10",
        ),
        ("y = (", "a result", "SyntaxError in line 1 of the answer: '(' was never closed"),
        ("y = no_such", "a result", "NameError in line 1 of the answer: name 'no_such' is not defined"),
        ("y = object()", "plain data", "an object of type object is no plain data"),
        ("y = next(iter([]))", "a result", "StopIteration in line 1 of the answer"),
        ("import sys\nsys.exit(0)", "a result", "SystemExit in line 2 of the answer: 0"),
        ("raise KeyboardInterrupt", "a result", "KeyboardInterrupt in line 1 of the answer"),
        ("raise GeneratorExit", "a result", "GeneratorExit in line 1 of the answer"),
        ("class E(BaseException):\n    def __str__(self): 1 / 0\nraise E()", "a result", "E in line 3 of the answer"),
        ("def f():\n    f()\ny = f()", "a result", "RecursionError in line 2 of the answer"),
    ],
)
def test_what_an_answer_raises_is_said_in_words(doubled, source, expected, got):
    found = outcome(doubled, source, DOUBLE, NAMES)
    assert not found.passed
    assert found.finding.expected == expected
    assert found.finding.got.startswith(got)


@pytest.mark.parametrize(
    "raised", ["StopIteration", "SystemExit", "KeyboardInterrupt", "AssertionError", "GeneratorExit"]
)
def test_what_a_called_function_raises_is_the_learners_failure(called, raised):
    found = outcome(called, f"def f(a, b):\n    raise {raised}", FUNCTION)
    assert not found.passed
    assert found.finding.got.startswith(f"{raised} in line 2")


LIARS = """
import torch
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __bool__(self): return True
    def __len__(self): return 4
    def __float__(self): return 1.0
    def __getattr__(self, name): return self
    def __call__(self, *args): return self
    __hash__ = object.__hash__
class Posing(Equal):
    __class__ = torch.Tensor
class Sub(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return True
class Text(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
"""


@pytest.mark.parametrize(
    "lie",
    ["Equal()", "Posing()", "torch.zeros(4).as_subclass(Sub)", "[Equal()] * 4", "{'x': Equal()}", "Text('y')",
     "torch.full((4,), float('nan'), dtype=torch.float64)", "torch.full((4,), float('inf'), dtype=torch.float64)",
     "torch.empty(4, dtype=torch.float64, device='meta')", "type('T', (dict,), {'__eq__': lambda s, o: True})()"],
)  # fmt: skip
def test_objects_that_lie_about_equality_or_type_do_not_pass(doubled, lie):
    assert not outcome(doubled, f"{LIARS}\ny = {lie}", DOUBLE, NAMES).passed


def test_a_text_that_claims_to_equal_all_does_not_pass(collected):
    compare("task", given=lambda rng: {"x": str(rng.integers(10**9))}, want=["y"])
    assert outcome(collected[0], "y = x[::-1]", "y = x[::-1]", {"x": "ab"}).passed
    for lie in ("Text(x)", "Text(x[::-1])", "Equal()"):
        assert not outcome(collected[0], f"{LIARS}\ny = {lie}", "y = x[::-1]", {"x": "ab"}).passed


def test_in_place_changes_of_drawn_inputs_reach_nobody_else(collected):
    drawn = []

    def args(rng):
        drawn.append(torch.tensor(rng.normal(size=3)))
        return (drawn[-1], [1, 2])

    compare("task", call="f", args=args)
    changing = "def f(a, b):\n    b.append(3)\n    return a.mul_(2)"
    assert outcome(collected[0], changing, changing).passed
    rng = np.random.default_rng(1)
    for one in drawn:
        assert torch.equal(one, torch.tensor(rng.normal(size=3)))
    plain = "def f(a, b):\n    return 2 * a if len(b) == 2 else None"
    assert outcome(collected[0], plain, changing).passed
    assert outcome(collected[0], changing, plain).passed


def test_given_values_are_copies_too(collected):
    compare("task", given=lambda rng: {"x": torch.tensor(rng.normal(size=3))}, want=["y"])
    assert outcome(collected[0], "y = 2 * x", "y = x.mul_(2)", NAMES).passed
    assert outcome(collected[0], "y = x.mul_(2)", "y = 2 * x", NAMES).passed
    assert torch.equal(NAMES["x"], torch.ones(3))


def test_random_answers_start_from_the_same_seed(collected):
    compare("task", given=lambda rng: {"x": 3}, want=["y"])
    for source in (
        "import torch\ny = torch.rand(x)",
        "import numpy\ny = numpy.random.rand(x)",
        "import random\ny = [random.random()]",
    ):
        assert outcome(collected[0], source, source, {"x": 3}).passed


def test_notebook_syntax_in_an_answer_is_understood(doubled):
    assert outcome(doubled, "%%time\ny = 2 * x", DOUBLE, NAMES).passed
    found = outcome(doubled, "%%time\n\ny = x / 'a'", DOUBLE, NAMES)
    assert "in line 3 " in found.finding.got


def test_a_reference_that_fails_is_the_graders_fault(doubled, called, collected):
    with pytest.raises(GraderError, match="reference answer itself failed"):
        outcome(doubled, DOUBLE, "y = no_such", NAMES)
    with pytest.raises(GraderError, match="reference answer itself failed"):
        outcome(called, FUNCTION, "pass")

    @hidden("task", "A check that nobody passes")
    def impossible(check, learner, reference, rng):
        check.that(learner.get("y") is None, "None")

    with pytest.raises(GraderError, match="does not pass its own check"):
        outcome(collected[-1], DOUBLE, DOUBLE, NAMES)

    @hidden("task", "A check that asks for what is not there")
    def misspelt(check, learner, reference, rng):
        learner.get("why")

    with pytest.raises(GraderError, match="reference answer itself failed"):
        outcome(collected[-1], DOUBLE, DOUBLE, NAMES)


def test_a_value_that_breaks_the_checks_own_code_is_the_learners(collected):
    @hidden("task", "As many rows as columns")
    def square(check, learner, reference, rng):
        shape = learner.get("y").shape
        check.that(shape[0] == shape[1], "a square")

    reference = "import torch\ny = torch.eye(2)"
    assert outcome(collected[0], reference, reference).passed
    found = outcome(collected[0], "y = 'text'", reference)
    assert not found.passed
    assert found.finding.got == "another kind of value (AttributeError)"


def test_a_timeout_is_said_with_its_limit():
    class Silent:
        def request(self, request, timeout):
            raise TimeoutError

    with pytest.raises(AnswerError) as caught:
        Answerer(Silent(), {}, 3, 0).get("x")
    assert caught.value.is_timeout
    assert caught.value.expected == "an answer within 3 seconds"


@pytest.mark.parametrize(
    "reply", ["", "[]", "{}", '{"ok": 3}', '{"ok": "{"}', '{"error": 1}', '{"error": {}}', "null", '"x"', "[" * 9999]
)
def test_an_unreadable_reply_is_the_learners_failure(reply):
    channel = types.SimpleNamespace(request=lambda request, timeout: reply)
    with pytest.raises(AnswerError, match="a readable value"):
        Answerer(channel, {}, 3, 0).get("x")


def test_only_the_learners_own_time_counts(monkeypatch):
    now, limits = [0.0], []
    monkeypatch.setattr(channel_module.time, "monotonic", lambda: now[0])

    class TakesTwoSeconds:
        def request(self, request, timeout):
            limits.append(timeout)
            now[0] += 2
            return '{"ok": "1"}'

    learner = Answerer(TakesTwoSeconds(), {}, 5, 0)
    learner.get("x")
    now[0] += 100  # the reference answer's
    learner.get("x")
    assert limits == [5, 3]


def test_a_name_that_only_other_cells_define_is_no_answer(doubled):
    found = outcome(doubled, "pass", DOUBLE, {**NAMES, "y": torch.ones(3)})
    assert found.finding.expected == "a name `y`"


@pytest.mark.parametrize(
    "wrong",
    ["compare('task')", "compare('task', want=[])", "compare('task', want=['y'], call='f')",
     "compare('task', call='f')", "compare('task', want=['y'], weight=0)",
     "hidden('task', 'x', weight=-1)(print)", "raise ValueError('x')",
     "import no_such_module", "("],
)  # fmt: skip
def test_a_broken_file_of_checks_names_itself(tmp_path, wrong):
    path = tmp_path / "lesson.py"
    path.write_text(f"from scalable_ai.grading.hidden import compare, hidden\n{wrong}\n")
    with pytest.raises(GraderError, match=r"lesson\.py: these hidden checks cannot be loaded"):
        load_checks(path)


def test_args_that_are_no_tuple_are_the_graders_fault(collected):
    compare("task", call="f", args=lambda rng: torch.ones(2))
    with pytest.raises(GraderError, match="no tuple"):
        outcome(collected[0], FUNCTION, FUNCTION)


@pytest.fixture(scope="module")
def totals(tiny):
    return Bench(tiny, CHAPTER, TOTALS)


def verdict_on(bench, exercise, source, seed=7):
    namespace = {
        "__name__": "__main__",
        "torch": torch,
        "weights": torch.tensor([1.0, 2.0, 4.0]),
        "prices": torch.ones(3),
    }
    with contextlib.suppress(Exception):
        exec(compile(source, "<answer>", "exec"), namespace)
    return bench.judge(exercise, LocalChannel(namespace), {exercise: source}, seed)


def test_weights_share_the_points_and_each_finding_is_said(totals):
    full = verdict_on(totals, "total", RIGHT["total"])
    assert (full.score, full.is_full, full.findings, full.flag) == (4, True, (), "")
    part = verdict_on(totals, "total", "heavy = weights.mean()\ncost = weights.dot(prices)")
    assert (part.score, part.points) == (3, 4)
    assert part.passed == ("`cost` on new inputs", "The inputs stay as they were")
    assert [found.what for found in part.findings] == ["`heavy`"]
    assert "3 of 4 points" in part.card().text()
    changed = verdict_on(totals, "total", RIGHT["total"] + "\nweights.mul_(2)")
    assert changed.score == 2
    assert verdict_on(totals, "total", "heavy = ____").score == 0


@pytest.mark.parametrize(
    ("answer", "score"),
    [('"B"', 1), ('" b"', 1), ('"A"', 0), ('"D"', 0), ("2", 0), ('"BA"', 0), ("['B']", 0), ("____", 0)],
)
def test_a_quiz_takes_the_right_letter_only(totals, answer, score):
    assert verdict_on(totals, "doubling", f"doubling = {answer}").score == score


def test_a_card_does_not_tell_the_right_letter(totals):
    text = verdict_on(totals, "doubling", 'doubling = "A"').card().text()
    assert "B" not in text.replace("Quiz", "")


def test_a_failing_reference_gives_no_marks_and_a_flag(tiny, monkeypatch):
    bench = Bench(tiny, CHAPTER, TOTALS)
    bench.sources["total"] = "heavy = no_such"
    verdict = verdict_on(bench, "total", RIGHT["total"])
    assert verdict.score == 0
    assert "the reference answer itself failed" in verdict.flag
    assert "your instructor is told" in verdict.card().text()
    bench.checks["total"] = []
    assert "has no hidden checks" in verdict_on(bench, "total", RIGHT["total"]).flag


def test_the_seed_that_inputs_come_from_does_not_reach_the_kernel(tiny):
    bench = Bench(tiny, CHAPTER, SCALES)
    asked = []
    namespace = {"clip": lambda values, low, high: values}

    class Listening(LocalChannel):
        def request(self, request, timeout):
            asked.append(request)
            return super().request(request, timeout)

    bench.judge("clip", Listening(namespace), {}, 123456789)
    seeds = {json.loads(request)["seed"] for request in asked}
    assert len(seeds) == 1
    assert 123456789 not in seeds
    drawn = np.random.default_rng(seeds.pop()).normal(size=6).tolist()
    assert str(drawn[0])[:8] not in asked[0]


def test_a_judge_runs_each_lesson_once(tiny, monkeypatch):
    judge = Judge(tiny)
    assert judge.bench(CHAPTER, TOTALS) is judge.bench(CHAPTER, TOTALS)
    assert judge.bench(CHAPTER, SCALES).lesson.name == SCALES


SCRIPTED = """
import warnings
import torch

class Doubled(torch.nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            return x * 2
        return x

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    doubled = torch.jit.script(Doubled())(x)
"""


def test_what_reads_the_text_of_an_answer_finds_it(collected):
    learner = answerer(SCRIPTED, {"x": torch.ones(2)})
    again = learner.rerun("task", given={"x": torch.full((2,), 3.0)}, want=["doubled"])
    assert again["doubled"].tolist() == [6.0, 6.0]


def test_arguments_come_back_as_the_function_left_them():
    source = "def f(a, b):\n    b.append(a)\n    return len(b)"
    assert answerer(source).call_and_keep("f", 1, [2]) == (2, [1, [2, 1]])
    with pytest.raises(AnswerError, match="ZeroDivisionError"):
        answerer("def f(a):\n    return a / 0").call_and_keep("f", 1)


def test_a_temporary_folder_is_not_named():
    with pytest.raises(AnswerError) as caught:
        answerer("def f():\n    return {}['/tmp/tmpf012c0i7/run-8/version_1']").call("f")
    assert caught.value.got == "KeyError in line 2 of the answer: '…/run-8/version_1'"
