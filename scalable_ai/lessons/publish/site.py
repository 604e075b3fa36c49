"""The course as static pages: written as MyST Markdown and notebooks, built by Sphinx."""

from __future__ import annotations

import html
import io
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.course import Course
from scalable_ai.lessons.build import Built
from scalable_ai.lessons.notebook import title_text
from scalable_ai.lessons.pages import Page, build_pages
from scalable_ai.lessons.pages.page import by_chapter, chapter_title
from scalable_ai.lessons.publish import PublishError
from scalable_ai.lessons.publish.accessible import mend_pages
from scalable_ai.lessons.publish.executed import Data, runs_with
from scalable_ai.lessons.publish.hosted import Hosting
from scalable_ai.lessons.publish.public import page_notebook, uses_data

CONFIGURATION = Path(__file__).parent / "sphinx"
HOW_TO = "## How to begin"
NOTEBOOKS = "notebooks"
SLIDES = "slides"


@dataclass(frozen=True)
class Published:
    """A lesson and what of it the public sees."""

    built: Built
    executed: NotebookNode
    """Its solved notebook with outputs."""

    @property
    def place(self) -> str:
        """Where it is on the site, without an ending."""
        return f"{self.built.lesson.chapter}/{self.built.lesson.name}"

    @property
    def deck(self) -> str | None:
        """Where its slides are; None for a lesson without a lecture."""
        return f"{SLIDES}/{self.built.lesson.name}.html" if self.built.lesson.of("slide") else None


def build_site(course: Course, lessons: list[Published], data: Data, hosting: Hosting | None, out: Path) -> None:
    """Write the site's pages and notebooks.

    Args:
        course: Where the folders are.
        lessons: What is on the site, in teaching order.
        data: The images that lessons ran with.
        hosting: Where the course's repository is; None where that is not known, and nothing can be opened elsewhere.
        out: The folder to write into.

    Raises:
        PublishError: Sphinx finds something wrong with a page.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, extra = Path(folder) / "source", Path(folder) / "extra"
        try:
            pages = build_pages(course, [item.built.lesson for item in lessons])
        except ValueError as error:
            raise PublishError(error) from None
        for page in pages:
            text = page.text.replace("](README.md)", "](index.md)")
            if page.name == "README.md":
                text = text.replace(HOW_TO, f"{_ways_in(lessons, hosting)}\n\n{HOW_TO}")
                _write(source / "index.md", f"{text}\n{_about(lessons, data)}\n\n{_contents(lessons, pages)}")
            else:
                _write(source / page.name, text)
        for item in lessons:
            notebook = page_notebook(item.built, item.executed, _opening(item, data, hosting))
            _write(source / f"{item.place}.ipynb", nbformat.writes(notebook))
            released = nbformat.reads(item.built.release, as_version=4)
            if hosting:
                released = hosting.with_setup(released)
            _write(extra / NOTEBOOKS / f"{item.place}.ipynb", nbformat.writes(released))
        title = re.sub(r"^# ", "", (source / "index.md").read_text(encoding="utf-8").splitlines()[0])
        _sphinx(
            source,
            Path(folder) / "html",
            Path(folder) / "doctrees",
            {"project": title, "html_title": title, "html_extra_path": [str(extra)]},
        )
        if (out / ".buildinfo").is_file():  # a site of Sphinx's, so nothing of anybody's is lost
            shutil.rmtree(out)
        shutil.copytree(Path(folder) / "html", out, dirs_exist_ok=True)


def _ways_in(lessons: list[Published], hosting: Hosting | None) -> str:
    """Return what stands on the front page for who has only just come."""
    ways = {"Begin to read": f"{lessons[0].place}.html", "Look at slides": f"{SLIDES}/index.html"}
    if hosting:
        ways |= {"Open in a Codespace": hosting.codespace, "Install the course": f"{hosting.address}#readme"}
    return _launch(ways)


def _launch(ways: dict[str, str]) -> str:
    links = " ".join(f'<a href="{html.escape(target)}">{html.escape(text)}</a>' for text, target in ways.items())
    return f'<p class="launch">{links}</p>'


def _opening(item: Published, data: Data, hosting: Hosting | None) -> str:
    """Return what stands below a lesson's title: ways to open it, and what the page was made with."""
    ways = hosting.launchers(item.built) if hosting else {}
    ways["Download the notebook"] = f"../{NOTEBOOKS}/{item.place}.ipynb"
    if item.deck:
        ways["Slides"] = f"../{item.deck}"
    made = f"with {data.words()}, {runs_with()}" if uses_data(item.built) else f"with {runs_with()}"
    return (
        f"{_launch(ways)}\n\n"
        f'<p class="made">The outputs on this page were made {html.escape(made)}. Exercises show what you start from: '
        "their checks answer in the notebook.</p>"
    )


def _about(lessons: list[Published], data: Data) -> str:
    decks = ", ".join(
        f'<a href="{item.deck}">{html.escape(str(item.built.lesson.meta["id"]))}</a>' for item in lessons if item.deck
    )
    return (
        "## About these pages\n\n"
        f"Lessons were run with their reference answers, {data.words()}, {runs_with()}. The answers themselves and the "
        "checks are not on these pages: an exercise shows what you start from, and answers you in its notebook.\n\n"
        f"<p>Slides with speaker notes: {decks or 'none'}.</p>"
    )


def _contents(lessons: list[Published], pages: list[Page]) -> str:
    blocks = []
    for chapter, members in by_chapter([item.built.lesson for item in lessons]).items():
        entries = "\n".join(f"{title_text(lesson)} <{lesson.chapter}/{lesson.name}>" for lesson in members)
        blocks.append(f'```{{toctree}}\n:hidden:\n:caption: "{chapter_title(chapter)}"\n\n{entries}\n```')
    more = "\n".join(page.name.removesuffix(".md") for page in pages if page.name != "README.md")
    blocks.append(f'```{{toctree}}\n:hidden:\n:caption: "More"\n\n{more}\n```')
    return "\n\n".join(blocks)


def _sphinx(source: Path, pages: Path, doctrees: Path, settings: dict) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            source, CONFIGURATION, pages, doctrees, "html", settings, status=None, warning=warnings, freshenv=True
        )
        app.build(force_all=True)
    mend_pages(pages)
    found = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in warnings.getvalue().splitlines() if line.strip()]
    if found:
        raise PublishError("\n".join(line.replace(f"{source}/", "") for line in found))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
