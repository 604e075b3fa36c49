"""Decks as HTML: what is on a slide, where long code goes, and that each slide has its script."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup

from scalable_ai.lessons.publish.executed import solved_notebook
from scalable_ai.lessons.publish.site import Published
from scalable_ai.lessons.publish.slides import LONGEST_FRAGMENT, deck
from tests.lessons.publish.conftest import LESSON

PICTURE = '<figure><img alt="A line that climbs." src="data:image/png;base64,AAAA"></figure>'


@pytest.fixture(scope="module")
def built(real):
    return next(item for item in real if item.lesson.name == LESSON)


def slides_of(built, change=lambda cell: None):
    """Return the slides of a deck whose first fragment was changed."""
    notebook = solved_notebook(built)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    change(next(cell for cell in notebook.cells if cell.id.startswith("fragment-")))
    page = BeautifulSoup(deck(Published(built, notebook)), "html.parser")
    return [slide for slide in page.find_all("section") if not slide.find("section")]


def headings(slides):
    return [slide.find(["h1", "h2"]).get_text().rstrip("¶") for slide in slides]


def test_a_slide_has_bullets_and_code_as_fragments_and_its_script_as_notes(built):
    slides = slides_of(built)
    assert len(slides) == 1 + len(built.lesson.of("slide"))
    for slide, cell in zip(slides[1:], built.lesson.of("slide"), strict=True):
        assert len(slide.select("li.fragment")) == cell.text.count("\n- ")
        assert slide.select_one("aside.notes").get_text().strip()
    assert sum(len(slide.select("div.fragment pre")) for slide in slides) == len(built.lesson.of("fragment"))


def test_code_that_is_long_with_its_output_has_a_slide_of_its_own(built):
    def print_much(cell):
        cell.outputs = [nbformat.v4.new_output("stream", text="a line\n" * LONGEST_FRAGMENT)]

    before, after = slides_of(built), slides_of(built, print_much)
    assert len(after) == len(before) + 1
    assert headings(after)[2:4] == ["Three facts about every tensor"] * 2
    bullets, code = after[2:4]
    assert bullets.select("li.fragment")
    assert not bullets.select("pre")
    assert code.select(".output pre")
    assert bullets.select_one("aside.notes").get_text() == code.select_one("aside.notes").get_text()


def test_a_picture_after_long_code_has_one_more(built):
    def draw(cell):
        cell.outputs = [nbformat.v4.new_output("display_data", data={"text/html": PICTURE, "text/plain": "Figure"})]

    after = slides_of(built, draw)
    assert headings(after)[2:5] == ["Three facts about every tensor"] * 3
    assert after[3].select("pre")
    assert not after[3].select("img")
    assert after[4].select("img")
    assert not after[4].select("pre")
