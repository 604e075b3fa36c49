"""Folders and notebooks that attack before any code of theirs runs: a batch of them, between honest ones."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import nbformat
import pytest

from scalable_ai.grading.batch.grade import grade as grade_all
from scalable_ai.grading.batch.hand_in import HandIn, Options, key_of
from scalable_ai.grading.court import court_of
from scalable_ai.grading.stock import nbgrader
from scalable_ai.grading.warm import VARIABLE
from tests.grading.attacks.hand_ins import HAND_INS, HONEST
from tests.grading.attacks.scene import PUBLIC_FOLDERS
from tests.grading.conftest import CHAPTER, RIGHT, SCALES, answered, copy_of_tiny_course

SECRET = "canary-of-the-batch"
APART = {"names-that-are-no-text", "deep-folders", "notebook-is-a-pipe"}
IN_BATCH = [learner for learner in HAND_INS if learner not in APART]


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Return a course after a batch with all hand-ins, and what came of each."""
    course = copy_of_tiny_course(tmp_path_factory.mktemp("batch") / "course")
    root = course.root
    nbgrader(root, "generate_assignment", CHAPTER, "--force")
    (root / "graders" / CHAPTER / "notes.txt").write_text(SECRET)
    for learner in (*IN_BATCH, "zoe"):
        folder = root / "submitted" / learner / CHAPTER
        folder.mkdir(parents=True)
        path = folder / f"{SCALES}.ipynb"
        nbformat.write(answered(course, SCALES, RIGHT), path)
        if learner in HAND_INS:
            HAND_INS[learner].make(path, course)
    before = {place: set(os.listdir(place)) for place in (*PUBLIC_FOLDERS, root)}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv(VARIABLE, raising=False)
        outcomes = {outcome.learner: outcome for outcome in grade_all(Options(root, CHAPTER, workers=2))}
    court_of(course).close()
    course.__dict__.update(outcomes=outcomes, before=before)
    nbgrader(root, "generate_feedback", CHAPTER)
    return course


def graded_text(batch, learner):
    folder = batch.root / "autograded" / learner
    return "\n".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("learner", [*IN_BATCH, "zoe"])
def test_each_has_the_marks_that_are_due(batch, learner):
    outcome = batch.outcomes[learner]
    due = HAND_INS[learner].score if learner in HAND_INS else HONEST
    assert (outcome.failed, outcome.score) == ("", due)


@pytest.mark.parametrize("learner", IN_BATCH)
def test_none_has_what_is_not_its_own(batch, learner):
    assert SECRET not in graded_text(batch, learner)


def test_hidden_checks_and_gradebook_are_untouched(batch):
    assert (batch.root / "graders" / CHAPTER / "notes.txt").read_text() == SECRET
    with sqlite3.connect(batch.root / "gradebook.db") as book:
        assert book.execute("select count(*) from student where id = 'planted'").fetchone() == (0,)
        assert book.execute("select count(*) from sqlite_master where type = 'trigger'").fetchone() == (0,)


def test_the_courses_folder_has_its_own_outputs_only(batch):
    new = set(os.listdir(batch.root)) - batch.before[batch.root]
    assert new <= {"autograded", "feedback", ".nbgrader.log", "generate_feedback.log"}
    assert not list(batch.root.rglob("planted*"))


def test_feedback_runs_no_code_of_a_learner(batch):
    pages = list((batch.root / "feedback").rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for planted in (
            "<script>planted",
            "<img src=x onerror=planted",
            "<a href=javascript:planted",
            "<iframe src=planted",
        ):
            assert planted not in text.replace('"', "").replace("'", "")


@pytest.mark.parametrize("learner", sorted(APART))
def test_no_folder_stops_a_batch_before_it_begins(learner, batch, tmp_path):
    path = tmp_path / CHAPTER / f"{SCALES}.ipynb"
    path.parent.mkdir()
    nbformat.write(answered(batch, SCALES, RIGHT), path)
    HAND_INS[learner].make(path, batch)
    try:
        assert len(key_of(HandIn(learner, CHAPTER, path.parent, (path.name,)), "shared")) == 64
    finally:
        subprocess.run(["rm", "-rf", path.parent], check=True)  # pytest's own way of removing recurses


def test_a_notebook_that_is_a_pipe_is_not_waited_for(batch, tmp_path):
    os.mkfifo(tmp_path / "lesson.ipynb")
    code = "import pathlib\nfrom scalable_ai.grading.rebuild import read_submission, UnreadableError\n"
    code += (
        "try:\n    read_submission(pathlib.Path('lesson.ipynb'))\nexcept UnreadableError as error:\n    print(error)"
    )
    # The limit only ends a test that would wait for ever.
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "lesson.ipynb" in done.stdout
