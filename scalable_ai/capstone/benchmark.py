"""`scalable-ai capstone benchmark`: what each exported file costs to run, beside the network in eager PyTorch."""

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from .artefacts.pytorch import Run
from .cli import checkpoint_parser
from .errors import CapstoneError
from .export import FORMATS
from .runs import Loaded, load_network, newest_checkpoint

EAGER = "eager PyTorch"
BATCH_SIZES = (1, 128)
TURNS = {1: 200, 128: 10}
"""Timed calls by batch size; other sizes take 20."""
PACKAGES = ("torch", "onnx", "onnxruntime", "numpy")


class BenchmarkError(CapstoneError):
    """A benchmark that cannot be run, told in one sentence."""


@dataclass(frozen=True)
class Timing:
    """How fast one file answers.

    Attributes:
        name: The file's format, or "eager PyTorch".
        batch_size: Images in a call.
        p50: Median latency of a call, in seconds.
        p99: Latency that 99 of 100 calls keep, in seconds.
        throughput: Images a second over all calls.
        ratio: How many times lower its median latency is than that of eager PyTorch.
    """

    name: str
    batch_size: int
    p50: float
    p99: float
    throughput: float
    ratio: float


def runners(loaded: Loaded, folder: Path) -> dict[str, Run]:
    """Return what answers, by name: the network itself first, then every exported file of a folder.

    Raises:
        BenchmarkError: There is no exported file, or one cannot be opened.
    """
    found = {EAGER: torch.inference_mode()(loaded.network)}
    for kind in FORMATS:
        path = folder / kind.file
        if not path.is_file():
            continue
        try:
            found[kind.name] = kind.read(loaded, path)
        except Exception as error:  # Each library has its own errors for a file that is not its own.
            text = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise BenchmarkError(f"{path}: it cannot be opened ({text}); run `scalable-ai capstone export`.") from None
    if len(found) == 1:
        raise BenchmarkError(f"{folder}: no exported file is here; run `scalable-ai capstone export` first.")
    return found


def measure(runs: dict[str, Run], batch_size: int, turns: int) -> list[Timing]:
    """Time calls of all in turn, so that a busy machine slows each alike.

    Args:
        runs: What answers, by name; the first is what the others are compared with.
        batch_size: Images in a call.
        turns: Timed calls of each.
    """
    images = torch.rand(batch_size, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        # TorchScript optimizes at its second call.
        for _ in range(3):
            run(images)
    for _ in range(turns):
        for name, run in runs.items():
            seconds[name].append(_timed(run, images))
    first = float(np.median(seconds[next(iter(runs))]))
    timings = []
    for name, taken in seconds.items():
        p50, p99 = (float(value) for value in np.percentile(taken, (50, 99)))
        timings.append(Timing(name, batch_size, p50, p99, batch_size * turns / sum(taken), first / p50))
    return timings


def _timed(run: Callable[[Tensor], Tensor], images: Tensor) -> float:
    # The call before was another one's: without this call the caches would hold that one's weights.
    run(images)
    start = time.perf_counter()
    run(images)
    return time.perf_counter() - start


def benchmark(
    checkpoint: Path | str | None = None,
    folder: Path | str | None = None,
    runs: Path | str = "runs",
    threads: int | None = None,
    turns: int | None = None,
) -> list[Timing]:
    """Time every exported file of a checkpoint, print a table and write `benchmark.json` beside the files.

    Args:
        checkpoint: The file; None takes the newest run's.
        folder: Where the exported files lie; None takes `export` beside the checkpoint.
        runs: Where the newest run is looked for.
        threads: Processor threads for each; None takes PyTorch's choice.
        turns: Timed calls of each at each batch size.

    Raises:
        CheckpointError: No such checkpoint.
        BenchmarkError: There is no exported file, or one cannot be opened.
    """
    for name, value in (("threads", threads), ("turns", turns)):
        if value is not None and value < 1:
            raise BenchmarkError(f"--{name} {value}: name a whole number from 1 up.")
    loaded = load_network(Path(checkpoint) if checkpoint else newest_checkpoint(Path(runs)))
    folder = Path(folder) if folder else loaded.path.parent / "export"
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        ways = runners(loaded, folder)
        timings = [one for size in BATCH_SIZES for one in measure(ways, size, turns or TURNS.get(size, 20))]
        used = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
    Console().print(_table(timings, used))
    facts = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": used,
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "timings": [asdict(one) for one in timings],
    }
    path = folder / "benchmark.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"Stored in {path}")
    return timings


def _table(timings: Sequence[Timing], threads: int) -> Table:
    title = f"Measured turn by turn on this machine, {threads} {'thread' if threads == 1 else 'threads'}"
    table = Table("format", "batch", "p50 ms", "p99 ms", "images/s", "times faster", title=title)
    for one in timings:
        figures = (f"{1000 * one.p50:.2f}", f"{1000 * one.p99:.2f}", f"{one.throughput:,.0f}", f"{one.ratio:.2f}")
        table.add_row(one.name, str(one.batch_size), *figures)
    return table


def command(options: Sequence[str]) -> None:
    """Parse the options of `benchmark` and run it."""
    parser = checkpoint_parser("benchmark", data=False)
    parser.add_argument("--folder", metavar="FOLDER", help="the exported files; `export` beside the checkpoint")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads; PyTorch's choice when left out")
    parser.add_argument("--turns", type=int, metavar="N", help="timed calls of each (200 of one image, 10 of 128)")
    benchmark(**vars(parser.parse_args(options)))
