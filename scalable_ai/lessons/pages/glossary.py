"""The glossary page: every term of the lessons' headers, with its definition and the lesson that uses it first."""

from __future__ import annotations

from scalable_ai.course import Course
from scalable_ai.lessons.pages.page import Page, capitalized, link, make_page, paragraph
from scalable_ai.lessons.rubric.glossary import terms_of
from scalable_ai.lessons.source import Lesson


def page(course: Course, lessons: list[Lesson]) -> Page:
    """Return the glossary, in alphabetical order."""
    found = {term: (text, lesson) for lesson in reversed(lessons) for term, text in terms_of(lesson).items()}
    blocks = [paragraph("The course's words, each with the lesson in which you meet it first.")]
    for term in sorted(found, key=str.lower):
        definition, lesson = found[term]
        blocks += [f"## {capitalized(term)}", paragraph(definition), f"First used in {link(lesson)}."]
    return make_page("glossary.md", "Glossary", blocks)
