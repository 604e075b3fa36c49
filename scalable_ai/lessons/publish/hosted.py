"""Where lessons can be opened without installing anything, and the first cell that makes a lesson run there."""

from __future__ import annotations

import re
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from scalable_ai.lessons.build import Built, fingerprint
from scalable_ai.lessons.publish import PublishError

NOTEBOOKS_REF = "notebooks"
"""The branch on which the Pages workflow puts notebooks that begin with the set-up cell."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_REF = re.compile(r"[\w./-]+")
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
"""What every platform calls its own Python."""
SETUP = """\
# Set-up for Colab: installs the course beside the PyTorch that is there; elsewhere it changes nothing
import importlib.util

if importlib.util.find_spec("scalable_ai") is None:
    %pip install --quiet --no-deps "scalable-ai @ {archive}"

from scalable_ai import hosted

hosted.prepare()"""


@dataclass(frozen=True)
class Hosting:
    """A course's repository on GitHub."""

    repository: str
    """`owner/name`."""
    ref: str = "main"
    """The branch or commit that the site is built from; a commit stays what it is."""

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise PublishError(f"'{self.repository}' is no repository on GitHub. Write it as owner/name.")
        if not _REF.fullmatch(self.ref):
            raise PublishError(f"'{self.ref}' is no name of a branch or commit.")

    @property
    def archive(self) -> str:
        """Where pip gets the course from."""
        return f"{self.address}/archive/{self.ref}.zip"

    @property
    def address(self) -> str:
        """Where the course is read, copied and installed from."""
        return f"https://github.com/{self.repository}"

    @property
    def codespace(self) -> str:
        """Where a codespace of it is opened."""
        return f"https://codespaces.new/{self.repository}"

    def launchers(self, built: Built) -> dict[str, str]:
        """Return what each button says -> where it leads."""
        path = f"{built.lesson.chapter}/{built.lesson.name}.ipynb"
        return {
            "Open in Colab": f"https://colab.research.google.com/github/{self.repository}/blob/{NOTEBOOKS_REF}/{path}",
            "Open in Binder": f"https://mybinder.org/v2/gh/{self.repository}/{self.ref}?labpath=chapters/{path}",
            "Open in a Codespace": self.codespace,
        }

    def with_setup(self, notebook: NotebookNode) -> NotebookNode:
        """Return a learner's notebook, copied, with the set-up cell below its title."""
        notebook = nbformat.reads(nbformat.writes(notebook), as_version=4)
        cell = nbformat.v4.new_code_cell(SETUP.format(archive=self.archive))
        cell["id"] = "setup"
        notebook.cells.insert(1, cell)
        notebook.metadata["kernelspec"] = KERNELSPEC
        if "scalable_ai" in notebook.metadata:
            notebook.metadata["scalable_ai"]["built"] = fingerprint(notebook)
        return notebook
