"""Site and slides in a real browser: no barriers that axe knows, readable without JavaScript, nothing cut off."""

from __future__ import annotations

import pytest

from tests.browser import SCREENS, flaws, views
from tests.lessons.publish.conftest import CAPSTONE, CHAPTER

SLIDE = """() => {
    const slide = Reveal.getCurrentSlide();
    const sizes = [...slide.querySelectorAll("pre, li")].map((one) => parseFloat(getComputedStyle(one).fontSize));
    const cut = [...slide.querySelectorAll("pre, img, h2, li")].filter((one) => {
        const inner = one.getBoundingClientRect();
        return inner.bottom > 720 || inner.right > 1280 || one.scrollWidth > one.clientWidth + 1;
    });
    const head = slide.querySelector("h1, h2").getBoundingClientRect();
    const seen = slide.contains(document.elementFromPoint(head.left + 5, head.top + 5));
    const hidden = slide.querySelectorAll(".fragment:not(.visible)").length;
    const notes = slide.querySelectorAll("aside.notes").length;
    return {cut: cut.map((one) => one.textContent.slice(0, 60)), smallest: Math.min(99, ...sizes), hidden, notes, seen};
}"""


@pytest.fixture(params=SCREENS)
def screen(request):
    return SCREENS[request.param]


KINDS = (
    *("index.html", "glossary.html", "grading.html", "checks.html", "search.html?q=broadcasting"),
    *("slides/index.html", f"{CHAPTER}/{CAPSTONE}.html"),
)


def test_axe_finds_no_barrier_on_a_page_of_any_kind_and_none_is_too_wide_or_fetches_from_elsewhere(site, browser):
    found, fetched = {}, []
    pages = [f"{site.folder.as_uri()}/{name}" for name in KINDS] + [site.lesson.as_uri(), site.deck.as_uri()]
    for page in views(browser):
        page.on("request", lambda asked: fetched.append(asked.url))
        for address in pages:
            page.goto(address)
            if "search" in address:
                page.get_by_role("link", name="1.2 Introduction to PyTorch").first.wait_for()
            found[address] = found.get(address, []) + flaws(page)
    assert {address: what for address, what in found.items() if what} == {}
    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []


def test_a_lesson_is_read_without_javascript(site, browser, screen):
    page = browser.new_page(viewport=screen, java_script_enabled=False)
    page.goto(site.lesson.as_uri())
    assert page.get_by_role("heading", name="The price of a dtype").is_visible()
    assert page.get_by_text("0.79 MB").is_visible()
    page.get_by_text("Hint 1 of 3").first.click()
    assert page.get_by_text("Hint 2 of 3").first.is_visible()
    page.goto(site.deck.as_uri())
    assert page.get_by_text("One call for the whole batch").is_visible()
    assert page.get_by_text("plus 60 in one byte:", exact=False).first.is_visible()
    page.close()


def test_the_search_finds_a_lesson(site, browser):
    page = browser.new_page()
    page.goto(f"{(site.folder / 'search.html').as_uri()}?q=broadcasting")
    page.get_by_role("link", name="1.2 Introduction to PyTorch").first.wait_for()
    page.close()


def test_no_slide_is_cut_off_and_fragments_appear_one_by_one(site, browser):
    page = browser.new_page(viewport=SCREENS["laptop"])
    page.emulate_media(reduced_motion="reduce")
    page.goto(site.deck.as_uri())
    page.wait_for_function("Reveal.isReady()")
    slides = page.evaluate("Reveal.getTotalSlides()")
    assert slides == 7
    for number in range(slides):
        page.evaluate(f"Reveal.slide({number}, 0, -1)")
        before = page.evaluate(SLIDE)
        shown = 0
        while page.evaluate("Reveal.availableFragments().next"):
            page.keyboard.press("ArrowRight")
            shown += 1
        after = page.evaluate(SLIDE)
        assert after["seen"]
        assert after["cut"] == []
        assert after["smallest"] >= 15
        assert (before["hidden"], after["hidden"]) == (shown, 0)
        assert bool(number) == bool(shown) == bool(after["notes"])
    page.close()


def test_a_phone_scrolls_through_all_slides(site, browser):
    page = browser.new_page(viewport=SCREENS["phone"])
    page.goto(site.deck.as_uri())
    for text in ("Many images, one instruction", "Ask backwards for the derivative"):
        assert page.get_by_text(text).is_visible()
    cut = "[...document.querySelectorAll('pre')].filter((one) => one.scrollWidth > one.clientWidth).length"
    assert page.evaluate(cut) == 0
    page.close()
