"""Marks as Canvas and Moodle take them, and a gradebook's whole content there and back."""

from __future__ import annotations

import csv
import re
from datetime import datetime, timedelta
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from traitlets.config import Config

from scalable_ai.grading.export import CanvasExport, EverythingExport, MoodleExport
from scalable_ai.grading.export.command import run_restore
from scalable_ai.grading.export.everything import RestoreError, restore, rows_of, write
from scalable_ai.grading.export.marks import Mark, Person
from scalable_ai.grading.export.sheet import SheetError, canvas_sheet, fill_canvas, fill_moodle, moodle_sheet


@pytest.fixture(scope="module", autouse=True)
def _no_migrations():
    """Spare each new gradebook the process that asks for the version of its tables."""
    with mock.patch("nbgrader.api.get_alembic_version", return_value="0"):
        yield


def assign(gradebook):
    """Put two assignments into a gradebook."""
    for name, points in (("ch1", (4, 1)), ("ch2", (10,))):
        gradebook.add_assignment(name)
        for number, most in enumerate(points):
            where = (f"lesson_{number}", name)
            gradebook.add_notebook(*where)
            gradebook.add_grade_cell("a-check", *where, max_score=most, cell_type="code")
            gradebook.add_solution_cell("a", *where)


def hand_in(gradebook, student, assignment, scores, **marks):
    submission = gradebook.update_or_create_submission(assignment, student)
    for notebook, score in zip(sorted(submission.notebooks, key=lambda one: one.name), scores, strict=True):
        notebook.grades[0].auto_score = score
        notebook.grades[0].needs_manual_grade = False
        for name, value in marks.items():
            setattr(notebook.grades[0], name, value)
    gradebook.db.commit()
    return submission


@pytest.fixture
def gradebook(tmp_path):
    """Return a gradebook of a small class with all that marks can have."""
    with Gradebook("sqlite://") as gradebook:
        assign(gradebook)
        gradebook.add_student("ann", first_name="Ann", last_name="O'Neil, Dr.", email="ann@x.org", lms_user_id="71")
        gradebook.add_student("Zoë_Ähren_72")
        gradebook.add_student("idle", first_name="I", last_name="Dle")
        late = hand_in(gradebook, "ann", "ch1", (3.25, 1))
        late.timestamp, late.extension = datetime(2031, 1, 2, 3, 4, 5), timedelta(hours=2)
        late.assignment.duedate = datetime(2031, 1, 1)
        late.notebooks[0].late_submission_penalty = 0.5
        late.notebooks[0].comments[0].auto_comment = "No response."
        late.notebooks[0].comments[0].manual_comment = 'well, "nearly",\nyou see: é'
        hand_in(gradebook, "ann", "ch2", (7,), manual_score=8.5, extra_credit=1.0)
        hand_in(gradebook, "Zoë_Ähren_72", "ch1", (1 / 3, 0), needs_manual_grade=True)
        gradebook.db.commit()
        yield gradebook


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def exported(plugin, gradebook, tmp_path, **traits):
    to = tmp_path / "out.csv"
    plugin(config=Config({plugin.__name__: {"to": str(to), **traits}})).export(gradebook)
    return read(to)


def test_canvas_gets_a_gradebook_that_it_can_import(gradebook, tmp_path):
    assert exported(CanvasExport, gradebook, tmp_path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "ch1", "ch2"],
        ["    Points Possible", "", "", "", "", "5", "10"],
        ["Zoë_Ähren_72", "72", "", "Zoë_Ähren_72", "", "0.33", ""],
        ["Dle, I", "", "", "idle", "", "", ""],
        ["O'Neil, Dr., Ann", "71", "", "ann", "", "3.75", "9.5"],
    ]


CANVAS = [
    ["Student", "ID", "SIS Login ID", "Section", "Essay (900)", "Ch 1 (901)", "Final Score"],
    ["    Points Possible", "", "", "", "20", "6", "(read only)"],
    ["O'Neil, Ann", "71", "aon", "A", "17", "", "85"],
    ["Ähren, Zoë", "72", "zae", "A", "18", "2", "90"],
    ["Dle, I", "73", "idle", "A", "12", "4", "60"],
    ["Student, Test", "99", "", "A"],
]


