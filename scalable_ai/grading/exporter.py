"""How nbgrader reads hand-ins here: a file that is no notebook is graded as blank, with a note, and nothing stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from scalable_ai.grading.rebuild import UnreadableError, instructor_notebook, read_submission, with_note


class SubmissionExporter(NotebookExporter):
    """Reads a hand-in at the door; set as `Autograde.exporter_class`."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Convert a hand-in; where it cannot be read, the blank notebook with a note in its place.

        Raises:
            UnreadableError: It cannot be read, and there is no notebook of the instructor's to stand in.
        """
        path = Path(filename)
        try:
            notebook = read_submission(path)
        except UnreadableError as error:
            blank = instructor_notebook(source_of(resources or {}))
            if blank is None:
                raise
            self.log.error("%s/%s", resources["nbgrader"]["student"], error)
            notebook = with_note(blank, str(error))
        return self.from_notebook_node(notebook, resources=resources, **kw)


def source_of(resources: dict[str, Any]) -> Path:
    """Return nbgrader's source notebook of what is being graded; the converter's working directory is the course."""
    names = resources["nbgrader"]
    return Path.cwd() / "source" / names["assignment"] / f"{names['notebook']}.ipynb"
