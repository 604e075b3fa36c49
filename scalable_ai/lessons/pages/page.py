"""One page in markdown: a title, ways to the other pages, sections; and what tells that somebody has edited it."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.lessons.notebook import title_text
from scalable_ai.lessons.source import Lesson

WIDTH = 100
NAMES = {"README.md": "Lessons", "glossary.md": "Glossary", "grading.md": "How you are graded"}
"""Every page's file and what links to it say."""
_MARK = re.compile(r"<!-- Built from (?P<folder>\w+)/ by 'scalable-ai build'; edit there\. [0-9a-f]{16} -->\n")


@dataclass(frozen=True)
class Page:
    """A page that is built, in memory."""

    name: str
    """Its file; in `chapters/`, one of `NAMES`."""
    text: str
    folder: str = "chapters"
    """Below the course's root: `chapters` for learners, `docs` for instructors and authors."""

    def path(self, course: Course) -> Path:
        """Return where it belongs."""
        return course.root / self.folder / self.name

    def is_current(self, course: Course) -> bool:
        """Return whether the file on disk is this page."""
        path = self.path(course)
        return path.is_file() and path.read_text(encoding="utf-8") == self.text


def make_page(name: str, title: str, blocks: Iterable[str]) -> Page:
    """Return a page of blocks that blank lines part: paragraphs, lists, tables and headings."""
    ways = " · ".join(f"**{text}**" if file == name else f"[{text}]({file})" for file, text in NAMES.items())
    body = "\n\n".join([f"# {title}", ways, *(block for block in blocks if block)]) + "\n"
    return Page(name, f"{body}\n{_mark(body, 'solutions')}")


def make_document(name: str, title: str, blocks: Iterable[str]) -> Page:
    """Return a page of `docs/`, which speaks of what `graders/` holds and so is no page for learners."""
    body = "\n\n".join([f"# {title}", *(block for block in blocks if block)]) + "\n"
    return Page(name, f"{body}\n{_mark(body, 'graders')}", "docs")


def is_edited(path: Path) -> bool:
    """Return whether a page on disk is not as it was built, so that it may hold somebody's work."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    found = _MARK.search(text)
    return found is None or text != f"{text[: found.start()]}{_mark(text[: found.start() - 1], found['folder'])}"


def _mark(body: str, folder: str) -> str:
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f"<!-- Built from {folder}/ by 'scalable-ai build'; edit there. {digest} -->\n"


def paragraph(text: str) -> str:
    """Return text in lines of a readable width."""
    return textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def bullets(items: Iterable[str]) -> str:
    """Return a list, one bullet an item."""
    return "\n".join(
        textwrap.fill(f"- {item}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for item in items
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[str] = ()) -> str:
    """Return a table; the columns named in `numbers` are set to the right."""
    lines = [heads, ["---:" if head in numbers else "---" for head in heads], *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def link(lesson: Lesson) -> str:
    """Return a lesson's title as a link to its notebook."""
    return f"[{title_text(lesson)}]({lesson.chapter}/{lesson.name}.ipynb)"


def chapter_title(folder: str) -> str:
    """Return `Chapter 2: Foundations` for `ch2_foundations`, `Final capstone` for `final_capstone`."""
    words = folder.replace("_", " ")
    found = re.match(r"ch(\d+) (.+)", words)
    return f"Chapter {found[1]}: {capitalized(found[2])}" if found else capitalized(words)


def by_chapter(lessons: Iterable[Lesson]) -> dict[str, list[Lesson]]:
    """Return folder -> its lessons, in order."""
    chapters: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        chapters.setdefault(lesson.chapter, []).append(lesson)
    return chapters


def capitalized(text: str) -> str:
    """Return text with a capital at its start, the rest as it is."""
    return text[:1].upper() + text[1:]
