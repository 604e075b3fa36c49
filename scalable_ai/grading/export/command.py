"""What `scalable-ai restore` does: marks of another gradebook into this one's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nbgrader.api import Gradebook
from sqlalchemy.exc import DatabaseError

from scalable_ai.grading.batch.runner import application
from scalable_ai.grading.export.everything import RestoreError, restore


def run_restore(root: Path, path: Path) -> int:
    """Restore a file into the gradebook of a course, say what came of it, and return the exit status."""
    if not (root / "nbgrader_config.py").exists():
        print(f"{root}: there is no nbgrader course here (no nbgrader_config.py). Change into it.", file=sys.stderr)
        return 1
    coursedir = application(root, []).coursedir
    place = coursedir.db_url.removeprefix("sqlite:///")
    try:
        if place != coursedir.db_url and not os.path.lexists(place):
            raise RestoreError(f"{place}: there is no gradebook here. Run 'nbgrader generate_assignment' first.")
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            number = restore(gradebook, path)
    except (RestoreError, DatabaseError) as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return 1
    print(f"{number} rows of {path.name} are in the gradebook.")
    return 0
