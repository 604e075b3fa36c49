"""Folders and notebooks that attack before any code of theirs runs: a batch of them, between honest ones."""

from __future__ import annotations

import os
import sqlite3

import nbformat
import pytest

from scalable_ai.grading.batch.grade import grade as grade_all
from scalable_ai.grading.batch.hand_in import Options
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
    pages = list((batch.root / "feedback" / "html" / CHAPTER).glob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for planted in ("<script>planted", "onerror=planted", "javascript:planted", "<iframe src=planted"):
            assert planted not in text.replace('"', "").replace("'", "")
