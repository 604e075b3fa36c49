"""Cards in a real browser: without barriers that axe knows, by keyboard, in light and in dark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scalable_ai.readiness import Result, Row
from tests.browser import barriers, open_browser
from tests.test_cards import FAILED, PASSED

OFFERED = replace(FAILED, solution="total = n * (n - 1) / 2  # pairs", solution_place="there", footer="Next.")
RESULT = Result((Row("1.1 Growth", ()), Row("1.2 Cost", ("A `slope`",))), 3, 4)
# Colours of JupyterLab's own themes.
THEMES = {"light": ("#ffffff", "rgba(0,0,0,0.87)"), "dark": ("#111111", "#ffffff")}


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(params=THEMES)
def page(browser, request):
    page = browser.new_page()
    background, text = THEMES[request.param]
    cards = "".join(card._repr_html_() for card in (OFFERED, PASSED, RESULT))
    page.set_content(
        f'<html lang="en"><title>Cards</title><body style="background:{background};color:{text};font:14px sans-serif">'
        f"<main>{cards}</main></body></html>"
    )
    yield page
    page.close()


def test_axe_finds_no_barrier_folded_or_open(page):
    assert barriers(page, "main") == []
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert barriers(page, "main") == []


def test_hints_and_answer_open_by_keyboard_one_after_the_other(page):
    answer = page.get_by_text("total = n * (n - 1) / 2")
    summaries = ("Hint 1 of 2", "Hint 2 of 2", "Show a right answer, for self-study")
    for number, summary in enumerate(summaries):
        assert [page.get_by_text(other).is_visible() for other in summaries].count(True) == number + 1
        assert not answer.is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == summary
        page.keyboard.press("Enter")
    assert answer.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") != "SUMMARY"


def test_a_screen_reader_is_told_the_verdict_and_not_the_hints(page):
    failed, passed = page.get_by_role("status").all()
    assert "Not yet" in failed.inner_text()
    assert "shape (4,)" in failed.inner_text()
    assert "Hint" not in failed.text_content()
    assert "Passed" in passed.inner_text()
    assert page.get_by_role("group", name="Check: Exercise 1: Count").count() == 2


def test_no_card_is_wider_than_a_narrow_window(page):
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
