"""nbgrader's own commands on the tiny course: what they write, what they save, and what learners read."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade, is_grade

from scalable_ai.grading.classroom import CLASS, play_class
from scalable_ai.grading.report import read_marks
from scalable_ai.grading.stock import NbgraderError, nbgrader
from tests.grading.conftest import CHAPTER, RIGHT, SCALES, TOTALS, answered, copy_of_tiny_course
from tests.grading.formgrader import served

FOREIGN = "other"
EXPECTED = {
    "ada": {TOTALS: 5, SCALES: 5},
    "ben": {TOTALS: 5, SCALES: 5},
    "cleo": {TOTALS: 4, SCALES: 3},
    "dora": {TOTALS: 0, SCALES: 0},
    "eli": {TOTALS: 5, SCALES: 2},
    "fay": {TOTALS: 5, SCALES: 0},
    "gus": {TOTALS: 5, SCALES: 2},
    "hal": {TOTALS: 0, SCALES: 0},
}
MISSING = "ivy"  # hands in one of two notebooks, with a file that no one asked for beside it


def foreign_cell(text, name, **marks):
    marks = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, **marks}
    return nbformat.v4.new_code_cell(text, metadata={"nbgrader": {"grade_id": name, **marks}})


def foreign_notebook():
    """Return an assignment as any nbgrader course has them."""
    solution = foreign_cell("### BEGIN SOLUTION\nx = 7\n### END SOLUTION", "x", solution=True)
    hidden = "### BEGIN HIDDEN TESTS\nassert x == 7\n### END HIDDEN TESTS"
    test = f"import sys\nprint('careful', file=sys.stderr)\nassert x > 0\n{hidden}"
    partial = "0.5 if x == 7 else 0.0"
    marks = {"grade": True, "locked": True, "points": 2}
    cells = [solution, foreign_cell(test, "test", **marks), foreign_cell(partial, "partial", **marks)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def hand_in(root, learner, chapter, name, notebook):
    path = root / "submitted" / learner / chapter / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return the tiny course after a whole round: assigned, handed in, graded, with feedback and export."""
    course = copy_of_tiny_course(tmp_path_factory.mktemp("round") / "course")
    root = course.root
    built = {path.name: path.read_bytes() for path in sorted((course.chapters / CHAPTER).iterdir())}
    (root / "source" / FOREIGN).mkdir()
    nbformat.write(foreign_notebook(), root / "source" / FOREIGN / "plain.ipynb")
    nbgrader(root, "generate_assignment", "--assignment", "*", "--force")
    assigned = {path.name: path.read_bytes() for path in sorted((course.chapters / CHAPTER).iterdir())}
    play_class(course, CHAPTER)
    path = hand_in(root, MISSING, CHAPTER, TOTALS, answered(course, TOTALS, RIGHT))
    (path.parent / "notes.txt").write_text("mine")
    for learner, value in (("ada", "7"), ("ben", "8"), ("dora", None)):
        notebook = nbformat.read(course.chapters / FOREIGN / "plain.ipynb", as_version=4)
        if value:
            notebook.cells[0].source = f"import warnings\nx = {value}\nwarnings.warn('honest')"
        hand_in(root, learner, FOREIGN, "plain", notebook)
    seen = []
    graded = nbgrader(root, "autograde", "--assignment", "*", counts="Autograding ", tick=seen.append)
    nbgrader(root, "generate_feedback", CHAPTER)
    nbgrader(root, "export", "--to", "grades.csv")
    course.__dict__.update(built=built, assigned=assigned, graded=graded, seen=seen)
    return course


def graded_notebook(course, learner, name, chapter=CHAPTER):
    return nbformat.read(course.root / "autograded" / learner / chapter / f"{name}.ipynb", as_version=4)


def gradebook_of(course):
    return Gradebook(f"sqlite:///{course.root / 'gradebook.db'}")


def scores(course):
    """Return each learner's marks by notebook, from the gradebook."""
    with gradebook_of(course) as gradebook:
        found = {}
        for submission in gradebook.assignment_submissions(CHAPTER):
            found[submission.student.id] = {notebook.name: notebook.score for notebook in submission.notebooks}
        return found


def test_generate_assignment_gives_byte_for_byte_what_build_gives(course):
    assert list(course.built) == [f"{TOTALS}.ipynb", f"{SCALES}.ipynb"]
    assert course.assigned == course.built


def test_each_of_the_class_gets_the_marks_that_are_due(course):
    assert set(EXPECTED) == {learner.name for learner in CLASS}
    assert scores(course) == {**EXPECTED, MISSING: {TOTALS: 5, SCALES: 0}}


