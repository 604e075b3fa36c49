"""A class's marks in numbers: how they are spread, and what each exercise tells apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, pstdev

from scalable_ai.grading.insight.answers import Answer

BINS = 10
FEWEST = 5
"""Learners, fewer of whom say nothing about an exercise."""


@dataclass(frozen=True)
class Item:
    """What a class made of one exercise."""

    notebook: str
    exercise: str
    title: str
    learners: int
    difficulty: float
    """The mean share of the points that was earned: 1 is easy, 0 is hard."""
    full: int
    """How many have all points."""
    discrimination: float | None
    """The correlation of this exercise's share with the marks for all others; None where it cannot be computed."""
    messages: tuple[tuple[str, int], ...]
    """What was wrong first, with how often, the commonest first."""
    seconds: tuple[float, float] | None
    """The median and the longest time of the answer's cell at grading."""

    @property
    def remark(self) -> str:
        """Return what an author may want to look at; empty where nothing stands out."""
        if self.learners < FEWEST:
            return ""
        if self.discrimination is not None and self.discrimination < 0:
            return "who did well elsewhere did worse here: is the check, or the task, at fault?"
        if self.difficulty < 0.2:
            return "hardly anybody has it: is something untold?"
        if self.difficulty > 0.98:
            return "everybody has it: it tells nobody apart"
        return ""


def totals(answers: Iterable[Answer]) -> dict[str, float]:
    """Return each learner's marks."""
    found: dict[str, float] = {}
    for answer in answers:
        found[answer.learner] = found.get(answer.learner, 0.0) + answer.score
    return found


def histogram(scores: Iterable[float], most: float) -> list[int]:
    """Return how many marks fall into each tenth of the points; full marks into the last."""
    counts = [0] * BINS
    for score in scores:
        counts[min(BINS - 1, max(0, int(BINS * score / most)))] += 1
    return counts


def items(answers: Sequence[Answer]) -> list[Item]:
    """Return what the class made of each exercise, in the order of notebooks and their cells' names."""
    scores = totals(answers)
    found: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        found.setdefault((answer.notebook, answer.exercise), []).append(answer)
    return [_item(given, scores) for given in found.values()]


def _item(given: list[Answer], scores: dict[str, float]) -> Item:
    shares = [answer.share for answer in given]
    rests = [scores[answer.learner] - answer.score for answer in given]
    messages = Counter(answer.message for answer in given if answer.message and answer.share < 1)
    times = [answer.seconds for answer in given if answer.seconds is not None]
    return Item(
        given[0].notebook,
        given[0].exercise,
        next((answer.title for answer in given if answer.title), given[0].exercise),
        len(given),
        mean(shares),
        sum(share >= 1 for share in shares),
        correlation(shares, rests),
        tuple(messages.most_common()),
        (median(times), max(times)) if times else None,
    )


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Pearson's correlation; None for less than three pairs, or where one side is all the same."""
    if len(left) < 3:
        return None
    spread = pstdev(left) * pstdev(right)
    if not spread or not math.isfinite(spread):
        return None
    middle = mean(left), mean(right)
    together = mean((a - middle[0]) * (b - middle[1]) for a, b in zip(left, right, strict=True))
    return max(-1.0, min(1.0, together / spread))
