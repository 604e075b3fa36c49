"""How nbgrader reads hand-ins here: a file that is no notebook is graded as blank, with a note, and nothing stops."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from scalable_ai.course import Course
from scalable_ai.grading.rebuild import UnreadableError, instructor_notebook, read_submission

UNREADABLE = "scalable_ai_unreadable"


class SubmissionExporter(NotebookExporter):
    """Reads a hand-in at the door; set as `Autograde.exporter_class`."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Convert a hand-in; where it cannot be read, the blank notebook in its place.

        Raises:
            UnreadableError: It cannot be read, and there is no notebook of the instructor's to stand in.
        """
        notebook, resources = self.read(Path(filename), resources)
        return self.from_notebook_node(notebook, resources=resources, **kw)

    def read(self, path: Path, resources: dict[str, Any] | None = None) -> tuple[NotebookNode, dict[str, Any]]:
        """Return a hand-in, or the blank notebook in its place, with resources as in `from_filename`.

        Raises:
            UnreadableError: As in `from_filename`.
        """
        # As in nbconvert: the learner's code runs in the hand-in's folder.
        resources = {**(resources or {}), "metadata": {"name": path.stem, "path": str(path.parent)}}
        try:
            return read_submission(path), resources
        except UnreadableError as error:
            notebook = place_of(self, resources).given()
            if notebook is None:
                raise
            self.log.error("%s/%s", resources["nbgrader"]["student"], error)
            resources[UNREADABLE] = str(error)
            return copy.deepcopy(notebook), resources


@dataclass(frozen=True)
class Place:
    """What is being graded, and where the instructor's version of it is."""

    course: Course
    source: Path
    """nbgrader's source notebook."""
    chapter: str
    name: str
    student: str
    submitted: Path
    """The folder that was handed in."""

    def given(self) -> NotebookNode | None:
        """Return what the learner was given, not to be changed; None where this package did not build it."""
        return instructor_notebook(self.source, self.course)


def place_of(component: Any, resources: dict[str, Any]) -> Place:
    """Return the place of what an exporter or preprocessor of nbgrader works on."""
    while component is not None and getattr(component, "coursedir", None) is None:
        component = component.parent
    names = resources["nbgrader"]
    chapter, name = names["assignment"], names["notebook"]
    if component is None:
        # Not under a converter: nbgrader's converters work in the course's root.
        folder, submitted = Path.cwd() / "source" / chapter, Path.cwd() / "submitted" / names["student"] / chapter
    else:
        coursedir = component.coursedir
        folder = Path(coursedir.format_path(coursedir.source_directory, ".", chapter))
        submitted = Path(coursedir.format_path(coursedir.submitted_directory, names["student"], chapter))
    root = Path(component.coursedir.root if component else Path.cwd())
    return Place(Course(root), folder / f"{name}.ipynb", chapter, name, names["student"], submitted)
