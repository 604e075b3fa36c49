"""The site: what is on a page, what must not be, where links lead, and that nothing comes from elsewhere."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup

from scalable_ai.figures import SHORTEST_DESCRIPTION
from scalable_ai.lessons.build import build_lesson, is_edited
from scalable_ai.lessons.publish.executed import solved_notebook
from scalable_ai.lessons.publish.public import page_notebook
from scalable_ai.lessons.secrets import Search, find_secrets
from tests.lessons.publish.conftest import CHAPTER, LESSON


@pytest.fixture(scope="module")
def page(site):
    return BeautifulSoup(site.lesson.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def search(site, real):
    return Search(find_secrets(site.course, real))


def test_a_page_has_the_lesson_with_its_outputs(page):
    text = page.get_text()
    assert "The price of a dtype" in text
    assert "torch.uint8                   1         0.79 MB" in text
    assert "brighter = (batch.to(____) + 60).____(0, 255).to(torch.uint8)" in text
    assert page.find_all("div", class_="admonition")
    assert len(page.select("li")) > 10


def test_every_figure_has_its_description(page):
    pictures = page.select("figure img")
    assert len(pictures) == 3
    assert all(len(picture["alt"]) >= SHORTEST_DESCRIPTION for picture in pictures)
    assert all(picture.get("alt") is not None for picture in page.find_all("img"))


def test_a_page_says_what_its_outputs_were_made_with(page):
    made = page.select_one(".made").get_text()
    assert "generated pictures that stand in for CIFAR-10" in made
    assert "PyTorch " in made


def test_no_page_deck_or_notebook_holds_an_answer_or_a_hidden_check(site, search):
    texts = {path: path.read_text(encoding="utf-8") for path in site.folder.rglob("*.html")}
    texts = {path: BeautifulSoup(text, "html.parser").get_text() for path, text in texts.items()}
    texts |= {path: path.read_text(encoding="utf-8") for path in site.folder.rglob("*.ipynb")}
    assert len(texts) >= 7
    assert {path.name: secret.name for path, text in texts.items() if (secret := search.found_in(text))} == {}


def test_the_search_would_find_an_answer(site, search):
    built = build_lesson(site.course, site.course.solutions / CHAPTER / f"{LESSON}.py")
    solved = "\n".join(cell.source for cell in solved_notebook(built).cells)
    assert search.found_in(solved)


def test_a_check_and_its_key_are_not_on_the_page(site, page):
    html = site.lesson.read_text(encoding="utf-8")
    assert "Check your answer" not in html
    assert "scalable_ai.checks" not in page.get_text()
    assert 'quiz("' not in page.get_text()


def test_pages_of_all_lessons_are_learner_notebooks_without_checks(real):
    for built in real:
        executed = solved_notebook(built)
        for cell in executed.cells:
            if cell.cell_type == "code":
                cell.outputs = [nbformat.v4.new_output("stream", text=f"output of {cell.id}")]
        made = page_notebook(built, executed, "")
        released = {cell.id: cell for cell in nbformat.reads(built.release, as_version=4).cells}
        code = [cell for cell in made.cells if cell.cell_type == "code"]
        assert code
        for cell in code:
            assert cell.source == released[cell.id].source
            assert bool(cell.outputs) != ("task" in cell.metadata.get("scalable_ai", {})), cell.id
        assert not any(cell.id.endswith("-check") or "source_hidden" in str(cell.metadata) for cell in made.cells)


def test_every_link_leads_somewhere_and_nothing_is_fetched_from_elsewhere(site):
    assert site.links.inside > 100
    assert site.links.broken == []
    assert site.links.fetched == []


def test_a_lesson_can_be_opened_in_colab_binder_and_a_codespace(page):
    ways = {link.get_text(): link["href"] for link in page.select(".launch a")}
    place = f"{CHAPTER}/{LESSON}.ipynb"
    assert ways == {
        "Open in Colab": f"https://colab.research.google.com/github/owner/name/blob/notebooks/{place}",
        "Open in Binder": f"https://mybinder.org/v2/gh/owner/name/0123abc?labpath=chapters/{place}",
        "Open in a Codespace": "https://codespaces.new/owner/name",
        "Download the notebook": f"../notebooks/{place}",
        "Slides": f"../slides/{LESSON}.html",
    }


def test_the_front_page_leads_to_reading_slides_a_codespace_and_the_installation(site):
    front = BeautifulSoup((site.folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert {link.get_text(): link["href"] for link in front.select(".launch a")} == {
        "Begin to read": f"{CHAPTER}/{LESSON}.html",
        "Look at slides": "slides/index.html",
        "Open in a Codespace": "https://codespaces.new/owner/name",
        "Install the course": "https://github.com/owner/name#readme",
    }


def test_the_notebook_begins_with_a_set_up_cell_and_counts_as_untouched(site):
    notebook = nbformat.read(site.notebook, as_version=4)
    nbformat.validate(notebook)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert "owner/name/archive/0123abc.zip" in first.source
    assert "hosted.prepare()" in first.source
    assert "torch" not in first.source.replace("PyTorch", "")
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert not is_edited(site.notebook)


def test_the_index_lists_the_lesson_and_the_search_knows_its_words(site):
    index = BeautifulSoup((site.folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert f"{CHAPTER}/{LESSON}.html" in {link["href"] for link in index.find_all("a")}
    assert "broadcast" in (site.folder / "searchindex.js").read_text(encoding="utf-8")
