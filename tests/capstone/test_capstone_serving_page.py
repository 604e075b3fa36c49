"""The page: nothing from elsewhere, a policy that fits it, and the basics of accessibility."""

import base64
import hashlib
import re

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from running_server import CLASSES, write_linear

from scalable_ai.capstone.serving.app import build_app
from scalable_ai.capstone.serving.model import load_model


@pytest.fixture(scope="module")
def reply(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "model.onnx"
    write_linear(path, classes=("<b>bird</b>", *CLASSES[1:]))
    return TestClient(build_app(load_model(path))).get("/")


@pytest.fixture(scope="module")
def page(reply):
    return BeautifulSoup(reply.text, "html.parser")


def contrast(one, other):
    def light(colour):
        colour = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_nothing_comes_from_elsewhere(reply, page):
    assert not re.search(r"https?://|url\(|@import|(?<!:)//[a-z]", reply.text)
    references = [tag.get("href") or tag.get("src") for tag in page.find_all(href=True) + page.find_all(src=True)]
    assert references
    assert all(one.startswith(("/", "data:")) and not one.startswith("//") for one in references)


def test_the_policy_allows_the_pages_own_script_and_style_only(reply, page):
    policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))
    for name in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.find(name).string.encode()).digest()).decode()
        assert policy[f"{name}-src"] == f"'sha256-{digest}'"
        assert len(page.find_all(name)) == 1
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in reply.headers["content-security-policy"]
    # Such attributes would be blocked by the policy.
    assert not page.find_all(lambda tag: any(name == "style" or name.startswith("on") for name in tag.attrs))
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_structure_for_keyboards_and_screen_readers(page):
    assert page.html["lang"] == "en"
    assert page.title.string
    assert len(page.find_all("h1")) == len(page.find_all("main")) == 1
    field = page.find("input", type="file")  # a plain field, which keys and assistive software know
    assert page.find("label", attrs={"for": field["id"]}).text.strip()
    assert page.find(id=field["aria-describedby"])
    assert page.find(role="status")["aria-live"] == "polite"
    assert page.find(id=page.find("section")["aria-labelledby"]).name == "h2"
    assert all(image.get("alt") for image in page.find_all("img"))
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert page.find("meta", attrs={"name": "viewport"})
    assert "tabindex" not in str(page)


def test_the_script_finds_what_it_names(page):
    names = set(re.findall(r'find\("(\w+)"\)', page.find("script").string))
    assert len(names) >= 6
    assert all(page.find(id=name) for name in names)


def test_colours_can_be_told_apart_in_light_and_dark(page):
    blocks = re.findall(r":root \{([^}]*)\}", page.find("style").string)
    assert len(blocks) == 2
    for block in blocks:
        colour = dict(re.findall(r"--(\w+): (#\w+)", block))
        for text in ("ink", "soft", "link", "bad"):
            assert contrast(colour[text], colour["paper"]) >= 4.5, text
        for edge in ("line", "fill"):
            assert contrast(colour[edge], colour["paper"]) >= 3, edge
        assert contrast(colour["fill"], colour["track"]) >= 3


def test_class_names_are_text(page):
    assert "<b>bird</b>" in page.find("main").text
    assert page.find("b") is None
