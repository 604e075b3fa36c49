"""formgrader as an instructor uses it: in a real browser, by its buttons."""

from __future__ import annotations

import re
import sys

import nbformat
import pytest

from scalable_ai.grading.verdict import verdict_of
from tests.browser import BROWSER, NO_BROWSER, open_browser
from tests.grading.batch.klass import RIGHT, hand_in, marks, new_course, surroundings
from tests.grading.conftest import CHAPTER, SCALES
from tests.grading.formgrader import KEY, served

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is in the dev extra")
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER),
    pytest.mark.skipif(sys.platform != "linux", reason="the engine's sandbox is Linux's"),
]
sync_api.expect.set_options(timeout=60_000)
NOISY = "import sys\nprint('a warning of the learner', file=sys.stderr)\n"


@pytest.fixture
def page(tmp_path):
    """Return a page of a browser without a window, and the course whose formgrader it can open."""
    course = new_course(tmp_path / "course")
    clip = RIGHT["clip"].replace("\n", "\n    import sys; print('noise', file=sys.stderr)\n")
    hand_in(course, "ada", {**RIGHT, "total": NOISY + RIGHT["total"], "clip": clip})
    hand_in(course, "ben", RIGHT)
    with served(course.root, surroundings(course.root)) as formgrader, open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{formgrader.address}/login?next=/formgrader/manage_submissions/{CHAPTER}")
        page.fill("#password_input", KEY)
        page.click("#login_submit")
        yield page, course


def test_the_autograde_button_grades_one_learner_with_the_engine(page):
    page, course = page
    row = page.locator("tr", has_text="ada")
    sync_api.expect(row.locator(".status")).to_contain_text("needs autograding")
    row.locator(".autograde a").click()
    sync_api.expect(page.locator("#success-modal")).to_contain_text("Successfully autograded", timeout=120_000)
    page.reload()
    row = page.locator("tr", has_text="ada")
    sync_api.expect(row.locator(".status")).to_contain_text("graded")
    sync_api.expect(row.locator(".score")).to_have_text(re.compile(r"10\s*/\s*10"))
    assert marks(course.root) == {"ada": 10}
    graded = nbformat.read(course.root / "autograded" / "ada" / CHAPTER / f"{SCALES}.ipynb", as_version=4)
    assert len([cell for cell in graded.cells if verdict_of(cell)]) == 2
    assert not (course.root / "autograded" / "ben").exists()
