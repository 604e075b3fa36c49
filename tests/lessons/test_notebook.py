"""From a lesson to notebook cells: what a learner, nbgrader and a slide deck get."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from scalable_ai.lessons.notebook import (
    clear_answers,
    source_notebook,
    title_text,
    with_card,
    with_fragments,
)
from scalable_ai.lessons.source import SourceError, read_lesson
from scalable_ai.packing import unpack


@pytest.fixture
def source(lesson):
    return source_notebook(lesson)


def cell_named(notebook, grade_id):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_title_and_opening_come_from_the_header(source):
    title, opening = source.cells[:2]
    assert title.source == (
        "# 1.1 Counting work with Python\n\n**Objective.** Count the work of a program and predict how it grows."
    )
    assert title.metadata.slideshow.slide_type == "slide"
    assert "**What you know**\n\n- Python functions and lists" in opening.source
    assert "**What is new**\n\n- Load and cost" in opening.source
    assert "About 20 minutes." in opening.source


def test_a_capstone_has_its_own_title(small):
    assert title_text(read_lesson(small.capstone)) == "Capstone 1: a depot that scales"


def test_each_exercise_has_an_open_answer_and_a_locked_check_with_its_points(source):
    answer, check = cell_named(source, "growth_factor"), cell_named(source, "growth_factor-check")
    assert answer.metadata.nbgrader == {
        "schema_version": 3, "task": False, "grade": False, "grade_id": "growth_factor", "locked": False,
        "solution": True,
    }  # fmt: skip
    assert check.metadata.nbgrader == {
        "schema_version": 3, "task": False, "grade": True, "grade_id": "growth_factor-check", "locked": True,
        "solution": False, "points": 3,
    }  # fmt: skip
    assert check.metadata.jupyter.source_hidden is True


def test_card_answer_and_check_follow_one_another(source):
    kinds = [cell["id"] for cell in source.cells if cell["id"].startswith("count_pairs")]
    assert kinds == ["count_pairs-exercise", "count_pairs-answer", "count_pairs-check"]
    places = [i for i, cell in enumerate(source.cells) if cell["id"].startswith("count_pairs")]
    assert places == list(range(places[0], places[0] + 3))


def test_the_check_gets_title_success_and_hints_of_the_card(source, lesson):
    text = cell_named(source, "count_pairs-check").source
    compile(text, "check", "exec")
    card = lesson.exercises["count_pairs"]
    assert json.dumps(card.success) in text
    assert 'title="Exercise 1: Count the pairs"' in text
    assert all(json.dumps(hint) in text for hint in card.hints)
    assert 'with exercise("count_pairs") as check:' not in text


def test_a_card_with_quotes_and_backslashes_stays_python(lesson):
    from dataclasses import replace

    card = replace(lesson.exercises["count_pairs"], success='Say "\\n" and é', hints=('A "hint"',))
    text = with_card('with exercise("count_pairs") as check:\n    pass', card, 'T "x"')
    compile(text, "check", "exec")
    assert "é" in text


def test_the_quiz_is_packed_and_its_answer_a_blank(source):
    answer, check = cell_named(source, "twice"), cell_named(source, "twice-check")
    assert answer.source == 'twice = "B"  # blank: "B"'
    packed = re.search(r'lambda: twice, "([^"]+)"', check.source)[1]
    options = unpack(packed)
    assert [letter for letter, (right, _) in options.items() if right] == ["B"]
    assert "Each of twice as many" not in check.source
    assert cell_named(clear_answers(source), "twice").source == "twice = ____"


def test_clearing_answers_leaves_the_source_version_alone(source):
    before = nbformat.writes(source)
    cleared = clear_answers(source)
    assert nbformat.writes(source) == before
    assert "____" in cell_named(cleared, "count_pairs").source
    assert 'raise NotImplementedError("Exercise 2: How the cost grows")' in cell_named(cleared, "growth_factor").source
    changed = [a["id"] for a, b in zip(source.cells, cleared.cells, strict=True) if a != b]
    assert changed == ["count_pairs-answer", "growth_factor-answer", "twice-answer"]


def test_a_mark_that_does_not_fit_names_file_line_and_remedy(small):
    small.edit(small.lesson, "# blank: combinations", "# blank: permutations")
    with pytest.raises(SourceError) as caught:
        source_notebook(small.read())
    lines = small.lesson.read_text().splitlines()
    assert lines[caught.value.line - 1] == "# %% answer: count_pairs"
    assert "'permutations' stands 0 times in the line" in str(caught.value)


def test_ids_are_unique_valid_and_stay_when_an_unrelated_cell_comes_in(small, source):
    ids = [cell["id"] for cell in source.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)
    small.edit(small.lesson, "# %% note [markdown]", "# %%\nprint('new')\n\n# %% note [markdown]")
    again = [cell["id"] for cell in source_notebook(small.read()).cells]
    assert len(again) == len(ids) + 1
    assert [name for name in again if name in ids] == ids


def test_two_cells_with_one_text_get_two_ids(small):
    small.edit(small.lesson, "# %% note [markdown]", "# %%\nprint(1)\n\n# %%\nprint(1)\n\n# %% note [markdown]")
    ids = [cell["id"] for cell in source_notebook(small.read()).cells]
    assert len(set(ids)) == len(ids)


def test_the_notebook_is_valid(source):
    nbformat.validate(source)
    assert source.metadata.kernelspec.name == "python3"
    assert source.nbformat_minor >= 5


def test_notes_are_labelled_boxes(source):
    box = next(cell.source for cell in source.cells if cell["id"].startswith("note-"))
    assert box.startswith('<div class="alert alert-info" role="note">\n\n**Note.** The function `comb`')
    assert box.endswith("\n\n</div>")


def test_bullets_become_fragments_and_fenced_code_stays():
    text = "## Head\n\n- Plain `x < y`\n- Two\n  lines\n\n```python\n- not a bullet\n```"
    html = with_fragments(text)
    assert html == (
        '## Head\n\n<ul>\n<li class="fragment">Plain <code>x &lt; y</code></li>\n'
        '<li class="fragment">Two lines</li>\n</ul>\n\n```python\n- not a bullet\n```'
    )


def test_the_slide_deck_has_fragments_and_speaker_notes(source, lesson):
    from nbconvert import SlidesExporter

    html, _ = SlidesExporter().from_notebook_node(source)
    assert html.count('<aside class="notes">') == len(lesson.of("script"))
    assert html.count('<li class="fragment">') == sum(c.text.count("\n- ") for c in lesson.of("slide"))
    assert "Picture a depot in which every parcel" in html.partition('<aside class="notes">')[2]
    shown = html.partition('class="reveal"')[2]
    for hidden in ("What you know", "Twice as many", "Count the pairs", "raise NotImplementedError", "by_rule"):
        assert hidden not in shown, f"{hidden!r} belongs to the notebook, not to the deck"
