"""A learner's day in real JupyterLab, in a real browser: the journey of one lesson, from the start page to hand-in."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.browser import BROWSER, NO_BROWSER, barriers, open_browser

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is in the dev extra")
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER),
    pytest.mark.skipif(sys.platform != "linux", reason="the browsers of other systems are tried by hand"),
]
ROOT = Path(__file__).parents[2]
LESSON = Path("ch1_introduction", "lesson_1_2_pytorch")
KEY = "key"
WAIT = 60_000
"""Milliseconds that a busy machine may take for anything."""

WRONG = """red = batch[0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = batch.numel() * batch.element_size()"""
RIGHT = WRONG.replace("batch[0]", "batch[:, 0]")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course with one lesson, its source for self-study included."""
    root = tmp_path_factory.mktemp("course")
    for folder, ending in (("chapters", ".ipynb"), ("solutions", ".py")):
        place = root / folder / LESSON.with_suffix(ending)
        place.parent.mkdir(parents=True)
        shutil.copyfile(ROOT / folder / LESSON.with_suffix(ending), place)
    return root


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("JUPYTER", "SCALABLE_AI"))}
    own = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    return {**kept, **own, "PYTHONPATH": str(ROOT), "SCALABLE_AI_DATA": "generated", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def address(course, environment):
    """Return where `scalable-ai lab` answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    command = [sys.executable, "-m", "scalable_ai", "lab", *options, f"--IdentityProvider.token={KEY}"]
    with (course / "lab.log").open("w") as log:
        lab = subprocess.Popen(command, cwd=course, env=environment, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{address}/api", timeout=60).close()
                break
            assert lab.poll() is None, (course / "lab.log").read_text()
            time.sleep(0.1)
        yield address, lab.pid
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait()


@pytest.fixture(scope="module")
def page(address):
    address, _ = address
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(WAIT)
        sync_api.expect.set_options(timeout=WAIT)
        page.goto(f"{address}/?token={KEY}")
        yield page


@pytest.fixture
def picture(page, request):
    """Return a way to keep what is seen, for who wants to look: SCREENSHOTS names a folder."""

    def keep(name):
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}.png")

    yield keep
    keep(request.node.name)


def tab(page, name):
    page.get_by_role("tab", name=name).first.click()


def menu(page, first, then):
    page.get_by_role("menuitem", name=first, exact=True).click()
    page.get_by_role("menuitem", name=then).first.click()


def cells(page):
    return page.locator(".jp-Notebook:visible .jp-Cell")


def cell_after(page, heading):
    """Return the answer and the check below the card of an exercise."""
    below = page.locator(".jp-Notebook:visible .jp-Cell", has_text=heading)
    return below.first.locator("xpath=following-sibling::*[1]"), below.first.locator("xpath=following-sibling::*[2]")


def write(page, cell, text):
    editor = cell.locator(".cm-content")
    editor.scroll_into_view_if_needed()
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def run_from(page, count=1):
    """Press Shift+Enter where the cursor is: the cell runs, and the next one is selected."""
    for _ in range(count):
        page.keyboard.press("Shift+Enter")


def test_jupyterlab_opens_on_the_path_through_the_course(page, picture):
    sync_api.expect(page.get_by_text("0 of 4 exercises passed")).to_be_visible()
    sync_api.expect(page.get_by_role("link", name="1.2 Introduction to PyTorch").first).to_be_visible()
    sync_api.expect(page.get_by_role("heading", name="Designing Scalable AI Systems")).to_be_visible()
    picture("1_start")
    # An instructor's tools would lead a learner astray.
    sync_api.expect(page.get_by_role("menuitem", name="Nbgrader")).to_have_count(0)
    sync_api.expect(page.get_by_text("Create Assignment")).to_have_count(0)
    assert barriers(page, ".jp-Notebook .jp-RenderedHTMLCommon") == []


def test_the_lesson_opens_from_there_and_its_first_cells_run(page, picture):
    page.get_by_role("link", name="1.2 Introduction to PyTorch").last.click()
    sync_api.expect(page.get_by_role("heading", name="1.2 Introduction to PyTorch")).to_be_visible()
    answer, _ = cell_after(page, "Parts and price of a batch")
    answer.scroll_into_view_if_needed()
    answer.locator(".cm-content").click()
    sync_api.expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    menu(page, "Run", "Run All Above Selected Cell")
    sync_api.expect(page.get_by_text(re.compile(r"values that got darker: \d+ wrapped")).first).to_be_visible()


def test_every_kernel_is_a_fork_of_the_warm_parent(page, address):
    _, lab = address
    programs = [" ".join(one.cmdline()) for one in psutil.Process(lab).children(recursive=True)]
    assert sum("scalable_ai.lab.forkserver" in program for program in programs) == 3
    assert not any("ipykernel_launcher" in program for program in programs)


def test_an_open_blank_is_named(page, picture):
    answer, _ = cell_after(page, "Parts and price of a batch")
    answer.locator(".cm-content").click()
    run_from(page)
    sync_api.expect(answer).to_contain_text("Still open: the blank in line 2: `red = batch[____]`")
    picture("2_blank")


def test_a_wrong_answer_gets_a_card_with_hints_that_open_one_by_one(page, picture):
    answer, check = cell_after(page, "Parts and price of a batch")
    write(page, answer, WRONG)
    run_from(page, 2)
    sync_api.expect(check).to_contain_text("Not yet")
    sync_api.expect(check).to_contain_text("The channel is the second index.")
    hints = check.get_by_text("Hint 2 of 3"), check.get_by_text("Show a right answer, for self-study")
    assert not any(hint.is_visible() for hint in hints)
    check.get_by_text("Hint 1 of 3").click()
    sync_api.expect(check.get_by_text("red is channel 0")).to_be_visible()
    assert [hint.is_visible() for hint in hints] == [True, False]
    picture("3_not_yet")
    assert barriers(page, ".jp-RenderedHTML [role=group]") == []


def test_the_card_is_readable_in_the_dark_theme_too(page, picture):
    _, check = cell_after(page, "Parts and price of a batch")
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Theme").first.click()
    page.locator(".lm-Menu-item", has_text=re.compile("^JupyterLab Dark$")).click()
    sync_api.expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    for summary in ("Hint 2 of 3", "Hint 3 of 3", "Show a right answer, for self-study"):
        check.get_by_text(summary).click()
    sync_api.expect(check.get_by_text("red = batch[:, 0]")).to_be_visible()
    picture("4_dark")
    assert barriers(page, ".jp-RenderedHTML [role=group]") == []


def test_the_right_answer_passes_and_progress_moves(page, picture):
    answer, check = cell_after(page, "Parts and price of a batch")
    write(page, answer, RIGHT)
    run_from(page, 2)
    sync_api.expect(check).to_contain_text("Passed")
    sync_api.expect(check).to_contain_text("You addressed a whole batch by its dimensions")
    picture("5_passed")
    assert barriers(page, ".jp-RenderedHTML [role=group]") == []
    page.keyboard.press("ControlOrMeta+s")
    tab(page, "start.ipynb")
    page.locator(".jp-Notebook:visible .jp-CodeCell").click(position={"x": 20, "y": 10})
    run_from(page)
    sync_api.expect(page.locator(".jp-Notebook:visible")).to_contain_text("1 of 4 exercises passed")
    picture("6_progress")


def test_the_quiz_explains_a_wrong_option_and_a_right_one(page, picture):
    tab(page, "lesson_1_2_pytorch.ipynb")
    answer, check = cell_after(page, "A batch of tiny crops has shape")
    for letter, verdict, why in (
        ("A", "Not yet", "broadcasting lines shapes up"),
        ("B", "Passed", "Read from the right"),
    ):
        write(page, answer, f'silent_axis = "{letter}"')
        run_from(page, 2)
        sync_api.expect(check).to_contain_text(verdict)
        sync_api.expect(check).to_contain_text(why)
    picture("7_quiz")


def test_a_restarted_kernel_runs_all_up_to_what_is_still_open(page, picture):
    menu(page, "Kernel", re.compile("Restart Kernel and Run All Cells"))
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    _, check = cell_after(page, "Normalize a batch by channel")
    sync_api.expect(check).to_contain_text("the stub as it was given")
    _, passed = cell_after(page, "Parts and price of a batch")
    sync_api.expect(passed).to_contain_text("Passed")
    picture("8_run_all")
    page.keyboard.press("ControlOrMeta+s")


def test_the_chapter_is_run_again_and_packed(course, environment):
    command = [sys.executable, "-m", "scalable_ai", "submit", LESSON.parent.name]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "passed   Exercise 1: Parts and price of a batch (4)" in done.stdout
    assert "not yet  Exercise 2" in done.stdout
    assert "passed   Quiz (1)" in done.stdout
    assert (course / f"{LESSON.parent.name}.zip").is_file()
