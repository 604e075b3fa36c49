"""`scalable-ai site` and `slides`: what they write, and one sentence for what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scalable_ai.cli import main

SMALL_COURSE = Path(__file__).parents[1] / "course"
LESSON = "solutions/ch1_growth/lesson_1_1_counting.py"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    shutil.copytree(SMALL_COURSE, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(autouse=True)
def here(course, monkeypatch):
    monkeypatch.chdir(course)
    monkeypatch.setenv("SCALABLE_AI_DATA", "generated")


def test_site_and_slides_share_one_run_and_say_where_they_are(course, capsys):
    assert main(["site", LESSON]) == 0
    said = capsys.readouterr().out
    assert "lesson_1_1_counting" in said
    assert "name the repository with --repository" in said
    assert (course / "site" / "slides" / "lesson_1_1_counting.html").is_file()
    assert "codespaces" not in (course / "site" / "ch1_growth" / "lesson_1_1_counting.html").read_text(encoding="utf-8")
    assert "pradyunsg" in (course / "site" / "links.txt").read_text(encoding="utf-8")
    assert not (course / "jupyter_execute").exists()
    (course / "site" / "ch1_growth" / "gone.html").write_text("of a lesson that is no more", encoding="utf-8")
    assert main(["site", LESSON]) == 0
    assert not (course / "site" / "ch1_growth" / "gone.html").exists()
    capsys.readouterr()
    assert main(["slides", LESSON]) == 0
    said = capsys.readouterr().out
    assert "ran in" not in said
    assert "Built 1 decks" in said
    assert 'class="notes"' in (course / "slides" / "lesson_1_1_counting.html").read_text(encoding="utf-8")


def test_an_output_with_an_answer_is_not_published(course, capsys):
    path = course / LESSON
    before = path.read_text(encoding="utf-8")
    answer = _first_answer(before)
    path.write_text(f"{before.rstrip()}\n\n# %%\nprint({answer!r})\n", encoding="utf-8")
    try:
        assert main(["site", LESSON, "--out", "leaky"]) == 1
    finally:
        path.write_text(before, encoding="utf-8")
    assert "the page would show the reference answer" in capsys.readouterr().err
    assert not (course / "leaky").exists()


def _first_answer(source: str) -> str:
    from scalable_ai.lessons.scaffold import solution_text

    body = source.split("# %% answer: ", 1)[1].split("\n", 1)[1].split("\n# %%", 1)[0]
    return solution_text(body)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["site", "solutions/other.py"], "this is no lesson of the course"),
        (["slides", "solutions/other.py"], "this is no lesson of the course"),
        (["site", "--repository", "no-owner"], "Write it as owner/name"),
        (["site", "--repository", "owner/name", "--ref", "a b"], "no name of a branch"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence, capsys):
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
