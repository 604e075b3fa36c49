"""What a batch writes, against what `nbgrader autograde` writes for the same hand-ins."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import filelock
import nbformat
import pytest

from scalable_ai.course import Course
from scalable_ai.grading.batch.hand_in import KEY
from tests.grading.batch.klass import (
    RIGHT,
    command,
    graded_stamps,
    halves,
    hand_in,
    hand_in_class,
    left_behind,
    marks,
    new_course,
    rows,
    run,
    surroundings,
)
from tests.grading.conftest import CHAPTER, SCALES, TOTALS

SETTINGS = """
c.LateSubmissionPlugin.penalty_method = "zero"
c.Autograde.exclude_overwriting = {"ch1_sums": ["own.csv"]}
"""
ODD = "Zoë von Ähren-Ó 1"
EVERYTHING = """
select s.student_id, s.timestamp, n.late_submission_penalty, b.name, c.name, 'grade', g.auto_score, g.manual_score,
       g.extra_credit, g.needs_manual_grade
from submitted_assignment s join assignment t on t.id = s.assignment_id
join submitted_notebook n on n.assignment_id = s.id
join notebook b on b.id = n.notebook_id join grade g on g.notebook_id = n.id join base_cell c on c.id = g.cell_id
union all
select s.student_id, s.timestamp, null, b.name, c.name, 'comment', m.auto_comment, m.manual_comment, null, null
from submitted_assignment s join submitted_notebook n on n.assignment_id = s.id
join notebook b on b.id = n.notebook_id join comment m on m.notebook_id = n.id join base_cell c on c.id = m.cell_id
order by 1, 2, 4, 5, 6
"""


def flat(table):
    """Return a table's text without its lines."""
    return re.sub(r"[│\s]+", " ", table)


def stock(root, *arguments):
    """Run nbgrader itself."""
    python = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(python, cwd=root, env=surroundings(root), capture_output=True, text=True, check=False)


def hand_in_oddities(course):
    """Hand in what is out of the ordinary, as much of it as nbgrader itself can grade."""
    root = course.root
    for name in ("given.csv", "own.csv"):
        (course.source / CHAPTER / name).write_text("the instructor's")
    folder = hand_in(course, "ann", RIGHT, (TOTALS,))
    for name in ("given.csv", "own.csv", "notes.txt"):
        (folder / name).write_text("ann's")
    (folder / "sub").mkdir()
    (folder / "sub" / "more.txt").write_text("more of ann's")
    hand_in(course, "late", RIGHT).joinpath("timestamp.txt").write_text("2031-01-02 10:00:00 UTC\n")
    hand_in(course, "early", RIGHT).joinpath("timestamp.txt").write_text("2020-01-02 10:00:00 UTC\n")
    hand_in(course, "nobook", RIGHT).joinpath(f"{SCALES}.ipynb").write_text("<html>please log in</html>")
    shutil.copy(
        hand_in(course, "stranger", RIGHT) / f"{SCALES}.ipynb", root / f"submitted/stranger/{CHAPTER}/mine.ipynb"
    )
    hand_in(course, ODD, {**RIGHT, "total": "heavy = 1"})
    hand_in(course, "12345", RIGHT)
    hand_in(course, "crash", {**RIGHT, "centered": "import os\nos._exit(3)"})
    hand_in(course, "writes", {**RIGHT, "total": "heavy = sum(weights)\nopen('out.txt', 'w').write('mine')"})
    with sqlite3.connect(root / "gradebook.db") as db:
        db.execute("update assignment set duedate = '2030-01-01 00:00:00.000000'")
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(SETTINGS)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """Return one class graded twice: by a batch, and by nbgrader."""
    ours = new_course(tmp_path_factory.mktemp("ours") / "course").root
    due = hand_in_class(Course(ours), 4)
    hand_in_oddities(Course(ours))
    theirs = tmp_path_factory.mktemp("theirs") / "course"
    shutil.copytree(ours, theirs)
    result = run(ours, "--workers=2")
    assert result.returncode == 0, result.stdout + result.stderr
    said = stock(theirs, "autograde", CHAPTER)
    assert said.returncode == 0, said.stderr
    return ours, theirs, due, result.stdout


