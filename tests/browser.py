"""The browser that is installed here, driven by Playwright, and axe, which looks for barriers in its pages."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
NO_BROWSER = "no Chromium here; on Debian or Ubuntu: apt-get install chromium"
# Its own sandbox is refused to root; this browser opens nothing but our pages.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)

SCREENS = {"laptop": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}
SCHEMES = {"laptop": "light", "phone": "dark"}


@contextlib.contextmanager
def open_browser() -> Iterator[Any]:
    """Open a browser without a window until the block ends; skips the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is in the dev extra")
    if BROWSER is None:
        pytest.skip(NO_BROWSER)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(ARGUMENTS))
        yield browser
        browser.close()


def barriers(page: Any, within: str) -> list[str]:
    """Return what axe finds in the part of a page that a selector names, a line each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=within).response["violations"]
    return [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def views(browser: Any) -> Iterator[Any]:
    """Yield an empty page of a laptop, in light, and then one of a phone, in dark."""
    for name, screen in SCREENS.items():
        page = browser.new_page(viewport=screen, color_scheme=SCHEMES[name])
        yield page
        page.close()


def flaws(page: Any) -> list[str]:
    """Return what axe finds in a page, all that folds opened, and whether it is wider than its window."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*barriers(page, "html"), *["wider than its window"] * wide]
