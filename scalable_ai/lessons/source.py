"""Read a lesson source: a jupytext percent script with a header and one-line cell marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import yaml

from scalable_ai.lessons.exercise import Exercise, Quiz, parse_exercise, parse_quiz

NAMED_MARKS = {"exercise": "markdown", "quiz": "markdown", "answer": "code", "check": "code"}
PLAIN_MARKS = {
    "slide": "markdown",
    "script": "markdown",
    "note": "markdown",
    "tip": "markdown",
    "warning": "markdown",
    "recap": "markdown",
    "fragment": "code",
}
MARKS = sorted({*NAMED_MARKS, *PLAIN_MARKS})


class SourceError(Exception):
    """A lesson source that breaks a rule of its marks; says file, line, what is wrong and what to do."""

    def __init__(self, path: Path, line: int, wrong: str, remedy: str) -> None:
        self.path, self.line, self.wrong, self.remedy = path, line, wrong, remedy
        super().__init__(f"{path}:{line}: {wrong} {remedy}")


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson source."""

    mark: str
    """One of `MARKS`, or `reading` for a cell without a mark."""
    name: str
    """The exercise's id, for `NAMED_MARKS`; else empty."""
    type: str
    """`markdown` or `code`."""
    text: str
    """The cell's text, comment signs of markdown removed."""
    line: int
    """Where its mark stands in the file, from 1."""


@dataclass(frozen=True)
class Lesson:
    """A lesson source, parsed and checked for its marks."""

    path: Path
    meta: dict[str, Any]
    """The header: id, title, objective, functions, track, …"""
    cells: tuple[Cell, ...]
    exercises: dict[str, Exercise] = field(default_factory=dict)
    """Exercise cards by name, in order."""
    quizzes: dict[str, Quiz] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its ending, which is the notebook's name."""
        return self.path.stem

    @property
    def chapter(self) -> str:
        """The folder's name, which is nbgrader's assignment."""
        return self.path.parent.name

    @property
    def is_capstone(self) -> bool:
        """Whether this is a capstone: no lecture, longer exercises."""
        return self.meta.get("kind") == "capstone"

    def of(self, *marks: str) -> list[Cell]:
        """Return the cells with one of these marks, in order."""
        return [cell for cell in self.cells if cell.mark in marks]

    def named(self, mark: str, name: str) -> Cell:
        """Return the one cell with this mark and name.

        Raises:
            KeyError: There is none.
        """
        for cell in self.cells:
            if (cell.mark, cell.name) == (mark, name):
                return cell
        raise KeyError(f"{self.path} has no cell '{mark}: {name}'")


def read_lesson(path: Path) -> Lesson:
    """Read and check one lesson source.

    Raises:
        SourceError: A mark's rule is broken.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if re.match(r"#\s*%%", line) and not re.match(r"# %%(\s|$)", line):
            mended = "# %% " + line.lstrip("# %")
            raise SourceError(path, number, "A mark begins with '# %% ', this one does not.", f"Write '{mended}'.")
    mark_lines = [number for number, line in enumerate(lines, 1) if re.match(r"# %%(\s|$)", line)]
    notebook = jupytext.reads(text, fmt="py:percent")
    cells = list(notebook.cells)
    meta = _header(path, cells)
    if len(cells) != len(mark_lines):
        raise SourceError(
            path, 1, "There is text between the header and the first cell mark.", "Begin it with a '# %%' line."
        )
    parsed = tuple(_cell(path, cell, line) for cell, line in zip(cells, mark_lines, strict=True))
    exercises, quizzes = _cards(path, parsed)
    _check_families(path, parsed, exercises)
    return Lesson(path, meta, parsed, exercises, quizzes)


def find_lessons(solutions: Path) -> list[Path]:
    """Return every lesson source under a folder, in teaching order: a chapter's capstone comes after its lessons."""
    paths = [path for path in solutions.glob("*/*.py") if not path.name.startswith("_")]
    return sorted(paths, key=lambda path: (path.parent.name, path.stem.startswith("capstone"), path.stem))


