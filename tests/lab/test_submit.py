"""`scalable-ai submit`: what would be graded is run as grading runs it, said and packed; nothing of it is changed."""

from __future__ import annotations

import sys
import zipfile

import nbformat
import pytest

from scalable_ai.cli import main
from scalable_ai.lab import submit
from scalable_ai.lab.rehearse import Rehearsed, rehearse
from scalable_ai.lab.work import bring_up_to_date, read, write
from tests.lab.conftest import CAPSTONE, LESSON

CHAPTER = LESSON.parent.name
PAIRS = "listed = len(list(combinations(parcels, 2)))\nby_rule = comb(len(parcels), 2)"


@pytest.fixture
def begun(learner):
    bring_up_to_date(learner.folders)
    return learner


@pytest.fixture
def rehearsed(monkeypatch):
    """Have no kernel started: exercises are as their saved checks say."""
    monkeypatch.setattr(submit, "rehearse", lambda mine, given, folder, root: [Rehearsed("Quiz", 1, True)])


def test_a_notebook_is_run_in_order_with_the_courses_own_checks(begun):
    begun.answer("count_pairs", PAIRS, passed=False)
    begun.answer("growth_factor", "def growth_factor(small, large):\n    return large / small", passed=True)
    notebook = read(begun.mine)
    forged = next(cell for cell in notebook.cells if cell["id"] == "growth_factor-check")
    forged.source = "print('Passed')"
    notebook.cells.append(nbformat.v4.new_code_cell("raise SystemExit"))
    before = nbformat.writes(notebook)
    pairs, factor, twice = rehearse(
        notebook, read(begun.folders.chapters / LESSON), begun.mine.parent, begun.folders.root
    )
    assert (pairs.is_passed, pairs.why_not, pairs.points) == (True, "", 2)
    assert not factor.is_passed
    assert "growth from 2 to 4" in factor.why_not
    assert (twice.title, twice.is_passed) == ("Quiz", False)
    assert twice.why_not == "open blank in line 1: `twice = ____`"
    assert nbformat.writes(notebook) == before


def test_the_archive_holds_the_learners_notebooks_as_they_are_and_models(begun, rehearsed, capsys):
    begun.answer("count_pairs", PAIRS)
    begun.mine.with_name("model.onnx").write_bytes(b"model")
    begun.mine.with_name("notes.txt").write_text("mine alone")
    assert main(["submit", CHAPTER]) == 0
    out = capsys.readouterr().out
    assert "model.onnx is handed in too" in out
    assert "2 of 2 visible checks pass. Hidden checks" in out
    with zipfile.ZipFile(begun.folders.root / f"{CHAPTER}.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held == {
        LESSON.as_posix(): begun.mine.read_bytes(),
        CAPSTONE.as_posix(): (begun.folders.work / CAPSTONE).read_bytes(),
        f"{CHAPTER}/model.onnx": b"model",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_not_followed_into_the_archive(begun, rehearsed):
    secret = begun.folders.root / "private"
    secret.write_text("mine alone")
    begun.mine.with_name("model.onnx").symlink_to(secret)
    assert main(["submit", CHAPTER]) == 0
    with zipfile.ZipFile(begun.folders.root / f"{CHAPTER}.zip") as archive:
        assert f"{CHAPTER}/model.onnx" not in archive.namelist()


def test_what_is_missing_is_said_and_the_rest_is_packed(begun, rehearsed, capsys):
    (begun.folders.work / CAPSTONE).unlink()
    begun.mine.with_name("lesson_1_1_counting.new.ipynb").write_text("{}")
    assert main(["submit", CHAPTER, "--out", "mine.zip"]) == 0
    assert "Missing: capstone_1.ipynb is not in " in capsys.readouterr().out
    with zipfile.ZipFile("mine.zip") as archive:
        assert archive.namelist() == [LESSON.as_posix()]
    begun.mine.write_text("{")
    assert main(["submit", CHAPTER]) == 1
    assert "there is no notebook to hand in. capstone_1.ipynb is not in" in capsys.readouterr().err


def test_check_writes_nothing_and_fails_while_something_is_missing(begun, monkeypatch, capsys):
    state = [Rehearsed("Exercise 1: Pairs", 2, False, "open blank in line 1: `x = ____`")]
    monkeypatch.setattr(submit, "rehearse", lambda mine, given, folder, root: state)
    assert main(["submit", CHAPTER, "--check"]) == 1
    assert "not yet  Exercise 1: Pairs (2): open blank in line 1" in capsys.readouterr().out
    assert not list(begun.folders.root.glob("*.zip"))
    state[:] = [Rehearsed("Exercise 1: Pairs", 2, True)]
    assert main(["submit", CHAPTER, "--check"]) == 0


def test_a_chapter_that_is_none_and_a_place_that_cannot_be_written_are_one_sentence(begun, rehearsed, capsys):
    assert main(["submit", "ch9"]) == 1
    assert "there is no such chapter. Name one of: ch1_growth." in capsys.readouterr().err
    assert main(["submit", CHAPTER, "--out", "no/such/folder.zip"]) == 1
    assert "Name another place with --out." in capsys.readouterr().err


def test_the_archive_is_what_the_instructor_collects(begun, rehearsed, tmp_path):
    from contextlib import ExitStack

    from scalable_ai.grading.intake.gather import gather

    main(["submit", CHAPTER, "--out", "ada.zip"])
    with ExitStack() as files:
        found = gather(begun.folders.root / "ada.zip", CHAPTER, ("lesson_1_1_counting", "capstone_1"), files)
    ((owner, delivery),) = found.deliveries.items()
    assert owner.name == "ada"
    assert sorted(offer.name for offer in delivery.offers) == [CAPSTONE.name, LESSON.name]


def test_progress_is_taken_to_another_place_and_back(begun, tmp_path_factory, monkeypatch, capsys):
    begun.answer("count_pairs", PAIRS, passed=True)
    assert main(["progress", "--export", "mine.zip"]) == 0
    assert "1 lesson packed" in capsys.readouterr().out
    archive = begun.folders.root / "mine.zip"
    begun.answer("count_pairs", "listed = ____\nby_rule = ____")
    fresh = notebook = read(begun.folders.chapters / LESSON)
    write(fresh, begun.mine)
    assert main(["progress", "--import", str(archive)]) == 0
    out = capsys.readouterr().out
    assert f"{LESSON.as_posix()} taken over." in out
    assert "1 of 3  1.1 Counting" in out
    assert begun.answer_of("count_pairs") == PAIRS
    assert notebook.cells


@pytest.mark.parametrize("name", ["../evil.ipynb", "/etc/evil.ipynb", "ch1_growth/../../evil.ipynb", "ch9/other.ipynb"])
def test_an_archive_from_elsewhere_writes_nowhere_else(begun, name, capsys):
    with zipfile.ZipFile("evil.zip", "w") as archive:
        archive.writestr(name, "{}")
    before = sorted(begun.folders.root.rglob("*"))
    assert main(["progress", "--import", "evil.zip"]) == 0
    assert "is no lesson of this course; left out" in capsys.readouterr().out
    assert sorted(begun.folders.root.rglob("*")) == before


def test_a_file_that_is_no_archive_is_one_sentence(begun, capsys):
    (begun.folders.root / "x.zip").write_text("no archive")
    for name in ("x.zip", "none.zip"):
        assert main(["progress", "--import", name]) == 1
        assert f"{name}: " in capsys.readouterr().err


def test_with_nothing_begun_there_is_nothing_to_export(begun, capsys):
    assert main(["progress", "--export", "mine.zip"]) == 1
    assert "nothing is begun here" in capsys.readouterr().err
