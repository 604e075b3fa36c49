"""The page that tells learners how their marks come about."""

from __future__ import annotations

from scalable_ai.cards import Card, Finding
from scalable_ai.course import Course
from scalable_ai.lessons.exercise import points_text
from scalable_ai.lessons.pages.limits import Limits, read_limits
from scalable_ai.lessons.pages.page import (
    Page,
    bullets,
    by_chapter,
    chapter_title,
    link,
    make_page,
    paragraph,
    table,
)
from scalable_ai.lessons.source import Lesson

EXAMPLE = Card(
    "Exercise 1: Takings of a week",
    passed=False,
    findings=(
        Finding(
            "`takings`",
            "one number, shape ()",
            "a tensor of shape (3,)",
            "`.dot` multiplies and then adds up, so it gives one number.",
        ),
    ),
    hints=("Ask how many numbers the result should have.",) * 3,
)
IN_SHORT = (
    "Your answers are graded, and nothing else in the notebook. Write notes and try things wherever you like.",
    "A visible check answers at once, as often as you run it. Runs and opened hints cost nothing.",
    "Hidden checks decide about the points. They ask your answer about inputs that it has not seen.",
    "An exercise that does not pass costs its own points, and no others.",
)
CHECKS = (
    """
    Visible checks stand in the notebook, in the cell below each answer. They look at your answer with the numbers of
    the lesson, and a card tells what came of it.
    """,
    """
    Hidden checks run when your hand-in is graded, in a process of its own. They run your answer cell again with other
    inputs, or call the function you wrote, and compare with the reference answer. So an answer that holds for the
    lesson's numbers only, such as a result copied from the screen, passes the visible check and not the hidden ones.
    """,
    "What a cell prints is never looked at. Warnings and progress bars cost nothing.",
)
PARTIAL = """
    An exercise's points are shared among its hidden checks, and each one that passes earns its share. If an exercise of
    3 points has three checks of equal weight and two of them pass, you get 2 points. A quiz has one right option and is
    all or nothing.
"""
CARD = {
    "Passed or Not yet": "the verdict of this check; a graded card also tells your points.",
    "expected": "what a right answer has here: a type, a shape, a value or a property.",
    "got": "what your answer has instead.",
    "likely": "the mistake that most often leads here. Yours may be another one.",
    "Hint": "hints open one after the other, from gentle to nearly there.",
}
FLAG = """
    A flag says that the grader has no verdict, for instance because a check itself failed. The exercise then has no
    marks yet. Your instructor sees the flag with its reason and decides by hand. The card tells you so: the grader
    could not judge it; your instructor is told. You need not do anything.
"""


def page(course: Course, lessons: list[Lesson]) -> Page:
    """Return the page, with the course's own limits and points."""
    limits = read_limits(course)
    return make_page(
        "grading.md",
        "How you are graded",
        [
            "## In short",
            bullets(IN_SHORT),
            "## Visible and hidden checks",
            *map(paragraph, CHECKS),
            "## Partial credit",
            paragraph(PARTIAL),
            "## How to read a card",
            f"```text\n{EXAMPLE.text()}\n```",
            bullets(f"**{word}**: {meaning}" for word, meaning in CARD.items()),
            "## When something goes wrong",
            table(("What happens", "What it costs"), _accidents(limits)),
            "## Time limits",
            bullets(_times(limits)),
            "## What a flag is",
            paragraph(FLAG),
            "## Points",
            *_points([lesson for lesson in lessons if not lesson.is_readiness]),
        ],
    )


def _accidents(limits: Limits) -> list[tuple[str, str]]:
    return [
        ("An answer is left blank, or its cell is missing", "Its exercise has no points. The others are graded."),
        (
            "An answer stops with an error",
            "It keeps what it defined before the error, often nothing. The card names the error.",
        ),
        ("An answer loops without end", "It is stopped at its time limit and has no points. Grading goes on."),
        ("An answer ends its kernel or uses more memory than there is", "The same: a new kernel goes on after it."),
        ("A cell asks for `input()` or for the network", "It stops with an error: there is neither at grading."),
        ("A check cell was changed or deleted", "Nothing. The original check cells are used."),
        ("An answer cell was copied", "The first one that is filled is graded; a note tells you so."),
        ("A file is no notebook any more", "It is graded as blank, with a note. Save it again and hand it in again."),
        (
            "The final capstone's file is missing, too large or no ONNX model",
            "The exercise that hands it in has no points. The card says what was found in its place.",
        ),
        ("A cell of your own is slow or fails", f"Nothing by itself. It is stopped after {limits.cell:g} seconds."),
    ]


def _times(limits: Limits) -> list[str]:
    return [
        f"An answer has {limits.answer:g} seconds plus {limits.times_reference:g} times what the reference answer "
        f"takes, and never more than {limits.cell:g} seconds. An answer that works is far from this limit.",
        f"Any other cell has {limits.cell:g} seconds.",
        f"A hidden check waits {limits.check:g} seconds for your code, unless its exercise needs more.",
        f"A whole notebook has {limits.notebook:g} seconds, its checks included, and {limits.memory:g} GiB of memory.",
        "Cells that no answer needs, such as figures, are left out at grading and cost no time.",
    ]


def _points(lessons: list[Lesson]) -> list[str]:
    blocks = []
    for chapter, members in by_chapter(lessons).items():
        rows = [row for lesson in members for row in _rows(lesson)]
        total = sum(points for *_, points in rows)
        shown = [(*row, f"{points:g}") for *row, points in rows]
        blocks += [
            f"### {chapter_title(chapter)}",
            table(("Lesson", "Exercise", "Level", "Points"), shown, ("Points",)),
            f"Together: {points_text(total)}.",
        ]
    return blocks


def _rows(lesson: Lesson) -> list[tuple[str, str, str, float]]:
    """Return (lesson, exercise, level, points) in the notebook's order of exercises, the quiz last."""
    level = {1: "easy", 2: "medium", 3: "hard"}
    coding = [
        (link(lesson), f"{number}. {card.title}", level[card.difficulty], card.points)
        for number, card in enumerate(lesson.exercises.values(), 1)
    ]
    return coding + [(link(lesson), "Quiz", "one question", quiz.points) for quiz in lesson.quizzes.values()]
