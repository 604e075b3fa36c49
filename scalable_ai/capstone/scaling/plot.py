"""The picture of a scaling report, and its description in words."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from .costmodel import Prediction
from .line import Line


def plot(lines: Sequence[Line], predicted: Sequence[Prediction]) -> Figure:
    """Return throughput over the number of processes, measured and predicted, both axes logarithmic."""
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log")
    axes.set_xscale("log", base=2)
    for kind, marker in (("strong", "o"), ("weak", "s")):
        rows = [line for line in lines if line.kind == kind]
        counts, rates = [line.processes for line in rows], [line.images_per_second for line in rows]
        axes.plot(counts, rates, marker=marker, label=f"measured, {kind}")
    for index, (name, rows) in enumerate(_series(predicted).items()):
        low, high = zip(*(row.throughput for row in rows), strict=True)
        counts = [row.processes for row in rows]
        color = f"C{2 + index}"
        axes.fill_between(counts, low, high, alpha=0.25, color=color)
        axes.plot(counts, high, linestyle="--", marker="^", color=color, label=f"predicted, {name}")
    counts = sorted({line.processes for line in lines} | {row.processes for row in predicted})
    axes.plot(counts, [lines[0].images_per_second * count for count in counts], ":", color="gray", label="ideal")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set(xlabel="processes", ylabel="training images a second")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return figure


def description(lines: Sequence[Line], predicted: Sequence[Prediction]) -> str:
    """Return what the picture shows, as text."""
    parts = ["Training images a second over the number of processes, both axes logarithmic."]
    for kind in ("strong", "weak"):
        rows = [f"{row.processes}: {row.images_per_second:,.0f}" for row in lines if row.kind == kind]
        parts.append(f"Measured, {kind} scaling, by number of processes: {', '.join(rows)}.")
    for name, rows in _series(predicted).items():
        told = [f"{row.processes}: {row.throughput[0]:,.0f} to {row.throughput[1]:,.0f}" for row in rows]
        parts.append(f"Predicted, {name}: {', '.join(told)}.")
    return " ".join([*parts, "A dotted line shows ideal scaling of the measured single process."])


def _series(predicted: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    found: dict[str, list[Prediction]] = {}
    for row in predicted:
        where, kind = row.name.split(", ")
        found.setdefault(f"{where.split()[-1]}, {kind}", []).append(row)
    return found
