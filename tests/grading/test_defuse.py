"""Nothing that a learner's cells show runs in the browser of who reads feedback."""

from __future__ import annotations

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from scalable_ai.grading.defuse import defuse

HOSTILE = [
    "<script>planted()</script>",
    "<img src=x onerror=planted()>",
    "<a href='javascript:planted()'>here</a>",
    "<iframe src='https://example.org'></iframe>",
    "<svg onload=planted()></svg>",
    "<div style='background:url(javascript:planted())'>x</div>",
]


def code_cell(data):
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    return cell


@pytest.mark.parametrize("markup", HOSTILE)
@pytest.mark.parametrize("mime", ["text/html", "text/markdown", "image/svg+xml", "application/javascript"])
def test_outputs_lose_what_runs(markup, mime):
    cell = code_cell({mime: markup, "text/plain": "kept"})
    defuse(cell)
    left = cell.outputs[0].data.get(mime, "").lower()
    for word in ("<script", "onerror", "onload", "javascript:", "<iframe", "<svg"):
        assert word not in left
    assert cell.outputs[0].data["text/plain"] == "kept"


def test_pictures_tables_and_printed_text_stay():
    table = "<table><tbody><tr><td>1 &lt; 2</td></tr></tbody></table>"
    cell = code_cell({"text/html": table, "image/png": "aGk=", "text/plain": "a < b"})
    cell.outputs.append(nbformat.v4.new_output("stream", text="<b> as printed"))
    defuse(cell)
    assert cell.outputs[0].data == {"text/html": table, "image/png": "aGk=", "text/plain": "a < b"}
    assert cell.outputs[1].text == "<b> as printed"


@pytest.mark.parametrize("markup", HOSTILE)
def test_a_learners_text_loses_what_runs(markup):
    cell = nbformat.v4.new_markdown_cell(f"My answer {markup}", metadata={"nbgrader": {"solution": True}})
    defuse(cell)
    assert cell.source.startswith("My answer")
    for word in ("<script", "onerror", "onload", "javascript:", "<iframe", "<svg"):
        assert word not in cell.source


def test_an_instructors_text_and_a_blank_answer_stay_as_they_are():
    text = "<details><summary>More</summary><script>ours()</script></details>"
    locked = nbformat.v4.new_markdown_cell(text, metadata={"nbgrader": {"locked": True}})
    blank = nbformat.v4.new_markdown_cell(
        text, metadata={"nbgrader": {"solution": True, "grade_id": "a", "grade": True, "points": 1}}
    )
    blank.metadata.nbgrader.checksum = compute_checksum(blank)
    plain = nbformat.v4.new_markdown_cell("2 < 3 and a<b", metadata={"nbgrader": {"solution": True}})
    for cell in (locked, blank):
        defuse(cell)
        assert cell.source == text
    defuse(plain)
    assert "2 < 3" in plain.source or "2 &lt; 3" in plain.source
