"""Every lesson of the course runs: as a script, as a solved notebook, and untouched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from scalable_ai.course import Course
from scalable_ai.grading.rebuild import is_answer
from scalable_ai.lessons.build import build_lesson
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons

COURSE = Course(Path(__file__).parent.parent)
LESSONS = find_lessons(COURSE.solutions)

# Deprecated calls in a lesson's own cells are errors; what libraries do among themselves is theirs.
STRICT = 'import warnings\n\nwarnings.filterwarnings("error", category=DeprecationWarning, module="__main__")'

pytestmark = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def run(notebook: NotebookNode, folder: Path, **options: object) -> NotebookNode:
    """Execute a notebook in a folder and return it with its outputs."""
    if sys.platform == "linux":
        from scalable_ai.grading.provisioner import WarmKernelManager

        options["kernel_manager_class"] = WarmKernelManager
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=300, shutdown_kernel="immediate", resources=resources, **options).execute()


def texts(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def checks(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def test_source_runs_as_a_plain_script(path, tmp_path):
    environment = {**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning:__main__", "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, path], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Not yet" not in done.stdout


def test_solved_notebook_passes_every_check_without_a_warning(path, tmp_path):
    notebook = nbformat.reads(build_lesson(COURSE, path).source, as_version=4)
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = solution_text(cell.source)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    done = run(notebook, tmp_path)
    assert checks(done)
    for cell in checks(done):
        assert "Passed" in texts(cell)
    noise = [output.text for cell in done.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    assert not noise


def test_untouched_notebook_fails_every_check_with_a_card(path, tmp_path):
    notebook = nbformat.reads(build_lesson(COURSE, path).release, as_version=4)
    done = run(notebook, tmp_path, allow_errors=True)
    for cell in checks(done):
        assert any(output.get("ename") == "NotYet" for output in cell.outputs), cell.source
        assert "Not yet" in texts(cell)
        assert "Passed" not in texts(cell)