def test_progress_counts_every_notebook(course):
    assert len([path for path in course.seen if f"/{CHAPTER}/" in path]) == 2 * len(CLASS) + 1


def test_a_hand_in_that_is_no_notebook_gets_a_note_and_stops_nothing(course):
    note = graded_notebook(course, "fay", SCALES).cells[0]
    assert note["id"] == "grading-note"
    assert "it is a web page" in note.source
    assert any("fay/lesson_1_2_scales.ipynb: this file is not a notebook" in text for text in course.graded.problems)
    assert "it is a web page" in page(course, "fay", SCALES)


def test_the_gradebook_holds_what_the_graded_cells_say(course):
    count = 0
    with gradebook_of(course) as gradebook:
        for learner in EXPECTED:
            for name in (TOTALS, SCALES):
                for cell in filter(is_grade, graded_notebook(course, learner, name).cells):
                    grade = gradebook.find_grade(cell.metadata.nbgrader.grade_id, name, CHAPTER, learner)
                    assert (grade.auto_score, grade.max_score) == determine_grade(cell)
                    assert grade.needs_manual_grade is False
                    count += 1
    assert count == 4 * len(EXPECTED)


def test_the_export_holds_the_same_marks(course):
    with (course.root / "grades.csv").open() as file:
        exported = {
            row["student_id"]: float(row["score"]) for row in csv.DictReader(file) if row["assignment"] == CHAPTER
        }
    assert {name: exported[name] for name in EXPECTED} == {
        name: sum(marks.values()) for name, marks in EXPECTED.items()
    }


def test_the_report_says_why(course):
    marks = {mark.learner: mark for mark in read_marks(course.root, CHAPTER)}
    assert {name: mark.score for name, mark in marks.items() if name != MISSING} == {
        name: sum(of.values()) for name, of in EXPECTED.items()
    }
    assert marks["ada"].points == 10
    assert marks["ada"].reasons == marks["ben"].reasons == ()
    assert marks["fay"].reasons[0].startswith("lesson_1_2_scales.ipynb: this file is not a notebook")
    assert "it was stopped" in marks["gus"].reasons[0]
    assert "ValueError: this is where I gave up" in marks["eli"].reasons[0]
    assert "`heavy`" in marks["cleo"].reasons[0]


def page(course, learner, name):
    return (course.root / "feedback" / learner / CHAPTER / f"{name}.html").read_text(encoding="utf-8")


def test_feedback_shows_cards_and_neither_hidden_checks_nor_answers(course):
    cleo = page(course, "cleo", TOTALS)
    assert "Exercise 1: Total and cost" in cleo
    assert "values that differ" in cleo
    assert "3 of 4 points" in cleo
    assert "Pairs are multiplied first" in page(course, "dora", TOTALS) or "blank that is still open" in page(
        course, "dora", TOTALS
    )
    for learner in EXPECTED:
        for name in (TOTALS, SCALES):
            text = page(course, learner, name)
            for secret in (
                "SECRET_OF_THE_GRADER",
                "inputs_unchanged",
                "rng.normal",
                "scalable_ai.grading.hidden",
                "# blank:",
                "# stub",
            ):
                assert secret not in text
    assert "values.mean" not in re.sub(r"<[^>]+>", "", page(course, "dora", SCALES))


def test_what_a_class_mate_or_the_grader_has_is_not_in_a_graded_folder(course):
    for learner in EXPECTED:
        folder = course.root / "autograded" / learner / CHAPTER
        names = {path.name for path in folder.iterdir()}
        assert names == {f"{TOTALS}.ipynb", f"{SCALES}.ipynb"}
    assert not (course.root / "left-by-the-lesson.txt").exists()


def test_a_foreign_notebook_is_released_without_solutions_and_hidden_tests(course):
    text = (course.chapters / FOREIGN / "plain.ipynb").read_text()
    assert "x = 7" not in text
    assert "HIDDEN" not in text
    assert "assert x > 0" in text


def test_a_foreign_notebook_grades_as_stock_does_but_stderr_costs_nothing(course):
    with gradebook_of(course) as gradebook:
        found = {s.student.id: s.score for s in gradebook.assignment_submissions(FOREIGN)}
    assert found == {"ada": 2.5, "ben": 0, "dora": 0}
    outputs = graded_notebook(course, "ada", "plain", FOREIGN).cells[1].outputs
    assert outputs == []
    assert "assert x == 7" in graded_notebook(course, "ada", "plain", FOREIGN).cells[1].source


