"""The report's figures, each with a description that says in words and numbers what it shows."""

import base64
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .calibration import Bin, Calibration
from .corruption import CORRUPTIONS, SEVERITIES
from .interval import wilson
from .robustness import Robustness

LONGEST_NAME = 14
STYLE = {
    "text.parse_math": False,  # a class name may hold dollar signs
    "svg.fonttype": "none",  # letters stay letters, and sharp
    "svg.hashsalt": "scalable-ai",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK = {"light": "#1b1f24", "dark": "#e6e8eb"}
ACCENT = {"light": "#0b62a4", "dark": "#6cb6f0"}
SECOND = {"light": "#a85500", "dark": "#f0a860"}
PAPER = {"light": "#ffffff", "dark": "#14171a"}


@dataclass(frozen=True)
class Plot:
    """One figure.

    Attributes:
        name: Of its file, without an ending.
        title: What it is.
        description: What it shows, with numbers computed from the data.
        size: Width and height in inches.
        draw: Draws into axes in the colors of a theme, "light" or "dark".
    """

    name: str
    title: str
    description: str
    size: tuple[float, float]
    draw: Callable[[Axes, str], None]

    def data_uri(self, theme: str) -> str:
        """Return the figure as an SVG image in an address, on a transparent ground."""
        return "data:image/svg+xml;base64," + base64.b64encode(self._render(theme, "svg", True)).decode()

    def save(self, folder: Path) -> Path:
        """Write the figure as a PNG file on white."""
        path = folder / f"{self.name}.png"
        path.write_bytes(self._render("light", "png", False))
        return path

    def _render(self, theme: str, kind: str, transparent: bool) -> bytes:
        ink, buffer = INK[theme], io.BytesIO()
        names = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
        with mpl.rc_context({**STYLE, **dict.fromkeys(names, ink)}), warnings.catch_warnings():
            # A class name may hold letters that the font of this machine lacks.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            figure = Figure(figsize=self.size, layout="constrained", facecolor=PAPER[theme])
            axes = figure.add_subplot(facecolor="none")
            self.draw(axes, theme)
            metadata = {"Date": None} if kind == "svg" else None
            figure.savefig(buffer, format=kind, dpi=150, transparent=transparent, metadata=metadata)
        return buffer.getvalue()


def short(name: str) -> str:
    """Return a class name that fits beside an axis."""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split()) or "?"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def confusion_plot(confusion: list[list[int]], classes: tuple[str, ...]) -> Plot:
    """Return the confusion matrix: rows are true classes, columns answers."""
    pairs = [
        (confusion[row][column], classes[row], classes[column])
        for row in range(len(classes))
        for column in range(len(classes))
        if row != column and confusion[row][column]
    ]
    pairs.sort(key=lambda pair: -pair[0])
    worst = "; ".join(f"{true} taken for {answer} ({count})" for count, true, answer in pairs[:3])
    total, right = sum(map(sum, confusion)), sum(row[place] for place, row in enumerate(confusion))
    description = (
        f"Confusion matrix of {total:,} images, true classes as rows and answers as columns. {right:,} lie on the "
        f"diagonal, where the answer is right. {'Most frequent mistakes: ' + worst if pairs else 'No mistakes'}."
    )

    def draw(axes: Axes, theme: str) -> None:
        sums = [max(1, sum(row)) for row in confusion]
        shares = [[count / whole for count in row] for row, whole in zip(confusion, sums, strict=True)]
        axes.pcolormesh(shares, cmap="Blues" if theme == "light" else "Blues_r", vmin=0, vmax=1)
        for row, counts in enumerate(confusion):
            for column, count in enumerate(counts):
                dark_ground = (shares[row][column] > 0.5) == (theme == "light")
                color = "white" if dark_ground else "#14171a"
                axes.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", color=color, fontsize=8)
        places = [place + 0.5 for place in range(len(classes))]
        axes.set_xticks(places, [short(name) for name in classes], rotation=90)
        axes.set_yticks(places, [short(name) for name in classes])
        axes.invert_yaxis()
        axes.set_aspect("equal")
        axes.tick_params(length=0)
        axes.set(xlabel="answer", ylabel="true class")

    return Plot("confusion", "Confusion matrix", description, (5, 5), draw)