def test_canvas_own_file_is_filled_in_and_nothing_else_is_touched(gradebook, tmp_path, caplog):
    path = tmp_path / "canvas.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(CANVAS)
    assert exported(CanvasExport, gradebook, tmp_path, template=str(path)) == [
        ["Student", "ID", "SIS Login ID", "Section", "Ch 1 (901)", "ch2"],
        ["    Points Possible", "", "", "", "6", "10"],
        ["O'Neil, Ann", "71", "aon", "A", "3.75", "9.5"],
        ["Ähren, Zoë", "72", "zae", "A", "0.33", ""],
        ["Dle, I", "73", "idle", "A", "4", ""],
        ["Student, Test", "99", "", "A", "", ""],
    ]
    assert "ch1: Canvas counts 6 points and the gradebook 5; scores are not scaled." in caplog.text
    assert "Zoë_Ähren_72: ch1 still needs manual grading." in caplog.text


MOODLE = [
    ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Last modified (grade)"],
    ["Participant 72", "Zoë Ähren", "z@x.org", "Submitted", "", "10.00", "-"],
    ["Participant 5", "Ann O'Neil", "Ann@x.org", "Submitted", "", "10.00", "-"],
    ["Participant 6", "I Dle", "i@x.org", "No submission", "2", "10.00", "-"],
]


def test_moodles_worksheet_is_filled_in(gradebook, tmp_path, caplog):
    path = tmp_path / "moodle.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(MOODLE)
    rows = exported(MoodleExport, gradebook, tmp_path, template=str(path), assignment=["ch1"])
    assert [row[4] for row in rows] == ["Grade", "0.33", "3.75", "2"]
    assert [row[:4] + row[5:] for row in rows] == [row[:4] + row[5:] for row in MOODLE]
    assert "Moodle counts 10.00 points and the gradebook 5; not scaled." in caplog.text
    assert exported(MoodleExport, gradebook, tmp_path)[:2] == [
        ["First name", "Last name", "Username", "Email address", "ID number", "ch1", "ch2"],
        ["", "", "Zoë_Ähren_72", "", "72", "0.33", ""],
    ]


def mark(name, score, assignment="ch1", number=""):
    return Mark(Person(name, "", "", "", number), assignment, score, 5.0)


def test_marks_for_which_there_is_no_row_are_said():
    for fill, sheet in ((fill_canvas, CANVAS), (fill_moodle, MOODLE)):
        _, notes = fill(sheet, [mark("eve", 3.0), mark("mal", None)])
        assert notes[-1] == "eve: marks that no row of the file is for; is the lms_user_id in the roster that of a row?"
        assert "mal" not in str(notes)


@pytest.mark.parametrize("sheet", [[], [[]], [["a", "b"]], [["Grade"]]])
def test_another_file_is_refused_with_a_sentence(sheet, tmp_path, gradebook, caplog):
    for fill in (fill_canvas, fill_moodle):
        with pytest.raises(SheetError, match="it has no column"):
            fill(sheet, [mark("ann", 1.0)])
    with pytest.raises(SheetError, match="for one assignment"):
        fill_moodle(MOODLE, [mark("ann", 1.0), mark("ann", 1.0, "ch2")])
    for template in ("nowhere.csv", str(tmp_path)):
        with pytest.raises(SystemExit):
            exported(CanvasExport, gradebook, tmp_path, template=template)
        assert f"{template}: it cannot be read" in caplog.text


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
MARKS = st.lists(
    st.builds(mark, NAMES, st.none() | st.floats(0, 100), st.sampled_from(["ch1", "ch2"]), NAMES), min_size=1
)


