"""Pages for people: an index of lessons, a glossary, how marks come about, and what proves that marks are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.lessons.pages import checks, glossary, grading, index
from scalable_ai.lessons.pages.page import Page, is_edited
from scalable_ai.lessons.source import Lesson

__all__ = ["Page", "build_pages", "edited_pages", "stale_pages", "write_pages"]

PAGES: tuple[Callable[[Course, list[Lesson]], Page | None], ...] = (
    index.page,
    glossary.page,
    grading.page,
    checks.page,
)


def build_pages(course: Course, lessons: list[Lesson]) -> list[Page]:
    """Return the pages without writing anything; the same sources and figures give the same pages.

    Args:
        course: Where the folders are.
        lessons: All lessons, capstones and readiness checks, in teaching order.
    """
    return [page for make in PAGES if (page := make(course, lessons)) is not None]


def stale_pages(course: Course, pages: list[Page]) -> list[Path]:
    """Return the pages on disk that are missing or are not what the sources make."""
    return [page.path(course) for page in pages if not page.is_current(course)]


def edited_pages(course: Course, pages: list[Page]) -> list[Path]:
    """Return the pages on disk that somebody has edited since they were built."""
    return [path for path in stale_pages(course, pages) if path.exists() and is_edited(path)]


def write_pages(course: Course, pages: list[Page]) -> list[Path]:
    """Write what has changed and return the paths written; look at `edited_pages` first."""
    written = []
    for page in pages:
        if page.is_current(course):
            continue
        path = page.path(course)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_text(page.text, encoding="utf-8", newline="\n")
        partial.replace(path)
        written.append(path)
    return written
