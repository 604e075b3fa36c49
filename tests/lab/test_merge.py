"""A learner's notebook and a newer lesson made one: no answer, note or output is lost, nothing stale is kept."""

from __future__ import annotations

import copy

import nbformat
import pytest

from scalable_ai.lab.merge import built_version, is_own, merge
from tests.lab.conftest import notebook_of


@pytest.fixture
def mine(versions):
    return notebook_of(versions["first"])


def cell_of(notebook, cell_id):
    return next(cell for cell in notebook.cells if cell["id"] == cell_id)


def answer(notebook, text="listed = 6\nby_rule = 6"):
    cell_of(notebook, "count_pairs-answer").source = text


def test_as_given_nothing_is_the_learners_own(versions):
    for version in versions.values():
        assert [cell["id"] for cell in notebook_of(version).cells if is_own(cell)] == []


def test_an_answer_a_changed_example_and_an_added_cell_are_the_learners_own(mine):
    answer(mine)
    example = next(cell for cell in mine.cells if cell["id"].startswith("reading-") and cell.cell_type == "code")
    example.source += "\nprint('mine')"
    mine.cells.insert(3, nbformat.v4.new_markdown_cell("my note"))
    cell_of(mine, "count_pairs-check").source = "print('forged')"
    own = [cell["id"] for cell in mine.cells if is_own(cell)]
    assert own == [mine.cells[3]["id"], example["id"], "count_pairs-answer"]


def test_the_new_lesson_has_the_answers_notes_and_outputs(mine, versions):
    answer(mine)
    example = next(cell for cell in mine.cells if cell["id"].startswith("reading-") and cell.cell_type == "code")
    example.outputs = [nbformat.v4.new_output("stream", text="6\n")]
    note = nbformat.v4.new_markdown_cell("my note")
    mine.cells.insert(mine.cells.index(example) + 1, note)
    new = notebook_of(versions["text"])
    merged = merge(mine, new)
    assert built_version(merged) == built_version(new) != built_version(mine)
    assert cell_of(merged, "count_pairs-answer").source == "listed = 6\nby_rule = 6"
    place = [cell["id"] for cell in merged.cells].index(example["id"])
    assert merged.cells[place].outputs == example.outputs
    assert merged.cells[place + 1].source == "my note"
    assert "Load arrives, cost is paid." in merged.cells[-1].source
    assert len(merged.cells) == len(new.cells) + 1
    nbformat.validate(merged)


def test_neither_notebook_is_changed_by_it(mine, versions):
    answer(mine)
    new = notebook_of(versions["text"])
    before = copy.deepcopy((mine, new))
    merge(mine, new)
    assert (mine, new) == before


def test_a_text_that_the_learner_changed_stays_where_the_lesson_has_it_no_more(mine, versions):
    recap = mine.cells[-1]
    recap.source = "My own recap."
    merged = merge(mine, notebook_of(versions["text"]))
    assert any(cell.source == "My own recap." for cell in merged.cells)
    assert any("Load arrives" in cell.source for cell in merged.cells)


def test_a_card_of_an_older_check_is_not_kept(mine, versions):
    answer(mine)
    for name in ("count_pairs", "growth_factor"):
        cell_of(mine, f"{name}-check").outputs = [nbformat.v4.new_output("stream", text="passed\n")]
    merged = merge(mine, notebook_of(versions["check"]))
    assert cell_of(merged, "count_pairs-check").outputs == []
    assert cell_of(merged, "growth_factor-check").outputs
    assert cell_of(merged, "count_pairs-answer").source == "listed = 6\nby_rule = 6"


@pytest.mark.parametrize("version", ["answer", "blank"])
def test_an_answer_whose_exercise_begins_in_another_way_has_no_place(mine, versions, version):
    assert merge(mine, notebook_of(versions[version])) is not None
    answer(mine)
    assert merge(mine, notebook_of(versions[version])) is None


def test_an_answer_whose_exercise_is_gone_has_no_place(mine, versions):
    new = notebook_of(versions["text"])
    new.cells = [cell for cell in new.cells if not cell["id"].startswith("count_pairs")]
    assert merge(mine, new) is not None
    answer(mine)
    assert merge(mine, new) is None
