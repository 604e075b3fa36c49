"""Hold a lesson's header to its content: what it lists is in its text. The rules C4, C5, C6 and C10."""

from __future__ import annotations

import re

from scalable_ai.lessons.rubric.finding import Findings, LessonRule, in_header
from scalable_ai.lessons.rubric.syntax import identifiers
from scalable_ai.lessons.rubric.wording import stems
from scalable_ai.lessons.source import Lesson

TOLD = 0.6
SHORTEST_DEFINITION = 20


def glossary_used(lesson: Lesson) -> Findings:
    """C4: each glossary term is defined, and stands in the lesson's text."""
    glossary = lesson.meta.get("glossary") or {}
    if not isinstance(glossary, dict):
        yield in_header(lesson, "C4", "The header's 'glossary' is no list of 'term: definition'.", "Write it so.")
        return
    text = " ".join(" ".join(cell.text for cell in lesson.cells if cell.type == "markdown").split()).lower()
    for term, definition in glossary.items():
        if not isinstance(definition, str) or len(definition.strip()) < SHORTEST_DEFINITION:
            wrong = f"The glossary term '{term}' is not defined."
            yield in_header(lesson, "C4", wrong, f"Say what it means in at least {SHORTEST_DEFINITION} characters.")
        if not re.search(rf"\b{re.escape(str(term).lower())}", text):
            wrong = f"The glossary term '{term}' stands nowhere in the lesson's text."
            yield in_header(lesson, "C4", wrong, "Use it where it is explained, or take it off the header.")


def analogies_told(lesson: Lesson) -> Findings:
    """C5: each analogy of the header is told in the script."""
    told = stems(" ".join(cell.text for cell in lesson.of("script")))
    for analogy in texts(lesson, "analogies"):
        wanted = stems(analogy)
        if len(wanted & told) < TOLD * len(wanted):
            remedy = "Tell it in a '# %% script [markdown]' cell in these words, or take it off the header."
            yield in_header(lesson, "C5", f"The analogy '{analogy}' is not told in the script.", remedy)


def misconceptions_targeted(lesson: Lesson) -> Findings:
    """C6: each misconception of the header is met by an exercise or a quiz."""
    for misconception in texts(lesson, "misconceptions"):
        if not misconception_met(lesson, misconception):
            remedy = "Let a card, a check or a quiz option speak to it, or take it off the header."
            yield in_header(lesson, "C6", f"No exercise targets the misconception '{misconception}'.", remedy)


def misconception_met(lesson: Lesson, misconception: str) -> bool:
    """Return whether a card, a check or a quiz speaks of what a misconception is about."""
    return bool(stems(misconception) & stems(" ".join(cell.text for cell in lesson.of("exercise", "quiz", "check"))))


def functions_used(lesson: Lesson) -> Findings:
    """C10: the header lists functions, and each is used in the lesson's code."""
    functions = texts(lesson, "functions")
    if not functions:
        yield in_header(lesson, "C10", "The header lists no functions.", "Add '#   functions: [torch.tensor, …]'.")
    used = names_in_code(lesson)
    for function in functions:
        if function.rpartition(".")[2] not in used:
            wrong = f"The function '{function}' is used in no code cell."
            yield in_header(lesson, "C10", wrong, "Use it, or take it off 'functions'.")


def names_in_code(lesson: Lesson) -> set[str]:
    """Return every name that the lesson's code uses."""
    return {name for cell in lesson.cells if cell.type == "code" for name in identifiers(cell.text)}


def texts(lesson: Lesson, key: str) -> list[str]:
    """Return a list of the header as texts; empty where there is none."""
    value = lesson.meta.get(key)
    return [str(item) for item in value] if isinstance(value, list) else []


RULES: tuple[LessonRule, ...] = (glossary_used, analogies_told, misconceptions_targeted, functions_used)
EVERYWHERE: tuple[LessonRule, ...] = (functions_used,)
"""The rules that a capstone keeps too."""
