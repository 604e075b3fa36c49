"""Right answers for self-study: found by id and title, in a course that has its sources."""

from __future__ import annotations

import json
import re

import pytest

from scalable_ai.course import find_course
from scalable_ai.self_study import find_solution

# As a notebook's file has it: each line of the cell a JSON string.
CHECK = re.compile(r'with exercise\(\\n",\s+"    \\"(\w+)\\",\\n",\s+"    title=\\"(.*?)\\",\\n"')
LESSON = """# %% exercise: loads [markdown]
# title: "Loads: a first
#   look"
# points: 2

# %% answer: loads
# Add them up
total = a.dot(b)  # blank: dot


def twice(x):  # stub
    return 2 * x

# %% check: loads
with exercise("loads") as check:
    pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("SCALABLE_AI_COURSE", raising=False)
    chapter = tmp_path / "solutions" / "ch1"
    chapter.mkdir(parents=True)
    (chapter / "lesson_1_1.py").write_text(LESSON)
    (chapter / "lesson_1_2.py").write_text(LESSON.replace("a first", "another").replace("a.dot", "b.dot"))
    work = tmp_path / "chapters" / "ch1"
    work.mkdir(parents=True)
    return work


def test_the_answer_comes_without_marks_and_says_where_it_stands(folder):
    found = find_solution("loads", "Exercise 3: Loads: a first look", folder)
    assert found.code == "# Add them up\ntotal = a.dot(b)\n\n\ndef twice(x):\n    return 2 * x"
    assert found.place == "solutions/ch1/lesson_1_1.py, from line 6"


@pytest.mark.parametrize(("name", "title"), [("loads", "Loads"), ("load", "Loads: a first look"), ("x", "y")])
def test_what_is_not_this_exercise_is_not_shown(folder, name, title):
    assert find_solution(name, title, folder) is None


def test_an_exercise_that_is_there_twice_is_not_guessed(folder):
    (folder.parents[1] / "solutions" / "ch1" / "copy.py").write_text(LESSON)
    assert find_solution("loads", "Loads: a first look", folder) is None


def test_without_sources_there_is_nothing_to_show(tmp_path, monkeypatch):
    monkeypatch.delenv("SCALABLE_AI_COURSE", raising=False)
    assert find_solution("loads", "Loads: a first look", tmp_path) is None


def test_every_exercise_of_the_course_is_found_by_what_its_check_says():
    course = find_course()
    checks = [check for path in course.chapters.glob("*/*.ipynb") for check in CHECK.findall(path.read_text("utf-8"))]
    assert len(checks) > 60
    for name, title in checks:
        found = find_solution(name, json.loads(f'"{title}"'), course.root)
        assert found is not None, f"{name}: {title}"
        assert not re.search("# blank:|# stub|____|NotImplementedError", found.code), title
