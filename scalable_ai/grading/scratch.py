"""Temporary folders of the engine: locked while their process lives, so that what a killed one left can be removed."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from scalable_ai.grading.folders import remove_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PREFIX = "scalable-ai-"
BOXES = "/tmp"
"""Where boxes have theirs: the path of a local socket has 107 characters at most."""
GRACE = 60.0
"""Seconds for which a folder is left alone: it is made first and locked then."""


class Scratch:
    """A new temporary folder.

    Args:
        kind: What it is for, as part of its name.
        parent: Where it is made; by default where temporary files go.
    """

    def __init__(self, kind: str, parent: str | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-", dir=parent)).resolve()
        self._lock = _lock(self.path)

    def remove(self) -> None:
        """Remove it, and what is in it however deep."""
        remove_folder(self.path)
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *error: object) -> None:
        self.remove()


def sweep(place: str = "") -> None:
    """Remove the folders of processes that are gone.

    Args:
        place: Where to look; by default wherever the engine makes such folders.
    """
    if fcntl is None:
        return
    for folder in {place} if place else {tempfile.gettempdir(), BOXES}:
        _sweep(folder)


def _sweep(place: str) -> None:
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place)):
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False) and _is_old(entry):
                lock = _lock(Path(entry.path))
                if lock >= 0:
                    remove_folder(Path(entry.path))
                    os.close(lock)


def _is_old(entry: os.DirEntry) -> bool:
    found = entry.stat(follow_symlinks=False)
    # A box's user owns its folders; only root may remove those.
    return os.getuid() in {0, found.st_uid} and time.time() - found.st_ctime > GRACE


def _lock(folder: Path) -> int:
    """Return an open file that holds the folder's lock until it is closed, or -1 where that cannot be."""
    if fcntl is None:
        return -1
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return -1
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return -1
    return lock