def test_the_gradebook_is_the_same(rounds):
    ours, theirs, due, _ = rounds
    assert rows(ours, EVERYTHING) == rows(theirs, EVERYTHING)
    found = marks(ours)
    assert {name: found[name] for name in due} == due
    assert {name: found[name] for name in ("ann", "nobook", "crash", ODD, "12345")} == {
        "ann": 5, "nobook": 5, "crash": 8, ODD: 6, "12345": 10,
    }  # fmt: skip
    assert not halves(ours)
    penalties = rows(ours, EVERYTHING)
    assert {row[2] for row in penalties if row[0] == "late" and row[5] == "grade"} == {5}


def graded_files(root):
    """Return what lies in autograded/, notebooks as their cells."""
    found = {}
    for path in sorted(root.glob(f"autograded/*/{CHAPTER}/**/*")):
        if path.is_file():
            place, mode = str(path.relative_to(root)), path.stat().st_mode
            if path.suffix == ".ipynb":
                notebook = nbformat.read(path, as_version=4)
                notebook.metadata.pop(KEY, None)
                found[place] = mode, notebook.metadata, [(cell.cell_type, cell.source) for cell in notebook.cells]
            else:
                found[place] = mode, path.read_text()
    return found


def test_the_graded_files_are_the_same(rounds):
    ours, theirs, _, _ = rounds
    found = graded_files(ours)
    assert found == graded_files(theirs)
    folder = f"autograded/ann/{CHAPTER}"
    assert found[f"{folder}/given.csv"][1] == "the instructor's"
    assert found[f"{folder}/own.csv"][1] == "ann's"
    assert found[f"{folder}/sub/more.txt"][1] == "more of ann's"
    assert found[f"autograded/writes/{CHAPTER}/out.txt"][1] == "mine"
    assert not left_behind(ours)


def test_what_went_wrong_is_in_the_table(rounds):
    said = flat(rounds[3])
    for text in ("nobook", "it is a web page", "No submitted file", "Skipping unknown notebook"):
        assert text in said
    assert "13 graded in" in said
    assert "0 failed" in said


def test_formgrader_feedback_and_export_take_it_as_nbgraders_own(rounds):
    ours, theirs, due, _ = rounds
    ask = (
        "import sys, json; from traitlets.config import Config; from nbgrader.apps import NbGrader\n"
        "from nbgrader.apps.api import NbGraderAPI\n"
        "app = NbGrader(); app.load_config_file(); api = NbGraderAPI(config=app.config)\n"
        "print(json.dumps([sorted([s for s in api.get_submissions('ch1_sums')], key=lambda s: s['student']),\n"
        "  sorted(api.get_autograded_students('ch1_sums'))], default=str, sort_keys=True))"
    )
    said = []
    for root in (ours, theirs):
        python = [sys.executable, "-c", ask]
        result = subprocess.run(python, cwd=root, env=surroundings(root), capture_output=True, text=True, check=True)
        said.append([{k: v for k, v in row.items() if k != "id"} if isinstance(row, dict) else row
                     for part in json.loads(result.stdout) for row in part])  # fmt: skip
    assert said[0] == said[1]
    assert len(said[0]) == 26
    assert stock(ours, "generate_feedback", CHAPTER).returncode == 0
    for learner in (*due, ODD):
        assert (ours / "feedback" / learner / CHAPTER / f"{TOTALS}.html").is_file()
    assert stock(ours, "export", "--to", "grades.csv").returncode == 0
    with (ours / "grades.csv").open() as file:
        exported = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    assert exported == marks(ours)


def test_a_second_run_repeats_nothing(rounds):
    ours, _, _, _ = rounds
    before = graded_stamps(ours), rows(ours, EVERYTHING)
    result = run(ours)
    assert result.returncode == 0
    assert "0 graded" in result.stdout
    assert "13 unchanged" in result.stdout
    assert before == (graded_stamps(ours), rows(ours, EVERYTHING))


