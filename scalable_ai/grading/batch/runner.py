"""The half of grading that may run anywhere: a hand-in's notebooks, rebuilt, run and judged, without the gradebook."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from unittest import mock

from nbformat import NotebookNode
from nbgrader.apps import AutogradeApp
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import find_all_files, setenv

from scalable_ai.course import Course
from scalable_ai.grading.batch.hand_in import HandIn
from scalable_ai.grading.court import court_of
from scalable_ai.grading.folders import walk
from scalable_ai.grading.warm import warm_parent

STAGING = ".staging"
"""Hand-ins are graded in this folder of nbgrader's autograded/, and moved out when their marks are written."""


class BrokenError(Exception):
    """No hand-in can be run here: says why."""


@dataclass
class Executed:
    """What running a hand-in gave."""

    notebooks: dict[str, str] = field(default_factory=dict)
    """The notebooks that marks are to be read from, as JSON by file name."""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What nbgrader's remaining steps are to be told, by file name."""
    notes: list[str] = field(default_factory=list)
    """What the instructor should know."""
    seconds: float = 0.0


class Notes(logging.Handler):
    """Collects warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message once."""
        text = record.getMessage()
        if text not in self.texts:
            self.texts.append(text)


def application(root: Path, arguments: list[str]) -> AutogradeApp:
    """Return nbgrader's own application with the course's configuration; works in the course's folder from here on."""
    os.chdir(root)
    AutogradeApp.clear_instance()
    app = AutogradeApp.instance()
    app.initialize(arguments)
    app.log.setLevel(app.log_level)  # nbgrader's is lower: each message of each kernel would be formatted for nobody
    # What it says goes into its log file and our table.
    for handler in app.log.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setLevel(logging.CRITICAL + 1)
    return app


class Runner(Autograde):
    """nbgrader's autograder up to, and without, its writing of marks."""

    def __init__(self, app: AutogradeApp) -> None:
        super().__init__(coursedir=app.coursedir, parent=app)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._graded = Path(app.coursedir.autograded_directory)
        self._course = Course(Path(app.coursedir.root))

    def close(self) -> None:
        """End the processes that were started for this one."""
        court_of(self._course).close()
        if sys.platform == "linux":
            warm_parent.stop()

    def prepare(self, assignment: str) -> None:
        """Have the judge run the assignment's lessons ahead of need."""
        for path in sorted((self._course.solutions / assignment).glob("*.py")):
            court_of(self._course).prepare(assignment, path.stem)

    @property
    def staging(self) -> str:
        """Where hand-ins lie while they are graded."""
        return str(self._graded / STAGING)

    @property
    def _output_directory(self) -> str:
        return self.staging

    def steps(self, wanted: list[Any]) -> list[Any]:
        """Return configured preprocessors, made as nbconvert makes them."""
        self.exporter._preprocessors = []
        for step in wanted:
            self.exporter.register_preprocessor(step)
        return list(self.exporter._preprocessors)

    def halves(self) -> tuple[list[Any], list[Any]]:
        """Return nbgrader's configured steps before the writing of marks, and from there on."""
        steps = self.steps(self.autograde_preprocessors)
        writing = next((n for n, step in enumerate(steps) if isinstance(step, SaveAutoGrades)), len(steps))
        return steps[:writing], steps[writing:]

    @contextlib.contextmanager
    def plain_files_only(self) -> Iterator[None]:
        """Have nbgrader copy plain files of a hand-in only: it would follow links and wait for pipes."""

        def find(folder: str, ignored: list[str]) -> list[str]:
            found = []
            for entry in walk(Path(folder)):
                parts = Path(os.path.relpath(entry.path, folder)).parts
                if any(fnmatch(part, pattern) for part in parts for pattern in ignored):
                    continue
                if entry.is_file(follow_symlinks=False):
                    found.append(entry.path)
                elif not entry.is_dir(follow_symlinks=False):
                    self.log.warning("%s: a link or a device, not a file; left out.", entry.name)
            return found

        with mock.patch("nbgrader.converters.base.find_all_files", find):
            yield

    def stage(self, hand_in: HandIn) -> Path:
        """Copy a hand-in's files, without notebooks, and the instructor's over them, as nbgrader does."""
        folder = Path(self._format_dest(hand_in.assignment, hand_in.learner))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._sanitizing = True
        with self.plain_files_only():
            BaseConverter.init_assignment(self, hand_in.assignment, hand_in.learner)
        source = self.coursedir.format_path(self.coursedir.source_directory, ".", hand_in.assignment)
        kept = set(self.exclude_overwriting.get(hand_in.assignment, []))
        for path in find_all_files(source, [*self.coursedir.ignore, "*.ipynb"]):
            place = os.path.relpath(path, source)
            if place not in kept:
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                shutil.copy(path, target)
        return folder

    def run(self, hand_in: HandIn) -> Executed:
        """Rebuild, run and judge a hand-in's notebooks.

        Raises:
            BrokenError: No hand-in can be run here.
        """
        started = time.monotonic()
        executed, notes = Executed(), Notes()
        self.log.addHandler(notes)
        try:
            self.coursedir.student_id = hand_in.learner
            self.notebooks = [str(hand_in.folder / name) for name in hand_in.notebooks]
            self.run_pre_convert_hook()
            folder = self.stage(hand_in)
            with setenv(NBGRADER_EXECUTION="autograde"):
                for name in hand_in.notebooks:
                    notebook, resources = self._run_notebook(hand_in.folder / name, folder)
                    executed.notebooks[name] = json.dumps(notebook)
                    executed.resources[name] = {key: resources[key] for key in _plain(resources)}
        except SystemExit:
            why = notes.texts[-1] if notes.texts else "a step of nbgrader's autograder ended the process without a word"
            raise BrokenError(why) from None
        finally:
            self.log.removeHandler(notes)
        executed.notes, executed.seconds = notes.texts, time.monotonic() - started
        return executed

    def _run_notebook(self, path: Path, folder: Path) -> tuple[NotebookNode, dict[str, Any]]:
        self._sanitizing = True
        resources = self.init_single_notebook_resources(str(path))
        notebook, resources = self.exporter.read(path, resources)
        for step in self.steps(self.sanitize_preprocessors):
            notebook, resources = step(notebook, resources)
        resources["metadata"]["path"] = str(folder)
        for step in self.halves()[0]:
            notebook, resources = step(notebook, resources)
        return notebook, resources


def _plain(resources: dict[str, Any]) -> Iterator[str]:
    """Return the names of what is plain data, and so can travel."""
    return (key for key, value in resources.items() if key != "widgets" and _is_plain(value))


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return value is None or isinstance(value, str | int | float | bool)
