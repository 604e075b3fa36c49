"""What files in `graders/` import: `compare` for the ordinary case, `hidden` for a check of one's own."""

from __future__ import annotations

import copy
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scalable_ai.cards import Finding
from scalable_ai.checks import Check, NotYet
from scalable_ai.comparison import kind
from scalable_ai.grading.answerer import Answerer, AnswerError
from scalable_ai.lessons.exercise import Quiz

Run = Callable[[Check, Answerer, Answerer, np.random.Generator], None]


class GraderError(Exception):
    """A file of hidden checks that cannot be used: says which, what is wrong and what to do."""


@dataclass(frozen=True)
class HiddenCheck:
    """One thing the judge looks at."""

    exercise: str
    what: str
    """What it looks at, in words for the learner."""
    weight: float
    run: Run
    time_limit: float
    """Seconds, for everything it asks the learner's kernel."""
    group: int | None = None
    """Checks of one group draw the same inputs, so that one run answers for all of them."""
    control: bool = True
    """Whether the reference answer is tried where the learner's fails."""


@dataclass(frozen=True)
class Outcome:
    """What became of one hidden check."""

    what: str
    weight: float
    passed: bool
    finding: Finding | None = None
    is_timeout: bool = False


_collected: list[HiddenCheck] = []

TIME_LIMIT = 10.0


def hidden(
    exercise: str,
    what: str,
    weight: float = 1,
    time_limit: float = TIME_LIMIT,
    group: int | None = None,
    control: bool = True,
) -> Callable[[Run], Run]:
    """Make a function `(check, learner, reference, rng)` a hidden check of an exercise.

    The function asks `learner` and `reference` and demands things through `check`; an exception that `check` or
    `learner` raises fails it with a message for the learner.

    Args:
        exercise: The exercise's name.
        what: What is looked at, in words for the learner.
        weight: Its share of the exercise's points, relative to the other checks.
        time_limit: Seconds for all of its questions together.
        group: Checks of an exercise with the same number draw the same inputs.
        control: Whether the reference answer has to pass where the learner's fails, which shows a fault of the check.
            A check of handed-in files does without, since the reference answer hands nothing in at grading.
    """

    def register(run: Run) -> Run:
        _collect(HiddenCheck(exercise, what, weight, run, time_limit, group, control))
        return run

    return register


def compare(
    exercise: str,
    *,
    given: Callable[[np.random.Generator], dict[str, Any]] | None = None,
    want: list[str] | None = None,
    call: str | None = None,
    args: Callable[[np.random.Generator], tuple] | None = None,
    likely: str | dict[str, str] = "",
    tolerance: float | None = None,
    repeats: int = 5,
    weight: float = 1,
    time_limit: float = TIME_LIMIT,
) -> None:
    """Compare the learner's answer with the reference answer on fresh random inputs.

    Either the answer cell is run again with other inputs (`given`, `want`; one check per wanted name), or a function
    of it is called (`call`, `args`; one check).

    Args:
        exercise: The exercise's name.
        given: Draws names and values that the answer cell finds instead of the lesson's.
        want: The names that are compared.
        call: The function that is called.
        args: Draws its positional arguments.
        likely: The likeliest mistake; with `want`, a dict gives one per name.
        tolerance: As in `Check.equal`.
        repeats: How many draws.
        weight: Relative weight of each check.
        time_limit: Seconds for each check.
    """
    if bool(want) == (call is not None) or (call is not None and args is None):
        raise GraderError(f"compare({exercise!r}, …) needs either 'want' (with 'given') or 'call' with 'args'.")

    def mistake(name: str) -> str:
        return likely.get(name, "") if isinstance(likely, dict) else likely

    if call is not None:

        def run_call(check: Check, learner: Answerer, reference: Answerer, rng: np.random.Generator) -> None:
            for _ in range(repeats):
                drawn = args(rng)
                if not isinstance(drawn, tuple):
                    raise GraderError(f"compare({exercise!r}, …): 'args' returns no tuple.")
                expected = reference.call(call, *drawn)
                check.equal(learner.call(call, *drawn), expected, f"{call}(…)", mistake(call), tolerance)

        _collect(HiddenCheck(exercise, f"`{call}` on new inputs", weight, run_call, time_limit))
        return

    group = len(_collected)
    for name in want:

        def run_name(
            check: Check, learner: Answerer, reference: Answerer, rng: np.random.Generator, name: str = name
        ) -> None:
            for _ in range(repeats):
                inputs = given(rng) if given else {}
                expected = reference.rerun_each(exercise, inputs, want, name)
                got = learner.rerun_each(exercise, inputs, want, name)
                check.equal(got, expected, name, mistake(name), tolerance)

        _collect(HiddenCheck(exercise, f"`{name}` on new inputs", weight, run_name, time_limit, group))


