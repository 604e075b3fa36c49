"""Progress taken from one place to another, as from a hosted session to a laptop: the notebooks themselves, packed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

import nbformat

from scalable_ai.lab.folders import Folders, LabError
from scalable_ai.lab.work import BEFORE, Change, bring_up_to_date, is_worked_in, lay_in, read

LARGEST = 50_000_000
"""Bytes of one notebook that is taken in."""


def export_progress(folders: Folders, out: Path) -> int:
    """Pack every lesson that was worked in or run, and return how many there are.

    Raises:
        LabError: There is none, or the archive cannot be written.
    """
    begun = [path for path in sorted(folders.desk.glob("*/*.ipynb")) if _is_begun(path)]
    if not begun:
        raise LabError(f"{folders.desk}: nothing is begun here, so there is nothing to export.")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in begun:
            archive.writestr(path.relative_to(folders.desk).as_posix(), path.read_bytes())
    try:
        out.write_bytes(content.getvalue())
    except OSError as error:
        raise LabError(f"{out}: {error.strerror or error}. Name another place.") from None
    return len(begun)


def import_progress(folders: Folders, path: Path) -> list[Change]:
    """Take in what `export_progress` packed; nothing that is here is written over.

    Raises:
        LabError: It is no such archive, or cannot be read.
    """
    bring_up_to_date(folders)
    changes = []
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                place = PurePosixPath(info.filename)
                given = folders.chapters / place
                # Only lessons of this course: a name from elsewhere leads nowhere else.
                if len(place.parts) != 2 or place.suffix != ".ipynb" or ".." in place.parts or not given.is_file():
                    changes.append(Change(Path(info.filename), "is no lesson of this course; left out"))
                    continue
                if info.file_size > LARGEST:
                    changes.append(Change(Path(place), "is too large; left out"))
                    continue
                words = _take(archive.read(info), folders, Path(place))
                if words:
                    changes.append(Change(Path(place), words))
    except (OSError, zipfile.BadZipFile) as error:
        said = getattr(error, "strerror", None) or "this is no archive of progress"
        raise LabError(f"{path}: {said}. Name a file that 'scalable-ai progress --export' wrote.") from None
    return changes


def _take(content: bytes, folders: Folders, place: Path) -> str:
    try:
        notebook = nbformat.reads(content.decode(), as_version=4)
    except Exception:  # whatever a broken file makes nbformat raise
        return "is no notebook; left out"
    return lay_in(notebook, folders.work / place, folders.chapters / place, folders.work / BEFORE / place)


def _is_begun(path: Path) -> bool:
    notebook = read(path)
    if notebook is None:
        return False
    return is_worked_in(notebook) or any(cell.get("outputs") for cell in notebook.cells)
