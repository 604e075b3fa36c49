"""The reference answers of a lesson, run in this process."""

from __future__ import annotations

import contextlib
import io
import linecache
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from scalable_ai.grading.needed import what_to_run
from scalable_ai.lessons.source import Cell, Lesson


def run_reference(
    lesson: Lesson,
    before: Callable[[Cell, dict[str, Any]], None] | None = None,
    asked: Iterable[str] | None = None,
    seconds: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Run a lesson's own code, checks left out, and return its namespace.

    Args:
        lesson: Whose code.
        before: Sees each cell and the namespace that it finds.
        asked: Names that are read from the namespace; where they are given, what neither they nor an answer depends
            on is not run.
        seconds: Takes what each answer cell took.
    """
    namespace = new_namespace(lesson)
    cells = [cell for cell in lesson.cells if cell.type == "code" and cell.mark != "check"]
    texts = [cell.text for cell in cells]
    if asked is not None:
        texts = what_to_run(texts, [number for number, cell in enumerate(cells) if cell.mark == "answer"], asked)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for cell, text in zip(cells, texts, strict=True):
            if before:
                before(cell, namespace)
            started = time.monotonic()
            exec(compile_text(text, f"{lesson.path}:{cell.line}"), namespace)
            if seconds is not None and cell.mark == "answer":
                seconds[cell.name] = time.monotonic() - started
    namespace.update({quiz.name: quiz.key for quiz in lesson.quizzes.values()})
    return namespace


def compile_text(text: str, name: str) -> types.CodeType:
    """Compile a cell and keep its text where `inspect` finds it, for what reads sources, such as `torch.jit.script`."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return compile(text, name, "exec", dont_inherit=True)


def new_namespace(lesson: Lesson) -> dict[str, Any]:
    """Return the namespace of a new module, so that what a lesson defines can be pickled as in a notebook."""
    module = types.ModuleType(f"__{lesson.name}__")
    sys.modules[module.__name__] = module
    return vars(module)
