"""Updating the course: what a learner has written is never written over."""

from __future__ import annotations

import nbformat

from scalable_ai.lab.folders import Folders
from scalable_ai.lab.work import BEFORE, bring_up_to_date, lay_in, read
from tests.lab.conftest import LESSON, notebook_of

ANSWER = "listed = 6\nby_rule = 6"


def said(learner):
    return [(change.path, change.words) for change in bring_up_to_date(learner.folders)]


def test_lessons_and_pages_are_copied_once_and_without_a_word(learner):
    assert learner.folders.desk == learner.folders.chapters
    assert said(learner) == []
    assert learner.mine.read_text(encoding="utf-8") == learner.versions["first"]
    assert (learner.folders.work / "README.md").is_file()
    assert learner.folders.desk == learner.folders.work
    assert said(learner) == []


def test_a_lesson_that_was_only_run_is_replaced(learner):
    said(learner)
    learner.answer("nothing", "")
    learner.give("text")
    assert said(learner) == [(LESSON, "is new; you had not begun it")]
    assert learner.mine.read_text(encoding="utf-8") == learner.versions["text"]
    assert said(learner) == []


def test_an_answer_is_merged_into_the_new_lesson_and_the_old_file_is_kept(learner):
    said(learner)
    learner.answer("count_pairs", ANSWER)
    before = learner.mine.read_bytes()
    learner.give("text")
    (change,) = said(learner)
    assert "with your answers and notes in it" in change[1]
    assert learner.answer_of("count_pairs") == ANSWER
    assert "Load arrives" in learner.mine.read_text(encoding="utf-8")
    assert (learner.folders.work / BEFORE / LESSON).read_bytes() == before
    assert said(learner) == []


def test_where_both_changed_the_new_lesson_is_laid_beside_and_said_once(learner):
    said(learner)
    learner.answer("count_pairs", ANSWER)
    before = learner.mine.read_bytes()
    learner.give("answer")
    (change,) = said(learner)
    assert "lesson_1_1_counting.new.ipynb" in change[1]
    assert learner.mine.read_bytes() == before
    beside = learner.mine.with_name("lesson_1_1_counting.new.ipynb")
    assert beside.read_text(encoding="utf-8") == learner.versions["answer"]
    assert said(learner) == []


def test_work_in_the_notebook_beside_is_not_written_over_either(learner):
    said(learner)
    learner.answer("count_pairs", ANSWER)
    learner.give("answer")
    said(learner)
    beside = learner.mine.with_name("lesson_1_1_counting.new.ipynb")
    notebook = read(beside)
    notebook.cells.append(nbformat.v4.new_markdown_cell("begun here"))
    nbformat.write(notebook, beside)
    there = beside.read_bytes()
    learner.give("blank")
    said(learner)
    assert beside.read_bytes() == there


def test_a_file_that_is_no_notebook_any_more_stays(learner):
    said(learner)
    learner.mine.write_text("{ my half-saved")
    learner.give("text")
    ((path, words),) = said(learner)
    assert (path, "rename it" in words) == (LESSON, True)
    assert learner.mine.read_text() == "{ my half-saved"


def lay(learner, notebook):
    given = learner.folders.chapters / LESSON
    return lay_in(notebook, learner.mine, given, learner.folders.work / BEFORE / LESSON)


def with_answer(text):
    notebook = notebook_of(text)
    next(cell for cell in notebook.cells if cell["id"] == "count_pairs-answer").source = ANSWER
    return notebook


def test_work_from_elsewhere_is_taken_over_and_brought_up_to_date(learner):
    learner.give("text")
    said(learner)
    assert lay(learner, with_answer(learner.versions["first"])) == "taken over"
    assert learner.answer_of("count_pairs") == ANSWER
    assert "Load arrives" in learner.mine.read_text(encoding="utf-8")
    assert lay(learner, with_answer(learner.versions["first"])) == ""


def test_work_from_elsewhere_is_laid_beside_work_that_is_here(learner):
    said(learner)
    learner.answer("growth_factor", "def growth_factor(small, large):\n    return 1")
    before = learner.mine.read_bytes()
    words = lay(learner, with_answer(learner.versions["first"]))
    assert "beside it, in lesson_1_1_counting.imported.ipynb" in words
    assert learner.mine.read_bytes() == before
    assert ANSWER in [cell.source for cell in read(learner.mine.with_name("lesson_1_1_counting.imported.ipynb")).cells]


def test_a_notebook_without_work_brings_nothing(learner):
    said(learner)
    assert lay(learner, notebook_of(learner.versions["text"])) == ""


def test_the_desk_is_the_working_folder_once_there_is_one(tmp_path):
    assert Folders(tmp_path).desk == tmp_path / "chapters"
