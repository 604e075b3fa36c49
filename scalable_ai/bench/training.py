"""The capstone's training against the plain baseline, a plain loop, and what the machine can do at most."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from scalable_ai.bench.loading import Pictures
from scalable_ai.bench.timing import Comparison
from scalable_ai.capstone.devices import choose_accelerator, choose_config, choose_precision
from scalable_ai.capstone.fit import CapstoneCLI
from scalable_ai.capstone.model import Network, ResNet18
from scalable_ai.capstone.progress import quiet_lightning
from scalable_ai.data import Split, cifar10

BASELINE_EPOCHS, BASELINE_IMAGES, BASELINE_BATCH = 30, 45_000, 256
"""Of Lightning's public CIFAR-10 baseline: ResNet-18, float32, transforms of single pictures."""
PEAK_SHAPES = ((256, 14, 250), (256, 8, 500), (512, 8, 250))
"""Channels, edge and images of convolutions among which the fastest counts as the machine's peak."""
PEAK_SECONDS = 2.0
NUM_IMAGES = 50_000
"""Of CIFAR-10's training part; the stand-in's images cost the same."""
TURNS = 3


@dataclass(frozen=True)
class Share:
    """How much of the machine's measured peak training uses."""

    peak: float
    """Operations a second of the fastest convolution, forward and backward, in the precision that training uses."""
    used: float
    """Operations a second of all convolutions while training."""

    def __str__(self) -> str:
        return (
            f"convolutions: {self.used / 1e9:,.0f} GFLOP/s while training, {self.peak / 1e9:,.0f} GFLOP/s at the "
            f"measured peak, a share of {self.used / self.peak:.0%}"
        )


def bench_training() -> tuple[list[Comparison], Share]:
    """Time whole trainings, by the throughput of each in turn, and compare the convolutions with the machine's peak.

    Returns:
        Our training against the baseline's and against a plain loop over the same network, and the share of the peak.
    """
    train = cifar10("generated", num_train=10_000, num_test=10).train
    options = CapstoneCLI(["--config", choose_config()])
    epochs, model = options.trainer.max_epochs, options.model.hparams
    small, late = model.early_share, 1 - model.early_share
    ways = {
        "full": lambda: ours(0.0),
        "small": lambda: ours(1.0),
        "plain": lambda: plain(train),
        "baseline": lambda: baseline(train),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    peaks = []
    for _ in range(TURNS):
        peaks.append(convolution_peak())
        for name, measure in ways.items():
            if name != "small" or small:
                rates[name].append(measure())
    seconds = [
        epochs * NUM_IMAGES * (late / full + (small / rates["small"][turn] if small else 0))
        for turn, full in enumerate(rates["full"])
    ]
    run = epochs * NUM_IMAGES
    comparisons = [
        Comparison(
            "whole training, by throughput",
            "trainings",
            1,
            (f"{choose_config()}, {epochs} epochs", f"ResNet-18, float32, {BASELINE_EPOCHS} epochs"),
            (seconds, [BASELINE_EPOCHS * BASELINE_IMAGES / rate for rate in rates["baseline"]]),
        ),
        Comparison(
            "training step",
            "images",
            run,
            ("portions, mixed precision", "the same network in a plain loop"),
            ([run / rate for rate in rates["full"]], [run / rate for rate in rates["plain"]]),
        ),
    ]
    flops = convolution_flops(Network(widths=tuple(model.widths)), 32)
    return comparisons, Share(statistics.median(peaks), statistics.median(rates["full"]) * flops)


class StepTimes(pl.Callback):
    """Note when each optimizer step ends."""

    def __init__(self):
        self.times: list[float] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        """Note it, where this portion of the batch was the step's last."""
        if trainer.global_step > len(self.times):
            _wait()
            self.times.append(time.perf_counter())


def ours(early_share: float, num_steps: int = 7) -> float:
    """Return training images a second of `scalable-ai capstone fit`, loader and loop included, first step left out."""
    clock = StepTimes()
    with tempfile.TemporaryDirectory() as folder, quiet_lightning():
        cli = CapstoneCLI(
            [
                *("--config", choose_config(), "--data.source", "generated", "--data.num_train", "10000"),
                *("--data.num_test", "10", "--model.early_share", str(early_share), "--trainer.max_epochs", "1"),
                *("--trainer.max_steps", str(num_steps), "--trainer.default_root_dir", folder),
                *("--trainer.enable_progress_bar", "false"),
            ],
            [clock],
        )
        cli.trainer.fit(cli.model, cli.datamodule)
        return cli.datamodule.batch_size * (num_steps - 1) / (clock.times[-1] - clock.times[0])


def plain(train: Split, batch_size: int = 2000) -> float:
    """Return training images a second of the same network as one would first write it: float32, whole batches."""
    device = choose_accelerator()
    network = Network().to(device)
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.01, momentum=0.9)
    images, labels = train.images[:batch_size].to(device), train.labels[:batch_size].to(device)

    def step() -> None:
        functional.cross_entropy(network(images.float() / 255), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return batch_size / _seconds(step)


def baseline(train: Split, num_steps: int = 2) -> float:
    """Return training images a second of Lightning's baseline recipe, its loading included."""
    device = choose_accelerator()
    network = ResNet18().to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    loader = DataLoader(Pictures(train), batch_size=BASELINE_BATCH, shuffle=True, num_workers=2)
    batches = iter(loader)

    def step() -> None:
        images, labels = (part.to(device) for part in next(batches))
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return BASELINE_BATCH / _seconds(step, num_steps)


def convolution_peak() -> float:
    """Return operations a second of the fastest of some convolutions, forward and backward."""
    device = choose_accelerator()
    dtype = torch.bfloat16 if choose_precision(device) == "bf16-mixed" else torch.float32
    return max(_convolution_rate(*shape, device, dtype) for shape in PEAK_SHAPES)


def _convolution_rate(channels: int, edge: int, count: int, device: str, dtype: torch.dtype) -> float:
    images = torch.randn(count, channels, edge, edge, device=device, dtype=dtype)
    images = images.to(memory_format=torch.channels_last).requires_grad_()
    convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False, device=device, dtype=dtype)

    def step() -> None:
        out = convolution(images)
        out.backward(out.detach())

    step()
    with FlopCounterMode(display=False) as counter:
        step()
    _wait()
    started, turns = time.perf_counter(), 0
    while time.perf_counter() - started < PEAK_SECONDS:
        step()
        turns += 1
    _wait()
    return counter.get_total_flops() * turns / (time.perf_counter() - started)


def convolution_flops(network: nn.Module, edge: int) -> float:
    """Return the operations of a network's convolutions for one training image, forward and backward."""
    images: Tensor = torch.rand(2, 3, edge, edge)
    with FlopCounterMode(display=False) as counter:
        network(images).sum().backward()
    counts = counter.get_flop_counts()["Global"]
    return sum(value for operation, value in counts.items() if "convolution" in str(operation)) / len(images)


def _seconds(step: Callable[[], None], num_steps: int = 1) -> float:
    step()
    _wait()
    started = time.perf_counter()
    for _ in range(num_steps):
        step()
    _wait()
    return (time.perf_counter() - started) / num_steps


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
