"""The index of lessons: what each is for, how long it takes, what it is worth, and how long it runs."""

from __future__ import annotations

from typing import Any

from scalable_ai.course import Course
from scalable_ai.lessons.exercise import points_text
from scalable_ai.lessons.pages.page import Page, bullets, by_chapter, chapter_title, link, make_page, paragraph, table
from scalable_ai.lessons.pages.run_times import RunTimes, read_run_times
from scalable_ai.lessons.rubric.course import Facts, read_facts
from scalable_ai.lessons.source import Lesson

HEADS = ("Lesson", "Objective", "Minutes", "Exercises", "Points", "Runs in")
NUMBERS = ("Minutes", "Exercises", "Points", "Runs in")
HOW_TO = (
    "Open a notebook, read, and run its cells in order.",
    "Fill the blanks (`____`) or the body of a function, run the cell, then the check below it: its card says what is "
    "right, or what is missing.",
    "Work in the order of the list. Each chapter ends in a capstone that uses what its lessons taught.",
)


def page(course: Course, lessons: list[Lesson]) -> Page:
    """Return the index, a table a chapter."""
    read = read_facts(course.solutions / "course.yml")
    facts = read.content if isinstance(read, Facts) else {}
    times = read_run_times(course)
    graded = [lesson for lesson in lessons if not lesson.is_readiness]
    checks = {lesson.chapter: lesson for lesson in lessons if lesson.is_readiness}
    blocks = [
        paragraph(str(facts.get("description", ""))),
        "## How to begin",
        bullets([*HOW_TO, *_ways_in(graded, checks)]),
    ]
    for chapter, members in by_chapter(graded).items():
        blocks.append(f"## {chapter_title(chapter)}")
        if chapter in checks:
            blocks.append(paragraph(_skip_ahead(checks[chapter])))
        blocks += [table(HEADS, [_row(lesson, times) for lesson in members], NUMBERS), _total(members)]
    blocks += ["## How run times are measured", *_measured(graded, times)]
    return make_page("README.md", str(facts.get("title", "Lessons")), blocks)


def count_of(lesson: Lesson) -> int:
    """Return the number of graded exercises, the quiz counted."""
    return len(lesson.exercises) + len(lesson.quizzes)


def points_of(lesson: Lesson) -> float:
    """Return the points of all its exercises."""
    return sum(card.points for card in (*lesson.exercises.values(), *lesson.quizzes.values()))


def _ways_in(lessons: list[Lesson], checks: dict[str, Lesson]) -> list[str]:
    ways = [f"New here? Start with {link(lessons[0])}."] if lessons else []
    left_out: list[str] = []
    for chapter, members in by_chapter(lessons).items():
        others = [lesson.meta["id"] for lesson in members if lesson.meta.get("track") != "essentials"]
        left_out += [chapter_title(chapter).partition(":")[0].lower()] if len(others) == len(members) else others
    if left_out and any(lesson.meta.get("track") == "essentials" for lesson in lessons):
        ways.append(f"In a hurry? The essentials track is the whole course without {', '.join(left_out)}.")
    return ways


def _skip_ahead(check: Lesson) -> str:
    place = f"{check.chapter}/{check.name}.ipynb"
    return (
        f"You know PyTorch already? Take the [readiness check]({place}): {len(check.questions)} questions without "
        f"points that tell in {check.meta.get('minutes', 'a few')} minutes which lessons you may skip."
    )


def _row(lesson: Lesson, times: RunTimes | None) -> tuple[Any, ...]:
    minutes = lesson.meta.get("minutes", "")
    return (
        link(lesson),
        f"{lesson.meta['objective'].rstrip('.')}.",
        minutes,
        count_of(lesson),
        f"{points_of(lesson):g}",
        times.words(lesson) if times else "not measured",
    )


def _total(lessons: list[Lesson]) -> str:
    minutes = sum(int(lesson.meta.get("minutes") or 0) for lesson in lessons)
    count = sum(map(count_of, lessons))
    points = points_text(sum(map(points_of, lessons)))
    return f"Together: {minutes / 60:.1f} hours, {count} exercises, {points}."


def _measured(lessons: list[Lesson], times: RunTimes | None) -> list[str]:
    if times is None:
        return [paragraph("No lesson has been measured yet; `scalable-ai measure-lessons` does it.")]
    notes = [paragraph(times.how())]
    if any(times.is_older(lesson) for lesson in lessons):
        notes.append(paragraph("*Older code* says that the lesson's code has changed since it was measured."))
    if any(times.words(lesson) == "not measured" for lesson in lessons):
        notes.append(paragraph("*Not measured* says that nobody has measured the lesson yet."))
    return notes
