"""A site of a real lesson and a capstone, built once, and a browser to look at it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from scalable_ai.course import Course
from scalable_ai.lessons.build import build_all
from scalable_ai.lessons.publish.command import publish_site
from scalable_ai.lessons.publish.executed import Data
from scalable_ai.lessons.publish.hosted import Hosting
from scalable_ai.lessons.publish.links import Links
from tests.browser import open_browser

ROOT = Path(__file__).parents[3]
CHAPTER, LESSON, CAPSTONE = "ch1_introduction", "lesson_1_2_pytorch", "capstone_1"
GENERATED = Data("generated", {"SCALABLE_AI_DATA": "generated"})
HOSTING = Hosting("owner/name", "0123abc")


@dataclass(frozen=True)
class Site:
    """What `scalable-ai site` wrote."""

    course: Course
    folder: Path
    links: Links

    @property
    def lesson(self) -> Path:
        """The lesson's page."""
        return self.folder / CHAPTER / f"{LESSON}.html"

    @property
    def deck(self) -> Path:
        """The lesson's slides."""
        return self.folder / "slides" / f"{LESSON}.html"

    @property
    def notebook(self) -> Path:
        """The notebook to download."""
        return self.folder / "notebooks" / CHAPTER / f"{LESSON}.ipynb"


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Site:
    root = tmp_path_factory.mktemp("course")
    for name in ("solutions", "graders"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course, folder = Course(root), root / "site"
    sources = [course.solutions / CHAPTER / f"{name}.py" for name in (LESSON, CAPSTONE)]
    return Site(course, folder, publish_site(course, sources, GENERATED, HOSTING, folder))


@pytest.fixture(scope="session")
def real():
    """Return all lessons of the course, built in memory."""
    return build_all(Course(ROOT))[0]


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser
