"""Every exported file against the model in eager PyTorch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from scalable_ai.bench.timing import Comparison, compare_turns
from scalable_ai.capstone import Network
from scalable_ai.capstone.benchmark import EAGER, runners
from scalable_ai.capstone.export import FORMATS
from scalable_ai.capstone.runs import Loaded
from scalable_ai.data.generated import CLASSES


def bench_inference(batch_sizes: tuple[int, ...] = (1, 128)) -> list[Comparison]:
    """Time forward passes of an untrained network, whose arithmetic is a trained one's."""
    network = Network().eval()
    calibration = torch.rand(100, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    comparisons = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hparams = {"num_classes": len(CLASSES), "widths": (64, 256, 256)}
        loaded = Loaded(network, CLASSES, "generated", {}, folder / "checkpoint.ckpt", hparams)
        for kind in FORMATS:
            kind.write(loaded, folder / kind.file, calibration)
        ways = runners(loaded, folder)
        eager = ways.pop(EAGER)
        for batch_size in batch_sizes:
            images = torch.rand(batch_size, 3, 32, 32, generator=torch.Generator().manual_seed(0))
            repeats = max(1, 64 // batch_size)

            def repeated(run, images=images, repeats=repeats) -> None:
                for _ in range(repeats):
                    run(images)

            for kind, run in ways.items():
                turns = {kind: lambda run=run: repeated(run), EAGER: lambda: repeated(eager)}
                what = f"inference, {kind}, batch of {batch_size}"
                comparisons.append(compare_turns(what, "images", batch_size * repeats, turns))
    return comparisons