@given(MARKS)
def test_every_mark_is_in_its_row_and_column(marks):
    for rows in (canvas_sheet(marks), moodle_sheet(marks)):
        assert len({len(row) for row in rows}) == 1
        last = {(one.person, one.assignment): one for one in marks}
        texts = [row[rows[0].index(one.assignment)] for one in last.values() for row in rows if one.person.id in row]
        for one in last.values():
            assert one.score is None or any(
                text and float(text) == pytest.approx(one.score, abs=0.006) for text in texts
            )


def everything(gradebook):
    return sorted(tuple(sorted((k, str(v)) for k, v in row.items() if v is not None)) for row in rows_of(gradebook))


def fresh(path):
    gradebook = Gradebook("sqlite://")
    assign(gradebook)
    return gradebook


def test_a_round_trip_into_a_fresh_gradebook_loses_nothing(gradebook, tmp_path):
    path = tmp_path / "out.csv"
    exported(EverythingExport, gradebook, tmp_path)
    with fresh(tmp_path / "fresh.db") as other:
        assert restore(other, path) == len(read(path)) - 1 == 11
        assert everything(other) == everything(gradebook)
        for name in ("ann", "Zoë_Ähren_72"):
            ours, theirs = (book.find_submission("ch1", name) for book in (gradebook, other))
            assert (ours.score, ours.late_submission_penalty, ours.needs_manual_grade, ours.timestamp) == (
                theirs.score, theirs.late_submission_penalty, theirs.needs_manual_grade, theirs.timestamp)  # fmt: skip
        assert restore(other, path) == 11, "and once more"
        assert everything(other) == everything(gradebook)
        assert exported(CanvasExport, other, tmp_path) == exported(CanvasExport, gradebook, tmp_path)


TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
NUMBERS = st.none() | st.floats(-1e6, 1e6)


@settings(max_examples=6)
@given(
    scores=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, st.booleans()), min_size=2, max_size=2),
    texts=st.tuples(TEXTS, TEXTS),
)
def test_whatever_marks_and_comments_are_they_come_back(tmp_path_factory, scores, texts):
    folder = tmp_path_factory.mktemp("books")
    with fresh(folder / "a.db") as book, fresh(folder / "b.db") as other:
        book.add_student("ann")
        submission = book.add_submission("ch1", "ann")
        for notebook, marks in zip(submission.notebooks, scores, strict=True):
            grade, comment = notebook.grades[0], notebook.comments[0]
            grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade = marks
            comment.auto_comment, comment.manual_comment = texts
        book.db.commit()
        write(folder / "all.csv", rows_of(book))
        restore(other, folder / "all.csv")
        assert everything(other) == everything(book)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("ch2", "ch9", "'ch9' is not in the gradebook. Run 'nbgrader generate_assignment' first. Nothing was changed."),
        ("8.5", "eight", "could not convert string to float: 'eight'. Nothing was changed."),
        ("a-check", "b-check", "Nothing was changed."),
        ("manual_score", "manual", "there is no column 'manual_score'"),
        ("2031-01-02", "2031-13-02", "Nothing was changed."),
    ],
)
def test_a_table_that_does_not_fit_changes_nothing(gradebook, tmp_path, old, new, why):
    exported(EverythingExport, gradebook, tmp_path)
    path = tmp_path / "out.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with fresh(tmp_path / "fresh.db") as other:
        before = everything(other)
        with pytest.raises(RestoreError, match=re.escape(why)):
            restore(other, path)
        assert everything(other) == before
        assert other.students == []


def test_restore_says_where_it_cannot_begin(tmp_path, capsys):
    assert run_restore(tmp_path, tmp_path / "x.csv") == 1
    assert "there is no nbgrader course here" in capsys.readouterr().err
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    assert run_restore(tmp_path, tmp_path / "x.csv") == 1
    assert "there is no gradebook here" in capsys.readouterr().err
    assert not (tmp_path / "gradebook.db").exists()


def test_an_assignment_without_a_column_is_said():
    rows, notes = fill_canvas(CANVAS, [mark("eve", 3.0, "Viva")])
    assert "Viva" in rows[0]
    said = next(note for note in notes if note.startswith("Viva: no column is called so"))
    assert "'Essay (900)'" in said
