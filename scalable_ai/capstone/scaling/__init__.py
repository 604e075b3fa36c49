"""`scalable-ai capstone scale`: how training scales here, measured, and how it would on more, by a cost model."""

import argparse
import os
import platform
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from .setup import ScaleError, setups

__all__ = ["ScaleError", "processor", "scale"]


def scale(argv: Sequence[str] = ()) -> Path:
    """Measure, fit, predict, write the report, print its tables, and return the folder.

    Args:
        argv: Options of `scale`; those it does not know go to `fit`.

    Raises:
        ScaleError: It cannot be measured, told in one sentence.
    """
    parser = _parser()
    wanted, options = parser.parse_known_args(argv)

    from rich.console import Console

    from .assumption import Assumptions
    from .measurement import measure
    from .report import make_report

    assumed = Assumptions().changed(wanted.assume)
    if wanted.steps < 1:
        raise ScaleError(f"--steps {wanted.steps}: at least one step has to be timed.")
    cores, gpus = available_cores(), available_gpus(options)
    planned = setups(wanted.processes or default_processes(len(cores), gpus), len(cores), gpus)
    if wanted.config:
        options = ["--config", wanted.config, *options]
    command = " ".join(options)
    if not any(word.split("=")[0] == "--data.source" for word in options):
        # What is in the pictures does not change what they cost.
        options = [*options, "--data.source", "generated", "--data.num_train", "10000", "--data.num_test", "500"]
    here = machine(len(cores))
    console, runs = Console(), []
    for number, setup in enumerate(planned, 1):
        run = measure(setup, cores, options, wanted.steps, runs[0] if runs else None)
        runs.append(run)
        done = f"{run.seconds:.3f} s a step, {run.images_per_second:,.0f} images/s"
        console.print(
            f"{number} of {len(planned)}  {setup}, {run.images:,} images a step: {done}",
            highlight=False,
            soft_wrap=True,
        )
    report = make_report(
        runs,
        assumed,
        made=time.strftime("%Y-%m-%d %H:%M"),
        machine=here,
        pinned=hasattr(os, "sched_setaffinity"),
        command=command,
    )
    for path in report.write(wanted.output):
        console.print(f"Written to {path}", highlight=False, soft_wrap=True)
    return wanted.output


def available_cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def available_gpus(options: Sequence[str]) -> int:
    """Return how many GPUs there are; none where the options ask for the CPU."""
    words = " ".join(options).replace("=", " ").split()
    if ("--trainer.accelerator", "cpu") in pairwise(words):
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def default_processes(cores: int, gpus: int) -> list[int]:
    """Return 1 and 2 on a processor, and 1, 2, 4 and so on up to all GPUs where there are any."""
    if not gpus:
        return [1, 2][: min(2, cores)]
    return sorted({2**power for power in range(gpus.bit_length())} | {gpus})


def machine(cores: int) -> str:
    """Name the processor, the cores that are available, and what else keeps them busy."""
    busy = f", load {os.getloadavg()[0]:.1f} when it began" if hasattr(os, "getloadavg") else ""
    return f"{processor()}, {cores} {'core' if cores == 1 else 'cores'}{busy}"


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scalable-ai capstone scale",
        allow_abbrev=False,
        description="Measure how training scales over processes, fit a cost model, and predict 8 and 64 processes.",
        epilog="Further options (--data.*, --model.*, --trainer.*) go to `scalable-ai capstone fit`.",
    )
    parser.add_argument("--processes", type=_numbers, metavar="1,2", help="numbers of processes; 1 is always measured")
    parser.add_argument("--config", metavar="NAME", help="configuration of `fit`")
    parser.add_argument("--steps", type=int, default=6, metavar="N", help="timed steps of each run (6)")
    parser.add_argument("--output", type=Path, default=Path("runs/scaling"), metavar="FOLDER", help="runs/scaling")
    parser.add_argument("--assume", action="append", default=[], metavar="NAME=VALUE", help="change an assumption")
    return parser


def _numbers(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: name whole numbers, such as 1,2") from None
