"""Building a course: the same bytes twice, nothing given away, nobody's work written over."""

from __future__ import annotations

import nbformat
import pytest
from nbgrader.utils import compute_checksum, determine_grade

from scalable_ai.lessons.build import EditedError, build_all, build_lesson, is_edited, leftovers, write_all
from scalable_ai.lessons.source import read_lesson
from scalable_ai.packing import pack


@pytest.fixture
def built(small):
    return build_lesson(small.course, small.lesson)


@pytest.fixture
def release(built):
    return nbformat.reads(built.release, as_version=4)


def test_building_twice_gives_the_same_bytes(small, built):
    again = build_lesson(small.course, small.lesson)
    assert again.source.encode() == built.source.encode()
    assert again.release.encode() == built.release.encode()


def test_the_written_notebook_is_what_was_built(small):
    built, errors = build_all(small.course)
    assert not errors
    assert [path.name for path in write_all(built)] == ["lesson_1_1_counting.ipynb", "capstone_1.ipynb"]
    assert all(item.is_current for item in built)
    assert all(item.release_path.read_bytes() == item.release.encode() for item in built)
    assert write_all(build_all(small.course)[0]) == []
    assert not list(small.course.root.rglob("*.part"))


def test_both_notebooks_are_valid(built):
    for text in (built.source, built.release):
        nbformat.validate(nbformat.reads(text, as_version=4))


def test_the_release_gives_no_answer_no_mark_and_no_key_away(release, lesson):
    text = "\n".join(cell.source for cell in release.cells)
    for given_away in ("# blank:", "# stub", "after / before", "comb(small, 2), comb(large, 2)", '"B"', "right: true"):
        assert given_away not in text, f"the release holds {given_away!r}"
    for option in lesson.quizzes["twice"].options:
        assert option.why not in text
    assert "____" in text
    assert "NotImplementedError" in text


def test_the_solutions_lines_with_blanks_are_not_in_the_release(release, lesson):
    from scalable_ai.lessons.scaffold import solution_text

    shown = "\n".join(cell.source for cell in release.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    for cell in lesson.of("answer"):
        for line, marked in zip(solution_text(cell.text).splitlines(), cell.text.splitlines(), strict=True):
            if "# blank:" in marked:
                assert line.strip() not in shown


def test_the_release_has_no_output_and_its_checks_are_locked(release):
    for cell in release.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
        settings = cell.metadata.get("nbgrader", {})
        if settings.get("grade"):
            assert settings["locked"]
            assert cell.metadata.editable is False
            assert cell.metadata.deletable is False


def test_nbgraders_checksums_hold_and_tell_an_edit(release):
    cells = [cell for cell in release.cells if "nbgrader" in cell.metadata]
    assert len(cells) == 6
    for cell in cells:
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
    cells[0].source += "\n"
    assert cells[0].metadata.nbgrader.checksum != compute_checksum(cells[0])


def test_nbgrader_reads_the_points_of_every_check(release):
    checks = [cell for cell in release.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [determine_grade(cell)[1] for cell in checks] == [2, 3, 1]


def test_a_notebook_that_somebody_worked_in_is_not_written_over(small):
    write_all(build_all(small.course)[0])
    item = build_lesson(small.course, small.lesson)
    notebook = nbformat.read(item.release_path, as_version=4)
    next(cell for cell in notebook.cells if "____" in cell.source).source = "listed = 6"
    nbformat.write(notebook, item.release_path)
    worked = item.release_path.read_bytes()
    small.edit(small.lesson, "#     - Load and cost\n", "#     - Load, cost and more\n")
    small.edit(small.capstone, "Count inside groups", "Count inside all groups")
    built, _ = build_all(small.course)
    others = {other.release_path: other.release_path.read_bytes() for other in built}
    with pytest.raises(EditedError, match=r"lesson_1_1_counting\.ipynb: edited since it was built") as caught:
        write_all(built)
    assert "--force" in str(caught.value)
    assert item.release_path.read_bytes() == worked
    assert {path: path.read_bytes() for path in others} == others
    assert item.release_path in write_all(built, force=True)
    assert build_lesson(small.course, small.lesson).is_current


def test_outputs_alone_are_no_work_and_a_new_build_replaces_them(small):
    write_all(build_all(small.course)[0])
    path = build_lesson(small.course, small.lesson).release_path
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="load: 4\n")]
    nbformat.write(notebook, path)
    assert not is_edited(path)
    assert path in write_all(build_all(small.course)[0])


@pytest.mark.parametrize(
    "content", ["", "{}", "not json", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']
)
def test_a_file_that_is_no_notebook_of_ours_counts_as_somebodys_work(small, content):
    path = build_lesson(small.course, small.lesson).release_path
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert is_edited(path)
    with pytest.raises(EditedError):
        write_all(build_all(small.course)[0])
    assert path.read_text() == content


def test_a_broken_lesson_does_not_stop_the_others(small):
    small.edit(small.lesson, "# %% note [markdown]", "# %% nota [markdown]")
    built, errors = build_all(small.course)
    assert [item.release_path.name for item in built] == ["capstone_1.ipynb"]
    assert "'nota' is no mark" in str(errors[0])


def test_notebooks_without_a_source_are_named(small):
    write_all(build_all(small.course)[0])
    stray = small.course.chapters / "ch1_growth" / "old.ipynb"
    stray.write_text("{}")
    checkpoints = small.course.chapters / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "old.ipynb").write_text("{}")
    assert leftovers(small.course, build_all(small.course)[0]) == [stray]


def test_the_quiz_key_is_only_in_the_packed_text(release, lesson):
    packed = pack(lesson.quizzes["twice"].packed_options())
    places = [cell for cell in release.cells if packed in cell.source]
    assert len(places) == 1
    assert read_lesson(lesson.path).quizzes["twice"].key == "B"
