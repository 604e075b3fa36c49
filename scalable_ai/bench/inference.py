"""The exported ONNX file in ONNX Runtime against the model in eager PyTorch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnxruntime
import torch

from scalable_ai.bench.timing import Comparison, compare_turns
from scalable_ai.capstone import Network
from scalable_ai.capstone.export import write_onnx
from scalable_ai.capstone.runs import Loaded
from scalable_ai.data.generated import CLASSES


def bench_inference(batch_sizes: tuple[int, ...] = (1, 128)) -> list[Comparison]:
    """Time forward passes of an untrained network, whose arithmetic is a trained one's."""
    network = Network().eval()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    comparisons = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_onnx(Loaded(network, CLASSES, "generated", {}, path), path)
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for batch_size in batch_sizes:
            images = torch.rand(batch_size, 3, 32, 32, generator=torch.Generator().manual_seed(0))
            array, repeats = images.numpy(), max(1, 256 // batch_size)

            def onnx(array=array, repeats=repeats) -> None:
                for _ in range(repeats):
                    session.run(["logits"], {"images": array})

            @torch.inference_mode()
            def eager(images=images, repeats=repeats) -> None:
                for _ in range(repeats):
                    network(images)

            ways = {"ONNX Runtime": onnx, "eager PyTorch": eager}
            what = f"inference, batch of {batch_size}"
            comparisons.append(compare_turns(what, "images", batch_size * repeats, ways))
    return comparisons
