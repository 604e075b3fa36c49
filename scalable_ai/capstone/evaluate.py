"""`scalable-ai capstone evaluate`: what a trained network gets right, what it confuses, how sure it may be."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from torch import nn
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_confusion_matrix

from scalable_ai.data import Cifar10, Split, cifar10

from .devices import choose_accelerator
from .errors import CapstoneError
from .evaluation.answers import MOVES, WEIGHTS, answers, predict, predict_tta, weighted
from .evaluation.calibration import calibrate, calibration_error
from .evaluation.figures import Augmented, Evaluation
from .evaluation.interval import mean_interval, paired, wilson
from .evaluation.robustness import robustness
from .runs import CheckpointError, Loaded, load_network, newest_checkpoint

__all__ = ["Augmented", "Evaluation", "EvaluationError", "data_for", "evaluate", "measure", "predict", "predict_tta"]

NUM_CORRUPTED = 1000
"""Test images for robustness, each of which is looked at 25 times."""


class EvaluationError(CapstoneError):
    """Options of an evaluation that cannot be followed, told in one sentence."""


def evaluate(
    checkpoint: Path | str | None = None,
    source: str | None = None,
    root: str | None = None,
    num_test: int | None = None,
    runs: Path | str = "runs",
    batch_size: int = 500,
    quick: bool = False,
    num_corrupted: int = NUM_CORRUPTED,
    report: Path | str | None = None,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a checkpoint on test images; print a table, write `metrics.json` beside the checkpoint and a report.

    Args:
        checkpoint: The file; None takes the newest run's.
        source: Data to test on; None takes what it was trained on. See `scalable_ai.data.cifar10`.
        root: The data folder; None takes the one of the training run.
        num_test: Use this many test images only.
        runs: Where the newest run is looked for.
        batch_size: Images per forward pass.
        quick: Leave test-time augmentation and robustness out.
        num_corrupted: Test images that robustness is measured with, at most; 0 leaves it out.
        report: Folder for the HTML page, the model card and its figures; None makes `report` beside the checkpoint.
        seed: Of the noise in corrupted images.

    Raises:
        CheckpointError: No such checkpoint, or it was trained on other classes.
        DataError: The data cannot be used.
        EvaluationError: An option cannot be followed.
    """
    if batch_size < 1:
        raise EvaluationError(f"batch_size {batch_size}: a forward pass needs an image; choose 1 or more.")
    loaded = load_network(Path(checkpoint) if checkpoint else newest_checkpoint(Path(runs)))
    folder = Path(report) if report else loaded.path.parent / "report"
    if not quick and 0 != num_corrupted < len(loaded.classes):
        raise EvaluationError(
            f"robustness_images {num_corrupted}: robustness needs an image of each class; choose 0 to leave it out or "
            f"at least {len(loaded.classes)}."
        )
    data = data_for(loaded, source, root, num_test)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f"{folder}: no report can be written here ({error.strerror}); name a folder.") from None
    network = loaded.network.to(choose_accelerator())
    held_out = _held_out(loaded, data, source)
    result = measure(
        network, data.test, loaded.classes, batch_size, data.source, str(loaded.path), held_out, not quick,
        0 if quick else num_corrupted, seed, lambda line: print(line, flush=True),
    )  # fmt: skip
    (loaded.path.parent / "metrics.json").write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    from .evaluation.report import write_report

    page, card = write_report(folder, result, loaded, data)
    Console().print(result.table())
    print(f"Written to {loaded.path.parent / 'metrics.json'}, {page} and {card}")
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


def _held_out(loaded: Loaded, data: Cifar10, source: str | None) -> Split | None:
    """Return the training images that the run watched progress with but did not learn from, where there are any."""
    count = loaded.data.get("num_val") or 0
    # Other data may hold the images that were learned from in another order.
    if not count or data.source != loaded.source or (source and source != loaded.data.get("source")):
        return None
    return data.train.divided(count)[0]


def measure(
    network: nn.Module,
    split: Split,
    classes: tuple[str, ...],
    batch_size: int,
    source: str = "",
    checkpoint: str = "",
    held_out: Split | None = None,
    augmented: bool = False,
    num_corrupted: int = 0,
    seed: int = 0,
    tell=lambda line: None,
) -> Evaluation:
    """Run a network over a split and return its figures.

    Args:
        network: In eval mode; takes float32 images with pixels from 0 to 1.
        split: Test images.
        classes: Names, by label.
        batch_size: Images per forward pass.
        source: Kind of data.
        checkpoint: The file evaluated.
        held_out: Training images, not learned from, to fit the temperature to; see `calibrate`.
        augmented: Whether to look at six views of each image.
        num_corrupted: Images for robustness; 0 for none.
        seed: Of the noise in corrupted images.
        tell: Called with lines of progress.
    """
    count, labels = len(classes), split.labels
    num_views = len(MOVES) if augmented else 1
    tell(f"{len(split):,} test images, {num_views} view{'s' if num_views > 1 else ''} of each ...")
    start = time.perf_counter()
    seen = answers(network, split.images, batch_size, num_views)
    seconds = time.perf_counter() - start
    logits = seen[0]
    fitted = (answers(network, held_out.images, batch_size)[0], held_out.labels) if held_out else None
    confusion = multiclass_confusion_matrix(logits, labels, count)
    right, totals = int(confusion.diag().sum()), confusion.sum(1)
    top2 = multiclass_accuracy(logits, labels, count, average="micro", top_k=min(2, count)).item()
    losses = functional.cross_entropy(logits, labels, reduction="none")
    pairs = list(zip(classes, confusion.diag().tolist(), totals.tolist(), strict=True))
    bad = None
    if num_corrupted:
        fewer = split.balanced(min(num_corrupted, len(split)))
        tell(f"{len(fewer):,} of them corrupted, at severities 1, 2, 3 ...")
        bad = robustness(network, fewer, batch_size, seed, tell)
    return Evaluation(
        accuracy=multiclass_accuracy(logits, labels, count, average="micro").item(),
        per_class={name: hits / total if total else 0.0 for name, hits, total in pairs},
        confusion=confusion.tolist(),
        calibration_error=calibration_error(logits, labels),
        loss=losses.mean().item(),
        num_images=len(split),
        seconds=seconds,
        source=source,
        checkpoint=checkpoint,
        accuracy_interval=wilson(right, len(split)),
        top2=top2,
        top2_interval=wilson(round(top2 * len(split)), len(split)),
        per_class_interval={name: wilson(hits, total) for name, hits, total in pairs},
        loss_interval=mean_interval(losses),
        calibration=calibrate(logits, labels, fitted),
        augmented=tuple(_augmented(kind, seen, labels) for kind in WEIGHTS) if augmented else (),
        robustness=bad,
    )


def _augmented(kind: str, seen: torch.Tensor, labels: torch.Tensor) -> Augmented:
    before, after = seen[0].argmax(1) == labels, weighted(seen, kind).argmax(1) == labels
    right, count = int(after.sum()), len(labels)
    gain = (right - int(before.sum())) / count
    return Augmented(kind, WEIGHTS[kind][0], right / count, wilson(right, count), gain, paired(after, before))
