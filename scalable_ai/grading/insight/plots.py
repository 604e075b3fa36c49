"""The figures of a class's page, each with its description in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from scalable_ai.figures import DescribedImage
from scalable_ai.grading.insight.statistics import BINS, Item

BLUE = "#0b62a4"


def spread_plot(counts: Sequence[int], points: float) -> DescribedImage:
    """Return how many learners have how many points, in tenths."""
    figure = Figure(figsize=(6.4, 2.6))
    axes = figure.subplots()
    axes.bar([points * (at + 0.5) / BINS for at in range(BINS)], counts, width=0.9 * points / BINS, color=BLUE)
    axes.set(xlabel="points", ylabel="learners", xlim=(0, points))
    axes.yaxis.get_major_locator().set_params(integer=True)
    said = ", ".join(
        f"{points * at / BINS:g} to {points * (at + 1) / BINS:g}: {count}" for at, count in enumerate(counts) if count
    )
    return DescribedImage(figure, f"Bars of how many learners have how many of {points:g} points. {said}.")


def earned_plot(items: Sequence[Item]) -> DescribedImage:
    """Return the mean share of the points of each exercise, the hardest at the top."""
    ordered = sorted(items, key=lambda item: -item.difficulty)
    figure = Figure(figsize=(6.4, 0.8 + 0.28 * len(ordered)))
    axes = figure.subplots()
    names = [f"{item.notebook}: {item.exercise}" for item in ordered]
    # Positions, not names: two notebooks may call an exercise alike.
    axes.barh(range(len(ordered)), [100 * item.difficulty for item in ordered], color=BLUE)
    axes.set_yticks(range(len(ordered)), names, parse_math=False)
    axes.set(xlabel="points earned, %", xlim=(0, 100))
    said = ", ".join(f"{item.notebook}, {item.title}: {100 * item.difficulty:.0f} %" for item in reversed(ordered))
    return DescribedImage(figure, f"Bars of the share of the points that was earned, the hardest first. {said}.")
