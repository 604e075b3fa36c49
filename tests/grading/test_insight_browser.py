"""The pages of what a class got wrong, in a real browser: on a laptop in light and on a phone in dark."""

from __future__ import annotations

import pytest

from scalable_ai.grading.insight.command import ALIKE, INDEX, pages
from tests.browser import flaws, open_browser, views
from tests.grading.test_insight import LOOP, RENAMED, SCAFFOLD, a_class, answer


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    pair = [
        answer("ann", "a", 4.0, code=LOOP),
        answer("bob", "a", 1.0, code=RENAMED, message="`sums`: " + "long " * 40),
    ]
    for name, text in pages("ch1_introduction", [*a_class(), *pair], [SCAFFOLD]).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", [INDEX, ALIKE])
def test_axe_finds_no_barrier_and_no_page_is_too_wide(browser, folder, name):
    for page in views(browser):
        page.goto((folder / name).as_uri())
        assert flaws(page) == []
