"""Spans of time as (start, end): how long at least one of them lasts, and how long two sets of them last together."""

from collections.abc import Iterable

Span = tuple[float, float]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the union of spans as spans that do not touch, in order."""
    union: list[Span] = []
    for start, end in sorted(spans):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return union


def total(spans: Iterable[Span]) -> float:
    """Return how long at least one of the spans lasts."""
    return sum(end - start for start, end in merged(spans))


def covered(spans: Iterable[Span], by: Iterable[Span]) -> float:
    """Return for how long a span of the first set and one of the second last at once."""
    spans, by = merged(spans), merged(by)
    # Rounding alone could take it below 0.
    return max(0.0, total(spans) + total(by) - total([*spans, *by]))
