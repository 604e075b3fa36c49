"""The links of a built site: those inside lead to a file and a place in it, those outside are listed and not opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

ATTRIBUTES = {"a": "href", "link": "href", "script": "src", "img": "src", "iframe": "src"}


@dataclass(frozen=True)
class Links:
    """What a site links to."""

    inside: int = 0
    """How many links lead to the site's own files."""
    outside: dict[str, list[str]] = field(default_factory=dict)
    """Address -> the pages that lead there."""
    broken: list[str] = field(default_factory=list)
    """`page -> target` of links inside that lead nowhere."""
    fetched: list[str] = field(default_factory=list)
    """`page -> address` of scripts, styles and pictures that come from elsewhere when a page is read."""


def find_links(site: Path) -> Links:
    """Return the links of all pages below a folder."""
    from bs4 import BeautifulSoup

    pages = {path: BeautifulSoup(path.read_bytes(), "html.parser") for path in sorted(site.rglob("*.html"))}
    places = {
        path.resolve(): {str(tag.get(key)) for key in ("id", "name") for tag in page.find_all(attrs={key: True})}
        for path, page in pages.items()
    }
    inside, outside, broken, fetched = 0, {}, [], []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for tag in page.find_all(list(ATTRIBUTES)):
            target = tag.get(ATTRIBUTES[tag.name])
            if target is None or target.startswith("data:"):
                continue
            if urlsplit(target).scheme or target.startswith("//"):
                outside.setdefault(target, []).append(name)
                if tag.name != "a":
                    fetched.append(f"{name} -> {target}")
                continue
            inside += 1
            if not _leads_somewhere(path, target, places):
                broken.append(f"{name} -> {target}")
    return Links(inside, dict(sorted(outside.items())), broken, fetched)


def _leads_somewhere(page: Path, target: str, places: dict[Path, set[str]]) -> bool:
    parts = urlsplit(target)
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if not path.is_file():
        return False
    # `#/3` is a slide's number, which reveal.js reads.
    return not parts.fragment or parts.fragment.startswith("/") or unquote(parts.fragment) in places.get(path, set())