def test_a_second_autograde_skips_and_a_forced_one_gives_the_same_marks(course):
    before = scores(course)
    path = course.root / "autograded" / "cleo" / CHAPTER / f"{SCALES}.ipynb"
    stamp = path.stat().st_mtime_ns
    nbgrader(course.root, "autograde", CHAPTER, "--student", "cleo")
    assert path.stat().st_mtime_ns == stamp
    nbgrader(course.root, "autograde", CHAPTER, "--student", "cleo", "--force")
    assert path.stat().st_mtime_ns != stamp
    assert scores(course) == before


def test_other_directories_and_a_missing_judge_give_no_marks_but_a_flag(course, tmp_path):
    """`source_directory` may be called otherwise; without `graders/` nothing gets marks, and a person is asked."""
    other = copy_of_tiny_course(tmp_path / "other")
    (other.root / "source").rename(other.root / "given")
    config = other.root / "nbgrader_config.py"
    config.write_text(config.read_text() + 'c.CourseDirectory.source_directory = "given"\n')
    nbgrader(other.root, "generate_assignment", CHAPTER, "--force")
    (other.graders / CHAPTER / f"{SCALES}.py").unlink()
    for name in (TOTALS, SCALES):
        hand_in(other.root, "ada", CHAPTER, name, answered(other, name, RIGHT))
    result = nbgrader(other.root, "autograde", CHAPTER)
    assert scores(other) == {"ada": {TOTALS: 5, SCALES: 0}}
    assert any("no verdict, so no marks" in text for text in result.problems)
    with gradebook_of(other) as gradebook:
        grades = gradebook.find_submission_notebook(SCALES, CHAPTER, "ada").grades
        assert [(grade.auto_score, grade.needs_manual_grade) for grade in grades] == [(0, True), (0, True)]


def test_validate_says_what_the_visible_checks_say(course):
    for name, answers in (("right", RIGHT), ("blank", {})):
        nbformat.write(answered(course, SCALES, answers), f"{name}.ipynb")
    nbgrader(course.root, "validate", str(Path("right.ipynb").resolve()), str(Path("blank.ipynb").resolve()))
    said = (course.root / "validate.log").read_text()
    assert said.index("Success! Your notebook passes all the tests.") < said.index("VALIDATION FAILED ON 2 CELL(S)")


def test_zip_collect_takes_in_what_a_learning_platform_gives(course):
    archive = course.root / "downloaded" / CHAPTER / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "notebooks.zip", "w") as file:
        for name in (TOTALS, SCALES):
            text = nbformat.writes(answered(course, name, RIGHT))
            file.writestr(f"joe_2030-01-30-15-30-10_attempt_{name}.ipynb", text)
    pattern = r".*(?P<student_id>joe)_(?P<timestamp>[0-9\-]+)_attempt_(?P<file_id>.*)"
    nbgrader(course.root, "zip_collect", CHAPTER, f"--FileNameCollectorPlugin.named_regexp={pattern}")
    for name in (TOTALS, SCALES):
        assert (course.root / "submitted" / "joe" / CHAPTER / f"{name}.ipynb").is_file()


def test_a_command_that_fails_names_its_log(course):
    with pytest.raises(NbgraderError, match=r"'nbgrader autograde nothing' failed; its log is .*autograde\.log"):
        nbgrader(course.root, "autograde", "nothing")
    assert "No notebooks were matched" in (course.root / "autograde.log").read_text()


@pytest.fixture
def formgrader(course):
    """Return a way to ask formgrader."""
    with served(course.root) as formgrader:
        yield formgrader.ask


def test_formgrader_shows_score_and_card_and_its_button_grades(course, formgrader):
    rows = json.loads(formgrader(f"/formgrader/api/submitted_notebooks/{CHAPTER}/{SCALES}"))
    cleo = next(row for row in rows if row["student"] == "cleo")
    assert (cleo["score"], cleo["max_score"]) == (3, 5)
    text = formgrader(f"/formgrader/submissions/{cleo['id']}/")
    assert "Exercise 1: Center the values" in text
    assert "0 of 2 points" in text
    path = course.root / "autograded" / "cleo" / CHAPTER / f"{SCALES}.ipynb"
    stamp = path.stat().st_mtime_ns
    reply = json.loads(formgrader(f"/formgrader/api/submission/{CHAPTER}/cleo/autograde", "POST"))
    assert reply["success"] is True, reply
    assert path.stat().st_mtime_ns != stamp
    rows = json.loads(formgrader(f"/formgrader/api/submitted_notebooks/{CHAPTER}/{SCALES}"))
    assert next(row["score"] for row in rows if row["student"] == "cleo") == 3
