"""From lesson sources to what is published: which lessons, executed or kept, searched for answers, and written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.lessons.build import Built, build_all
from scalable_ai.lessons.publish import PublishError
from scalable_ai.lessons.publish.executed import Data, executed_notebook
from scalable_ai.lessons.publish.hosted import Hosting
from scalable_ai.lessons.publish.links import Links, find_links
from scalable_ai.lessons.publish.public import shown_text
from scalable_ai.lessons.publish.site import SLIDES, Published, build_site
from scalable_ai.lessons.publish.slides import write_decks
from scalable_ai.lessons.secrets import Search, find_secrets

KEPT = ".executed"
"""The folder of executed notebooks, beside the course's own folders."""


def publish_site(course: Course, paths: list[Path], data: Data, hosting: Hosting | None, out: Path) -> Links:
    """Build the site with its slides, and return the links that are on it.

    Args:
        course: Where the folders are.
        paths: Lesson sources; all of them where there are none.
        data: The images that lessons run with.
        hosting: Where the course's repository is, if that is known.
        out: The folder to write into.

    Raises:
        PublishError: Something is wrong with a lesson, an output or a link.
    """
    lessons = published(course, paths, data)
    build_site(course, lessons, data, hosting, out)
    write_decks(lessons, out / SLIDES)
    links = find_links(out)
    if links.broken:
        raise PublishError("\n".join(f"{link}: this link leads nowhere." for link in links.broken))
    return links


def publish_slides(course: Course, paths: list[Path], data: Data, out: Path) -> list[Path]:
    """Build the decks of lessons and return their paths; arguments and errors are the site's."""
    return write_decks(published(course, paths, data), out)


def published(course: Course, paths: list[Path], data: Data, tell: Callable[[str], None] = print) -> list[Published]:
    """Return lessons with their outputs; those whose code has not changed are not run again.

    Args:
        course: Where the folders are.
        paths: Lesson sources; all of them where there are none.
        data: The images that lessons run with.
        tell: Called with a line for each lesson that runs.

    Raises:
        PublishError: A source breaks a rule of its marks, a path is no lesson of this course, a lesson does not run
            with its own answers, or an output holds an answer or a hidden check.
    """
    built, errors = build_all(course)
    if errors:
        raise PublishError(errors[0])
    lessons = [_published(item, course.root / KEPT, data, tell) for item in _chosen(built, paths)]
    _refuse_secrets(course, built, lessons)
    return lessons


def _chosen(built: list[Built], paths: list[Path]) -> list[Built]:
    known = {item.lesson.path.resolve(): item for item in built}
    if unknown := [path for path in paths if path.resolve() not in known]:
        raise PublishError(f"{unknown[0]}: this is no lesson of the course. Name a file in solutions/.")
    wanted = {path.resolve() for path in paths} or set(known)
    return [item for path, item in known.items() if path in wanted]


def _published(item: Built, kept: Path, data: Data, tell: Callable[[str], None]) -> Published:
    started = time.perf_counter()
    notebook, ran = executed_notebook(item, data, kept)
    if ran:
        tell(f"{item.lesson.name:<40} ran in {time.perf_counter() - started:5.1f} s")
    return Published(item, notebook)


def _refuse_secrets(course: Course, built: Iterable[Built], lessons: list[Published]) -> None:
    search = Search(find_secrets(course, built))
    for item in lessons:
        if secret := search.found_in(shown_text(item.built, item.executed)):
            raise PublishError(
                f"{item.built.lesson.path}: the page would show {secret.name}. Mend the cell that shows or prints it."
            )
