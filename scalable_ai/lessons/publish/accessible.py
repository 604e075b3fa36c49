"""What the theme leaves out for people who use a keyboard or a screen reader; axe tells when there is more."""

from __future__ import annotations

import re
from pathlib import Path

MENDED = (
    # The sidebar's captions have the role of headings, and no level.
    (re.compile(r'<p class="caption" role="heading">'), '<p class="caption" role="heading" aria-level="2">'),
    (re.compile(r'<aside class="sidebar-drawer">'), '<aside class="sidebar-drawer" aria-label="Lessons">'),
    (re.compile(r'<aside class="toc-drawer([^"]*)">'), r'<aside class="toc-drawer\1" aria-label="On this page">'),
    # Long lines of code and wide tables scroll, which arrow keys do only where the focus can be.
    (re.compile(r"<pre>"), '<pre tabindex="0">'),
    (re.compile(r'<div class="(table-wrapper [^"]*)">'), r'<div class="\1" tabindex="0">'),
)


def mend_pages(site: Path) -> None:
    """Mend every page of a built site in place."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        mended = mend(text)
        if mended != text:
            path.write_text(mended, encoding="utf-8", newline="\n")


def mend(page: str) -> str:
    """Return a page of HTML with what the theme leaves out."""
    for pattern, replacement in MENDED:
        page = pattern.sub(replacement, page)
    return page
