"""`scalable-ai capstone evaluate`: what a trained network gets right, what it confuses, how sure it may be."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassCalibrationError,
    MulticlassConfusionMatrix,
)

from scalable_ai.data import Cifar10, Loader, Split, cifar10

from .model import Network
from .runs import CheckpointError, Loaded, load_network, newest_checkpoint


@dataclass(frozen=True)
class Evaluation:
    """Figures of one network on one set of test images.

    Attributes:
        accuracy: Share of images classified rightly, from 0 to 1.
        per_class: The same for each class, by name.
        confusion: Counts, row = true class, column = predicted class.
        calibration_error: Expected gap between the confidence of an answer and its accuracy, 15 bins, from 0 to 1.
        loss: Mean cross-entropy, without label smoothing.
        num_images: Test images.
        seconds: Time for the forward passes.
        source: Kind of data: "official", "folder" or "generated".
        checkpoint: The file evaluated.
    """

    accuracy: float
    per_class: dict[str, float]
    confusion: list[list[int]]
    calibration_error: float
    loss: float
    num_images: int
    seconds: float
    source: str
    checkpoint: str

    def table(self) -> Table:
        """Return the figures as a table for a terminal, with each class's most frequent mistake."""
        table = Table(title=f"{self.num_images:,} test images ({self.source}): accuracy {self.accuracy:.2%}")
        table.add_column("class")
        table.add_column("accuracy", justify="right")
        table.add_column("most often taken for")
        names = list(self.per_class)
        for row, (name, accuracy) in enumerate(self.per_class.items()):
            wrong = [0 if column == row else count for column, count in enumerate(self.confusion[row])]
            worst = max(range(len(wrong)), key=wrong.__getitem__)
            table.add_row(name, f"{accuracy:.1%}", f"{names[worst]} ({wrong[worst]})" if wrong[worst] else "-")
        table.caption = f"calibration error {self.calibration_error:.3f}, loss {self.loss:.3f}"
        return table


def evaluate(
    checkpoint: Path | str | None = None,
    source: str | None = None,
    root: str | None = None,
    num_test: int | None = None,
    runs: Path | str = "runs",
    batch_size: int = 500,
) -> Evaluation:
    """Evaluate a checkpoint on test images, print a table and write `metrics.json` beside the checkpoint.

    Args:
        checkpoint: The file; None takes the newest run's.
        source: Data to test on; None takes what it was trained on. See `scalable_ai.data.cifar10`.
        root: The data folder; None takes the one of the training run.
        num_test: Use this many test images only.
        runs: Where the newest run is looked for.
        batch_size: Images per forward pass.

    Raises:
        CheckpointError: No such checkpoint, or it was trained on other classes.
        DataError: The data cannot be used.
    """
    loaded = load_network(Path(checkpoint) if checkpoint else newest_checkpoint(Path(runs)))
    data = data_for(loaded, source, root, num_test)
    result = measure(loaded.network, data.test, loaded.classes, batch_size, data.source, str(loaded.path))
    (loaded.path.parent / "metrics.json").write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    Console().print(result.table())
    print(f"Written to {loaded.path.parent / 'metrics.json'}")
    return result


def data_for(loaded: Loaded, source: str | None, root: str | None, num_test: int | None) -> Cifar10:
    """Open the data to try a network on: what it was trained on unless told otherwise."""
    trained = loaded.data
    if source is None:
        source = trained.get("source") or ("generated" if loaded.source == "generated" else None)
    num_test = num_test if num_test is not None else trained.get("num_test")
    num_train = trained.get("num_train")
    data = cifar10(source, root or trained.get("root"), num_train=num_train, num_test=num_test)
    if data.classes != loaded.classes:
        raise CheckpointError(
            f"{loaded.path}: it tells apart {', '.join(loaded.classes)}, but the test images show "
            f"{', '.join(data.classes)}; name the data it was trained on with --source."
        )
    return data


def measure(
    network: Network, split: Split, classes: tuple[str, ...], batch_size: int, source: str = "", checkpoint: str = ""
) -> Evaluation:
    """Run a network over a split and return its figures."""
    count = len(classes)
    metrics = MetricCollection(
        {
            "accuracy": MulticlassAccuracy(count, average="micro"),
            "confusion": MulticlassConfusionMatrix(count),
            "calibration": MulticlassCalibrationError(count, n_bins=15),
        }
    )
    losses, start = torch.zeros(()), time.perf_counter()
    for images, labels in Loader(split, batch_size, train=False):
        logits = predict(network, images)
        metrics.update(logits.softmax(1), labels)
        losses += functional.cross_entropy(logits, labels, reduction="sum")
    seconds = time.perf_counter() - start
    values = metrics.compute()
    confusion = values["confusion"]
    return Evaluation(
        accuracy=values["accuracy"].item(),
        per_class=dict(zip(classes, (confusion.diag() / confusion.sum(1)).tolist(), strict=True)),
        confusion=confusion.tolist(),
        calibration_error=values["calibration"].item(),
        loss=losses.item() / len(split),
        num_images=len(split),
        seconds=seconds,
        source=source,
        checkpoint=checkpoint,
    )


@torch.inference_mode()
def predict(network: Network, images: Tensor) -> Tensor:
    """Return logits [N, classes] for uint8 images [N, 3, 32, 32]."""
    return network(images.to(dtype=torch.float32, memory_format=torch.channels_last).div_(255))
