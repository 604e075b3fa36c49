"""Read a lesson source: a jupytext percent script with a header and one-line cell marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import yaml

from scalable_ai.lessons.exercise import Exercise, Question, Quiz, parse_exercise, parse_question, parse_quiz

NAMED_MARKS = {
    "exercise": "markdown",
    "quiz": "markdown",
    "question": "markdown",
    "answer": "code",
    "check": "code",
}
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
CARDS = {"exercise": parse_exercise, "quiz": parse_quiz, "question": parse_question}
READINESS = "readiness"
"""How the file of a readiness check begins, and its header's kind."""


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
    questions: dict[str, Question] = field(default_factory=dict)
    """The cards of a readiness check."""

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

    @property
    def is_readiness(self) -> bool:
        """Whether this is a readiness check: questions without points, which nobody grades."""
        return self.meta.get("kind") == READINESS

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
    cards = _cards(path, parsed)
    _check_kind(path, meta, parsed)
    _check_families(
        path, parsed, {**dict.fromkeys(cards["exercise"], "exercise"), **dict.fromkeys(cards["question"], "question")}
    )
    return Lesson(path, meta, parsed, cards["exercise"], cards["quiz"], cards["question"])


def find_lessons(solutions: Path) -> list[Path]:
    """Return every lesson source under a folder, in teaching order: a chapter's capstone comes after its lessons."""
    paths = [path for path in solutions.glob("*/*.py") if not path.name.startswith(("_", READINESS))]
    return sorted(paths, key=lambda path: (path.parent.name, path.stem.startswith("capstone"), path.stem))


def find_readiness(solutions: Path) -> list[Path]:
    """Return the sources of readiness checks under a folder; nobody grades them, so they are no lessons."""
    return sorted(solutions.glob(f"*/{READINESS}*.py"))


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


def _cards(path: Path, cells: tuple[Cell, ...]) -> dict[str, dict[str, Any]]:
    """Return mark -> name -> card."""
    cards: dict[str, dict[str, Any]] = {mark: {} for mark in CARDS}
    for cell in cells:
        if cell.mark not in CARDS:
            continue
        if any(cell.name in named for named in cards.values()):
            raise SourceError(path, cell.line, f"The name '{cell.name}' is used twice.", "Give each exercise its own.")
        try:
            cards[cell.mark][cell.name] = CARDS[cell.mark](cell.name, cell.text)
        except ValueError as error:
            raise SourceError(path, cell.line, f"The card of '{cell.name}' is wrong:", str(error)) from None
    return cards


def _check_kind(path: Path, meta: dict[str, Any], cells: tuple[Cell, ...]) -> None:
    """Demand that questions without points stand in readiness checks, and nothing with points does."""
    is_readiness = meta.get("kind") == READINESS
    if is_readiness != path.name.startswith(READINESS):
        remedy = f"Name the file '{READINESS}_….py' if and only if its header says 'kind: {READINESS}'."
        raise SourceError(path, 1, "The file's name and the header's 'kind' do not fit.", remedy)
    for cell in cells:
        if is_readiness and cell.mark in {"exercise", "quiz"}:
            remedy = "Write '# %% question: …'; a readiness check has no points."
            raise SourceError(path, cell.line, f"'{cell.mark}: {cell.name}' would be graded.", remedy)
        if not is_readiness and cell.mark == "question":
            remedy = f"Write '# %% exercise: {cell.name} [markdown]'."
            raise SourceError(path, cell.line, "A question belongs into a readiness check.", remedy)


def _check_families(path: Path, cells: tuple[Cell, ...], marks: dict[str, str]) -> None:
    """Demand that each exercise or question (name -> mark) has its card, answer and check, in this order, once each."""
    for cell in cells:
        if cell.mark in {"answer", "check"} and cell.name not in marks:
            raise SourceError(
                path,
                cell.line,
                f"'{cell.mark}: {cell.name}' has no exercise.",
                f"Put '# %% exercise: {cell.name} [markdown]' before it, or mend the name.",
            )
    for name, mark in marks.items():
        family = [cell for cell in cells if cell.name == name]
        if [cell.mark for cell in family] != [mark, "answer", "check"]:
            order = ", ".join(cell.mark for cell in family)
            raise SourceError(
                path,
                family[0].line,
                f"{mark.capitalize()} '{name}' has the cells: {order}.",
                f"It needs exactly one {mark}, one answer and one check, in this order.",
            )
        check = family[2]
        if f'with {mark}("{name}") as check:' not in check.text:
            raise SourceError(
                path,
                check.line,
                f"The check of '{name}' does not open its card.",
                f"""Write 'with {mark}("{name}") as check:'.""",
            )