def changed(root, *arguments):
    """Return whose hand-ins a batch grades."""
    before = graded_stamps(root)
    result = run(root, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return {name for name, stamp in graded_stamps(root).items() if before.get(name) != stamp}


def test_what_a_person_wrote_is_kept_and_only_what_changed_is_graded(rounds):
    ours, theirs, _, _ = rounds
    for root in (ours, theirs):
        with sqlite3.connect(root / "gradebook.db") as db:
            where = "(select n.id from submitted_notebook n join submitted_assignment a on a.id = n.assignment_id"
            where += " where a.student_id in ('learner0001', 'learner0002'))"
            db.execute(f"update grade set manual_score = 1.5, extra_credit = 0.25 where notebook_id in {where}")
            db.execute(f"update comment set manual_comment = 'well tried' where notebook_id in {where}")
        hand_in(Course(root), "learner0001", RIGHT)
        hand_in(Course(root), "new", RIGHT)
    assert changed(ours) == {"learner0001", "new"}
    assert changed(ours, "--force", "--student=learner000[2-9]", "--workers=1") == {"learner0002", "learner0003"}
    assert stock(theirs, "autograde", CHAPTER, "--force", "--student=[ln]e*[123w]").returncode == 0
    assert rows(ours, EVERYTHING) == rows(theirs, EVERYTHING)
    assert any(row[5] == "comment" and row[7] == "well tried" for row in rows(ours, EVERYTHING))


def test_a_changed_check_or_setting_concerns_everyone(rounds):
    ours, _, _, _ = rounds
    some = "--student=learner000[01]"
    assert changed(ours, some) == set()
    for path in (ours / "graders" / CHAPTER / f"{TOTALS}.py", ours / "nbgrader_config.py"):
        path.write_text(path.read_text() + "\n# another thought\n")
        assert changed(ours, some, "--workers=3") == {"learner0000", "learner0001"}
    assert changed(ours, some) == set()


def test_what_cannot_be_graded_is_said_and_stops_nobody(rounds):
    ours, _, _, _ = rounds
    folder = hand_in(Course(ours), "odd name", RIGHT, (TOTALS,))
    (folder / f"{TOTALS}.ipynb").rename(folder / "totals.ipynb")
    linked = hand_in(Course(ours), "odd link", RIGHT)
    (linked / "link.txt").symlink_to(ours / "gradebook.db")
    result = run(ours, "--student=odd*")
    assert result.returncode == 1
    assert "is called lesson_1_1_totals.ipynb, lesson_1_2_scales.ipynb" in flat(result.stdout)
    assert marks(ours)["odd link"] == 10
    assert not (ours / "autograded" / "odd link" / CHAPTER / "link.txt").exists()
    shutil.rmtree(folder.parent)


def one_sentence(result, text):
    assert result.returncode == 1
    assert text in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr


def test_bad_requests_get_a_sentence(rounds, tmp_path):
    ours, _, _, _ = rounds
    one_sentence(run(ours, "--student=nobody"), "no notebook of 'ch1_sums' was handed in there")
    one_sentence(run(ours, "--student=../x"), "this is a path")
    other = subprocess.run(
        [*command()[:2], "ch9_none"], cwd=ours, env=surroundings(ours), capture_output=True, text=True, check=False
    )
    one_sentence(other, "'ch9_none' is not in the gradebook")
    one_sentence(run(tmp_path), "there is no nbgrader course here")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    one_sentence(run(tmp_path), "there is no gradebook here")
    assert not (tmp_path / "gradebook.db").exists()
    with filelock.FileLock(ours / "autograded" / ".grading.lock"):
        one_sentence(run(ours), "another 'scalable-ai grade' is at work here")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="it gives rights up")
def test_without_permission_it_says_so(rounds):
    ours, _, _, _ = rounds
    # Without the right to pass over file modes, which is all that makes root special here.
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    for name, mode, text in (("autograded", 0o555, "Permission denied"), ("gradebook.db", 0o444, "readonly database")):
        path = ours / name
        before = path.stat().st_mode
        path.chmod(mode)
        drop = [setpriv, "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all"]
        try:
            one_sentence(
                subprocess.run(
                    [*drop, *command("--force", "--student=ann")],
                    cwd=ours,
                    env=surroundings(ours),
                    capture_output=True,
                    text=True,
                    check=False,
                ),
                text,
            )
        finally:
            path.chmod(before)
    assert not left_behind(ours)
