"""Takes what could run in a reader's browser out of a learner's cells: feedback and formgrader show them as pages."""

from __future__ import annotations

import re

from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

_MARKUP = re.compile(r"<[a-zA-Z!/]|javascript:|data:", re.IGNORECASE)
TAGS = (
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "small", "span", "strong"),
    *("sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
)
_sanitizer = SanitizeHTML(tags=list(TAGS), strip=True)


def defuse(cell: NotebookNode) -> None:
    """Clean a cell's outputs, and a text that the learner wrote; pictures, tables and plain text stay."""
    if cell.cell_type == "code":
        for output in cell.outputs:
            if "data" in output:
                output.data = _sanitizer.sanitize_code_outputs([output])[0].data
    elif cell.cell_type == "markdown" and _is_learners(cell) and _MARKUP.search(cell.source):
        cell.source = _sanitizer.sanitize_html_tags(cell.source)


def _is_learners(cell: NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader", {})
    return not marks.get("locked") and marks.get("checksum") != compute_checksum(cell)
