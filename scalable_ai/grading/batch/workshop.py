"""The folder outside the course that a batch works in, and the parent of kernels that its processes share."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scalable_ai.grading.warm import VARIABLE, warm_parent


@contextlib.contextmanager
def workshop_of(root: Path) -> Iterator[Path]:
    """Give a course's batch, of which there is one at a time, a folder; it is gone in the end.

    Its name follows from the course's, so that what a killed batch left is removed by the next one.
    """
    user = os.getuid() if hasattr(os, "getuid") else ""
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:10]
    folder = Path(tempfile.gettempdir(), f"grading-{user}-{name}")
    with contextlib.suppress(FileNotFoundError):
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or user not in {"", found.st_uid}:
            raise OSError(0, "somebody else made this; remove it", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o711, exist_ok=True)  # kernels that run as somebody else find their own folders in it
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def shared_warm_parent(workshop: Path) -> Iterator[Callable[[], None]]:
    """Start one parent of kernels for all worker processes, where there are warm kernels.

    Yields:
        Waits until it is there: it and the workers start side by side.
    """
    if sys.platform != "linux" or VARIABLE in os.environ:
        yield lambda: None
        return
    before, tempfile.tempdir = tempfile.tempdir, str(workshop)
    try:
        os.environ[VARIABLE] = warm_parent.launch()
    finally:
        tempfile.tempdir = before
    try:
        yield _wait
    finally:
        os.environ.pop(VARIABLE, None)
        warm_parent.stop()


def _wait() -> None:
    with contextlib.suppress(OSError):  # workers then start kernels as they can
        warm_parent.start()
