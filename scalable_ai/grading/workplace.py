"""The folder that a hand-in's code runs in: a copy of its files without any notebook, gone when grading ends."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from scalable_ai.grading.folders import regular_files, remove_folder, walk
from scalable_ai.grading.scratch import Scratch

MAX_KEPT_BYTES = 50_000_000
"""What a notebook wrote is kept beside it up to here."""
MAX_KEPT_FILES = 1_000


@dataclass
class Workplace:
    """A private copy of a hand-in's files.

    Args:
        graded: nbgrader's folder for the graded hand-in, which also holds the instructor's files.
        submitted: The folder that was handed in; links in it are not followed.
    """

    graded: Path
    submitted: Path
    notes: list[str] = field(default_factory=list)
    """What was left out, a sentence each."""

    def __enter__(self) -> Workplace:
        self._scratch = Scratch("hand-in")
        self.folder = self._scratch.path
        for path in list(regular_files(self.graded)):
            place = path.relative_to(self.graded)
            if _passes_link(self.submitted, place):
                # nbgrader has copied what the link leads to, which need not be the learner's.
                path.unlink()
                self.notes.append(f"{place}: a link, not a file; left out.")
        self._bring()
        return self

    def restore(self) -> None:
        """Put the files back as they were handed in."""
        for entry in os.scandir(self.folder):
            if entry.is_dir(follow_symlinks=False):
                remove_folder(Path(entry.path))
            else:
                os.unlink(entry.path)
        self._bring()

    def _bring(self) -> None:
        for entry in walk(self.graded):
            if entry.is_dir(follow_symlinks=False):
                (self.folder / Path(entry.path).relative_to(self.graded)).mkdir(exist_ok=True)
        for path in regular_files(self.graded):
            shutil.copyfile(path, self.folder / path.relative_to(self.graded))
        self._brought = {path.relative_to(self.folder) for path in regular_files(self.folder)}

    def __exit__(self, *error: object) -> None:
        self._scratch.remove()

    def keep_new_files(self) -> None:
        """Put what the notebook wrote beside it: plain files only, and never in place of another."""
        kept = size = 0
        for path in regular_files(self.folder):
            place = path.relative_to(self.folder)
            target = self.graded / place
            if place in self._brought or os.path.lexists(target):
                continue
            size += path.lstat().st_size
            kept += 1
            if size > MAX_KEPT_BYTES or kept > MAX_KEPT_FILES:
                self.notes.append(
                    f"What the notebook wrote is kept up to {MAX_KEPT_BYTES // 10**6} MB and {MAX_KEPT_FILES:,} files."
                )
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_without_following(path, target)


def _passes_link(root: Path, place: Path) -> bool:
    return any((root / part).is_symlink() for part in (place, *place.parents) if part != Path("."))


def _copy_without_following(path: Path, target: Path) -> None:
    """Copy a file whose folder may still be changed by others."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy)
