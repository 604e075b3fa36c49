"""The capstone's pages in a real browser: no barriers that axe knows, on a laptop in light and on a phone in dark."""

import pytest
from running_server import picture, running, write_linear

from scalable_ai.capstone.evaluate import evaluate
from scalable_ai.capstone.serving.model import load_model
from tests.browser import flaws, open_browser, views


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


def test_the_report(browser, trained, tmp_path):
    evaluate(trained.checkpoint, report=tmp_path, num_corrupted=20)
    for page in views(browser):
        page.goto((tmp_path / "report.html").as_uri())
        assert flaws(page) == []


def test_the_page_that_names_what_is_in_a_picture(browser, tmp_path):
    write_linear(tmp_path / "model.onnx")
    with running(load_model(tmp_path / "model.onnx")) as (address, _):
        for page in views(browser):
            page.goto(address)
            assert flaws(page) == []
            page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": picture()})
            page.locator("#top li").first.wait_for()
            assert flaws(page) == []
            page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
            page.locator("#result").wait_for(state="hidden")
            assert flaws(page) == []
