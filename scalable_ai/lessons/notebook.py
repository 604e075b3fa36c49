"""Turn a lesson into notebooks: nbgrader's source version with answers, and the learner's version without."""

from __future__ import annotations

import copy
import hashlib
import json
import re

import nbformat
from markdown_it import MarkdownIt
from nbformat import NotebookNode

from scalable_ai.cards import hints_html
from scalable_ai.lessons.exercise import Exercise
from scalable_ai.lessons.readiness import RESULT, Targets, link_of, result_code, title_of, with_question
from scalable_ai.lessons.scaffold import learner_text
from scalable_ai.lessons.source import Cell, Lesson, SourceError
from scalable_ai.packing import pack

# How a mark shows in the slide deck; cells of other marks are left out of it.
SLIDE_TYPES = {"title": "slide", "slide": "slide", "fragment": "fragment", "script": "notes"}
ASIDES = {"note": ("info", "Note"), "tip": ("success", "Tip"), "warning": ("warning", "Warning")}
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def source_notebook(lesson: Lesson, known: Targets | None = None) -> NotebookNode:
    """Return nbgrader's source version: every cell, answers with their marks, nbgrader's metadata.

    Args:
        lesson: Whose.
        known: The lessons that a readiness check may send a learner to.

    Raises:
        SourceError: An answer's marks do not fit it.
    """
    builder = _Builder(lesson, known or {})
    builder.add("title", "markdown", _title(lesson))
    if opening := _opening(lesson):
        builder.add("opening", "markdown", opening)
    for cell in lesson.cells:
        builder.add_cell(cell)
    if lesson.is_readiness:
        builder.add("result", "markdown", RESULT)
        builder.add("result", "code", result_code(lesson, builder.known))
    notebook = nbformat.v4.new_notebook(cells=builder.cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": KERNELSPEC,
            "language_info": {"name": "python"},
            "scalable_ai": {"lesson": lesson.meta["id"], "title": lesson.meta["title"]},
        }
    )
    nbformat.validate(notebook)
    return notebook


