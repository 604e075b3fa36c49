"""The page that proves the checks: its figures are those that were measured, and nothing is hidden."""

from __future__ import annotations

import pytest

from scalable_ai.cli import main
from scalable_ai.lessons.build import build_all, write_all
from scalable_ai.lessons.pages import build_pages, edited_pages, write_pages
from scalable_ai.lessons.pages.proof import (
    Counts,
    ExerciseProof,
    LessonProof,
    Proof,
    Survivor,
    fingerprint,
    key_of,
    read_proof,
    together,
    write_proof,
)
from scalable_ai.lessons.source import read_lesson

LIVES = (Survivor(140, "a = b", "a = c"), Survivor(150, "return after / before", "return 1", 2))
TRIED = {
    "count_pairs": ExerciseProof(4, 4, 3, 3, 20, LIVES[:1], 12.4),
    "growth_factor": ExerciseProof(5, 6, 2, 2, 30, LIVES[1:], 0.2),
}


def proof_of(small, tried=TRIED):
    lesson = small.read()
    return LessonProof(tried, fingerprint(small.course, lesson), "2026-01-31", "A processor", False)


def text_of(small):
    built, errors = build_all(small.course)
    assert not errors
    pages = build_pages(small.course, [item.lesson for item in built])
    return next((page.text for page in pages if page.folder == "docs"), None)


@pytest.fixture
def tried(small):
    """Return the small course with figures of its lesson, but not of its capstone."""
    write_proof(small.course, Proof({key_of(small.read()): proof_of(small)}))
    return small


def explain(small, mutant, exercise, is_open=False):
    path = small.course.graders / "ch1_growth" / "equivalent" / "lesson_1_1_counting.yaml"
    path.parent.mkdir(exist_ok=True)
    entry = {
        "before": mutant.before,
        "after": mutant.after,
        "nth": mutant.nth,
        "why": "They are the same.",
        "open": is_open,
    }
    path.write_text(f"{exercise}: [{entry}]\n")


def test_a_course_that_nobody_has_tried_has_no_page(small):
    assert text_of(small) is None


def test_there_is_a_row_for_each_exercise_with_its_figures(tried):
    lines = text_of(tried).splitlines()
    titles = [card.title for card in tried.read().exercises.values()]
    rows = [line for title in titles for line in lines if f" {title} |" in line]
    assert [row.split(" | ")[2:] for row in rows] == [
        ["4 of 4", "3 of 3", "19 of 20", "0", "12 |"],
        ["5 of 6", "2 of 2", "29 of 30", "0", "1 |"],
    ]
    capstone = next(iter(read_lesson(tried.capstone).exercises.values())).title
    assert next(line for line in lines if f" {capstone} |" in line).count("not tried") == 5
    assert "*Not tried* says" in text_of(tried)


def test_totals_count_what_survives_and_what_is_explained(tried):
    text = " ".join(text_of(tried).split())
    assert "| **Together** | 9 of 10 | 5 of 5 | 48 of 50 | 0 | 13 |" in text
    assert "96.0 % are killed, and 2 survive." in text
    explain(tried, LIVES[1], "growth_factor")
    text = " ".join(text_of(tried).split())
    assert "| **Together** | 9 of 10 | 5 of 5 | 48 of 50 | 1 | 13 |" in text
    assert "98.0 % are killed, and 1 survives." in text
    # What is known to be wrong is no right answer, whatever the reason is that it passes.
    explain(tried, LIVES[1], "growth_factor", is_open=True)
    assert "98.0 %" not in text_of(tried)
    # What survives shows answers: it is for `graders/` only.
    assert "return" not in text


def test_figures_of_older_checks_are_told(tried):
    assert "older checks" not in text_of(tried)
    tried.checks.write_text(tried.checks.read_text() + "\n# changed\n")
    assert text_of(tried).count("(older checks)") == len(TRIED)
    assert "*Older checks* says" in text_of(tried)


def test_a_busy_machine_is_told(tried):
    assert "upper bounds" not in text_of(tried)
    proof = proof_of(tried)
    busy = LessonProof(proof.exercises, proof.fingerprint, proof.measured, proof.machine, True)
    write_proof(tried.course, Proof({key_of(tried.read()): busy}))
    assert "Other work ran there, so read the seconds as upper bounds." in " ".join(text_of(tried).split())


def test_the_figures_are_read_as_they_were_written(tried):
    assert read_proof(tried.course).lessons[key_of(tried.read())] == proof_of(tried)


def test_build_check_holds_the_page_to_the_figures(tried, monkeypatch, capsys):
    monkeypatch.chdir(tried.course.root)
    assert main(["build"]) == 0
    assert main(["build", "--check"]) == 0
    write_proof(tried.course, Proof({key_of(tried.read()): proof_of(tried, {**TRIED, "count_pairs": ExerciseProof()})}))
    capsys.readouterr()
    assert main(["build", "--check"]) == 1
    assert "checks.md: not what its source builds" in capsys.readouterr().err


def test_an_edited_page_is_not_written_over(tried):
    built, _ = build_all(tried.course)
    write_all(built)
    pages = build_pages(tried.course, [item.lesson for item in built])
    write_pages(tried.course, pages)
    page = tried.course.root / "docs" / "checks.md"
    assert "<!-- Built from graders/ by 'scalable-ai build'; edit there. " in page.read_text()
    assert edited_pages(tried.course, pages) == []
    page.write_text(page.read_text().replace("4 of 4", "5 of 5"))
    assert edited_pages(tried.course, pages) == [page]


def test_what_cannot_be_read_is_one_sentence(tried, monkeypatch, capsys):
    monkeypatch.chdir(tried.course.root)
    path = tried.course.graders / "proof.json"
    path.write_text("{}}")
    assert main(["build", "--check"]) == 1
    assert f"{path}: these figures cannot be read" in capsys.readouterr().err
    path.unlink()
    write_proof(tried.course, Proof({key_of(tried.read()): proof_of(tried)}))
    explain(tried, LIVES[0], "unknown")
    assert main(["build", "--check"]) == 1
    assert "'unknown' is no exercise of this lesson" in capsys.readouterr().err


def test_sums_and_shares_of_nothing_are_defined():
    assert together([]) == Counts()
    assert Counts().share_killed == 1.0
