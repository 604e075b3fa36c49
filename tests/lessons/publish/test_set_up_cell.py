"""A hosted notebook on a platform that has torch and not the course: its first cells make its first check work."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from scalable_ai.course import Course
from scalable_ai.lessons.build import build_lesson
from scalable_ai.lessons.publish.executed import solved_notebook
from scalable_ai.lessons.publish.public import is_check
from tests.lessons.publish.conftest import CHAPTER, HOSTING, LESSON, ROOT

LACKING = ("scalable_ai", "__editable__", "torchmetrics")
VERSIONS = "from importlib import metadata\nimport torch\nprint(torch.__version__, metadata.version('torchmetrics'))"


def write_wheel(
    folder: Path, name: str, version: str, requires: str = "", files: dict[str, bytes] | None = None
) -> Path:
    """Write a wheel; pip asks for no more than this."""
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        for place, text in (files or {f"{name}/__init__.py": b""}).items():
            wheel.writestr(place, text)
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path):
    """Return wheels: the course, a newer torch, and a package that lessons lack whose newest version asks for it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    own = {str(path.relative_to(ROOT)): path.read_bytes() for path in (ROOT / "scalable_ai").rglob("*.py")}
    requires = "".join(f"Requires-Dist: {one}\n" for one in metadata.requires("scalable-ai"))
    write_wheel(folder, "scalable_ai", "0.1.0", requires, own)
    write_wheel(folder, "torch", "99.0")
    write_wheel(folder, "torchmetrics", "1.8.9", "Requires-Dist: torch>=2\n")
    write_wheel(folder, "torchmetrics", "1.9.9", "Requires-Dist: torch>=99\n")
    return folder


@pytest.fixture
def platform(tmp_path, wheels, monkeypatch):
    """Make `python3` the kernel of a Python that has what this one has, but for the course and one package."""
    packages, env = tmp_path / "platform", tmp_path / "env"
    packages.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(LACKING):
            (packages / path.name).symlink_to(path)
    venv.create(env, symlinks=True)
    site = sysconfig.get_path("purelib", vars={"base": str(env), "platbase": str(env)})
    (Path(site) / "platform.pth").write_text(f"{packages}\n")
    spec = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    command = [str(env / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": "Platform", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for name in [name for name in os.environ if name.startswith(("PYTHONPATH", "PIP_", "SCALABLE_AI"))]:
        monkeypatch.delenv(name)
    for name, text in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, text)


@pytest.mark.skipif(sys.platform == "win32", reason="the platform is made of links, and hosted platforms have Linux")
@pytest.mark.usefixtures("platform")
def test_the_course_comes_beside_the_platforms_torch_and_the_first_check_passes(wheels, tmp_path):
    lesson = solved_notebook(build_lesson(Course(ROOT), ROOT / "solutions" / CHAPTER / f"{LESSON}.py"))
    notebook = HOSTING.with_setup(lesson)
    first = next(at for at, cell in enumerate(notebook.cells) if cell.cell_type == "code" and is_check(cell))
    blank, versions = nbformat.v4.new_code_cell("x = 1 + ____"), nbformat.v4.new_code_cell(VERSIONS)
    blank.metadata["tags"] = ["raises-exception"]
    notebook.cells = [*notebook.cells[:2], blank, *notebook.cells[2 : first + 1], versions]
    setup = notebook.cells[1]
    setup.source = setup.source.replace(HOSTING.archive, next(wheels.glob("scalable_ai*")).as_uri())
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, kernel_name="python3", timeout=300, resources=resources).execute()
    assert "which stays as it is. No restart is needed." in str(setup.outputs)
    assert blank.outputs[0].traceback[0].startswith("Still open: the blank in line 1")
    assert "Passed" in notebook.cells[-2].outputs[0].data["text/plain"]
    import torch

    assert versions.outputs[0].text == f"{torch.__version__} 1.8.9\n"
