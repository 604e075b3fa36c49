"""What a lesson's own check cells import: `exercise`, and `quiz` for multiple choice.

A check cell runs in the learner's kernel and answers with a card. It raises `NotYet` when something is missing, so
that nbgrader's own commands see a failing test cell too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from scalable_ai.advice import likely_mistake
from scalable_ai.blanks import BLANK, blank_at, open_blanks, still_open
from scalable_ai.cards import Card, Finding
from scalable_ai.comparison import difference, is_true, show
from scalable_ai.packing import unpack
from scalable_ai.self_study import find_solution

# What a stub's exception says; PyTorch raises the same exception with other words.
STUB_TASK = re.compile(r"(Exercise|Question) \d+: |Quiz$")
CHECK_CELL = re.compile(r"^with (exercise|question)\(", re.MULTILINE)
VISIBLE_ONLY = "Visible checks passed. Hidden checks, on other inputs, run at grading."
LONGEST_ERROR = 300
"""Characters of an error's message that a card shows."""
_STUB_LINE = "raise NotImplementedError"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

_failed_runs: Counter[str] = Counter()


class NotYet(AssertionError):  # noqa: N818 - what the learner reads
    """An answer that does not pass yet; the card above it says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.sentence())

    def _render_traceback_(self) -> list[str]:
        # The card says it all; this line is for what shows errors only, such as nbgrader's Validate button.
        return [f"Not yet: {replace(self.finding, likely='').sentence()}"]


class Check:
    """Collects what a check looks at; the first thing that is not right ends it."""

    def __init__(self, reveal: bool = True) -> None:
        self.reveal = reveal

    def equal(self, got: Any, expected: Any, name: str, likely: str = "", tolerance: float | None = None) -> None:
        """Demand that `got` equals `expected` in type, shape, dtype and, within tolerance, value.

        Args:
            got: The learner's value.
            expected: A number, text, bool, None, tensor, array, or a list, tuple, set or dict of these.
            name: What messages call the value.
            likely: The likeliest mistake, as a sentence.
            tolerance: Relative and absolute; by default it follows the dtype.

        Raises:
            NotYet: The values differ.
        """
        found = difference(got, expected, name, tolerance, self.reveal)
        if found:
            raise NotYet(Finding(f"`{found.what}`", found.expected, found.got, found.likely or likely))

    def that(self, condition: bool, expected: str, got: Any = "something else", likely: str = "") -> None:
        """Demand that a condition holds; `expected` says it in words, and a text as `got` what holds instead.

        Raises:
            NotYet: The condition is not `True`.
        """
        if not is_true(condition):
            raise NotYet(Finding("Your answer", expected, got if isinstance(got, str) else show(got), likely))


class exercise:  # noqa: N801 - reads as a word: `with exercise("loads") as check:`
    """Run a check cell's body and show its card.

    Args:
        name: The exercise's id.
        title: Shown on the card.
        success: Said when passed.
        hints: From gentle to nearly there; opened one by one.
    """

    def __init__(self, name: str, title: str = "", success: str = "", hints: tuple[str, ...] | list[str] = ()) -> None:
        self.name, self.title, self.success, self.hints = name, title or name, success, tuple(hints)
        self.footer = VISIBLE_ONLY
        self.advice = ""
        """Said when not passed yet."""

    def __enter__(self) -> Check:
        return Check()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None:
            _display(Card(self.title, passed=True, success=self.success, footer=self.footer, name=self.name))
            return False
        is_begun = False
        if isinstance(error, NotYet):
            finding, is_begun = error.finding, True
        elif isinstance(error, NameError) and error.name:
            finding = _missing(error.name, trace)
        elif isinstance(error, NotImplementedError) and STUB_TASK.match(str(error)):
            likely = "Write the body in place of that line, run the answer cell, then this check again."
            finding = Finding("Your answer", "a body in place of the `raise` line", "the stub as it was given", likely)
        elif isinstance(error, Exception):
            is_begun = True
            raised, said = type(error).__name__, _shortened(str(error))
            finding = Finding("Your answer", "a result", f"{raised}: {said}", likely_mistake(raised, said))
        else:
            return False
        _failed_runs[self.name] += 1
        hints_in_text = min(_failed_runs[self.name], len(self.hints))
        card = Card(
            self.title,
            passed=False,
            findings=(finding,),
            hints=self.hints,
            hints_in_text=hints_in_text,
            footer=self.advice,
            name=self.name,
        )
        # A right answer is shown to those who have given one of their own.
        solution = find_solution(self.name, self.title) if is_begun else None
        if solution is not None:
            card = replace(card, solution=solution.code, solution_place=solution.place)
        _display(card)
        raise NotYet(finding) from None


def quiz(name: str, answer: Callable[[], Any], packed: str) -> None:
    """Explain the chosen option of a multiple-choice question.

    Args:
        name: The quiz's name, which is also the answer's.
        answer: Returns the learner's letter, such as `"B"`; called here, so that an open blank is explained.
        packed: What `pack` made of the options: letter -> (right, explanation).

    Raises:
        NotYet: Another option is right, or the answer is no letter of the list.
    """
    options = unpack(packed)
    card = exercise(name, title="Quiz")
    with card as check:
        given = answer()
        letter = given.strip().upper() if isinstance(given, str) else ""
        check.that(letter in options, f"one of the letters {', '.join(sorted(options))}, in quotes", got=show(given))
        right, why = options[letter]
        check.that(right, "the option that holds", got=f"option {letter}", likely=why)
        card.success = f"{letter}. {why}"
        card.footer = ""


def _last_answer() -> str:
    """Return the cell that was run last before the checks, or nothing outside a notebook."""
    try:
        from IPython import get_ipython
    except ImportError:
        return ""
    shell = get_ipython()
    cells = shell.user_ns.get("In", []) if shell is not None else []
    return next((cell for cell in reversed(cells) if cell and not CHECK_CELL.search(cell)), "")


def _missing(name: str, trace: TracebackType | None) -> Finding:
    """Return what is said of a name that does not exist: a blank where one is open, or where to begin."""
    answer = _last_answer()
    blanks = open_blanks(answer)
    at_fault = blank_at(trace) if name == BLANK else None
    if at_fault is not None and not blanks:
        blanks = [at_fault]
    if blanks or name == BLANK:
        got = still_open(blanks) if blanks else f"a blank `{BLANK}` that is still open"
        step = "Put your code there, run the answer cell, then this check again."
        return Finding("Your answer", "code in place of every blank", got, step)
    step = "Put your code in place of the `raise` line," if _STUB_LINE in answer else "If you have not done so,"
    return Finding(
        f"`{name}`",
        "a name that your answer cell defines",
        "a name that does not exist yet",
        f"{step} run the answer cell, mend any error it shows, then this check again.",
    )


def _shortened(text: str) -> str:
    """Return an error's message without colours and on one line, cut where it becomes a manual."""
    text = " ".join(_COLOURS.sub("", text).split())
    return text if len(text) <= LONGEST_ERROR else text[:LONGEST_ERROR].rsplit(" ", 1)[0] + " …"


def _display(card: Card) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython is not None and get_ipython() is not None:
        display(card)
    elif not card.passed:
        print(card.text())
