"""An instructor in real JupyterLab, in a real browser: grades one hand-in by formgrader's buttons, then by hand."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

from scalable_ai.grading.verdict import verdict_of
from tests.browser import BROWSER, NO_BROWSER, open_browser
from tests.grading.batch.klass import RIGHT, hand_in, marks, new_course, rows, surroundings
from tests.grading.conftest import CHAPTER, SCALES
from tests.grading.formgrader import KEY, served

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is in the dev extra")
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER),
    pytest.mark.skipif(sys.platform != "linux", reason="the engine's sandbox is Linux's"),
]
WAIT = 60_000
"""Milliseconds that a busy machine may take for anything."""
NOISY = "import sys\nprint('a warning of the learner', file=sys.stderr)\n"
COMMENT = "The mean is there; subtract it from *each* value."


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course with two hand-ins: one with noise and one wrong answer, and one that nobody grades."""
    course = new_course(tmp_path_factory.mktemp("instructor") / "course")
    clip = RIGHT["clip"].replace("\n", "\n    import sys; print('noise', file=sys.stderr)\n")
    mean = "centered = sum(values) / 3"
    hand_in(course, "ada", {**RIGHT, "total": NOISY + RIGHT["total"], "clip": clip, "centered": mean})
    hand_in(course, "ben", RIGHT)
    return course


@pytest.fixture(scope="module")
def page(course, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    own = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env = {**surroundings(course.root), **own}
    with served(course.root, env, lab=True) as server, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(WAIT)
        sync_api.expect.set_options(timeout=WAIT)
        page.goto(f"{server.address}/lab?token={KEY}")
        # The question whether it may fetch news lies over what is below it.
        page.get_by_role("alert").get_by_role("button", name="No").click()
        yield page


@pytest.fixture
def formgrader(page, request):
    """Return formgrader's part of JupyterLab; SCREENSHOTS names a folder for pictures of what is seen."""
    yield page.frame_locator("#formgrader-iframe iframe")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")


@pytest.fixture
def row(formgrader):
    return formgrader.locator("tr", has_text="ada")


def scored(locator, points, of):
    sync_api.expect(locator).to_have_text(re.compile(rf"^\s*{points}\s*/\s*{of}\s*$"))


def open_submissions(page, formgrader):
    formgrader.get_by_role("link", name="Manage Assignments").click()
    formgrader.locator("tr", has_text=CHAPTER).locator(".num-submissions a").click()


def test_the_menu_opens_formgrader_and_its_button_grades_one_learner_with_the_engine(page, formgrader, row, course):
    page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
    page.get_by_role("menuitem", name="Formgrader", exact=True).click()
    open_submissions(page, formgrader)
    sync_api.expect(row.locator(".status")).to_contain_text("needs autograding")
    row.locator(".autograde a").click()
    sync_api.expect(formgrader.locator("#success-modal")).to_contain_text("Successfully autograded", timeout=2 * WAIT)
    formgrader.locator("#success-modal").get_by_role("button", name="OK").click()
    sync_api.expect(row.locator(".status")).to_contain_text("graded")
    scored(row.locator(".score"), 8, 10)
    assert marks(course.root) == {"ada": 8}
    graded = nbformat.read(course.root / "autograded" / "ada" / CHAPTER / f"{SCALES}.ipynb", as_version=4)
    assert len([cell for cell in graded.cells if verdict_of(cell)]) == 2
    assert not (course.root / "autograded" / "ben").exists()


def test_a_mark_and_a_comment_are_written_by_hand_beside_the_card(page, formgrader, course):
    formgrader.get_by_role("link", name="Manual Grading").click()
    formgrader.get_by_role("link", name=CHAPTER, exact=True).click()
    formgrader.get_by_role("link", name=SCALES, exact=True).click()
    formgrader.get_by_role("link", name="Submission #1").click()
    answer = formgrader.locator(".nbgrader_cell", has_text="centered = sum(values) / 3")
    sync_api.expect(formgrader.get_by_text("0 of 2 points").first).to_be_visible()
    check = formgrader.locator("input.score").first
    sync_api.expect(check).to_have_attribute("placeholder", "0")
    check.fill("1.5")
    with page.expect_response(lambda reply: "/api/grade/" in reply.url and reply.request.method == "PUT"):
        check.press("Tab")
    answer.locator("textarea.comment").fill(COMMENT)
    with page.expect_response(lambda reply: "/api/comment/" in reply.url and reply.request.method == "PUT"):
        answer.locator("textarea.comment").press("Tab")
    grades = "select auto_score, manual_score from grade where manual_score is not null"
    assert rows(course.root, grades) == [(0, 1.5)]
    assert rows(course.root, "select manual_comment from comment where manual_comment is not null") == [(COMMENT,)]


def test_feedback_has_the_mark_and_the_comment(page, formgrader, row, course):
    formgrader.get_by_role("link", name="Manual Grading").click()
    open_submissions(page, formgrader)
    scored(row.locator(".score"), "9.5", 10)
    row.locator(".generate-feedback a").click()
    sync_api.expect(formgrader.locator("#success-modal")).to_contain_text("Successfully generated feedback")
    feedback = course.root / "feedback" / "ada" / CHAPTER / f"{SCALES}.html"
    page.goto(feedback.as_uri())
    sync_api.expect(page.get_by_role("heading", name=f"{SCALES} (Score: 4.5 / 5.0)")).to_be_visible()
    comment = page.locator(".panel-footer", has_text="Comments:")
    sync_api.expect(comment).to_have_text(re.compile("The mean is there; subtract it from each value."))
    sync_api.expect(comment.locator("em")).to_have_text("each")
    sync_api.expect(page.get_by_text(re.compile(r"^\s*Score: 1.5 / 2.0"))).to_be_visible()
    assert not (course.root / "feedback" / "ben").exists()