def _header(path: Path, cells: list) -> dict[str, Any]:
    remedy = "Begin the file with '# ---', '# lesson:', '#   id: …', …, '# ---'."
    if not cells or cells[0].cell_type != "raw":
        raise SourceError(path, 1, "The header is missing.", remedy)
    try:
        header = yaml.safe_load(cells.pop(0).source.strip().strip("-"))
    except yaml.YAMLError as error:
        where = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        raise SourceError(path, where, "The header is not valid YAML.", "Quote texts that contain ': '.") from None
    meta = header.get("lesson") if isinstance(header, dict) else None
    if not isinstance(meta, dict):
        raise SourceError(path, 1, "The header has no 'lesson:' block.", remedy)
    for key in ("id", "title", "objective"):
        if not isinstance(meta.get(key), str):
            raise SourceError(path, 1, f"The header has no text '{key}'.", f"Add '#   {key}: …' under 'lesson:'.")
    return meta


def _cell(path: Path, cell: Any, line: int) -> Cell:
    title = cell.metadata.get("title", "")
    mark, _, name = (part.strip() for part in title.partition(":"))
    if not mark:
        return Cell("reading", "", cell.cell_type, cell.source, line)
    wanted = NAMED_MARKS.get(mark) or PLAIN_MARKS.get(mark)
    if wanted is None:
        raise SourceError(path, line, f"'{mark}' is no mark.", f"Use one of: {', '.join(MARKS)}.")
    if cell.cell_type != wanted:
        remedy = f"Write '# %% {title} [markdown]'." if wanted == "markdown" else f"Write '# %% {title}'."
        raise SourceError(path, line, f"A cell '{mark}' is {wanted}, this one is {cell.cell_type}.", remedy)
    if mark in NAMED_MARKS and not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
        raise SourceError(path, line, f"'{mark}' needs a name in snake_case.", f"Write '# %% {mark}: some_name'.")
    if mark in PLAIN_MARKS and name:
        raise SourceError(path, line, f"'{mark}' takes no name.", f"Write '# %% {mark}'.")
    return Cell(mark, name, cell.cell_type, cell.source, line)


def _cards(path: Path, cells: tuple[Cell, ...]) -> tuple[dict[str, Exercise], dict[str, Quiz]]:
    exercises, quizzes = {}, {}
    for cell in cells:
        if cell.mark not in {"exercise", "quiz"}:
            continue
        if cell.name in exercises or cell.name in quizzes:
            raise SourceError(path, cell.line, f"The name '{cell.name}' is used twice.", "Give each exercise its own.")
        try:
            if cell.mark == "exercise":
                exercises[cell.name] = parse_exercise(cell.name, cell.text)
            else:
                quizzes[cell.name] = parse_quiz(cell.name, cell.text)
        except ValueError as error:
            raise SourceError(path, cell.line, f"The card of '{cell.name}' is wrong:", str(error)) from None
    return exercises, quizzes


def _check_families(path: Path, cells: tuple[Cell, ...], exercises: dict[str, Exercise]) -> None:
    """Demand that each exercise has its card, answer and check, in this order, once each."""
    for cell in cells:
        if cell.mark in {"answer", "check"} and cell.name not in exercises:
            raise SourceError(
                path,
                cell.line,
                f"'{cell.mark}: {cell.name}' has no exercise.",
                f"Put '# %% exercise: {cell.name} [markdown]' before it, or mend the name.",
            )
    for name in exercises:
        family = [cell for cell in cells if cell.name == name]
        if [cell.mark for cell in family] != ["exercise", "answer", "check"]:
            order = ", ".join(cell.mark for cell in family)
            raise SourceError(
                path,
                family[0].line,
                f"Exercise '{name}' has the cells: {order}.",
                "It needs exactly one exercise, one answer and one check, in this order.",
            )
        check = family[2]
        if f'with exercise("{name}") as check:' not in check.text:
            raise SourceError(
                path,
                check.line,
                f"The check of '{name}' does not open its card.",
                f"""Write 'with exercise("{name}") as check:'.""",
            )
