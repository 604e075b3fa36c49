"""The course's readiness checks run: solved, all may be skipped; untouched, nothing; and nbgrader gives no points."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from scalable_ai.course import Course
from scalable_ai.grading.report import read_marks
from scalable_ai.grading.stock import nbgrader
from scalable_ai.lessons.build import build_all, build_lesson, write_all
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_readiness, read_lesson
from tests.grading.conftest import CHAPTER, RIGHT, TINY_COURSE, answered, copy_of_tiny_course

COURSE = Course(Path(__file__).parents[2])
CHECKS = find_readiness(COURSE.solutions)
each = pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.parent.name)


def run(notebook, folder):
    options = {}
    if sys.platform == "linux":
        from scalable_ai.grading.provisioner import WarmKernelManager

        options["kernel_manager_class"] = WarmKernelManager
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, timeout=300, allow_errors=True, shutdown_kernel="immediate", resources=resources, **options
    )
    return client.execute()


def shown(cell):
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def solve(notebook, names):
    """Put the reference answers of some questions in place of the blanks; their marks are in the source version."""
    for cell in notebook.cells:
        if cell["id"].removesuffix("-answer") in names:
            cell.source = solution_text(cell.source)
    return notebook


def after(notebook, folder):
    """Return what each question's check and the result at the end have shown."""
    done = run(notebook, folder)
    found = {cell["id"].removesuffix("-check"): shown(cell) for cell in done.cells if cell["id"].endswith("-check")}
    return found, shown(done.cells[-1])


def test_the_course_has_one():
    assert CHECKS


@each
def test_right_answers_pass_and_every_lesson_may_be_skipped(path, tmp_path):
    lesson = read_lesson(path)
    notebook = nbformat.reads(build_lesson(COURSE, path).source, as_version=4)
    cards, said = after(solve(notebook, set(lesson.questions)), tmp_path)
    assert set(cards) == set(lesson.questions)
    assert all(text.startswith("Passed: Question") for text in cards.values()), cards
    assert not [text for text in cards.values() if "Hidden checks" in text]
    asked = {card.lesson for card in lesson.questions.values()}
    assert f"{len(cards)} of {len(cards)} questions passed: {len(asked)} of {len(asked)} lessons" in said
    assert "take it" not in said


@each
def test_blanks_are_open_and_every_lesson_is_to_be_taken(path, tmp_path):
    lesson = read_lesson(path)
    notebook = nbformat.reads(build_lesson(COURSE, path).release, as_version=4)
    cards, said = after(notebook, tmp_path)
    for name, card in lesson.questions.items():
        assert cards[name].startswith("Not yet: Question"), cards[name]
        why = (
            "the stub as it was given",
            "a name that does not exist yet",
            "that is still open in",
            "that are still open in",
        )
        assert any(words in " ".join(cards[name].split()) for words in why), cards[name]
        assert re.search(rf"take (lesson )?{re.escape(card.lesson)}\b", " ".join(cards[name].split())), cards[name]
        assert re.search(rf"open Question \d+: {re.escape(card.title)}$", said, re.MULTILINE)
    assert f"0 of {len(cards)} questions passed: 0 of" in said
    assert "may be skipped\n" not in said


@each
def test_one_open_question_sends_to_its_lesson_only(path, tmp_path):
    lesson = read_lesson(path)
    left = list(lesson.questions)[-1]
    notebook = nbformat.reads(build_lesson(COURSE, path).source, as_version=4)
    cleared = nbformat.reads(build_lesson(COURSE, path).release, as_version=4)
    solve(notebook, set(lesson.questions) - {left})
    blank = {cell["id"]: cell.source for cell in cleared.cells}
    for cell in notebook.cells:
        if cell["id"] == f"{left}-answer":
            cell.source = blank[cell["id"]]
    cards, said = after(notebook, tmp_path)
    assert [name for name, text in cards.items() if text.startswith("Not yet")] == [left]
    assert said.count("take it") == 1
    assert lesson.questions[left].lesson in next(line for line in said.splitlines() if line.startswith("take it"))


@each
@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        ("channel_means", "images.float() / 255", "images.float()", "channel_means(batch)"),
        ("channel_means", "dim=(0, 2, 3)", "dim=(2, 3)", "shape"),
        ("installed", "return None", "raise", "PackageNotFoundError"),
        ("labelled", "int(self.labels[index])", "self.labels[index]", "the label of dataset[5]"),
        ("ten_in_fours", "shuffle=False", "shuffle=True", "the samplers of the two loaders"),
        ("ten_in_fours", "batches = 3", "batches = 2", "drop_last"),
        ("classifier", "nn.Linear(12, 5), nn.ReLU(), ", "nn.Linear(12, 5), ", "straight line"),
        ("train_step", "    optimizer.zero_grad()\n", "", "zero_grad"),
        ("train_step", "loss.item()", "loss", "the losses of two steps"),
        ("steady_scores", "    model.eval()\n", "", "dropout blanks most"),
        ("steady_scores", "with torch.no_grad():", "if True:", "without a graph"),
        ("learning_rates", "step_size=2", "step_size=3", "the rates of five epochs"),
    ],
)
def test_wrong_answers_are_told_apart(path, name, right, wrong, says):
    """Each question's visible check can fail for what learners get wrong; run here, without a kernel."""
    lesson = read_lesson(path)
    if name not in lesson.questions:
        pytest.skip("another readiness check's question")
    answer = solution_text(lesson.named("answer", name).text)
    assert right in answer
    namespace = {}
    for cell in lesson.cells:
        if cell.type == "code" and cell.mark == "reading":
            exec(cell.text, namespace)
        if cell.name == name and cell.mark == "answer":
            break
    exec(answer.replace(right, wrong), namespace)
    with pytest.raises(AssertionError) as caught:
        exec(lesson.named("check", name).text, namespace)
    told = f"{caught.value} {caught.value.finding.likely}"
    assert says in told


def test_nbgrader_assigns_collects_and_grades_it_without_points(tmp_path, monkeypatch):
    course = copy_of_tiny_course(tmp_path / "course", TINY_COURSE)
    monkeypatch.chdir(course.root)
    text = CHECKS[0].read_text(encoding="utf-8")
    (course.solutions / CHAPTER / CHECKS[0].name).write_text(text, encoding="utf-8")
    built, errors = build_all(course)
    assert not errors
    write_all(built)
    place = course.chapters / CHAPTER / f"{CHECKS[0].stem}.ipynb"
    before = json.loads(place.read_text(encoding="utf-8"))
    nbgrader(course.root, "generate_assignment", CHAPTER, "--force")
    after = json.loads(place.read_text(encoding="utf-8"))
    assert [cell["source"] for cell in after["cells"]] == [cell["source"] for cell in before["cells"]]
    assert next(item for item in built if item.release_path == place).is_current
    names = [path.stem for path in (course.chapters / CHAPTER).glob("lesson_*.ipynb")]
    folder = course.root / "submitted" / "ada" / CHAPTER
    folder.mkdir(parents=True)
    for name in names:
        nbformat.write(answered(course, name, RIGHT), folder / f"{name}.ipynb")
    shutil.copy(place, folder)
    result = nbgrader(course.root, "autograde", CHAPTER)
    (mark,) = read_marks(course.root, CHAPTER)
    lessons = [item.lesson for item in built if not item.lesson.is_readiness]
    points = sum(card.points for lesson in lessons for card in (*lesson.exercises.values(), *lesson.quizzes.values()))
    assert (mark.learner, mark.score, mark.points) == ("ada", points, points)
    assert not [text for text in result.problems if "verdict" in text or "kernel" in text]
