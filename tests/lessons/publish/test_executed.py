"""Executed lessons: run once, kept while nothing changes, refused when they do not run."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil
import pytest

from scalable_ai.course import Course
from scalable_ai.lessons.build import build_lesson
from scalable_ai.lessons.publish import PublishError
from scalable_ai.lessons.publish.executed import Data, executed_notebook, fingerprint, solved_notebook
from tests.lessons.publish.conftest import CHAPTER, GENERATED, LESSON, ROOT

HEADER = '# ---\n# lesson:\n#   id: "1.1"\n#   title: A test\n#   objective: Test\n# ---\n\n'


@pytest.fixture
def made(tmp_path):
    """Return a function that makes a lesson of one cell, built."""
    folder = tmp_path / "solutions" / "ch1_test"
    folder.mkdir(parents=True)

    def make(code: str):
        path = folder / "lesson_1_1_test.py"
        path.write_text(f"{HEADER}# %%\n{code}\n", encoding="utf-8")
        return build_lesson(Course(tmp_path), path)

    return make


def test_a_lesson_runs_once_and_again_when_its_code_changes(made, tmp_path):
    kept = tmp_path / "kept"
    done, ran = executed_notebook(made("print('first')"), GENERATED, kept)
    assert ran
    assert done.cells[-1].outputs[0].text == "first\n"
    again, ran = executed_notebook(made("print('first')"), GENERATED, kept)
    assert not ran
    assert again.cells[-1].outputs == done.cells[-1].outputs
    done, ran = executed_notebook(made("import os; print(os.environ['SCALABLE_AI_DATA'])"), GENERATED, kept)
    assert ran
    assert done.cells[-1].outputs[0].text == "generated\n"
    assert len(list(kept.iterdir())) == 1


def test_outputs_do_not_name_the_folder_that_a_lesson_ran_in(made, tmp_path):
    done, _ = executed_notebook(made("from pathlib import Path\nprint(Path('runs').resolve())"), GENERATED, tmp_path)
    assert done.cells[-1].outputs[0].text.strip() in {"./runs", ".\\runs"}


def test_a_lesson_that_does_not_run_is_one_sentence(made, tmp_path):
    with pytest.raises(PublishError, match=r"lesson_1_1_test\.py: .*ValueError: planted\).*Mend it") as caught:
        executed_notebook(made("raise ValueError('planted')"), GENERATED, tmp_path / "kept")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("ending", ["", "raise ValueError('planted')", "import os; os._exit(1)"])
def test_no_kernel_is_left_running(made, tmp_path, ending):
    before = psutil.Process().children(recursive=True)
    code = "import os, pathlib; pathlib.Path(os.environ['PID']).write_text(str(os.getpid()))"
    data = Data("generated", {"PID": str(tmp_path / "pid")})
    with pytest.raises(PublishError) if ending else contextlib.nullcontext():
        executed_notebook(made(f"{code}\n{ending}"), data, tmp_path / "kept")
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert psutil.Process().children(recursive=True) == before


def test_other_data_or_another_module_means_another_run(made, monkeypatch):
    solved = solved_notebook(made("from scalable_ai.data import cifar10"))
    first = fingerprint(solved, GENERATED)
    assert fingerprint(solved, GENERATED) == first
    assert fingerprint(solved, Data("official")) != first
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"changed" if path.name == "generated.py" else read(path))
    assert fingerprint(solved, GENERATED) != first


def test_a_change_in_what_checks_do_runs_nothing_again(monkeypatch):
    solved = solved_notebook(build_lesson(Course(ROOT), ROOT / "solutions" / CHAPTER / f"{LESSON}.py"))
    first = fingerprint(solved, GENERATED)
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"changed" if path.name == "checks.py" else read(path))
    assert fingerprint(solved, GENERATED) == first
