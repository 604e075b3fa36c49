"""The verbs of `scalable-ai` that publish the course."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scalable_ai.course import find_course
from scalable_ai.lessons.publish import PublishError

if TYPE_CHECKING:
    from scalable_ai.lessons.publish.executed import Data

Verb = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Publish = Callable[[argparse.Namespace, "Data"], None]


def add_verbs(verb: Verb, find_data: Callable[[], Data]) -> None:
    """Add the verbs.

    Args:
        verb: Takes name, function and description.
        find_data: Returns the images that lessons run with.
    """
    about = "Build the course's static site: lessons with their outputs, without answers, and slides."
    site = verb("site", partial(_run, _site, find_data), about)
    site.add_argument("--repository", help="owner/name on GitHub, for the buttons of Colab, Binder and Codespaces")
    site.add_argument("--ref", default="main", help="branch or commit that the site is built from (default: main)")
    about = "Build a slide deck for each lesson that has a lecture, with its script as speaker notes."
    slides = verb("slides", partial(_run, _slides, find_data), about)
    for parser, folder in ((site, "site"), (slides, "slides")):
        parser.add_argument("paths", nargs="*", type=Path, help="lesson sources; all of them by default")
        parser.add_argument("--out", type=Path, default=Path(folder), help=f"where it is written (default: {folder})")


def _run(publish: Publish, find_data: Callable[[], Data], options: argparse.Namespace) -> int:
    try:
        publish(options, find_data())
    except PublishError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _site(options: argparse.Namespace, data: Data) -> None:
    from scalable_ai.lessons.publish.command import publish_site
    from scalable_ai.lessons.publish.hosted import Hosting

    hosting = Hosting(options.repository, options.ref) if options.repository else None
    links = publish_site(find_course(), options.paths, data, hosting, options.out)
    listed = options.out / "links.txt"
    listed.write_text("".join(f"{link}\n" for link in links.outside), encoding="utf-8", newline="\n")
    print(f"Built {options.out / 'index.html'}. All {links.inside} links inside lead somewhere;")
    print(f"{len(links.outside)} that lead elsewhere are listed in {listed}.")
    if hosting is None:
        print("No buttons open lessons in Colab, Binder or Codespaces: name the repository with --repository.")


def _slides(options: argparse.Namespace, data: Data) -> None:
    from scalable_ai.lessons.publish.command import publish_slides

    decks = publish_slides(find_course(), options.paths, data, options.out)
    print(f"Built {len(decks)} decks. Open {options.out / 'index.html'}.")
