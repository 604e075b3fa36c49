"""Measure two ways of doing the same work, turn by turn, so that a busy machine slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Seconds of two ways of doing the same work."""

    what: str
    unit: str
    """What one second's work is counted in, such as `images`."""
    amount: float
    """How much of it one turn does."""
    names: tuple[str, str]
    """Ours first."""
    seconds: tuple[list[float], list[float]]
    """Of each turn."""

    @property
    def ratio(self) -> float:
        """How many times faster the first one is, by medians."""
        ours, other = (statistics.median(turns) for turns in self.seconds)
        return other / ours

    def rate(self, which: int) -> float:
        """Return units a second of one of the two, by its median."""
        return self.amount / statistics.median(self.seconds[which])


def compare_turns(
    what: str, unit: str, amount: float, ways: dict[str, Callable[[], object]], turns: int = 5
) -> Comparison:
    """Time two functions turn by turn after a warm-up turn of each.

    Args:
        what: What is compared.
        unit: What the work is counted in.
        amount: How much of it one call does.
        ways: Two names and functions, ours first.
        turns: Timed turns of each.
    """
    names, functions = tuple(ways), tuple(ways.values())
    seconds: tuple[list[float], list[float]] = ([], [])
    for function in functions:
        function()
    for _ in range(turns):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return Comparison(what, unit, amount, names, seconds)