def per_class_plot(confusion: list[list[int]], classes: tuple[str, ...]) -> Plot:
    """Return each class's accuracy with its interval, the best on top."""
    rows = [(row[place], sum(row), name) for place, (row, name) in enumerate(zip(confusion, classes, strict=True))]
    rows = sorted((row for row in rows if row[1]), key=lambda row: row[0] / row[1])
    told = "; ".join(f"{name} {right / count:.1%}" for right, count, name in reversed(rows))
    description = (
        f"Accuracy by class with 95 % intervals, from the best to the worst: {told}. "
        f"Between best and worst lie {100 * (rows[-1][0] / rows[-1][1] - rows[0][0] / rows[0][1]):.1f} points."
    )

    def draw(axes: Axes, theme: str) -> None:
        for place, (right, count, _) in enumerate(rows):
            low, high = wilson(right, count)
            axes.plot([100 * low, 100 * high], [place, place], color=ACCENT[theme], linewidth=2)
            axes.plot(100 * right / count, place, "o", color=ACCENT[theme])
        axes.set_yticks(range(len(rows)), [short(name) for *_, name in rows])
        axes.set_xlabel("accuracy, % (line: 95 % interval)")
        axes.grid(axis="x", alpha=0.25)

    return Plot("per-class", "Accuracy by class", description, (5, 0.32 * len(rows) + 0.8), draw)


def reliability_plot(calibration: Calibration) -> Plot:
    """Return accuracy against confidence, before and after the temperature."""

    def told(bins: list[Bin]) -> str:
        worst = max(bins, key=lambda one: one.count * abs(one.confidence - one.right / one.count))
        return (
            f"the bin that adds most to the error holds {worst.count:,} images, with confidence "
            f"{worst.confidence:.1%} and accuracy {worst.right / worst.count:.1%}"
        )

    found = calibration
    description = (
        f"Reliability diagram: accuracy of answers against their confidence, in bins; on the diagonal both are equal. "
        f"Before temperature scaling the calibration error is {found.error_before:.3f}; {told(found.bins_before)}. "
        f"With a temperature of {found.temperature:.2f} it is {found.error_after:.3f}; {told(found.bins_after)}."
    )

    def draw(axes: Axes, theme: str) -> None:
        axes.plot([0, 100], [0, 100], "--", color=INK[theme], alpha=0.5, linewidth=1)
        series = (("before", found.bins_before, "s", SECOND), ("after", found.bins_after, "o", ACCENT))
        for label, bins, marker, color in series:
            x, y = [100 * one.confidence for one in bins], [100 * one.right / one.count for one in bins]
            ends = [wilson(one.right, one.count) for one in bins]
            axes.vlines(
                x, [100 * low for low, _ in ends], [100 * high for _, high in ends], color=color[theme], alpha=0.5
            )
            axes.plot(x, y, marker=marker, color=color[theme], label=label, markersize=5)
        axes.set(xlabel="confidence, %", ylabel="accuracy, % (line: 95 % interval)", xlim=(0, 102), ylim=(0, 102))
        axes.legend(frameon=False, loc="upper left")
        axes.grid(alpha=0.25)

    return Plot("reliability", "Reliability diagram", description, (5, 4.4), draw)


def robustness_plot(found: Robustness) -> Plot:
    """Return the accuracy under each corruption, severities as numbered dots on a line."""
    kinds = sorted(CORRUPTIONS, key=lambda kind: found.of(kind)[-1].accuracy)
    means = ", ".join(f"{found.mean(severity):.1%}" for severity in SEVERITIES)
    told = "; ".join(
        f"{CORRUPTIONS[kind].title} {', '.join(f'{entry.accuracy:.1%}' for entry in found.of(kind))}" for kind in kinds
    )
    description = (
        f"Accuracy on {found.num_images:,} corrupted test images. As they are: {found.clean:.1%}. Mean over all kinds "
        f"at severities 1, 2 and 3: {means}. By kind, the hardest first: {told}."
    )

    def draw(axes: Axes, theme: str) -> None:
        axes.axvline(100 * found.clean, color=SECOND[theme], linestyle="--", linewidth=1.5)
        axes.annotate(
            "as they are", (100 * found.clean, len(kinds) - 0.35), color=SECOND[theme], ha="right",
            xytext=(-4, 0), textcoords="offset points", fontsize=9,
        )  # fmt: skip
        for place, kind in enumerate(reversed(kinds)):
            values = [100 * entry.accuracy for entry in found.of(kind)]
            # One below the other, or equal severities would hide each other.
            heights = [place + 0.27 * (2 - severity) for severity in SEVERITIES]
            axes.plot(values, heights, color=ACCENT[theme], linewidth=1.5)
            for severity, value, height in zip(SEVERITIES, values, heights, strict=True):
                axes.plot(value, height, "o", color=PAPER[theme], markeredgecolor=ACCENT[theme], markersize=9)
                axes.text(value, height, str(severity), ha="center", va="center_baseline", fontsize=7)
        axes.set_yticks(range(len(kinds)), [CORRUPTIONS[kind].title for kind in reversed(kinds)])
        axes.set_ylim(-0.6, len(kinds) - 0.1)
        axes.set_xlabel("accuracy, % (number: severity)")
        axes.grid(axis="x", alpha=0.25)

    return Plot("robustness", "Robustness by severity", description, (5, 4.4), draw)
