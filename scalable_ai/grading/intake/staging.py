"""Where hand-ins are put together: beside their places, and moved there whole, whatever ends the process."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAME, ASIDE = ".collecting", "aside"


class Staging:
    """A folder in nbgrader's `submitted/`, gone in the end; of one that was killed, what is due goes back first.

    Args:
        top: nbgrader's folder of hand-ins.
    """

    def __init__(self, top: Path) -> None:
        self._top, self._folder = top, top / NAME

    def __enter__(self) -> Staging:
        self._top.mkdir(parents=True, exist_ok=True)
        self._clear()
        self._folder.mkdir()
        return self

    def __exit__(self, *error: object) -> None:
        self._clear()

    def publish(self, files: Mapping[str, bytes], place: Path) -> None:
        """Write files to a folder that appears whole, in place of what was there."""
        made = Path(tempfile.mkdtemp(dir=self._folder))
        for name, content in files.items():
            (made / name).write_bytes(content)
        made.chmod(0o755)
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(place):
            aside = self._folder / ASIDE / place.relative_to(self._top)
            aside.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, aside)
        os.replace(made, place)

    def _clear(self) -> None:
        """Remove it; what was moved aside for something that did not come goes back to its place."""
        for folder, subfolders, files in os.walk(self._folder / ASIDE):
            if files:
                subfolders.clear()
                place = self._top / Path(folder).relative_to(self._folder / ASIDE)
                if not os.path.lexists(place):
                    os.replace(folder, place)
        shutil.rmtree(self._folder, ignore_errors=True)
