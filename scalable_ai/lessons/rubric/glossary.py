"""Hold the glossary to the course: the rule C4, as far as it speaks of more than one lesson."""

from __future__ import annotations

import re
from typing import Any

from scalable_ai.lessons.rubric.finding import Finding, Findings, at
from scalable_ai.lessons.source import Lesson


def terms_of(lesson: Lesson) -> dict[str, str]:
    """Return term -> definition of a lesson's header; empty where there is none."""
    glossary = lesson.meta.get("glossary")
    return {str(term): str(text) for term, text in glossary.items()} if isinstance(glossary, dict) else {}


def promised_terms(entries: list[Any], lessons: list[Lesson], found: Any) -> Findings:
    """C4: each term that the course promises is defined by a lesson, unless it is planned.

    Args:
        entries: `glossary` of course.yml.
        lessons: All that exist.
        found: Makes a finding in course.yml: rule, text to look up, what is wrong, remedy.
    """
    defined = {term for lesson in lessons for term in terms_of(lesson)}
    for entry in entries:
        term = str(entry.get("term", "")) if isinstance(entry, dict) else ""
        if not term:
            continue  # said where the lists are looked at
        finding: Finding | None = None
        if term not in defined and not entry.get("planned"):
            remedy = "Define it in the header of the lesson that uses it first, or add 'planned: true'."
            finding = found("C4", f"term: {term}", f"No lesson defines '{term}'.", remedy)
        elif term in defined and entry.get("planned"):
            wrong = f"'{term}' is called planned, and a lesson defines it."
            finding = found("C4", f"term: {term}", wrong, "Take 'planned: true' off.")
        if finding:
            yield finding


def defined_where_first_used(lessons: list[Lesson]) -> Findings:
    """C4: no lesson's prose uses a term that only a later lesson defines.

    Args:
        lessons: All that exist, in teaching order.
    """
    defined: set[str] = set()
    for number, lesson in enumerate(lessons):
        for term in [term for term in terms_of(lesson) if term not in defined]:
            defined.add(term)
            for earlier in lessons[:number]:
                if place := _first_use(earlier, term):
                    cell, offset = place
                    wrong = f"'{term}' is used here, and lesson {lesson.meta['id']} defines it."
                    remedy = "Define it in this lesson's header and explain it here, or say it in other words."
                    yield at(earlier, cell, "C4", wrong, remedy, offset)
                    break


def _first_use(lesson: Lesson, term: str) -> tuple[Any, int] | None:
    """Return the cell and line of a term in prose; a term with a capital inside is looked up as it is written."""
    flags = 0 if term != term.lower() else re.IGNORECASE
    words = r"\s+".join(map(re.escape, term.split()))
    pattern = re.compile(rf"\b{words}(s|es)?\b", flags)
    for cell in lesson.cells:
        if cell.type == "markdown" and (match := pattern.search(cell.text)):
            return cell, cell.text[: match.start()].count("\n")
    return None
