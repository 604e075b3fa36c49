"""One run of a scaling report: started like any training run, read from what its processes wrote down."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .setup import WHOLE, ScaleError, Setup
from .worker import FILE

WARMUP = 2
PROFILED = 2


@dataclass(frozen=True)
class Measurement:
    """What a run took; times are those of the slowest process.

    Attributes:
        setup: What ran.
        images: Images of a step, over all processes.
        seconds: Of a step: the median of the timed ones.
        spread: Half of the distance between the first and the third quartile, as a share of the median.
        steps: Timed steps.
        processor_seconds: Processor time of a step, over all processes and their threads.
        profiled_seconds: Of a step under the profiler.
        all_reduce_seconds: Of these, time with an all-reduce under way, in the process where it is shortest: the
            others wait for that one.
        waiting_seconds: How much longer it is in the process that waits most.
        hidden_seconds: How much of the all-reduce time the same process computed meanwhile.
        messages: All-reduces a step.
        portions: Forward and backward passes a step.
        shared_norms: Layers that normalize over all processes: each sends a message forward and one backward.
        gradient_bytes: Size of all gradients.
        link: [bytes, seconds] of an all-reduce alone.
        device: What it ran on.
        precision: Lightning's name of the precision.
        torch: Version.
    """

    setup: Setup
    images: int
    seconds: float
    spread: float
    steps: int
    processor_seconds: float
    profiled_seconds: float
    all_reduce_seconds: float
    waiting_seconds: float
    hidden_seconds: float
    messages: float
    portions: int
    shared_norms: int
    gradient_bytes: int
    link: list[list[float]]
    device: str
    precision: str
    torch: str

    @property
    def images_per_second(self) -> float:
        """Training images a second over all processes."""
        return self.images / self.seconds

    @property
    def busy_share(self) -> float | None:
        """Share of its cores' time that a run on a processor had; well below 1 where other work took some of it."""
        cores = self.setup.processes * self.setup.cores
        return self.processor_seconds / (self.seconds * cores) if cores else None

    @property
    def all_reduce_share(self) -> float:
        """Share of a profiled step during which an all-reduce is under way."""
        return self.all_reduce_seconds / self.profiled_seconds


def measure(
    setup: Setup, cores: list[int], options: Sequence[str], steps: int, like: Measurement | None = None
) -> Measurement:
    """Run `fit` for some steps and return what they took.

    Args:
        setup: What to run.
        cores: Numbers of the processor cores to use.
        options: Options of `fit`.
        steps: Timed steps.
        like: A run with the configuration's batch, which this one's is a part or a multiple of, in as many portions;
            None takes the configuration's.

    Raises:
        ScaleError: The run fails; its own sentence says why.
    """
    if like:
        unit = setup.processes * like.portions
        portion = setup.processes * max(1, round(like.images * setup.parts / WHOLE / unit))
        options = [*options, "--data.batch_size", str(portion * like.portions), "--data.portion", str(portion)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        done = subprocess.run(
            _command(setup, cores, options, steps, Path(folder)),
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        paths = [Path(folder) / FILE.format(rank=rank) for rank in range(setup.processes)]
        if done.returncode or not all(path.is_file() for path in paths):
            said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
            reason = re.sub(r"^[\w.]+(Error|Exception): ", "", said[-1])
            raise ScaleError(f"{setup}: the run failed: {reason}")
        return summary(setup, [json.loads(path.read_text(encoding="utf-8")) for path in paths])


def summary(setup: Setup, records: Sequence[dict]) -> Measurement:
    """Make one measurement of what the processes of a run wrote.

    Raises:
        ScaleError: There is no timed step.
    """
    times = [record["steps"] for record in records]
    if not all(times):
        raise ScaleError(f"{setup}: no whole step was timed; give more training images or a smaller batch.")
    slowest = max(times, key=statistics.median)
    quartiles = statistics.quantiles(slowest, n=4) if len(slowest) > 1 else [0, 0, 0]
    first, shares = records[0], [record["profile"] for record in records]
    quickest = min(shares, key=lambda share: share["all_reduce_seconds"])
    return Measurement(
        setup=setup,
        images=first["images"],
        seconds=statistics.median(slowest),
        spread=(quartiles[2] - quartiles[0]) / 2 / statistics.median(slowest),
        steps=len(slowest),
        processor_seconds=sum(statistics.median(record["busy"]) for record in records),
        profiled_seconds=max(share["seconds"] for share in shares),
        all_reduce_seconds=quickest["all_reduce_seconds"],
        waiting_seconds=max(share["all_reduce_seconds"] for share in shares) - quickest["all_reduce_seconds"],
        hidden_seconds=quickest["hidden_seconds"],
        messages=first["profile"]["messages"],
        portions=first["portions"],
        shared_norms=first["shared_norms"],
        gradient_bytes=first["gradient_bytes"],
        link=first["link"],
        device=first["device"],
        precision=first["precision"],
        torch=first["torch"],
    )


def _command(setup: Setup, cores: list[int], options: Sequence[str], steps: int, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "scalable_ai.capstone.scaling.worker", "--record", str(folder)]
    command += ["--warmup", str(WARMUP), "--steps", str(steps), "--profiled", str(PROFILED)]
    if setup.cores:
        command += ["--cores", json.dumps(setup.shares(cores)), "--trainer.accelerator", "cpu"]
    command += ["--trainer.default_root_dir", str(folder), "--name", "run", "--trainer.devices", str(setup.processes)]
    command += ["--trainer.strategy", "ddp" if setup.processes > 1 else "auto"]
    command += ["--trainer.limit_val_batches", "0", "--trainer.limit_test_batches", "1"]
    return [*command, "--trainer.enable_progress_bar", "false", *options]


def _environment() -> dict[str, str]:
    """Return this process's environment without what would make the run part of another one."""
    ours = ("SLURM_", "TORCHELASTIC_", "SCALABLE_AI_RUN")
    theirs = {"LOCAL_RANK", "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "GROUP_RANK"}
    return {name: value for name, value in os.environ.items() if name not in theirs and not name.startswith(ours)}
