"""A readiness check's own cells: checks that name the lesson to take, and the result that says what may be skipped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scalable_ai.lessons.exercise import Question
from scalable_ai.lessons.source import Lesson

RESULT = """\
## Your result

Run the cell below at any time. A lesson may be skipped when all its questions pass; the exercises of a skipped lesson
keep their points, so hand them in where your course is graded."""


@dataclass(frozen=True)
class Target:
    """A lesson that a readiness check may send a learner to."""

    title: str
    """Such as `2.2 Understanding PyTorch datasets and DataLoader`."""
    place: str
    """Its notebook, seen from the readiness check's."""


Targets = Mapping[str, Target]


def targets(titled: Iterable[tuple[Lesson, str]], chapter: str) -> dict[str, Target]:
    """Return id -> target of lessons with their titles, seen from a chapter's folder."""
    return {
        lesson.meta["id"]: Target(
            title, f"{'' if lesson.chapter == chapter else f'../{lesson.chapter}/'}{lesson.name}.ipynb"
        )
        for lesson, title in titled
    }


def title_of(card: Question, known: Targets) -> str:
    """Return the title of the lesson that a question is about; its id where that lesson is not written yet."""
    return known[card.lesson].title if card.lesson in known else f"lesson {card.lesson}"


def link_of(card: Question, known: Targets) -> str:
    """Return the same as markdown, with a link where there is a lesson."""
    title = title_of(card, known)
    return f"[{title}]({known[card.lesson].place})" if card.lesson in known else title


def with_question(check: str, card: Question, title: str, lesson: str) -> str:
    """Hand the card's title and success message, and the lesson to take, to the check's `question(...)` call."""
    given = {"title": title, "success": card.success, "lesson": lesson}
    words = "".join(f"    {key}={json.dumps(text, ensure_ascii=False)},\n" for key, text in given.items())
    return check.replace(
        f'with question("{card.name}") as check:', f'with question(\n    "{card.name}",\n{words}) as check:'
    )


def result_code(lesson: Lesson, known: Targets) -> str:
    """Return the cell that says which lessons may be skipped, in the order in which they are asked about."""
    asked: dict[str, dict[str, str]] = {}
    for number, card in enumerate(lesson.questions.values(), 1):
        asked.setdefault(title_of(card, known), {})[card.name] = f"Question {number}: {card.title}"
    table = json.dumps(asked, ensure_ascii=False, indent=4)
    return f"# Your result: run this cell\nfrom scalable_ai.readiness import result\n\nresult({table})"
