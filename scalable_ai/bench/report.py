"""`make bench`: all measurements in one table, stored with versions and hardware."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scalable_ai.bench.timing import Comparison
from scalable_ai.course import Course

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "onnxruntime", "nbgrader")


def run_bench(course: Course) -> int:
    """Measure, print ratios, and store them in `bench/`."""
    from scalable_ai.bench.inference import bench_inference
    from scalable_ai.bench.loading import bench_loading

    console = Console()
    comparisons = []
    for label, run in (
        ("loading", lambda: [bench_loading()]),
        ("inference", bench_inference),
    ):
        console.print(f"Measuring {label} …")
        comparisons += run()
    table = Table("what", "ours", "the other", "ratio", title="Medians, measured turn by turn on this machine")
    for one in comparisons:
        digits = 0 if one.rate(1) >= 10 else 2
        sides = (f"{one.names[i]}: {one.rate(i):,.{digits}f} {one.unit}/s" for i in (0, 1))
        table.add_row(one.what, *sides, f"{one.ratio:.2f} ×")
    console.print(table)
    path = store(course.root / "bench", comparisons)
    console.print(f"Stored in {path}")
    return 0


def store(folder: Path, comparisons: list[Comparison]) -> Path:
    """Write the measurements as JSON, with versions and hardware."""
    facts = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "comparisons": [{**asdict(one), "ratio": one.ratio} for one in comparisons],
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"{facts['when'].replace(':', '')}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return path
