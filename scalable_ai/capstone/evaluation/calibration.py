"""How far a network may be believed: its calibration error, and one temperature that makes it surer or less sure."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_calibration_error

NUM_BINS = 15
COLDEST, HOTTEST = 0.05, 20.0
NUM_DRAWS = 200


@dataclass(frozen=True)
class Bin:
    """Images whose answers are about equally sure.

    Attributes:
        confidence: Mean probability of the answer given.
        right: How many of these answers are right.
        count: How many images there are.
    """

    confidence: float
    right: int
    count: int


@dataclass(frozen=True)
class Calibration:
    """Calibration before and after logits are divided by a temperature.

    Attributes:
        temperature: Above 1 the network was too sure, below 1 not sure enough; a geometric mean where there are two.
        fitted_on: "held-out training images", or "the other half of the test images" where the run held none out.
        num_fitted: Images that a temperature was fitted to.
        error_before: Expected gap between confidence and accuracy, 15 bins of equal width, from 0 to 1.
        error_after: The same with the temperature.
        error_by_chance: What a perfectly calibrated network of this confidence would reach at most, in 95 of 100 sets
            of as many images.
        loss_before: Mean cross-entropy on the test images.
        loss_after: The same with the temperature.
        bins_before: The reliability diagram.
        bins_after: The same with the temperature.
    """

    temperature: float
    fitted_on: str
    num_fitted: int
    error_before: float
    error_after: float
    error_by_chance: float
    loss_before: float
    loss_after: float
    bins_before: list[Bin]
    bins_after: list[Bin]


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature, from 0.05 to 20, at which the cross-entropy is lowest.

    The cross-entropy is convex in 1 / temperature, so its slope is halved in on.

    Args:
        logits: [N, classes].
        labels: int64 [N].
    """
    logits = logits.double()
    target = logits.gather(1, labels[:, None]).mean()

    def slope(temperature: float) -> float:
        expected = (logits / temperature).softmax(1).mul(logits).sum(1).mean()
        return (expected - target).item()

    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(50):
        middle = (low + high) / 2
        # Too sure on average: a higher temperature lowers the loss.
        low, high = (middle, high) if slope(math.exp(middle)) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def calibrate(logits: Tensor, labels: Tensor, held_out: tuple[Tensor, Tensor] | None) -> Calibration:
    """Fit a temperature away from the images that it is judged by, and judge it.

    Args:
        logits: Of the test images, [N, classes].
        labels: Of the test images, int64 [N].
        held_out: Logits and labels of training images that were not learned from; None fits one temperature on every
            other test image and judges it by the rest, and the other way round.
    """
    if held_out is not None:
        temperature = fit_temperature(*held_out)
        scaled, fitted_on, num_fitted = logits / temperature, "held-out training images", len(held_out[1])
    else:
        odd = torch.arange(len(labels)) % 2 == 1
        first, second = (fit_temperature(logits[half], labels[half]) for half in (~odd, odd))
        scaled = logits / torch.where(odd, first, second)[:, None]
        temperature, fitted_on = math.sqrt(first * second), "the other half of the test images"
        num_fitted = len(labels) // 2
    return Calibration(
        temperature=temperature,
        fitted_on=fitted_on,
        num_fitted=num_fitted,
        error_before=calibration_error(logits, labels),
        error_after=calibration_error(scaled, labels),
        error_by_chance=_by_chance(scaled),
        loss_before=functional.cross_entropy(logits, labels).item(),
        loss_after=functional.cross_entropy(scaled, labels).item(),
        bins_before=reliability(logits, labels),
        bins_after=reliability(scaled, labels),
    )


def calibration_error(logits: Tensor, labels: Tensor) -> float:
    """Return the expected calibration error of logits [N, classes], from 0 to 1."""
    return multiclass_calibration_error(logits.softmax(1), labels, logits.shape[1], n_bins=NUM_BINS).item()


def reliability(logits: Tensor, labels: Tensor) -> list[Bin]:
    """Return the bins of equal width that hold any image, by rising confidence."""
    confidence, answer = logits.softmax(1).max(1)
    places = _places(confidence)
    found = []
    for number in places.unique().tolist():
        inside = places == number
        right = (answer == labels)[inside].sum().item()
        found.append(Bin(confidence[inside].mean().item(), right, int(inside.sum())))
    return found


def _places(confidence: Tensor) -> Tensor:
    return (confidence * NUM_BINS).long().clamp(max=NUM_BINS - 1)


def _by_chance(logits: Tensor) -> float:
    confidence = logits.softmax(1).amax(1).double()
    generator = torch.Generator().manual_seed(0)
    bins = functional.one_hot(_places(confidence), NUM_BINS).double()
    expected = confidence @ bins
    gaps = []
    for _ in range(NUM_DRAWS):
        right = (torch.rand(len(confidence), generator=generator, dtype=torch.float64) < confidence).double()
        gaps.append((right @ bins - expected).abs().sum() / len(confidence))
    return torch.stack(gaps).quantile(0.95).item()
