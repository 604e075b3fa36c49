"""A learner's copy of the small course, in which lessons change and answers are given."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from scalable_ai.cards import KEY
from scalable_ai.course import Course
from scalable_ai.lab.folders import Folders
from scalable_ai.lab.work import read, write
from scalable_ai.lessons.build import build_lesson

SMALL_COURSE = Path(__file__).parents[1] / "lessons" / "course"
LESSON = Path("ch1_growth", "lesson_1_1_counting.ipynb")
CAPSTONE = Path("ch1_growth", "capstone_1.ipynb")


def built(source: Path, root: Path, *edits: tuple[str, str]) -> str:
    """Return a lesson as it is given, after edits of its source."""
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    place = root / "solutions" / source.parent.name / source.name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    return build_lesson(Course(root), place).release


@pytest.fixture(scope="session")
def versions(tmp_path_factory) -> dict[str, str]:
    """Return the lesson as it was first given, and as it is after changes; and the capstone."""
    root = tmp_path_factory.mktemp("sources")
    folder = SMALL_COURSE / "solutions" / "ch1_growth"
    lesson, capstone = folder / "lesson_1_1_counting.py", folder / "capstone_1.py"
    text = ("- Load is what arrives, cost is what it takes.", "- Load arrives, cost is paid.")
    check = ('"listed", likely="Each pair counts once, whichever of the two comes first."', '"listed"')
    answer = ("# blank: combinations", "# blank: list(combinations")
    return {
        "first": built(lesson, root),
        "text": built(lesson, root, text),
        "check": built(lesson, root, check),
        "answer": built(lesson, root, ("# List the pairs and count them", "# Count the pairs in a list")),
        "blank": built(lesson, root, answer),
        "capstone": built(capstone, root),
    }


def notebook_of(text: str) -> nbformat.NotebookNode:
    """Return a notebook from its text."""
    return nbformat.reads(text, as_version=4)


@dataclass
class Learner:
    """A learner with the small course."""

    folders: Folders
    versions: dict[str, str] = field(repr=False)

    @property
    def mine(self) -> Path:
        """The learner's copy of the lesson."""
        return self.folders.work / LESSON

    def give(self, version: str) -> None:
        """Have the course give a version of the lesson."""
        path = self.folders.chapters / LESSON
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.versions[version], encoding="utf-8")

    def answer(self, name: str, text: str, passed: bool | None = None) -> None:
        """Write an answer, run its check, and save."""
        notebook = read(self.mine)
        for cell in notebook.cells:
            if cell["id"] == f"{name}-answer":
                cell.source = text
            if cell["id"] == f"{name}-check" and passed is not None:
                said = {KEY: {"exercise": name, "passed": passed}}
                cell.outputs = [nbformat.v4.new_output("display_data", {"text/plain": "card"}, metadata=said)]
        write(notebook, self.mine)

    def answer_of(self, name: str) -> str:
        """Return the text of an answer."""
        return next(cell.source for cell in read(self.mine).cells if cell["id"] == f"{name}-answer")


@pytest.fixture
def learner(tmp_path, versions, monkeypatch) -> Learner:
    """Return a learner whose course was given the first version."""
    monkeypatch.delenv("SCALABLE_AI_COURSE", raising=False)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / ".jupyter"))
    learner = Learner(Folders(tmp_path), versions)
    learner.give("first")
    shutil.copyfile(Path(__file__), tmp_path / "chapters" / "README.md")
    (tmp_path / "chapters" / CAPSTONE).write_text(versions["capstone"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return learner
