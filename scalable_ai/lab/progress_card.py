"""The path through the course with what is passed: a card on the start page, a table in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from scalable_ai.cards import inline
from scalable_ai.lab.folders import find_folders
from scalable_ai.lab.progress import PASSED, Lesson, next_lesson, read_progress
from scalable_ai.lessons.pages.page import chapter_title

HEADS = ("Lesson", "Minutes", "Passed", "Where you are", "Still open")
_LEFT = 'style="text-align:left"'
_LIGHT = 'style="text-align:left;font-weight:normal"'
_HEADING = 'style="text-align:left;padding-top:1.2em"'


@dataclass(frozen=True)
class ProgressCard:
    """All lessons with what is passed."""

    lessons: tuple[Lesson, ...]

    def sentence(self) -> str:
        """Return the whole in one line."""
        total = sum(len(lesson.exercises) for lesson in self.lessons)
        passed = sum(lesson.passed for lesson in self.lessons)
        done = sum(lesson.is_done for lesson in self.lessons)
        return f"{passed} of {total} exercises passed, {done} of {len(self.lessons)} lessons done."

    def text(self) -> str:
        """Return the card as plain text."""
        lines = [self.sentence()]
        for folder, lessons in _by_chapter(self.lessons):
            lines += ["", chapter_title(folder)]
            for lesson in lessons:
                lines.append(f"  {_count(lesson):>7}  {lesson.title}{_tail(lesson)}")
        following = next_lesson(list(self.lessons))
        lines += ["", f"Next: {following.title} ({following.path.as_posix()})" if following else "You are through."]
        return "\n".join(lines)

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        following = next_lesson(list(self.lessons))
        ahead = f"Next: {_link(following)}." if following else "You are through."
        heads = "".join(f'<th scope="col" {_LEFT}>{head}</th>' for head in HEADS)
        chapters = "".join(_chapter(folder, lessons) for folder, lessons in _by_chapter(self.lessons))
        return (
            f'<div role="status"><p><strong>{self.sentence()}</strong> {ahead}</p></div>'
            f"<table><thead><tr>{heads}</tr></thead>{chapters}</table>"
        )


def progress() -> ProgressCard:
    """Return where you are, from your notebooks as they were last saved."""
    return ProgressCard(tuple(read_progress(find_folders())))


def _by_chapter(lessons: Iterable[Lesson]) -> Iterable[tuple[str, Iterable[Lesson]]]:
    return groupby(lessons, key=lambda lesson: lesson.chapter)


def _chapter(folder: str, lessons: Iterable[Lesson]) -> str:
    title = f'<th scope="rowgroup" colspan="{len(HEADS)}" {_HEADING}>{inline(chapter_title(folder))}</th>'
    return f"<tbody><tr>{title}</tr>{''.join(map(_row, lessons))}</tbody>"


def _row(lesson: Lesson) -> str:
    cells = (str(lesson.minutes or ""), _count(lesson), lesson.words, _still_open(lesson))
    rest = "".join(f"<td {_LEFT}>{inline(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row" {_LIGHT}>{_link(lesson)}</th>{rest}</tr>'


def _link(lesson: Lesson) -> str:
    return f'<a href="{quote(lesson.path.as_posix())}">{inline(lesson.title)}</a>'


def _count(lesson: Lesson) -> str:
    return f"{lesson.passed} of {len(lesson.exercises)}"


def _still_open(lesson: Lesson) -> str:
    """Return what has not passed, once a lesson is begun; before, it is all of it."""
    if lesson.is_done or lesson.words == "not begun":
        return ""
    return ", ".join(one.title.partition(":")[0] for one in lesson.exercises if one.state != PASSED)


def _tail(lesson: Lesson) -> str:
    if lesson.words == "not begun":
        return ""
    still_open = _still_open(lesson)
    return f" – {lesson.words}" + (f", open: {still_open}" if still_open else "")