def clear_answers(notebook: NotebookNode) -> NotebookNode:
    """Return a copy in which every marked answer is what the learner starts from."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        task = cell.metadata.get("scalable_ai", {}).get("task")
        if task:
            cell.source = learner_text(cell.source, task)
    return notebook


def title_text(lesson: Lesson) -> str:
    """Return `1.1 Overview …`, or `Capstone 1: …`."""
    number = str(lesson.meta["id"])
    return f"{number} {lesson.meta['title']}" if number[0].isdigit() else lesson.meta["title"]


def _title(lesson: Lesson) -> str:
    return f"# {title_text(lesson)}\n\n**Objective.** {lesson.meta['objective'].rstrip('.')}."


def _opening(lesson: Lesson) -> str:
    meta = lesson.meta
    parts = []
    for key, label in (("know", "What you know"), ("new", "What is new")):
        if meta.get(key):
            parts.append(f"**{label}**\n\n" + "\n".join(f"- {item}" for item in meta[key]))
    if meta.get("minutes"):
        parts.append(f"About {meta['minutes']} minutes.")
    return "\n\n".join(parts)


class _Builder:
    """Collects notebook cells with ids that stay the same from build to build."""

    def __init__(self, lesson: Lesson, known: Targets) -> None:
        self.lesson, self.known = lesson, known
        self.cells: list[NotebookNode] = []
        self._ids: set[str] = set()
        self._numbers = {name: number for number, name in enumerate(lesson.exercises or lesson.questions, 1)}

    def add(self, mark: str, kind: str, text: str, name: str = "", **metadata: object) -> None:
        """Append one notebook cell."""
        make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        cell = make(text, metadata={"slideshow": {"slide_type": SLIDE_TYPES.get(mark, "skip")}, **metadata})
        cell["id"] = self._id(mark, name, text)
        self.cells.append(cell)

    def add_cell(self, cell: Cell) -> None:
        """Append what one source cell becomes."""
        if cell.mark == "exercise":
            self._exercise(cell)
        elif cell.mark == "quiz":
            self._quiz(cell)
        elif cell.mark == "question":
            self._question(cell)
        elif cell.mark == "slide":
            self.add("slide", "markdown", with_fragments(cell.text))
        elif cell.mark in ASIDES:
            style, label = ASIDES[cell.mark]
            text = f'<div class="alert alert-{style}" role="note">\n\n**{label}.** {cell.text}\n\n</div>'
            self.add(cell.mark, "markdown", text)
        elif cell.mark == "recap":
            self.add("recap", "markdown", f"## Recap\n\n{cell.text}")
        elif cell.mark not in {"answer", "check"}:
            self.add(cell.mark, cell.type, cell.text)

    def _exercise(self, cell: Cell) -> None:
        """Append card, answer and check of an exercise; answer and check stand where the source has them."""
        card = self.lesson.exercises[cell.name]
        number = self._numbers[cell.name]
        task = f"Exercise {number}: {card.title}"
        answer, check = self._answer(cell.name, task), self.lesson.named("check", cell.name).text
        self.add("exercise", "markdown", card.markdown(number, hints_html(card.hints)), cell.name)
        self._graded(cell.name, answer, with_card(check, card, task), task, card.points)

    def _question(self, cell: Cell) -> None:
        """Append card, answer and check of a readiness question: nothing that nbgrader would grade."""
        card = self.lesson.questions[cell.name]
        number = self._numbers[cell.name]
        task = f"Question {number}: {card.title}"
        answer, check = self._answer(cell.name, task), self.lesson.named("check", cell.name).text
        self.add("question", "markdown", card.markdown(number, link_of(card, self.known)), cell.name)
        self.add("answer", "code", answer, cell.name, scalable_ai={"task": task})
        self._check(cell.name, with_question(check, card, task, title_of(card, self.known)))

    def _answer(self, name: str, task: str) -> str:
        """Return the text of an answer whose marks fit it."""
        answer = self.lesson.named("answer", name)
        try:
            learner_text(answer.text, task)
        except ValueError as error:
            raise SourceError(self.lesson.path, answer.line, "A mark in the answer does not fit:", str(error)) from None
        return answer.text

    def _quiz(self, cell: Cell) -> None:
        quiz = self.lesson.quizzes[cell.name]
        self.add("quiz", "markdown", quiz.markdown(), cell.name)
        answer = f'{quiz.name} = "{quiz.key}"  # blank: "{quiz.key}"'
        check = (
            "from scalable_ai.checks import quiz\n\n"
            f'quiz("{quiz.name}", lambda: {quiz.name}, "{pack(quiz.packed_options())}")'
        )
        self._graded(cell.name, answer, check, "Quiz", quiz.points)

    def _graded(self, name: str, answer: str, check: str, task: str, points: float) -> None:
        base = {"schema_version": 3, "task": False}
        solution = {**base, "grade": False, "grade_id": name, "locked": False, "solution": True}
        graded = {**base, "grade": True, "grade_id": f"{name}-check", "locked": True, "solution": False}
        self.add("answer", "code", answer, name, nbgrader=solution, scalable_ai={"task": task})
        self._check(name, check, nbgrader={**graded, "points": points})

    def _check(self, name: str, check: str, **metadata: object) -> None:
        # The check's text holds hints and explanations; folded, they are read only by those who open it.
        folded = {"jupyter": {"source_hidden": True}, **metadata}
        # A folded cell shows its first line.
        self.add("check", "code", f"# Check your answer: run this cell\n{check}", name, **folded)

    def _id(self, mark: str, name: str, text: str) -> str:
        stem = f"{name}-{mark}" if name else f"{mark}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        candidate, count = stem, 1
        while candidate in self._ids:
            count += 1
            candidate = f"{stem}-{count}"
        self._ids.add(candidate)
        return candidate


def with_card(check: str, card: Exercise, title: str) -> str:
    """Hand the card's title, success message and hints to the check's `exercise(...)` call."""
    opening = f'with exercise("{card.name}") as check:'
    hints = "".join(f"        {_literal(hint)},\n" for hint in card.hints)
    full = (
        f'with exercise(\n    "{card.name}",\n    title={_literal(title)},\n    success={_literal(card.success)},\n'
        f"    hints=[\n{hints}    ],\n) as check:"
    )
    return check.replace(opening, full)


def with_fragments(text: str) -> str:
    """Make the bullets of a slide appear one by one: HTML list items with reveal.js's fragment class."""
    inline = MarkdownIt()
    lines, items = [], []

    def close() -> None:
        if items:
            body = "\n".join(f'<li class="fragment">{inline.renderInline(item)}</li>' for item in items)
            lines.extend(["", f"<ul>\n{body}\n</ul>", ""])
            items.clear()

    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("- "):
            items.append(line[2:].strip())
        elif not fenced and items and line.startswith("  "):
            items[-1] += " " + line.strip()
        else:
            close()
            lines.append(line)
    close()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def write_text(notebook: NotebookNode) -> str:
    """Return a notebook as the text that is stored, newline at the end."""
    return nbformat.writes(notebook) + "\n"
