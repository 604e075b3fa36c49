"""Blanks that are still open: where they stand, and a sentence in a notebook where Python has only a NameError."""

from __future__ import annotations

import io
import linecache
import tokenize
from dataclasses import dataclass
from types import TracebackType
from typing import Any

BLANK = "____"


@dataclass(frozen=True)
class Blank:
    """A line of an answer with one or more blanks."""

    line: int
    """From 1."""
    code: str

    def words(self) -> str:
        """Return where it stands: "line 2: `red = batch[____]`"."""
        return f"line {self.line}: `{self.code}`"


def open_blanks(text: str) -> list[Blank]:
    """Return the lines of a cell that have open blanks, in order; comments and strings have none."""
    found: dict[int, Blank] = {}
    lines = text.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type == tokenize.NAME and token.string == BLANK:
                number = token.start[0]
                found.setdefault(number, Blank(number, lines[number - 1].strip()))
    except (tokenize.TokenError, SyntaxError):
        pass  # what was read up to there
    return list(found.values())


def blank_at(trace: TracebackType | None) -> Blank | None:
    """Return the line that a traceback ends at, where it has an open blank."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return None
    code = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()
    return Blank(trace.tb_lineno, code) if BLANK in code else None


def still_open(blanks: list[Blank]) -> str:
    """Return in words which blanks are open, the first one with its line."""
    if len(blanks) == 1:
        return f"a blank that is still open in {blanks[0].words()}"
    return f"blanks that are still open in {len(blanks)} lines, the first in {blanks[0].words()}"


def explain_blanks() -> None:
    """Have the notebook's kernel name the blank that a cell met, in place of a NameError; nothing elsewhere."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None and not getattr(shell, "custom_exceptions", True):
        shell.set_custom_exc((NameError,), _show)


def _show(shell: Any, kind: type, error: NameError, trace: TracebackType, tb_offset: int | None = None) -> list[str]:
    """Show an error; IPython asks the error itself for the lines to show."""
    blank = blank_at(trace) if error.name == BLANK else None
    if blank is not None:
        words = f"Still open: the blank in {blank.words()}"
        error._render_traceback_ = lambda: [words, f"Put your code in place of {BLANK}, then run this cell again."]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    return []
