"""A lesson's notebook, executed with the reference answers, and kept until its code or what it runs with changes."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.lessons.build import Built
from scalable_ai.lessons.publish import PublishError
from scalable_ai.lessons.publish.public import is_answer, is_check
from scalable_ai.lessons.scaffold import solution_text

LAYOUT = "1"
"""Of what is kept; another one makes everything kept before stale."""
VERSIONS = ("torch", "pytorch-lightning", "numpy", "matplotlib")
"""Packages whose versions are kept and shown with the outputs."""
LONGEST_CELL = 600
"""Seconds that a cell may take."""


@dataclass(frozen=True)
class Data:
    """Which images lessons run with."""

    source: str
    """`official`, `folder` or `generated`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What makes a kernel use them."""

    def words(self) -> str:
        """Return what a page says of them."""
        return {
            "official": "CIFAR-10",
            "folder": "CIFAR-10, read from image files,",
            "generated": "generated pictures that stand in for CIFAR-10",
        }[self.source]


def solved_notebook(built: Built) -> NotebookNode:
    """Return a lesson's notebook with the reference answers in place."""
    notebook = nbformat.reads(built.source, as_version=4)
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = solution_text(cell.source)
    return notebook


def fingerprint(notebook: NotebookNode, data: Data) -> str:
    """Return a hash of all that decides the outputs: code, the course's modules that it uses, versions, data."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells]
    parts = [LAYOUT, data.source, platform.python_version(), *(f"{name} {version(name)}" for name in VERSIONS), *code]
    digest = hashlib.sha256("\0".join(parts).encode())
    for path in _own_modules(cell.source for cell in cells if not is_check(cell)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def executed_notebook(built: Built, data: Data, kept: Path) -> tuple[NotebookNode, bool]:
    """Return a lesson's solved notebook with its outputs, and whether it had to run for them.

    Args:
        built: The lesson.
        data: The images it runs with.
        kept: The folder in which executed notebooks are kept.

    Raises:
        PublishError: A cell fails, such as a check that the reference answer does not pass.
    """
    notebook = solved_notebook(built)
    name = f"{built.lesson.chapter}-{built.lesson.name}"
    path = kept / f"{name}-{fingerprint(notebook, data)}.ipynb"
    if path.is_file():
        return nbformat.read(path, as_version=4), False
    done = _run(notebook, data, str(built.lesson.path))
    kept.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    nbformat.write(done, partial)
    for stale in kept.glob(f"{name}-*.ipynb"):
        stale.unlink()
    partial.replace(path)
    return done, True


def version(name: str) -> str:
    """Return a package's version, without the build that it may name."""
    return metadata.version(name).partition("+")[0]


def _run(notebook: NotebookNode, data: Data, what: str) -> NotebookNode:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory() as made:
        folder = str(Path(made).resolve())
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, kernel_name="python3", timeout=LONGEST_CELL, resources=resources)
        try:
            done = client.execute(env={**os.environ, **data.environment}, stderr=subprocess.DEVNULL)
            # A public page does not name this machine's folders.
            return nbformat.reads(nbformat.writes(done).replace(folder, "."), as_version=4)
        except CellExecutionError as error:
            last = f"{error.ename}: {error.evalue}".splitlines()[0]
        except (CellTimeoutError, DeadKernelError) as error:
            last = str(error).strip().splitlines()[0]
    raise PublishError(f"{what}: it does not run with its own answers ({last}). Mend it, then publish again.")


def _own_modules(code: Iterable[str]) -> list[Path]:
    """Return the files of the course's modules that code imports; of a package all its files."""
    names = set()
    for text in code:
        for node in ast.walk(_parsed(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
            elif isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
    paths: set[Path] = set()
    for name in names:
        if name.partition(".")[0] != "scalable_ai":
            continue
        spec = util.find_spec(name)
        for place in spec.submodule_search_locations or () if spec else ():
            paths.update(Path(place).rglob("*.py"))
        if spec and spec.origin:
            paths.add(Path(spec.origin))
    return sorted(paths)


def _parsed(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except SyntaxError:  # a cell with magics imports nothing of the course's
        return ast.Module([], [])


def runs_with() -> str:
    """Return what a page says of the versions that lessons run with."""
    return f"PyTorch {version('torch')} and Python {sys.version_info.major}.{sys.version_info.minor}"
