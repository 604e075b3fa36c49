"""A file that was handed in, wherever it lies: in a folder or in an archive."""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scalable_ai.grading.folders import walk
from scalable_ai.grading.rebuild import MAX_BYTES

MAX_ITEMS = 65_000
"""Files in a folder or an archive, as large as an ordinary zip file can be."""
JUNK = frozenset({"__MACOSX", "__pycache__", ".ipynb_checkpoints", "node_modules", ".git"})


class IntakeError(Exception):
    """Something handed in that cannot be taken: says which, what is wrong and what to do."""


@dataclass(frozen=True)
class Item:
    """A plain file."""

    parts: tuple[str, ...]
    """Its place: folders and name, from the top of what was handed over."""
    read: Callable[[], bytes]
    """Returns its content; raises IntakeError where it cannot be had."""
    newness: float = 0.0
    """Larger for what was changed later; comparable within one archive."""

    @property
    def name(self) -> str:
        """Return the file's name without folders."""
        return self.parts[-1]

    def below(self, parts: tuple[str, ...]) -> Item:
        """Return the same file at another place."""
        return Item(parts, self.read, self.newness)


def parts_of(name: str) -> tuple[str, ...]:
    """Return a name's folders and file, from Windows too; empty where it leads out of its archive, or to junk."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or ".." in parts or "\0" in name or (parts and parts[0].endswith(":")):
        return ()
    if JUNK & set(parts) or (parts and parts[-1].startswith(".")):
        return ()
    return parts


def items_of_folder(folder: Path) -> Iterator[Item]:
    """Yield the plain files of a folder and its folders; links are not followed.

    Raises:
        IntakeError: There are too many.
    """
    number = 0
    for entry in walk(folder):
        if not entry.is_file(follow_symlinks=False):
            continue
        parts = parts_of(Path(entry.path).relative_to(folder).as_posix())
        if parts:
            number += 1
            if number > MAX_ITEMS:
                raise IntakeError(f"{folder.name}: more than {MAX_ITEMS} files. Collect a part of it at a time.")
            yield item_of_file(Path(entry.path), parts, entry.stat(follow_symlinks=False).st_mtime)


def item_of_file(path: Path, parts: tuple[str, ...] | None = None, newness: float = 0.0) -> Item:
    """Return a file on disk as an item."""
    return Item(parts or (path.name,), lambda: _content(path), newness)


def _content(path: Path) -> bytes:
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode):
            raise IntakeError(f"{path.name}: it is a link or a device and not a plain file; left out.")
        if info.st_size > MAX_BYTES:
            raise IntakeError(f"{path.name}: it is larger than {MAX_BYTES // 10**6} MB; left out.")
        return path.read_bytes()
    except OSError as error:
        raise IntakeError(f"{path.name}: it cannot be read ({error.strerror or error}); left out.") from None
