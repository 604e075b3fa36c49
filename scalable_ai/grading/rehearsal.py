"""A lesson that is run once, so that many answers to its exercises can be graded in this process."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import shutil
import tempfile
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scalable_ai.cards import Finding
from scalable_ai.checks import NotYet
from scalable_ai.course import Course
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.court import data_variables
from scalable_ai.grading.feedback import Feedback, feedback_of
from scalable_ai.grading.judge import Bench
from scalable_ai.grading.reference import compile_text, run_reference
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.source import Cell, Lesson

SEED = 20_260_101


class Rehearsal:
    """One lesson with its hidden checks, and the namespace that each of its answers finds.

    Each answer takes the place of the reference answer in a copy of the namespace at that point. Only trusted code may
    be graded so: there is neither a sandbox nor a time limit.
    """

    def __init__(self, course: Course, path: Path) -> None:
        self._found: dict[str, dict[str, Any]] = {}
        self._seed = SEED
        self.bench = Bench(course, path.parent.name, path.stem, self._run)
        self.lesson: Lesson = self.bench.lesson
        checks = course.graders / self.lesson.chapter / f"{self.lesson.name}.py"
        self.feedback: Feedback = feedback_of(
            self.lesson, checks.read_text(encoding="utf-8"), self.bench.reference.namespace
        )
        """What messages of the lesson may say."""
        self._kept = Path.cwd().parent / "kept"
        shutil.copytree(".", self._kept)
        self._files = _stamps()

    def _run(self, lesson: Lesson) -> dict[str, Any]:
        def remember(cell: Cell, namespace: dict[str, Any]) -> None:
            if cell.mark == "answer":
                self._found[cell.name] = _copied(namespace)

        return run_reference(lesson, before=remember)

    def grade(self, exercise: str, text: str, seed: int = SEED) -> Verdict:
        """Return what the hidden checks make of an answer.

        Args:
            exercise: The exercise or quiz.
            text: The whole answer cell.
            seed: Of the fresh inputs.
        """
        return self._judged(exercise, text, seed, self._after(exercise, text))

    def grade_as_shown(self, exercise: str, text: str, seed: int = SEED) -> tuple[Verdict, Finding | None]:
        """Return what the hidden checks make of an answer, and what its visible check tells the learner."""
        namespace = self._after(exercise, text)
        return self._judged(exercise, text, seed, namespace), self._shown(exercise, namespace)

    def runs(self, exercise: str, text: str) -> bool:
        """Return whether an answer runs to its end."""
        return self._run_answer(exercise, text)[1] is None

    def _after(self, exercise: str, text: str) -> dict[str, Any]:
        """Return the namespace that an answer leaves; one that raises leaves what it has done, as in a notebook."""
        return self._run_answer(exercise, text)[0]

    def _run_answer(self, exercise: str, text: str) -> tuple[dict[str, Any], Exception | None]:
        self._tidy()
        namespace = _copied(self._found.get(exercise, {}))
        try:
            with _quietly():
                exec(compile_text(text, "<answer>"), namespace)
        except Exception as error:
            return namespace, error
        return namespace, None

    def _tidy(self) -> None:
        """Undo what earlier answers did to files: each one finds the folder as the lesson left it."""
        if _stamps() == self._files:
            return
        for name in os.listdir():
            if os.path.isdir(name) and not os.path.islink(name):
                shutil.rmtree(name, ignore_errors=True)
            else:
                os.unlink(name)
        shutil.copytree(self._kept, ".", dirs_exist_ok=True)

    def _judged(self, exercise: str, text: str, seed: int, namespace: dict[str, Any]) -> Verdict:
        if seed != self._seed:  # what the reference answer said to other inputs is of no more use
            self.bench.reference = LocalChannel(self.bench.reference.namespace, remembers=True)
            self._seed = seed
        with _quietly():
            return self.bench.judge(exercise, LocalChannel(namespace), {exercise: text}, seed)

    def _shown(self, exercise: str, namespace: dict[str, Any]) -> Finding | None:
        for cell in self.lesson.of("check"):
            if cell.name == exercise:
                try:
                    with _quietly():
                        exec(compile_text(cell.text, "<check>"), namespace)
                except NotYet as error:
                    return error.finding
        return None


@contextlib.contextmanager
def rehearse(course: Course, path: Path) -> Iterator[Rehearsal]:
    """Run a lesson in a folder of its own, which answers may write to as long as the context lasts.

    Args:
        course: Where lessons and checks are.
        path: The lesson's source.

    Raises:
        GraderError: The checks cannot be loaded.
        SourceError: The lesson cannot be read.
    """
    path, course = path.resolve(), Course(course.root.resolve())
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "lesson")
        own.mkdir()
        for variable, value in data_variables(course.root).items():
            os.environ.setdefault(variable, value)
        with contextlib.chdir(own):
            yield Rehearsal(course, path)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _stamps() -> dict[str, tuple[int, int]]:
    """Return size and time of every file below this folder, and the folders in it."""
    stamps = {}
    for folder, folders, names in os.walk("."):
        stamps |= {os.path.join(folder, name): (0, 0) for name in folders}
        for path in (os.path.join(folder, name) for name in names):
            found = os.lstat(path)
            stamps[path] = (found.st_size, found.st_mtime_ns)
    return stamps


def _copied(namespace: dict[str, Any]) -> dict[str, Any]:
    """Copy a namespace; what the lesson's own functions look up, they find in the copy, as in a notebook."""
    copied: dict[str, Any] = {}
    for name, value in namespace.items():
        if isinstance(value, types.FunctionType) and value.__globals__ is namespace:
            own = types.FunctionType(value.__code__, copied, value.__name__, value.__defaults__, value.__closure__)
            own.__kwdefaults__ = value.__kwdefaults__
            copied[name] = own
        else:
            copied[name] = _own(value)
    return copied


def _own(value: Any) -> Any:
    """Copy plain data, so that an answer that changes its inputs does not change the next one's."""
    if not isinstance(value, list | dict | set | torch.Tensor | np.ndarray):
        return value
    try:
        return copy.deepcopy(value)
    except RuntimeError:  # a tensor inside an autograd graph cannot be copied, and autograd guards it against changes
        return value
