"""A hand-in, what its marks depend on, and what came of grading it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name

from scalable_ai.grading.folders import digest_names

KEY = "scalable_ai_graded"
"""Where a graded notebook's metadata hold the key that it was graded with."""


@dataclass(frozen=True)
class Options:
    """What `scalable-ai grade` was asked for."""

    root: Path
    assignment: str
    learner: str = "*"
    workers: int = 0
    """Hand-ins at a time; 0 means one for each processor."""
    force: bool = False
    """Whether hand-ins that were graded with the same checks are run again."""
    allow_unsandboxed: bool = False
    scheduler: str = ""
    """Address of a Dask scheduler whose workers run the hand-ins, or "local"; nothing for processes of this one."""

    def arguments(self) -> list[str]:
        """Return the command line of `nbgrader autograde` that means the same, but for whose hand-ins are graded."""
        unsandboxed = ["--JudgedExecute.allow_unsandboxed=True"] if self.allow_unsandboxed else []
        return [self.assignment, *unsandboxed]


@dataclass(frozen=True)
class HandIn:
    """One learner's folder for an assignment."""

    learner: str
    assignment: str
    folder: Path
    notebooks: tuple[str, ...]
    """File names, in the order of grading."""


@dataclass
class Outcome:
    """What came of one hand-in."""

    learner: str
    score: float = 0.0
    points: float = 0.0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    failed: str = ""
    """Why there are no marks."""
    unchanged: bool = False


def key_of(hand_in: HandIn, shared: str) -> str:
    """Return a digest of all that a hand-in's marks depend on.

    Args:
        hand_in: Whose files count.
        shared: The digest of what is the same for the whole class.
    """
    try:
        return _digest([hand_in.folder], shared)
    except OSError:
        return ""  # no key: it is run, and what is wrong with it is said


def key_of_assignment(paths: Iterable[Path], settings: str) -> str:
    """Return a digest of the instructor's files, the settings and what is installed."""
    return _digest(paths, settings + packages())


@cache
def installed() -> frozenset[str]:
    """Return the names and versions of what is installed, each once: a folder on the path may name one again."""
    found = ((one.name, one.version) for one in importlib.metadata.distributions())
    return frozenset(f"{canonicalize_name(name)} {version}" for name, version in found if name)


@cache
def packages() -> str:
    """Return a digest of what is installed, and of this package's own files."""
    return _digest([Path(__file__).parents[2]], "\n".join(sorted(installed())))


def _digest(paths: Iterable[Path], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for root in paths:
        for place, path in [(b"", root)] if root.is_file() else digest_names(root):
            digest.update(b"\0" + place + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def graded_key(folder: Path, notebooks: Iterable[str]) -> str | None:
    """Return the key that a folder of graded notebooks bears, if all bear the same one."""
    keys = set()
    for name in notebooks:
        try:
            keys.add(json.loads((folder / name).read_bytes())["metadata"].get(KEY))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
    return keys.pop() if len(keys) == 1 else None
