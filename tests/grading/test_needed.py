"""Cells on which no mark depends are left out, and no mark changes by it."""

from __future__ import annotations

import contextlib
import io
import warnings

import pytest

from scalable_ai.course import Course
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.gallery import read_gallery
from scalable_ai.grading.judge import Bench
from scalable_ai.grading.needed import names_asked, what_to_run
from scalable_ai.grading.reference import new_namespace
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons, read_lesson
from tests.grading.conftest import ROOT

COURSE = Course(ROOT)
ANSWER = "answer = helper(given)"


def left_out(before: str, answer: str = ANSWER, after: str = "", names: tuple[str, ...] = ()) -> bool:
    """Return whether the first of three cells is left out."""
    return what_to_run([before, answer, after], [1], names)[0] == ""


@pytest.mark.parametrize(
    "cell",
    [
        "print('a figure')",
        "fig, ax = plt.subplots()\nax.plot([1, 2])\nshow(fig, 'a figure')",
        "seconds = [time_of(size) for size in sizes]\nprint(max(seconds))",
        "for size in sizes:\n    table.append(size)",
        "given_too = 3",
        "def other():\n    return given",
        "class Shown(torch.nn.Module):\n    def forward(self, x):\n        return self.layer(x)",
        "other = [given for given in range(3)]",
        "raise ValueError",
    ],
)
def test_what_no_answer_depends_on_is_left_out(cell):
    assert left_out(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "given = 3",
        "given, rest = 3, 4",
        "given += 1",
        "given[0] = 1",
        "given.shape = (2,)",
        "given.append(1)",
        "given.add_(1)",
        "given.anything()",
        "done = given.pop()",
        "torch.add(a, b, out=given)",
        "first = next(given)",
        "del given",
        "for given in range(3):\n    pass",
        "with open('x') as given:\n    pass",
        "try:\n    given = 1\nexcept ValueError:\n    given = 2",
        "if ready:\n    import torch as given",
        "def change():\n    global given\n    given = 3\nchange()",
        "def change(values):\n    values.append(1)\nchange(given)",
        "def helper(x):\n    return x",
        "class helper:\n    pass",
        "from tools import *",
        "exec('given = 3')",
        "%run tools.py",
        "!wget data",
        "configure()",
        "plt.rcParams['figure.dpi'] = 80\nimport os as helper",
    ],
)
def test_what_may_change_what_an_answer_reads_is_run(cell):
    assert not left_out(cell)


def test_settings_of_a_library_are_run_where_an_answer_uses_the_library():
    assert not left_out("torch.set_default_dtype(torch.float64)", "answer = torch.zeros(3)")
    assert not left_out("plt.rcParams['figure.dpi'] = 80", "plt.plot(answer)")


def test_dependence_goes_through_other_cells():
    sources = ["base = 2", "import torch\nprint(torch)", "given = base + 1", "shown = given * 2", ANSWER]
    assert what_to_run(sources, [4]) == ["base = 2", "", "given = base + 1", "", ANSWER]


def test_of_a_cell_that_draws_its_imports_stay():
    cell = "import torch\nfrom tools import show as helper, other\nshow(torch.zeros(3))\nlong_measurement = 1"
    ran = what_to_run([cell, ANSWER], [1])[0]
    assert ran == "import torch\nfrom tools import show as helper, other"
    assert what_to_run([cell, "answer = 1"], [1])[0] == ""


def test_a_function_counts_with_what_it_reads_and_changes():
    sources = ["rate = 3", "log = []", "def helper(x):\n    log.append(x)\n    return rate * x", "helper(2)", ANSWER]
    assert what_to_run(sources, [4]) == sources
    assert left_out("model = Net()", "answer = 1", "model(3)")


def test_a_called_object_may_change():
    assert not left_out("model = Net()\nmodel(3)", "answer = model.weight")
    sources = ["model = build()", "loss = model(batch)", "answer = model.state"]
    assert what_to_run(sources, [2]) == sources


def test_random_state_is_shared():
    assert not left_out("noise = torch.randn(3)", "answer = torch.rand(3)")
    assert not left_out("net = torch.nn.Linear(3, 3)", "answer = torch.rand(3)")
    assert left_out("noise = torch.randn(3)", "answer = 1")


def test_files_are_shared():
    assert not left_out("table.to_csv('t.csv')\nopen('t.txt', 'w')", "answer = open('t.txt').read()")
    assert left_out("fig.savefig('t.png')", "answer = 1")


def test_names_that_hidden_checks_ask_for_are_run():
    checks = """
def by_name(check, student, reference, rng):
    check.equal(student.get("config.lr"), 1, "lr")
    check.equal({}.get("other"), 1, "x")
    student.call("train", 3)
"""
    assert names_asked(checks) == {"config", "train"}
    assert not left_out("config = 1", names=("config",))
    variable = checks.replace('student.call("train", 3)', "[student.get(name) for name in ('a', 'b')]")
    assert {"a", "b", "other"} <= names_asked(variable)


def _run(texts: list[str], lesson) -> dict:
    namespace = new_namespace(lesson)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for text in texts:
            exec(compile(text, "<cell>", "exec"), namespace)
    return namespace


NEEDS_A_FILE = {"hand_in"}
"""Exercises of which a file is judged that was handed in beside the notebook."""


@pytest.mark.parametrize("path", find_lessons(COURSE.solutions), ids=lambda path: path.stem)
def test_right_answers_of_every_lesson_stay_right_with_cells_left_out(path, monkeypatch):
    monkeypatch.setenv("SCALABLE_AI_DATASETS", str(ROOT / "datasets"))
    bench = Bench(COURSE, path.parent.name, path.stem)
    lesson = bench.lesson
    checks = COURSE.graders / lesson.chapter / f"{lesson.name}.py"
    cells = [cell for cell in lesson.cells if cell.type == "code" and cell.mark != "check"]
    asked = names_asked(checks.read_text(encoding="utf-8"))
    gallery = read_gallery(checks.parent / "answers" / checks.name)
    others = {one.exercise: one.text for one in reversed(gallery) if one.right and one.exercise not in NEEDS_A_FILE}
    roots = [number for number, cell in enumerate(cells) if cell.mark == "answer"]
    texts = [others.get(cell.name, cell.text) if cell.mark == "answer" else cell.text for cell in cells]
    texts = [solution_text(text) for text in texts]
    ran = what_to_run(texts, roots, asked)
    namespace = _run(ran, lesson)
    for name in set(bench.sources) - NEEDS_A_FILE:
        verdict = bench.judge(name, LocalChannel(namespace), {name: others.get(name, bench.sources[name])}, seed=7)
        assert verdict.is_full, (name, verdict.findings, verdict.flag)


def test_something_is_left_out_of_most_lessons():
    shorter = []
    for path in find_lessons(COURSE.solutions):
        lesson = read_lesson(path)
        cells = [cell for cell in lesson.cells if cell.type == "code" and cell.mark != "check"]
        checks = COURSE.graders / lesson.chapter / f"{lesson.name}.py"
        texts = [solution_text(cell.text) for cell in cells]
        roots = [number for number, cell in enumerate(cells) if cell.mark == "answer"]
        shorter.append(what_to_run(texts, roots, names_asked(checks.read_text(encoding="utf-8"))) != texts)
    assert sum(shorter) > 0.8 * len(shorter)
