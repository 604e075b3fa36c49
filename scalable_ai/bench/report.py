"""`make bench`: all measurements in one table, stored with versions and hardware."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console
from rich.table import Table

from scalable_ai.bench.timing import Comparison
from scalable_ai.capstone.scaling import processor
from scalable_ai.course import Course

if TYPE_CHECKING:
    from scalable_ai.bench.training import Share

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "onnxruntime", "nbgrader")


def run_bench(course: Course) -> int:
    """Measure, print ratios, and store them in `bench/`."""
    from scalable_ai.bench.inference import bench_inference
    from scalable_ai.bench.loading import bench_loading
    from scalable_ai.bench.training import bench_training

    console = Console()
    comparisons = []
    console.print("Measuring loading …")
    comparisons += bench_loading()
    console.print("Measuring training …")
    trainings, share = bench_training()
    comparisons += trainings
    console.print("Measuring inference …")
    comparisons += bench_inference()
    table = Table("what", "ours", "the other", "ratio", title="Medians, measured turn by turn on this machine")
    for one in comparisons:
        sides = (f"{one.names[i]}: {_pace(one, i)}" for i in (0, 1))
        table.add_row(one.what, *sides, f"{one.ratio:.2f} ×")
    console.print(table)
    console.print(str(share), highlight=False)
    path = store(course.root / "bench", comparisons, share)
    console.print(f"Stored in {path}")
    return 0


def _pace(one: Comparison, which: int) -> str:
    rate = one.rate(which)
    if rate < 0.1:
        return f"{one.amount / rate:,.0f} s"
    return f"{rate:,.{0 if one.rate(1) >= 10 else 2}f} {one.unit}/s"


def store(folder: Path, comparisons: list[Comparison], share: Share) -> Path:
    """Write comparisons and the share of the machine's peak as JSON, with versions and hardware."""
    listed = [{**asdict(one), "ratio": one.ratio} for one in comparisons]
    return write(folder, "", {"comparisons": listed, "convolutions": asdict(share)})


def write(folder: Path, name: str, measured: dict) -> Path:
    """Write measurements as JSON, with versions and hardware.

    Args:
        folder: Where; made if need be.
        name: How the file's name begins, before the time.
        measured: The measurements.
    """
    facts = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {processor()}",
        "memory bytes": psutil.virtual_memory().total,
        "packages": {name: metadata.version(name) for name in PACKAGES},
        **measured,
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}{facts['when'].replace(':', '')}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return path
