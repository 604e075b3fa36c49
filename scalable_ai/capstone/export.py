"""`scalable-ai capstone export`: the network as files that need less and less of this project to run.

Every exported network takes float32 images [N, 3, 32, 32] with pixels from 0 to 1, N free, and returns logits
[N, classes]; normalization is inside. A file is kept only if it answers as the checkpoint does.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .evaluate import data_for
from .model import Network
from .runs import Loaded, load_network, newest_checkpoint

NUM_IMAGES = 256
BATCH_SIZES = (1, 7, NUM_IMAGES)


class ExportError(Exception):
    """An exported file that does not answer as the checkpoint does, told in one sentence."""


@dataclass(frozen=True)
class Artifact:
    """One exported file.

    Attributes:
        name: "state_dict", "torch.export" or "onnx".
        path: The file.
        max_difference: Largest difference of any logit from the checkpoint's, as a share of the largest logit where
            that is above 1.
        tolerance: The largest difference allowed.
        size: Bytes.
    """

    name: str
    path: Path
    max_difference: float
    tolerance: float
    size: int

    def __str__(self) -> str:
        return (
            f"{self.name:<12} {self.path} ({self.size / 1e6:.2f} MB), logits within {self.max_difference:.1e} "
            f"of the checkpoint's (allowed {self.tolerance:.0e})"
        )


def export(
    checkpoint: Path | str | None = None,
    output: Path | str | None = None,
    source: str | None = None,
    root: str | None = None,
    runs: Path | str = "runs",
) -> list[Artifact]:
    """Export a checkpoint as state dict, torch.export program and ONNX file, and check each on test images.

    Args:
        checkpoint: The file; None takes the newest run's.
        output: Folder for the files; None makes `export` beside the checkpoint.
        source: Data to check with; None takes what the network was trained on.
        root: The data folder; None takes the one of the training run.
        runs: Where the newest run is looked for.

    Raises:
        CheckpointError: No such checkpoint.
        DataError: The data cannot be used.
        ExportError: A file answers differently; it is not kept.
    """
    loaded = load_network(Path(checkpoint) if checkpoint else newest_checkpoint(Path(runs)))
    folder = Path(output) if output else loaded.path.parent / "export"
    folder.mkdir(parents=True, exist_ok=True)
    images = data_for(loaded, source, root, None).test.images[:NUM_IMAGES].float() / 255
    with torch.inference_mode():
        expected = loaded.network(images)
    artifacts = []
    for name, file, write, read, tolerance in FORMATS:
        # A temporary name until it has proved itself, so that a wrong file is never mistaken for a right one.
        path, trial = folder / file, folder / f"trial-{file}"
        try:
            write(loaded, trial)
            difference = _difference(read(loaded, trial), images, expected)
            if not difference <= tolerance:
                raise ExportError(
                    f"{path}: its logits differ by {difference:.1e} from the checkpoint's, more than {tolerance:.0e}, "
                    "so it was not kept; report this with your versions of torch and onnx."
                )
            os.replace(trial, path)
        finally:
            trial.unlink(missing_ok=True)
        artifacts.append(Artifact(name, path, difference, tolerance, path.stat().st_size))
        print(artifacts[-1], flush=True)
    card = {
        "input": "float32 [N, 3, 32, 32], red, green, blue, pixels from 0 to 1",
        "output": f"float32 [N, {len(loaded.classes)}], logits",
        "classes": loaded.classes,
        "trained_on": loaded.source,
        "files": {artifact.path.name: artifact.max_difference for artifact in artifacts},
    }
    (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return artifacts


def _difference(run: Callable[[Tensor], Tensor], images: Tensor, expected: Tensor) -> float:
    """Return the largest difference over several batch sizes, which also shows that the size is free."""
    gaps = [(run(images[:size]) - expected[:size]).abs().max() for size in BATCH_SIZES if size <= len(images)]
    # Rounding grows with the logits, so large ones are compared by share.
    return (torch.stack(gaps).max() / expected.abs().max().clamp_min(1)).item()


def _write_state_dict(loaded: Loaded, path: Path) -> None:
    torch.save(loaded.network.state_dict(), path)


def _read_state_dict(loaded: Loaded, path: Path) -> Callable[[Tensor], Tensor]:
    widths = tuple(stage[0][0].out_channels for stage in loaded.network.stages)
    network = Network(len(loaded.classes), widths).eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    return torch.inference_mode()(network)


def _write_program(loaded: Loaded, path: Path) -> None:
    shapes = {"images": {0: torch.export.Dim("batch", min=1)}}
    program = torch.export.export(loaded.network, (torch.zeros(2, 3, 32, 32),), dynamic_shapes=shapes)
    torch.export.save(program, path)


def _read_program(loaded: Loaded, path: Path) -> Callable[[Tensor], Tensor]:
    return torch.inference_mode()(torch.export.load(path).module())


def write_onnx(loaded: Loaded, path: Path) -> None:
    """Write the network as one ONNX file with a free batch size, class names inside.

    Raises:
        ExportError: A package that the exporter needs is missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(f"{error.name}: this package is missing; `pip install onnx onnxscript` adds it.") from None
    torch.onnx.export(
        loaded.network,
        (torch.zeros(2, 3, 32, 32),),
        path,
        dynamo=True,
        dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}},
        input_names=["images"],
        output_names=["logits"],
        external_data=False,
        verbose=False,
    )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"classes": json.dumps(loaded.classes), "trained_on": loaded.source})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _read_onnx(loaded: Loaded, path: Path) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


FORMATS = (
    ("state_dict", "model.pt", _write_state_dict, _read_state_dict, 1e-6),
    ("torch.export", "model.pt2", _write_program, _read_program, 1e-4),
    ("onnx", "model.onnx", write_onnx, _read_onnx, 1e-4),
)
