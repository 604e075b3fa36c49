"""What learners must not be given: reference answers, hidden checks, galleries; and how their traces are found."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

import scalable_ai
from scalable_ai.course import Course
from scalable_ai.lessons.build import Built
from scalable_ai.lessons.gallery import read_gallery
from scalable_ai.lessons.scaffold import learner_text, solution_text

SHORTEST = 12
"""Characters, white space left out: in less than that, nothing can be told from an ordinary line of Python."""
PIECE_LINES, PIECE_CHARACTERS = 3, 40
"""A part of a secret is looked for too when it has so many lines of code and characters."""


@dataclass(frozen=True)
class Secret:
    """A text that must not be in what learners get."""

    name: str
    """What it is, and of which lesson."""
    text: str
    """Its code in the form in which it is looked for: no comments, no white space."""


def squeezed(code: str) -> str:
    """Return code without white space and comments; marks of cells (`# %%`) stay."""
    return "".join(_lines(code))


def _lines(code: str) -> list[str]:
    lines = (re.sub(r"\s+", "", re.sub(r"(^|\s)#(?!\s*%%).*", "", line)) for line in code.splitlines())
    return [line for line in lines if line]


def find_secrets(course: Course, built: Iterable[Built]) -> list[Secret]:
    """Return the secrets of a course: each answer, check and gallery entry as a whole, and in pieces.

    A whole is a secret wherever it stands. A piece is none when a lesson's own text, or this package, has the same
    lines.

    Args:
        course: Where hidden checks and galleries are.
        built: The course's lessons; their learner notebooks are what a lesson shows.
    """
    built = list(built)
    package = sorted(Path(scalable_ai.__file__).parent.rglob("*.py"))
    texts = [*(_text_of(item.release) for item in built), *(path.read_text(encoding="utf-8") for path in package)]
    shown = "\n".join(map(squeezed, texts))
    found: dict[str, Secret] = {}
    for item in built:
        for name, code, given in _codes(course, item):
            lines = _lines(code)
            if len("".join(lines)) >= SHORTEST and lines != given:
                found.setdefault("".join(lines), Secret(name, "".join(lines)))
            for start in range(len(lines) - PIECE_LINES + 1):
                piece = lines[start : start + PIECE_LINES]
                text = "".join(piece)
                if len(text) >= PIECE_CHARACTERS and not set(piece) <= set(given) and text not in shown:
                    found.setdefault(text, Secret(f"a part of {name}", text))
    return list(found.values())


def _text_of(notebook: str) -> str:
    return "\n".join(cell.source for cell in nbformat.reads(notebook, as_version=4).cells)


def _codes(course: Course, item: Built) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what each secret of a lesson is, its code, and the lines of it that the learner is given."""
    lesson, place = item.lesson, f"{item.lesson.chapter}/{item.lesson.name}"
    given = {cell.name: _lines(learner_text(cell.text, "")) for cell in lesson.of("answer")}
    for cell in lesson.of("answer"):
        yield f"the reference answer to '{cell.name}' of {place}", solution_text(cell.text), given[cell.name]
    for quiz in lesson.quizzes.values():
        yield f"the answer to the quiz '{quiz.name}' of {place}", f'{quiz.name} = "{quiz.key}"', []
    path = course.graders / lesson.chapter / f"{lesson.name}.py"
    if path.is_file():
        for line, code in _statements(path.read_text(encoding="utf-8")):
            yield f"the hidden check in {path.relative_to(course.root).as_posix()}, line {line},", code, []
    path = course.graders / lesson.chapter / "answers" / f"{lesson.name}.py"
    if path.is_file():
        for entry in read_gallery(path.read_text(encoding="utf-8"))[0]:
            name = f"the gallery's {entry.kind} answer '{entry.title}' to '{entry.exercise}' of {place}"
            yield name, entry.code, given.get(entry.exercise, [])


def _statements(text: str) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            yield node.lineno, "\n".join(lines[node.lineno - 1 : node.end_lineno])


class Search:
    """Finds secrets in texts: however they are indented, commented out, escaped or broken into lines."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._by_start: dict[str, list[Secret]] = {}
        for secret in secrets:
            self._by_start.setdefault(secret.text[:SHORTEST], []).append(secret)

    def found_in(self, text: str) -> Secret | None:
        """Return a secret that a text holds, or None."""
        escaped = text.replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'")
        for version in dict.fromkeys((text, html.unescape(text), escaped)):
            without_marks = re.sub(r"(?m)^[ \t]*(#|>|//)+", "", version)
            forms = (squeezed(version), squeezed(without_marks), re.sub(r"\s+", "", without_marks))
            for form in dict.fromkeys(forms):
                for start in range(len(form) - SHORTEST + 1):
                    for secret in self._by_start.get(form[start : start + SHORTEST], ()):
                        if form.startswith(secret.text, start):
                            return secret
        return None
