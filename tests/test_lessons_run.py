"""Every lesson of the course runs: as a solved notebook, untouched, and as a script."""

from __future__ import annotations

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
from scalable_ai.lessons.source import find_lessons, find_readiness, read_lesson
from tests.scripts import Job, Scripts

COURSE = Course(Path(__file__).parent.parent)
LESSONS = find_lessons(COURSE.solutions)

SOURCES = [*LESSONS, *find_readiness(COURSE.solutions)]

# Deprecated calls in a lesson's own cells are errors; what libraries do among themselves is theirs.
STRICT = """\
import warnings

warnings.filterwarnings("error", category=DeprecationWarning, module="__main__")
warnings.filterwarnings("ignore", "{allowed}", category=DeprecationWarning)
"""

AS_SCRIPT = "test_source_runs_as_a_plain_script"

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def allowed(path: Path) -> str:
    """Return how a warning begins that a lesson may give: one that teaches TorchScript teaches what is deprecated."""
    functions = read_lesson(path).meta.get("functions") or []
    return "`torch.jit." if any(name.startswith("torch.jit.") for name in functions) else ""


@pytest.fixture(scope="module", autouse=True)
def scripts(request, tmp_path_factory):
    """Run the sources that this session's tests ask for as scripts, in the background of the tests with notebooks."""
    folder = tmp_path_factory.mktemp("scripts")
    items = [item for item in request.session.items if getattr(item, "originalname", "") == AS_SCRIPT]
    asked = [item.callspec.params["path"] for item in items]
    scripts = Scripts([Job(str(path), str(folder / path.stem), allowed(path)) for path in asked])
    yield scripts
    scripts.close()


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


@each_lesson
def test_solved_notebook_passes_every_check_without_a_warning(path, tmp_path):
    notebook = nbformat.reads(build_lesson(COURSE, path).source, as_version=4)
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = solution_text(cell.source)
    strict = STRICT.format(allowed=allowed(path) or "no warning at all begins so")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(strict))
    done = run(notebook, tmp_path)
    assert checks(done)
    for cell in checks(done):
        assert "Passed" in texts(cell)
    noise = [output.text for cell in done.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    assert not noise


@each_lesson
def test_untouched_notebook_fails_every_check_with_a_card(path, tmp_path):
    notebook = nbformat.reads(build_lesson(COURSE, path).release, as_version=4)
    done = run(notebook, tmp_path, allow_errors=True)
    for cell in checks(done):
        assert any(output.get("ename") == "NotYet" for output in cell.outputs), cell.source
        assert "Not yet" in texts(cell)
        assert "Passed" not in texts(cell)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_source_runs_as_a_plain_script(path, scripts):
    done = scripts.result(path)
    assert done.returncode == 0, done.stderr
    assert "Not yet" not in done.stdout
