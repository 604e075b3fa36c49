"""Hold a readiness check to its own rules, R1 to R4: few questions, each about a lesson, none of a lesson forgotten."""

from __future__ import annotations

from scalable_ai.lessons.rubric.exercise import SHORTEST_SUCCESS, is_imperative
from scalable_ai.lessons.rubric.finding import Findings, LessonRule, at, in_header
from scalable_ai.lessons.rubric.wording import wrong_capitals
from scalable_ai.lessons.source import Lesson

QUESTIONS = (6, 8)


def few_questions(lesson: Lesson) -> Findings:
    """R1: six to eight questions, and the minutes they take."""
    least, most = QUESTIONS
    count = len(lesson.questions)
    if not least <= count <= most:
        wrong = f"The readiness check has {count} questions."
        yield in_header(lesson, "R1", wrong, f"Give it {least} to {most}, each '# %% question: name [markdown]'.")
    minutes = lesson.meta.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes <= 0:
        yield in_header(lesson, "R1", "The header has no 'minutes'.", "Add '#   minutes: 20' under 'lesson:'.")


def short_cards(lesson: Lesson) -> Findings:
    """R2: a title in sentence case, one imperative sentence, and a success message that says what was shown."""
    for cell in lesson.of("question"):
        card = lesson.questions[cell.name]
        if faults := wrong_capitals(card.title):
            wrong = f"The title '{card.title}' is not in sentence case: {', '.join(faults)}."
            yield at(lesson, cell, "R2", wrong, "Capitalize its first word and names only.")
        if not card.task.endswith(".") or not is_imperative(card.task):
            yield at(
                lesson, cell, "R2", "The task is no imperative sentence.", "Begin with a verb, end with a full stop."
            )
        if len(card.success) < SHORTEST_SUCCESS:
            wrong = f"The success message has {len(card.success)} characters."
            yield at(lesson, cell, "R2", wrong, f"Say in {SHORTEST_SUCCESS} or more what was shown and why.")


def fits_the_lessons(checks: list[Lesson], lessons: list[Lesson]) -> Findings:
    """R3, R4: readiness checks speak of the lessons that exist."""
    for check in checks:
        yield from _asks_about_lessons(check, lessons)
        yield from _forgets_no_lesson(check, lessons)


def _asks_about_lessons(check: Lesson, lessons: list[Lesson]) -> Findings:
    """R3: each question names a lesson that exists."""
    ids = {lesson.meta["id"] for lesson in lessons if not lesson.is_capstone}
    for cell in check.of("question"):
        if (asked := check.questions[cell.name].lesson) not in ids:
            wrong = f"The question '{cell.name}' sends to lesson {asked}, which does not exist."
            yield at(check, cell, "R3", wrong, "Name a lesson's id, in quotes.")


def _forgets_no_lesson(check: Lesson, lessons: list[Lesson]) -> Findings:
    """R4: each lesson of the chapter has a question, or a learner could not tell whether to skip it."""
    asked = {card.lesson for card in check.questions.values()}
    for lesson in lessons:
        if lesson.chapter == check.chapter and not lesson.is_capstone and lesson.meta["id"] not in asked:
            wrong = f"No question is about lesson {lesson.meta['id']}."
            yield in_header(check, "R4", wrong, "Ask one, or make two questions about another lesson one.")


RULES: tuple[LessonRule, ...] = (few_questions, short_cards)
