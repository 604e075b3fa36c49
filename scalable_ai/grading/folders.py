"""Folders that strangers have filled: walked without following links, removed however deep they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

MAX_DEPTH = 40
"""Folders within folders that are looked into."""


def walk(folder: Path, depth: int = 0) -> Iterator[os.DirEntry]:
    """Yield what is in a folder and its folders, links not followed, and nothing that lies too deep."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            yield entry
            if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                yield from walk(Path(entry.path), depth + 1)


def regular_files(folder: Path) -> Iterator[Path]:
    """Yield the plain files of a folder and its folders, notebooks left out."""
    for entry in walk(folder):
        if entry.is_file(follow_symlinks=False) and not entry.name.endswith(".ipynb"):
            yield Path(entry.path)


def digest_names(folder: Path) -> Iterator[tuple[bytes, Path]]:
    """Yield the plain files of a folder, notebooks too, each with its place in it, which need not be text."""
    for entry in walk(folder):
        if entry.is_file(follow_symlinks=False) and "__pycache__" not in Path(entry.path).parts:
            yield os.fsencode(os.path.relpath(entry.path, folder)), Path(entry.path)


def remove_folder(folder: Path) -> None:
    """Remove a folder however deep it is, which Python's own functions do by recursion."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        if os.name == "posix":
            subprocess.run(["rm", "-rf", str(folder)], check=False, stderr=subprocess.DEVNULL)
        else:
            shutil.rmtree(folder, ignore_errors=True)
