"""Progress, read from the learner's notebooks, and the pages that show it."""

from __future__ import annotations

import nbformat

from scalable_ai.cards import KEY
from scalable_ai.cli import main
from scalable_ai.lab.progress import OPEN, PASSED, TRIED, next_lesson, read_progress
from scalable_ai.lab.progress_card import ProgressCard
from scalable_ai.lab.start_page import NAME, write_start_page
from scalable_ai.lab.work import Change, bring_up_to_date, read, write
from tests.lab.conftest import CAPSTONE, LESSON
from tests.test_cards import parsed


def card(learner):
    return ProgressCard(tuple(read_progress(learner.folders)))


def test_each_exercise_is_what_its_check_said_when_it_was_saved(learner):
    bring_up_to_date(learner.folders)
    learner.answer("count_pairs", "listed = by_rule = 6", passed=True)
    learner.answer("twice", "twice = 'A'", passed=False)
    lesson, capstone = read_progress(learner.folders)
    assert (lesson.path, capstone.path) == (LESSON, CAPSTONE)
    assert [(one.name, one.state) for one in lesson.exercises] == [
        ("count_pairs", PASSED),
        ("growth_factor", OPEN),
        ("twice", TRIED),
    ]
    assert (lesson.passed, lesson.words, capstone.words) == (1, "begun", "not begun")
    assert next_lesson([lesson, capstone]) is lesson


def test_only_a_checks_own_output_counts(learner):
    bring_up_to_date(learner.folders)
    notebook = read(learner.mine)
    said = {KEY: {"exercise": "count_pairs", "passed": True}}
    shown = nbformat.v4.new_output("display_data", {"text/plain": "Passed"}, metadata=said)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell["id"] != "count_pairs-check":
            cell.outputs = [shown]
    write(notebook, learner.mine)
    assert [one.state for one in read_progress(learner.folders)[0].exercises] == [OPEN] * 3


def test_a_lesson_is_done_when_all_have_passed_and_the_next_one_is_named(learner, capsys):
    bring_up_to_date(learner.folders)
    for name in ("count_pairs", "growth_factor", "twice"):
        learner.answer(name, "x = 1", passed=True)
    assert main(["progress"]) == 0
    out = capsys.readouterr().out
    assert "3 of 3  1.1 Counting" in out
    assert "– done" in out
    assert "Next: Capstone 1" in out


def test_a_notebook_without_marks_is_no_lesson(learner):
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("A readiness check.")])
    write(page, learner.folders.chapters / LESSON.parent / "readiness_check.ipynb")
    assert [lesson.path for lesson in read_progress(learner.folders)] == [LESSON, CAPSTONE]


def test_before_anything_is_begun_there_is_progress_to_show_too(learner):
    assert card(learner).sentence().startswith("0 of ")
    assert not learner.folders.work.exists()


def test_a_broken_notebook_is_said_and_hides_no_other(learner):
    bring_up_to_date(learner.folders)
    learner.mine.write_text("{")
    lesson, capstone = read_progress(learner.folders)
    assert (lesson.words, lesson.is_done) == ("cannot be read", False)
    assert capstone.words == "not begun"


def test_the_card_says_the_same_as_its_text_and_links_to_lessons(learner):
    bring_up_to_date(learner.folders)
    learner.answer("count_pairs", "listed = by_rule = 6", passed=True)
    shown = card(learner)
    html = shown._repr_html_()
    words = parsed(html).words
    for said in ("1 of ", "1.1 ", "begun", "Exercise 2, Quiz"):
        assert said in words
        assert said in shown.text()
    assert f'<a href="{LESSON.as_posix()}">' in html


def test_the_start_page_shows_progress_and_what_has_changed_without_being_run(learner):
    bring_up_to_date(learner.folders)
    learner.answer("count_pairs", "listed = by_rule = 6", passed=True)
    write_start_page(learner.folders.work, card(learner), [Change(LESSON, "is new")])
    page = nbformat.read(learner.folders.work / NAME, as_version=4)
    nbformat.validate(page)
    assert f"`{LESSON.as_posix()}` is new." in page.cells[1].source
    run = next(cell for cell in page.cells if cell.cell_type == "code")
    assert run is not page.cells[-1], "running the last cell would add an empty one"
    assert "1 of " in run.outputs[0]["data"]["text/html"]
    names = {}
    exec(run.source.rpartition("\n")[0], names)
    assert names["progress"]().text() == card(learner).text()


def test_the_start_page_is_new_each_time_unless_somebody_wrote_into_it(learner):
    bring_up_to_date(learner.folders)
    path = learner.folders.work / NAME
    write_start_page(learner.folders.work, card(learner))
    first = path.read_text(encoding="utf-8")
    learner.answer("count_pairs", "listed = by_rule = 6", passed=True)
    write_start_page(learner.folders.work, card(learner))
    assert path.read_text(encoding="utf-8") != first
    page = read(path)
    page.cells.append(nbformat.v4.new_code_cell(""))
    write(page, path)
    write_start_page(learner.folders.work, card(learner))
    assert len(read(path).cells) < len(page.cells)
    page.cells[-1].source = "'my plan'"
    write(page, path)
    kept = path.read_text(encoding="utf-8")
    write_start_page(learner.folders.work, card(learner))
    assert path.read_text(encoding="utf-8") == kept
