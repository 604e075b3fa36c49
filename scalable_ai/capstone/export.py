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

from .artefacts.card import PREPROCESSING
from .artefacts.onnx import ExportError, read_onnx, write_int8, write_onnx
from .artefacts.pytorch import (
    Run,
    read_program,
    read_script,
    read_state_dict,
    write_program,
    write_script,
    write_state_dict,
)
from .evaluate import data_for
from .evaluation.interval import paired
from .runs import Loaded, load_network, newest_checkpoint

__all__ = ["FORMATS", "Artifact", "ExportError", "Format", "export", "write_onnx"]

NUM_IMAGES = 1000
NUM_CALIBRATION = 500
BATCH_SIZES = (1, 7, NUM_IMAGES)
ACCURACY_LOST = 0.005
"""What int8 may cost, as a share of the images, beyond what chance in the choice of these images explains."""


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        name: As a person knows it.
        file: The file's name.
        write: Takes the network, the path and float32 training images, and writes the file.
        read: Takes the network and the path and returns what answers.
        tolerance: Largest difference of a logit allowed; None where accuracy is compared instead.
    """

    name: str
    file: str
    write: Callable[[Loaded, Path, Tensor], None]
    read: Callable[[Loaded, Path], Run]
    tolerance: float | None


@dataclass(frozen=True)
class Artifact:
    """One exported file.

    Attributes:
        name: "state_dict", "torch.export", "torchscript", "onnx" or "onnx int8".
        path: The file.
        max_difference: Largest difference of any logit from the checkpoint's, as a share of the largest logit where
            that is above 1.
        tolerance: The largest difference allowed; None where accuracy is compared instead.
        size: Bytes.
        agreement: Share of the images for which both choose the same class.
        accuracy_lost: Accuracy of the checkpoint less that of the file; below 0 where the file is better.
        accuracy_lost_interval: Its 95 % interval, from the images that only one of the two gets right.
    """

    name: str
    path: Path
    max_difference: float
    tolerance: float | None
    size: int
    agreement: float = 1.0
    accuracy_lost: float = 0.0
    accuracy_lost_interval: tuple[float, float] = (0.0, 0.0)

    @property
    def parity(self) -> str:
        """How close it comes to the checkpoint, and how close it must."""
        if self.tolerance is None:
            lost, low, high = (100 * share for share in (self.accuracy_lost, *self.accuracy_lost_interval))
            return (
                f"chooses the checkpoint's class for {self.agreement:.1%} of the images, accuracy lost {lost:.2f} "
                f"points, {low:.2f} to {high:.2f} with 95 % (allowed {100 * ACCURACY_LOST:g})"
            )
        return f"logits within {self.max_difference:.1e} of the checkpoint's (allowed {self.tolerance:.0e})"

    def __str__(self) -> str:
        return f"{self.name:<12} {self.path} ({self.size / 1e6:.2f} MB), {self.parity}"


def export(
    checkpoint: Path | str | None = None,
    output: Path | str | None = None,
    source: str | None = None,
    root: str | None = None,
    runs: Path | str = "runs",
) -> list[Artifact]:
    """Export a checkpoint in every format, and check each file on test images.

    Args:
        checkpoint: The file; None takes the newest run's.
        output: Folder for the files; None makes `export` beside the checkpoint.
        source: Data to check with; None takes what the network was trained on.
        root: The data folder; None takes the one of the training run.
        runs: Where the newest run is looked for.

    Raises:
        CheckpointError: No such checkpoint.
        DataError: The data cannot be used.
        ExportError: Files that could not be written or answer differently are not kept, older ones of their names
            neither; all others are.
    """
    loaded = load_network(Path(checkpoint) if checkpoint else newest_checkpoint(Path(runs)))
    folder = Path(output) if output else loaded.path.parent / "export"
    folder.mkdir(parents=True, exist_ok=True)
    data = data_for(loaded, source, root, None)
    calibration = data.train.images[:NUM_CALIBRATION].float() / 255
    images, labels = data.test.images[:NUM_IMAGES].float() / 255, data.test.labels[:NUM_IMAGES]
    with torch.inference_mode():
        expected = loaded.network(images)
    artifacts, failures = [], []
    for kind in FORMATS:
        # A temporary name until it has proved itself, so that a wrong file is never mistaken for a right one; nor is
        # one that an earlier export left.
        path, trial = folder / kind.file, folder / f"trial-{kind.file}"
        try:
            artifact = _try(kind, loaded, trial, path, calibration, images, labels, expected)
            os.replace(trial, path)
        except ExportError as error:
            failures.append(str(error))
            path.unlink(missing_ok=True)
            continue
        except Exception as error:  # An exporter may raise anything, and the other formats are still wanted.
            text = (str(error).strip() or type(error).__name__).splitlines()[0]
            failures.append(f"{path}: it could not be written ({type(error).__name__}: {text}).")
            path.unlink(missing_ok=True)
            continue
        finally:
            trial.unlink(missing_ok=True)
        artifacts.append(artifact)
        print(artifact, flush=True)
    if artifacts:
        _write_card(folder / "model.json", loaded, artifacts)
    if failures:
        raise ExportError("\n".join(failures))
    return artifacts


def _try(
    kind: Format, loaded: Loaded, trial: Path, path: Path, calibration: Tensor, images: Tensor, labels: Tensor, expected
) -> Artifact:
    kind.write(loaded, trial, calibration)
    run = kind.read(loaded, trial)
    # Several batch sizes show that the size is free.
    answers = [run(images[:size]) for size in BATCH_SIZES if size <= len(images)] + [run(images)]
    # Rounding grows with the logits, so large ones are compared by share.
    gap = torch.stack([(found - expected[: len(found)]).abs().max() for found in answers]).max()
    difference = (gap / expected.abs().max().clamp_min(1)).item()
    chosen, right = answers[-1].argmax(1), expected.argmax(1)
    agreement = (chosen == right).float().mean().item()
    lost = ((right == labels).float().mean() - (chosen == labels).float().mean()).item()
    interval = paired(right == labels, chosen == labels)
    advice = "so it was not kept; report this with your versions of torch, onnx and onnxruntime."
    if kind.tolerance is not None and not difference <= kind.tolerance:
        raise ExportError(
            f"{path}: its logits differ by {difference:.1e} from the checkpoint's, more than {kind.tolerance:.0e}, "
            f"{advice}"
        )
    if kind.tolerance is None and not (interval[0] <= ACCURACY_LOST and difference < float("inf")):
        raise ExportError(f"{path}: it loses {100 * lost:.2f} points of accuracy, more than allowed, {advice}")
    return Artifact(kind.name, path, difference, kind.tolerance, trial.stat().st_size, agreement, lost, interval)


def _write_card(path: Path, loaded: Loaded, artifacts: list[Artifact]) -> None:
    text = {
        "input": "float32 [N, 3, 32, 32], red, green, blue, pixels from 0 to 1",
        "output": f"float32 [N, {len(loaded.classes)}], logits",
        "classes": loaded.classes,
        "trained_on": loaded.source,
        "preprocessing": PREPROCESSING,
        "files": {artifact.path.name: artifact.max_difference for artifact in artifacts},
    }
    path.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def _plain(write: Callable[[Loaded, Path], None]) -> Callable[[Loaded, Path, Tensor], None]:
    return lambda loaded, path, calibration: write(loaded, path)


FORMATS = (
    Format("state_dict", "model.pt", _plain(write_state_dict), read_state_dict, 1e-6),
    Format("torch.export", "model.pt2", _plain(write_program), read_program, 1e-4),
    Format("torchscript", "model.ts", _plain(write_script), read_script, 1e-4),
    Format("onnx", "model.onnx", _plain(write_onnx), read_onnx, 1e-4),
    Format("onnx int8", "model.int8.onnx", write_int8, read_onnx, None),
)
