"""The command line: statuses, sentences, and verbs that answer without importing torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scalable_ai.bench.report import store
from scalable_ai.bench.timing import compare_turns
from scalable_ai.bench.training import Share
from scalable_ai.cli import main
from scalable_ai.demo import MARKER, run_demo
from scalable_ai.grading.classroom import CLASS

ROOT = Path(__file__).parent.parent
SMALL_COURSE = Path(__file__).parent / "lessons" / "course"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return the folder of a small course of a lesson and a capstone, built, as the working directory."""
    shutil.copytree(SMALL_COURSE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    assert main(["build"]) == 0
    return tmp_path


def test_chapters_are_what_the_sources_build(capsys):
    assert main(["build", "--check"]) == 0, capsys.readouterr().err


def test_build_check_names_a_notebook_that_is_not_current(course, capsys):
    notebook = next((course / "chapters").glob("*/lesson_*.ipynb"))
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("Recap", "Summary"), encoding="utf-8")
    before = notebook.read_bytes()
    assert main(["build", "--check"]) == 1
    assert notebook.name in capsys.readouterr().err
    assert notebook.read_bytes() == before


def test_build_leaves_edited_notebooks_alone_until_forced(course, capsys):
    notebook = next((course / "chapters").glob("*/lesson_*.ipynb"))
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("Recap", "My notes"), encoding="utf-8")
    assert main(["build"]) == 1
    assert "--force" in capsys.readouterr().err
    assert "My notes" in notebook.read_text(encoding="utf-8")
    assert main(["build", "--force"]) == 0
    assert "My notes" not in notebook.read_text(encoding="utf-8")


def test_build_names_a_notebook_without_a_source(course, capsys):
    notebook = next((course / "chapters").glob("*/*.ipynb"))
    shutil.copy(notebook, notebook.with_name("stray.ipynb"))
    assert main(["build", "--check"]) == 1
    assert "stray.ipynb: no source builds this notebook" in capsys.readouterr().err


def test_a_broken_source_gets_a_sentence_and_the_others_are_built(course, capsys):
    source = next((course / "solutions").glob("*/lesson_*.py"))
    shutil.rmtree(course / "source")
    source.write_text(source.read_text(encoding="utf-8").replace("# %% recap", "# %% ending"), encoding="utf-8")
    assert main(["build"]) == 1
    error = capsys.readouterr().err
    assert f"{source.name}:" in error
    assert "'ending' is no mark" in error
    assert [path.name for path in (course / "source").glob("*/*.ipynb")] == ["capstone_1.ipynb"]


def test_outside_a_course_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no course here or above" in error


def test_doctor_gives_one_verdict(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Python ")
    assert "ready" in lines[-1]


def test_doctor_names_data_that_cannot_be_used(monkeypatch, capsys):
    monkeypatch.setenv("SCALABLE_AI_DATA", "/no/such/place")
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert "/no/such/place" in captured.err
    assert "not ready: 1 problem" in captured.out


def test_data_says_which_source_is_used(capsys):
    assert main(["data", "generated"]) == 0
    assert "generated stand-in" in capsys.readouterr().out
    assert main(["data", "/no/such/place"]) == 1
    assert "/no/such/place" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["doctor"], ["lint"], ["build", "--check"], ["--help"], ["capstone", "--help"]])
def test_verbs_that_need_no_torch_do_not_import_it(verb):
    code = f"import sys; from scalable_ai.cli import main\ntry: main({verb!r})\nexcept SystemExit: pass\n"
    code += "assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_demo_does_not_write_over_somebody_elses_folder(course, capsys):
    from scalable_ai.course import Course

    folder = course / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert run_demo(Course(course), folder) == 1
    assert "holds something else" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
    assert MARKER not in {path.name for path in folder.iterdir()}


def test_the_class_has_eight_members_with_different_stories():
    assert len({learner.name for learner in CLASS}) == len({learner.story for learner in CLASS}) == 8


def test_comparison_warms_up_takes_turns_and_is_stored(tmp_path):
    turns = []
    comparison = compare_turns(
        "adding", "sums", 10, {"ours": lambda: turns.append(1), "theirs": lambda: turns.append(2)}, 3
    )
    assert turns == [1, 2] + [1, 2] * 3
    assert [len(seconds) for seconds in comparison.seconds] == [3, 3]
    assert comparison.ratio == pytest.approx(comparison.rate(0) / comparison.rate(1))
    path = store(tmp_path / "bench", [comparison], Share(peak=2.0, used=1.5))
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["comparisons"][0]["what"] == "adding"
    assert stored["convolutions"] == {"peak": 2.0, "used": 1.5}
    assert stored["packages"]["torch"]
