"""A reveal.js deck for each lecture, by nbconvert's exporter, with all that it needs beside it."""

from __future__ import annotations

import html
import re
import shutil
from importlib.resources import files
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.lessons.notebook import title_text
from scalable_ai.lessons.publish.public import public_notebook
from scalable_ai.lessons.publish.site import Published

TEMPLATES = Path(__file__).parent
TEMPLATE = "deck"
REVEAL = {
    "reset.css": "dist/reset.css",
    "reveal.css": "dist/reveal.css",
    "reveal.js": "dist/reveal.js",
    "notes.js": "plugin/notes/notes.js",
    "LICENSE": "LICENSE",
}
"""File beside the decks -> file of the copy of reveal.js that `sphinx-revealjs` brings."""
LONGEST_FRAGMENT = 14
"""Lines of code and output that stand below three bullets without being made smaller."""
PICTURE_LINES = 16
_HEADING = re.compile(r"##? (.+)")
CODE_STYLE = "a11y-high-contrast-light"


def write_decks(lessons: list[Published], out: Path) -> list[Path]:
    """Write the decks of all lessons that have a lecture, and an index of them; return the decks' paths."""
    out.mkdir(parents=True, exist_ok=True)
    _write_surroundings(out)
    written, entries = [], []
    for item in lessons:
        if item.deck is None:
            continue
        path = out / Path(item.deck).name
        path.write_text(deck(item), encoding="utf-8", newline="\n")
        written.append(path)
        entries.append(f'<li><a href="{path.name}">{html.escape(title_text(item.built.lesson))}</a></li>')
    (out / "index.html").write_text(_index(entries), encoding="utf-8", newline="\n")
    return written


def deck(item: Published) -> str:
    """Return the deck of one lesson as a page of HTML."""
    from nbconvert import SlidesExporter

    exporter = SlidesExporter(template_name=TEMPLATE, extra_template_basedirs=[str(TEMPLATES)])
    exporter.register_preprocessor("nbconvert.preprocessors.coalescestreams.CoalesceStreamsPreprocessor", enabled=True)
    text, _ = exporter.from_notebook_node(lecture(item))
    return text


def lecture(item: Published) -> NotebookNode:
    """Return the cells of the deck: title, slides, their code and what is said.

    Code that is long with its output moves to a slide of its own, with the same heading and the same script, and a
    picture after such code to one more.
    """
    notebook = public_notebook(item.built, item.executed)
    cells = [cell for cell in notebook.cells if _type(cell) != "skip"]
    deck: list[NotebookNode] = []
    heading, used = "", 0
    for number, cell in enumerate(cells):
        if found := _HEADING.match(cell.source if _type(cell) == "slide" else ""):
            heading, used = found[1], 0
        if cell.cell_type == "code":
            if used + _lines(cell) > LONGEST_FRAGMENT:
                script = [other for other in cells[number:] if _type(other) == "notes"][:1]
                parts = _parts(cell)
                for part in parts:
                    deck += [*script, _again(heading), part]
                used = _lines(parts[-1])
                continue
            used += _lines(cell)
        deck.append(cell)
    deck = [nbformat.from_dict({**cell, "id": f"cell-{number}"}) for number, cell in enumerate(deck)]
    return nbformat.v4.new_notebook(cells=deck, metadata={"title": title_text(item.built.lesson)})


def _type(cell: NotebookNode) -> str:
    return cell.metadata["slideshow"]["slide_type"]


def _has_picture(output: NotebookNode) -> bool:
    return "<img " in output.get("data", {}).get("text/html", "")[:400]


def _lines(cell: NotebookNode) -> int:
    """Return about how many lines of code a cell is high with its outputs."""
    texts = [cell.source, *(output.get("text", "") for output in cell.outputs)]
    return sum(len(text.strip().splitlines()) for text in texts) + PICTURE_LINES * sum(map(_has_picture, cell.outputs))


def _parts(cell: NotebookNode) -> list[NotebookNode]:
    """Return a code cell as what stands on slides of their own: it, and its pictures."""
    pictures = [output for output in cell.outputs if _has_picture(output)]
    others = [output for output in cell.outputs if not _has_picture(output)]
    slideshow = {"slideshow": {"slide_type": "-"}}
    parts = [nbformat.v4.new_code_cell(cell.source, outputs=others, metadata=slideshow)]
    return parts + [nbformat.v4.new_code_cell(outputs=[picture], metadata=slideshow) for picture in pictures]


def _again(heading: str) -> NotebookNode:
    text = f'<h2 class="again">{html.escape(heading)}</h2>'
    return nbformat.v4.new_markdown_cell(text, metadata={"slideshow": {"slide_type": "slide"}})


def _write_surroundings(out: Path) -> None:
    from pygments.formatters import HtmlFormatter

    reveal = files("sphinx_revealjs") / "_static" / "revealjs"
    (out / "reveal").mkdir(exist_ok=True)
    for name, place in REVEAL.items():
        (out / "reveal" / name).write_bytes((reveal / place).read_bytes())
    for name in ("deck.css", "deck.js"):
        shutil.copyfile(TEMPLATES / TEMPLATE / name, out / name)
    (out / "code.css").write_text(HtmlFormatter(style=CODE_STYLE).get_style_defs(".highlight"), encoding="utf-8")


def _index(entries: list[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Slides</title>\n'
        '<link rel="stylesheet" href="deck.css">\n</head>\n<body>\n<main class="slides"><section>\n<h1>Slides</h1>\n'
        "<p>Arrow keys turn the pages; <code>S</code> opens the speaker's view with the script.</p>\n<ul>\n"
        + "\n".join(entries)
        + "\n</ul>\n</section></main>\n</body>\n</html>\n"
    )
