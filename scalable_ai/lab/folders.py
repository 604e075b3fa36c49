"""Where a learner's lessons are. Only `chapters/` is needed: an archive for learners has no sources."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


class LabError(Exception):
    """What a learner has to mend first: one sentence that says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class Folders:
    """A learner's folders, below the course's root."""

    root: Path

    @property
    def chapters(self) -> Path:
        """The lessons as the course gives them."""
        return self.root / "chapters"

    @property
    def work(self) -> Path:
        """The learner's own copies of them, which no update writes over."""
        return self.root / "work"

    @property
    def desk(self) -> Path:
        """Where the learner works: `work/`, or `chapters/` where `scalable-ai lab` was never used."""
        return self.work if self.work.is_dir() else self.chapters


def find_folders(start: Path | None = None) -> Folders:
    """Return the folders of the course here or above; the environment variable `SCALABLE_AI_COURSE` names another.

    Raises:
        LabError: There is none.
    """
    named = os.environ.get("SCALABLE_AI_COURSE")
    here = Path(named) if named and start is None else (start or Path.cwd())
    for folder in (here.resolve(), *here.resolve().parents):
        if any((folder / "chapters").glob("*/*.ipynb")):
            return Folders(folder)
    raise LabError(f"{here}: there are no lessons here or above (no 'chapters' folder). Change into the course.")