def _collect(check: HiddenCheck) -> None:
    if not check.weight > 0:
        raise GraderError(f"A hidden check of '{check.exercise}' has weight {check.weight}; it needs more than 0.")
    _collected.append(check)


def load_checks(path: Path) -> dict[str, list[HiddenCheck]]:
    """Return the hidden checks that a file registers, by exercise.

    Raises:
        GraderError: The file cannot be run.
    """
    _collected.clear()
    try:
        runpy.run_path(str(path))
    except (Exception, SystemExit) as error:
        raise GraderError(f"{path}: these hidden checks cannot be loaded ({type(error).__name__}: {error}).") from error
    by_exercise: dict[str, list[HiddenCheck]] = {}
    for check in _collected:
        by_exercise.setdefault(check.exercise, []).append(check)
    _collected.clear()
    return by_exercise


def quiz_check(quiz: Quiz) -> HiddenCheck:
    """Return the hidden check of a multiple-choice question; like the visible one, it explains the chosen option."""
    options = quiz.packed_options()
    letters = ", ".join(options)

    def run(check: Check, learner: Answerer, reference: Answerer, rng: np.random.Generator) -> None:
        given = learner.get(quiz.name)
        letter = given.strip().upper() if isinstance(given, str) else ""
        likely = "Write the letter alone, in quotes, not the option's text."
        check.that(letter in options, f"one of the letters {letters}, in quotes", got=kind(given), likely=likely)
        right, why = options[letter]
        check.that(right, "the option that holds", got=f"option {letter}", likely=why)

    return HiddenCheck(quiz.name, "The chosen option", 1, run, TIME_LIMIT)


def run_check(
    hidden_check: HiddenCheck,
    learner: Callable[[], Answerer],
    reference: Callable[[], Answerer],
    rng: np.random.Generator,
) -> Outcome:
    """Run one hidden check against a learner's answer.

    Raises:
        GraderError: The reference answer itself failed: no verdict can be given.
    """
    same_rng = copy.deepcopy(rng)
    try:
        hidden_check.run(Check(reveal=False), learner(), _Trusted(reference()), rng)
    except GraderError:
        raise
    except AnswerError as error:
        finding = Finding(hidden_check.what, error.expected, error.got, error.likely)
        if error.is_timeout:
            return Outcome(hidden_check.what, hidden_check.weight, False, finding, is_timeout=True)
    except NotYet as failed:
        finding = failed.finding
    except Exception as error:  # the check's own code met a value it was not written for
        got = f"another kind of value ({type(error).__name__})"
        likely = "Look at what the task says the answer is: its type, and what it holds."
        finding = Finding(hidden_check.what, "a value of the kind that the task asks for", got, likely)
    else:
        return Outcome(hidden_check.what, hidden_check.weight, True)
    if hidden_check.control:
        _control(hidden_check, reference, same_rng)
    return Outcome(hidden_check.what, hidden_check.weight, False, finding)


def _control(hidden_check: HiddenCheck, reference: Callable[[], Answerer], rng: np.random.Generator) -> None:
    """Run a check that was just failed on the reference answer: where that fails too, the check is to blame."""
    try:
        hidden_check.run(Check(reveal=False), _Trusted(reference()), _Trusted(reference()), rng)
    except GraderError:
        raise
    except Exception as error:
        why = error.finding.sentence() if isinstance(error, NotYet) else f"{type(error).__name__}: {error}"
        raise GraderError(f"'{hidden_check.what}': the reference answer does not pass its own check: {why}") from error


class _Trusted:
    """The reference answer: whatever it raises is the grader's fault, never the learner's."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._answerer, name)

        def ask(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            except AnswerError as error:
                raise GraderError(f"the reference answer itself failed: {error}") from error

        return ask
