"""Where a course's folders are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


class CourseNotFoundError(Exception):
    """No course folder here or above; says what to do."""


@dataclass(frozen=True)
class Course:
    """The folders of a course, all below one root."""

    root: Path

    @property
    def solutions(self) -> Path:
        """Lesson sources, answers included."""
        return self.root / "solutions"

    @property
    def graders(self) -> Path:
        """Hidden checks, and galleries of answers."""
        return self.root / "graders"

    @property
    def chapters(self) -> Path:
        """Learner notebooks: nbgrader's release directory."""
        return self.root / "chapters"

    @property
    def source(self) -> Path:
        """The source directory of nbgrader, built."""
        return self.root / "source"


def find_course(start: Path | None = None) -> Course:
    """Return the course whose root is `start`, the working directory, or the nearest folder above it.

    The environment variable `SCALABLE_AI_COURSE` names another root.

    Raises:
        CourseNotFoundError: No folder on the way up holds `solutions/`.
    """
    named = os.environ.get("SCALABLE_AI_COURSE")
    here = Path(named) if named and start is None else (start or Path.cwd())
    for folder in (here.resolve(), *here.resolve().parents):
        if (folder / "solutions").is_dir():
            return Course(folder)
    raise CourseNotFoundError(
        f"{here}: there is no course here or above (no 'solutions' folder). Change into the course."
    )
