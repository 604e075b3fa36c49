"""What running a test cell comes to, as nbgrader reads it."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import get_partial_grade

from scalable_ai.grading.cell_verdict import ForeignVerdict, error_output
from scalable_ai.grading.foreign.errors import LostError
from scalable_ai.grading.foreign.proxies import Remote, RemoteMeta

MAX_MESSAGE = 2000
_HIDDEN = re.compile(r"(BEGIN|END) HIDDEN TESTS")


def lost(grade_id: str, error: LostError) -> ForeignVerdict:
    """Return no marks: the learner's code gave no answer, or its kernel none that can be read."""
    flag = "" if error.is_stopped else f"test cell '{grade_id}': {error}"
    return ForeignVerdict([error_output("NoAnswer", f"Your code gave no answer: {error}.")], error.is_stopped, flag)


def printed(text: str) -> list[NotebookNode]:
    """Return what a test cell printed."""
    return [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []


def hidden_lines(source: str) -> set[int]:
    """Return the numbers of the lines that learners are not shown."""
    found, is_hidden = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        mark = _HIDDEN.search(line)
        is_hidden = mark[1] == "BEGIN" if mark else is_hidden
        if is_hidden or mark:
            found.add(number)
    return found


def failed(error: BaseException, grade_id: str, source: str, filename: str) -> NotebookNode:
    """Return the output of a test that raised: never a line that learners are not shown."""
    kind, trace, number = type(error), error.__traceback__, None
    while trace is not None:
        number = trace.tb_lineno if trace.tb_frame.f_code.co_filename == filename else number
        trace = trace.tb_next
    name = kind._name_ if isinstance(kind, RemoteMeta) else kind.__name__
    message = _message(error)
    if number is None:
        return error_output(name, message)
    if number in hidden_lines(source):
        return error_output(name, message or f"a hidden test was not met ({grade_id})")
    line = source.splitlines()[number - 1 : number]
    return error_output(name, message, *(f"line {number}: {text.strip()}" for text in line))


def _message(error: BaseException) -> str:
    try:
        return textwrap.shorten(str(error), MAX_MESSAGE) if len(str(error)) > MAX_MESSAGE else str(error)
    except BaseException:
        return ""


def shown(value: Any, points: float) -> list[NotebookNode]:
    """Return the output of a cell's last expression, which is a mark where it is a number.

    Raises:
        ValueError: It is a number that is more than the cell's points.
    """
    if value is None:
        return []
    output = nbformat.v4.new_output("execute_result", data={"text/plain": _text(value)}, execution_count=None)
    get_partial_grade(output, points)
    return [output]


def _text(value: Any) -> str:
    if isinstance(type(value), RemoteMeta) or isinstance(value, RemoteMeta | Remote):
        return f"<{type(value)._name_ if isinstance(type(value), RemoteMeta) else value._name_}>"
    from IPython.core.formatters import PlainTextFormatter

    return PlainTextFormatter()(value) or f"<{type(value).__name__}>"
