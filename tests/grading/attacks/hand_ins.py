"""Makers of hand-ins: each is given a right notebook in a folder of its own, and turns it into an attack."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from scalable_ai.course import Course
from tests.grading.conftest import CHAPTER

HONEST = 5
PLANTED = "open({!r}, 'w').write('planted')\n"
PAGE = "<script>planted()</script><img src=x onerror=planted()><a href='javascript:planted()'>x</a><iframe src=planted>"


@dataclass(frozen=True)
class HandIn:
    """An attack, and the marks that its answers are worth."""

    make: Callable[[Path, Course], None]
    score: float = HONEST


HAND_INS: dict[str, HandIn] = {}


def hand_in(score: float = HONEST) -> Callable:
    """Make a function `(path, course)` an attack by a learner of its name."""

    def register(make: Callable[[Path, Course], None]) -> Callable:
        HAND_INS[make.__name__.replace("_", "-")] = HandIn(make, score)
        return make

    return register


def change(path: Path, step: Callable[[dict], None]) -> None:
    """Change a notebook as plain JSON."""
    data = json.loads(path.read_text())
    step(data)
    path.write_text(json.dumps(data))


def cell(data: dict, name: str) -> dict:
    return next(c for c in data["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def spoil(data: dict) -> None:
    """Make the answer to `clip` wrong, which is worth 3 marks."""
    cell(data, "clip")["source"] = "clip = lambda values, low, high: values"


@hand_in()
def links_to_secrets(path: Path, course: Course) -> None:
    (path.parent / "notes.txt").symlink_to(course.graders / CHAPTER / "notes.txt")
    (path.parent / "checks").symlink_to(course.graders)
    (path.parent / "loop").symlink_to(path.parent)
    (path.parent / "nowhere").symlink_to("/nonexistent")


@hand_in()
def pipes_and_sockets(path: Path, course: Course) -> None:
    os.mkfifo(path.parent / "pipe.txt")


@hand_in(0)
def notebook_is_a_link(path: Path, course: Course) -> None:
    path.unlink()
    path.symlink_to(course.root / "submitted" / "zoe" / CHAPTER / path.name)


@hand_in(0)
def notebook_is_a_pipe(path: Path, course: Course) -> None:
    path.unlink()
    os.mkfifo(path)


@hand_in(0)
def notebook_is_a_folder(path: Path, course: Course) -> None:
    path.unlink()
    path.mkdir()


@hand_in()
def names_of_all_kinds(path: Path, course: Course) -> None:
    for name in ("new\nline.txt", "\x1b[2J.txt", "-rf", "é" * 120, "a" * 255, "..txt", "{0}%s.txt", "~"):
        (path.parent / name).write_text("mine")
    # Closes, as a path in a table, a tag that was never opened.
    (path.parent / "a[").mkdir()
    (path.parent / "a[" / "red].txt").symlink_to(path)


@hand_in()
def names_that_are_no_text(path: Path, course: Course) -> None:
    Path(os.fsdecode(os.fsencode(path.parent) + b"/\xff\xfe.txt")).write_text("mine")


@hand_in()
def deep_folders(path: Path, course: Course) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)


@hand_in()
def modules_in_the_way(path: Path, course: Course) -> None:
    planted = PLANTED.format(str(course.root / "planted.txt"))
    for name in ("torchmetrics", "ipykernel_launcher", "nbgrader_config", "sitecustomize", "usercustomize", "json",
                 "numpy", "scalable_ai", "jupyter_config", "conftest", "nbformat"):  # fmt: skip
        (path.parent / f"{name}.py").write_text(planted)
    (path.parent / "planted.pth").write_text(f"import os; {planted}")
    for folder in (".ipython/profile_default/startup", ".jupyter"):
        (path.parent / folder).mkdir(parents=True)
        (path.parent / folder / "0.py").write_text(planted)
    for other in path.parent.rglob("planted*"):
        other.rename(other.with_name("site.pth"))


@hand_in(2)
def tags_on_checks(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        spoil(data)
        for each in data["cells"]:
            each["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]

    change(path, step)


@hand_in(2)
def checks_deleted(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        spoil(data)
        data["cells"] = [c for c in data["cells"] if not c["metadata"].get("nbgrader", {}).get("grade")]

    change(path, step)


@hand_in(2)
def checks_retyped(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        spoil(data)
        for name in ("clip-check", "centered-check"):
            cell(data, name)["cell_type"] = "markdown"
            cell(data, name)["source"] = "3"
            cell(data, name).pop("outputs", None)
            cell(data, name).pop("execution_count", None)

    change(path, step)


@hand_in(2)
def checks_copied_and_points_raised(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        spoil(data)
        check = cell(data, "clip-check")
        check["metadata"]["nbgrader"]["points"] = 1000
        easy = {**check, "id": "easy", "source": "1000.0"}
        data["cells"] += [
            easy,
            {**easy, "metadata": {"nbgrader": {**check["metadata"]["nbgrader"], "grade_id": "more"}}},
        ]

    change(path, step)


@hand_in(2)
def ids_of_other_cells(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        spoil(data)
        cell(data, "clip")["id"] = cell(data, "clip-check")["id"]
        for each in data["cells"]:
            each.setdefault("metadata", {})["scalable_ai"] = {"task": PAGE, "points": 99, "key": "B"}

    change(path, step)


@hand_in()
def kernels_of_its_own(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        planted = str(course.root / "planted.txt")
        data["metadata"]["kernelspec"] = {
            "name": "../../planted", "language": "R", "display_name": PAGE, "argv": ["touch", planted],
            "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
        }  # fmt: skip
        data["metadata"]["language_info"] = {"name": PAGE, "pygments_lexer": "../planted", "file_extension": "/../x"}
        data["metadata"]["scalable_ai_graded"] = "0" * 64
        data["metadata"]["scalable_ai"] = "none"
        data["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": PAGE}}}

    change(path, step)


@hand_in()
def pages_that_run_code(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        source = f"""
from IPython.display import HTML, Javascript, Markdown, display
for show in (HTML, Markdown):
    display(show({PAGE!r}))
display(Javascript("planted()"))
display({{"image/svg+xml": "<svg><script>planted()</script></svg>", "text/latex": {PAGE!r}}}, raw=True)
print({PAGE!r})
"""
        cell(data, "centered")["source"] += source
        data["cells"].append(nbformat.v4.new_markdown_cell(PAGE))
        data["cells"].append(
            nbformat.v4.new_code_cell(f"# {PAGE}\nraise type('<script>planted', (Exception,), {{}})({PAGE!r})")
        )

    change(path, step)


@hand_in(2)
def messages_that_run_code(path: Path, course: Course) -> None:
    def step(data: dict) -> None:
        cell(data, "clip")["source"] = f"def clip(*args):\n    raise type({PAGE!r}, (Exception,), {{}})({PAGE!r})"

    change(path, step)


@hand_in(0)
def notebook_is_deep(path: Path, course: Course) -> None:
    path.write_text('{"cells": ' + "[" * 100_000)


@hand_in(0)
def cells_are_odd(path: Path, course: Course) -> None:
    path.write_text(
        json.dumps({"cells": [5, None, {"cell_type": 7}], "metadata": [], "nbformat": 4, "nbformat_minor": 5})
    )
