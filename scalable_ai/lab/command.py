"""`scalable-ai lab`: JupyterLab on the learner's lessons, with a start page and warm kernels."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

from scalable_ai.lab.folders import Folders, LabError
from scalable_ai.lab.progress import read_progress
from scalable_ai.lab.progress_card import ProgressCard
from scalable_ai.lab.start_page import NAME, write_start_page
from scalable_ai.lab.work import bring_up_to_date

SETTINGS = Path(__file__).parent / "settings"


def run_lab(folders: Folders, arguments: list[str]) -> int:
    """Run JupyterLab until it ends.

    Args:
        folders: The learner's.
        arguments: Passed on to JupyterLab.

    Raises:
        LabError: The working folder cannot be written.
    """
    options = [f"--ServerApp.root_dir={folders.work}", f"--LabApp.default_url=/lab/tree/{NAME}"]
    with contextlib.ExitStack() as ending:
        ending.callback(end_workers)
        if sys.platform == "linux":
            from scalable_ai.lab.provisioner import lab_parent, register

            # For this server only: an environment variable would reach its terminals too.
            options.append(f"--KernelProvisionerFactory.default_provisioner_name={register()}")
            ending.callback(lab_parent.stop)
            lab_parent.launch()
        prepare(folders)
        _add_settings()
        from jupyterlab.labapp import LabApp

        LabApp.launch_instance([*options, *arguments])
    return 0


def end_workers() -> None:
    """End the threads that a server leaves waiting when it is ended while it answers: Python would wait for them."""
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread" and hasattr(thread, "stop"):
            thread.stop()


def prepare(folders: Folders) -> None:
    """Bring the working folder and the start page up to date, and say what has changed.

    Raises:
        LabError: They cannot be written.
    """
    try:
        changes = bring_up_to_date(folders)
        write_start_page(folders.work, ProgressCard(tuple(read_progress(folders))), changes)
    except OSError as error:
        place = error.filename or folders.work
        raise LabError(f"{place}: {error.strerror or error}. Mend that and run it again; nothing is lost.") from None
    for change in changes:
        print(f"{folders.work.name}/{change.path.as_posix()} {change.words}.")


def _add_settings() -> None:
    """Save every ten seconds, since progress is read from files; no news of Jupyter, and no tools of instructors."""
    paths = os.environ.get("JUPYTER_CONFIG_PATH", "")
    os.environ["JUPYTER_CONFIG_PATH"] = f"{SETTINGS}{os.pathsep}{paths}" if paths else str(SETTINGS)
