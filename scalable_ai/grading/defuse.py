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


def defuse(cell: NotebookNode, is_ours: bool = False) -> None:
    """Clean a cell's outputs, and a text that the learner wrote; pictures, tables and plain text stay.

    Args:
        cell: A cell of a graded notebook; it is changed.
        is_ours: Whether texts without marks of nbgrader's are the instructor's own.
    """
    if cell.cell_type == "code":
        for output in cell.outputs:
            if "data" in output:
                output.data = _sanitizer.sanitize_code_outputs([output])[0].data
    elif cell.cell_type == "markdown" and _MARKUP.search(cell.source):
        marks = cell.metadata.get("nbgrader")
        is_learners = not is_ours if not marks else not marks.get("locked") and not _is_blank(cell)
        if is_learners:
            cell.source = _sanitizer.sanitize_html_tags(cell.source)


def _is_blank(cell: NotebookNode) -> bool:
    checksum = cell.metadata.nbgrader.get("checksum")
    return checksum is not None and checksum == compute_checksum(cell)
