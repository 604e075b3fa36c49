"""What `scalable-ai bench grading` prints."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table


def show(console: Console, facts: dict, differing: list[str]) -> None:
    """Print what was measured, and which marks differ."""
    ratio, each = facts.get("ratio", {}), facts["seconds each"]
    stock = f", {facts['stock learners']} of them with stock nbgrader too" if ratio else ""
    table = Table("way", "seconds each", "times stock", title=f"Grading, {facts['learners']} hand-ins{stock}")
    for name, seconds in each.items():
        times = f"{ratio[name]:.1f} ×" if name in ratio else "1.0 ×" if name == "stock" else "no ratio without stock"
        table.add_row(name, f"{seconds:.2f}", times)
    for one in facts["training"]:
        added = one["seconds added to each notebook"]
        table.add_row(f"stock, {added} s more in every notebook", f"{one['stock']:.2f}", "1.0 ×")
        table.add_row(f"engine, {added} s more in every notebook", f"{one['engine']:.2f}", f"{one['ratio']:.1f} ×")
    for name, seconds in facts["bare seconds each"].items():
        table.add_row(f"bare, {name}", f"{seconds:.2f}", "")
    console.print(table)
    table = Table("what", "stock", "engine")
    cpu, peak = facts["cpu seconds each"], facts["peak bytes"]
    table.add_row("processor seconds each", *(_text(cpu, name, "{:.2f}", 1) for name in ("stock", "engine")))
    table.add_row("memory at most", *(_text(peak, name, "{:.2f} GB", 1e9) for name in ("stock", "engine")))
    for share, size in facts["bytes at a share of the batch"].items():
        table.add_row(
            f"memory at {float(share):.0%} of the batch", "", f"{size / 1e9:.2f} GB" if size else "too short to see"
        )
    for name, seconds in facts["bare seconds each"].items():
        over = 1000 * (each["engine, long batch"] - seconds)
        table.add_row(f"over bare, {name}", "", f"{over:.0f} ms a hand-in")
    if ratio:
        table.add_row("marks that differ", "", f"{len(differing)} of {facts['stock learners']} hand-ins' cells")
    console.print(table)
    for line in differing:
        print(line, file=sys.stderr)


def _text(values: dict[str, float], name: str, form: str, unit: float) -> str:
    return form.format(values[name] / unit) if name in values else ""
