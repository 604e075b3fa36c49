"""The notebook that is graded: the instructor's cells, the learner's answers, whatever happened to the file."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest

from scalable_ai.grading.rebuild import (
    UnreadableError,
    instructor_notebook,
    is_answer,
    read_submission,
    rebuild,
    with_note,
)
from tests.grading.conftest import CHAPTER, RIGHT, SCALES, answered, copy_of_tiny_course, given_notebook


@pytest.fixture
def given(tiny):
    return given_notebook(tiny, SCALES)


@pytest.fixture
def hand_in(tiny):
    return answered(tiny, SCALES, RIGHT)


def place(notebook, name):
    return next(i for i, cell in enumerate(notebook.cells) if cell.get("id") == name)


def cell_of(notebook, name):
    return notebook.cells[place(notebook, name)]


def answers_of(notebook):
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in notebook.cells if is_answer(cell)}


def right_answers():
    return {name: RIGHT[name] for name in ("centered", "clip")}


def assert_instructors_own(rebuilt, given, added=0):
    """Demand that every cell but the answers' texts is the instructor's, in order."""
    own = [cell for cell in rebuilt.cells if not cell["id"].startswith("added-")]
    assert len(rebuilt.cells) - len(own) == added
    for cell, original in zip(own, given.cells, strict=True):
        assert {**cell, "source": ""} == {**original, "source": ""}
        assert is_answer(cell) or cell.source == original.source


def test_an_untouched_and_an_honest_hand_in(given, hand_in):
    rebuilt, notes = rebuild(given, given)
    assert (rebuilt, notes) == (given, [])
    rebuilt, notes = rebuild(given, hand_in)
    assert answers_of(rebuilt) == right_answers()
    assert notes == []
    assert_instructors_own(rebuilt, given)


def test_what_was_given_and_what_was_handed_in_stay_as_they_are(given, hand_in):
    before = copy.deepcopy((given, hand_in))
    rebuild(given, hand_in)
    assert (given, hand_in) == before


def delete_check(notebook):
    del notebook.cells[place(notebook, "clip-check")]


def delete_lesson(notebook):
    notebook.cells = [cell for cell in notebook.cells if is_answer(cell)]


def retype_check(notebook):
    cell_of(notebook, "clip-check").cell_type = "markdown"


def edit_check(notebook):
    cell_of(notebook, "clip-check").source = "print('full marks')"


def edit_lesson(notebook):
    notebook.cells[2].source = "values = 'mine'"


def skip_execution(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]


def raises_exception(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["raises-exception", "hide-output"]


def more_points(notebook):
    cell_of(notebook, "clip-check").metadata.nbgrader.points = 100


def unlock(notebook):
    cell_of(notebook, "clip-check").metadata.nbgrader.update(solution=True, locked=False, grade=False)


def reverse(notebook):
    notebook.cells.reverse()


def forge_outputs(notebook):
    output = nbformat.v4.new_output("execute_result", data={"text/plain": "3.0"}, execution_count=1)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output]


def copy_check(notebook):
    notebook.cells.append(copy.deepcopy(cell_of(notebook, "clip-check")))


def rename_notebook(notebook):
    notebook.metadata = nbformat.from_dict({"kernelspec": {"name": "evil", "display_name": "evil"}})


DAMAGE = [delete_check, delete_lesson, retype_check, edit_check, edit_lesson, skip_execution, raises_exception,
          more_points, unlock, reverse, forge_outputs, copy_check, rename_notebook]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_to_the_courses_cells_does_not_matter(given, hand_in, damage):
    damage(hand_in)
    rebuilt, _ = rebuild(given, hand_in)
    assert answers_of(rebuilt) == right_answers()
    assert_instructors_own(rebuilt, given)
    assert rebuilt.metadata == given.metadata
    assert not any(cell.get("outputs") for cell in rebuilt.cells)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answer_that_was_retyped_by_a_slip_is_still_an_answer(given, hand_in, kind):
    cell_of(hand_in, "clip-answer").cell_type = kind
    rebuilt, _ = rebuild(given, hand_in)
    assert answers_of(rebuilt) == right_answers()
    assert_instructors_own(rebuilt, given)


def test_a_deleted_answer_counts_as_blank_and_is_said(given, hand_in):
    del hand_in.cells[place(hand_in, "clip-answer")]
    rebuilt, notes = rebuild(given, hand_in)
    assert answers_of(rebuilt) == {"centered": RIGHT["centered"], "clip": answers_of(given)["clip"]}
    assert notes == ["The answer cell 'clip' is missing; it counts as blank."]


def test_the_first_of_two_copies_is_graded(given, hand_in):
    second = copy.deepcopy(cell_of(hand_in, "clip-answer"))
    second.source, second["id"] = "def clip(values, low, high):\n    return values", "copied"
    hand_in.cells.append(second)
    rebuilt, notes = rebuild(given, hand_in)
    assert answers_of(rebuilt) == right_answers()
    assert notes == ["The answer cell 'clip' is there twice; the first one is graded."]


def test_a_filled_copy_counts_where_the_original_was_left_blank(given, hand_in):
    hand_in.cells.append(copy.deepcopy(cell_of(hand_in, "clip-answer")))
    cell_of(hand_in, "clip-answer").source = answers_of(given)["clip"]
    rebuilt, notes = rebuild(given, hand_in)
    assert answers_of(rebuilt) == right_answers()
    assert notes == []


def test_an_answer_cell_that_was_split_is_put_together(given, hand_in):
    at = place(hand_in, "clip-answer")
    second = copy.deepcopy(hand_in.cells[at])
    hand_in.cells[at].source = "import math"
    second["id"] = "split"
    hand_in.cells.insert(at + 1, second)
    rebuilt, notes = rebuild(given, hand_in)
    assert answers_of(rebuilt)["clip"] == "import math\n" + RIGHT["clip"]
    assert notes == []


def test_helper_cells_are_kept_where_they_stood_without_their_metadata(given, hand_in):
    helper = nbformat.v4.new_code_cell(
        "helper = 1", metadata={"tags": ["skip-execution"], "scalable_ai": {"task": "x"}}
    )
    helper["id"] = "clip-check"  # an id of the course's is no way to take its place
    hand_in.cells.insert(place(hand_in, "clip-answer"), nbformat.v4.new_code_cell("first = 0"))
    hand_in.cells.insert(0, nbformat.v4.new_code_cell("opening = 0"))
    hand_in.cells.append(nbformat.v4.new_markdown_cell("my own words"))
    rebuilt, notes = rebuild(given, hand_in)
    sources = [cell.source for cell in rebuilt.cells]
    assert sources[0] == "opening = 0"
    assert sources.index("first = 0") == sources.index(RIGHT["clip"]) - 1
    assert_instructors_own(rebuilt, given, added=2)
    assert notes == []
    assert {cell["id"] for cell in rebuilt.cells if cell.source in {"opening = 0", "first = 0"}} == {
        "added-0",
        "added-1",
    }
    hand_in.cells.append(helper)
    assert_instructors_own(rebuild(given, hand_in)[0], given, added=2)


def test_added_cells_keep_no_metadata(given, hand_in):
    metadata = {"tags": ["skip-execution"], "scalable_ai": {"task": "x"}}
    hand_in.cells.append(nbformat.v4.new_code_cell("helper = 1", metadata=metadata))
    rebuilt, _ = rebuild(given, hand_in)
    assert rebuilt.cells[-1].source == "helper = 1"
    assert rebuilt.cells[-1].metadata == {}


def test_cells_of_unknown_grades_are_dropped(given, hand_in):
    extra = copy.deepcopy(cell_of(hand_in, "clip-check"))
    extra.metadata.nbgrader.grade_id, extra["id"] = "bonus-check", "bonus"
    hand_in.cells.append(extra)
    assert_instructors_own(rebuild(given, hand_in)[0], given)


def written(tmp_path, content):
    path = tmp_path / "lesson.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_ids_that_were_lost_do_not_matter(given, hand_in, tmp_path):
    for cell in hand_in.cells:
        del cell["id"]
    hand_in.nbformat_minor = 4
    submitted = read_submission(written(tmp_path, nbformat.writes(hand_in)))
    rebuilt, notes = rebuild(given, submitted)
    assert answers_of(rebuilt) == right_answers()
    assert notes == []
    assert_instructors_own(rebuilt, given)


def test_a_notebook_in_the_format_of_2014_is_read(given, hand_in, tmp_path):
    old = nbformat.convert(hand_in, 3)
    submitted = read_submission(written(tmp_path, nbformat.writes(old, version=3)))
    rebuilt, _ = rebuild(given, submitted)
    assert answers_of(rebuilt) == right_answers()
    assert_instructors_own(rebuilt, given)


@pytest.mark.filterwarnings("ignore:Non-unique cell id")
def test_a_byte_order_mark_and_doubled_ids_are_read_over(given, hand_in, tmp_path):
    for cell in hand_in.cells:
        cell["id"] = "same"
    text = json.dumps(hand_in)
    submitted = read_submission(written(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    assert answers_of(rebuild(given, submitted)[0]) == right_answers()


@pytest.mark.parametrize("marks", [None, [], "clip", 3, {"grade_id": ["clip"]}, {"grade_id": None}, {"grade_id": {}}])
def test_odd_metadata_does_not_stop_the_batch(given, hand_in, tmp_path, marks):
    cell_of(hand_in, "clip-answer").metadata["nbgrader"] = marks
    submitted = read_submission(written(tmp_path, json.dumps(hand_in)))
    rebuilt, _ = rebuild(given, submitted)
    assert answers_of(rebuilt)["centered"] == RIGHT["centered"]
    assert_instructors_own(rebuilt, given)


def test_a_lone_surrogate_can_be_written_again(given, hand_in, tmp_path):
    cell_of(hand_in, "clip-answer").source += "\n# \ud800"
    submitted = read_submission(written(tmp_path, json.dumps(hand_in)))
    nbformat.writes(rebuild(given, submitted)[0]).encode("utf-8")


CONFLICT = "it holds both sides of a Git merge conflict ('<<<<<<<')"
HTML = "<!DOCTYPE html><html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b" \n\t", "it is empty"),
        (HTML, "it is a web page"),
        (b"<<<<<<< HEAD\n{}\n=======\n[]\n>>>>>>> theirs\n", CONFLICT),
        (b'{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> b\n]}', CONFLICT),
        ('{"cells": "caf\u00e9"}'.encode("latin-1"), "it is not text in UTF-8"),
        ("{}".encode("utf-16"), "it is not text in UTF-8"),
        ("print('hello')", "it is not JSON"),
        ('{"cells": [', "it is not JSON"),
        ("[" * 100_000, "its content is not that of a notebook"),
        ('{"a": 1}', "it is JSON without cells"),
        ("[1, 2]", "it is JSON without cells"),
        ("null", "it is JSON without cells"),
        ('{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "its content is not that of a notebook"),
        ('{"cells": [3], "nbformat": 4, "metadata": {}}', "its content is not that of a notebook"),
        ('{"cells": [{}], "nbformat": 4, "metadata": {}}', "its content is not that of a notebook"),
        (b"PK\x03\x04\x00\x00\xff", "it is not text in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_gets_one_clear_sentence(tmp_path, content, why):
    with pytest.raises(UnreadableError) as caught:
        read_submission(written(tmp_path, content))
    assert str(caught.value) == (
        f"lesson.ipynb: this file is not a notebook: {why}. "
        "Open your work in JupyterLab, save it, and hand it in again."
    )


def test_a_file_that_is_not_there_is_said_too(tmp_path):
    with pytest.raises(UnreadableError, match=r"none\.ipynb"):
        read_submission(tmp_path / "none.ipynb")


def test_a_note_is_a_cell_of_its_own_and_cannot_carry_markup(given):
    noted = with_note(given, "twice: <script>alert(1)</script>")
    assert len(noted.cells) == len(given.cells) + 1
    assert "<script>" not in noted.cells[0].source
    assert noted.cells[1:] == given.cells


def test_what_was_given_comes_from_nbgraders_source_or_is_built_anew(tmp_path):
    course = copy_of_tiny_course(tmp_path / "course")
    source = course.source / CHAPTER / f"{SCALES}.ipynb"
    given = given_notebook(course, SCALES)
    assert instructor_notebook(source, course) == given
    notebook = nbformat.read(source, as_version=4)
    notebook.cells[-1].source = "# changed"
    nbformat.write(notebook, source)
    assert instructor_notebook(source, course).cells[-1].source == "# changed"
    source.unlink()
    assert instructor_notebook(source, course) == given
    assert instructor_notebook(course.source / CHAPTER / "other.ipynb", course) is None
    nbformat.write(nbformat.v4.new_notebook(), source)
    assert instructor_notebook(source, course) is None
