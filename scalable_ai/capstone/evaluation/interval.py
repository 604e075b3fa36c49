"""95 % confidence intervals: Wilson's for shares, a paired one for the difference of two shares, normal for means."""

import math

import torch
from torch import Tensor

Z = 1.959964
"""Two-sided 95 % point of the normal distribution."""

METHOD = (
    "Intervals hold 95 %. Shares of images have Wilson score intervals; gains from test-time augmentation have paired "
    "normal intervals over the same images; the loss has a normal interval. They tell how far chance in the choice of "
    "test images reaches, not how another training run would differ."
)


def wilson(right: int, total: int, z: float = Z) -> tuple[float, float]:
    """Return the Wilson score interval of a share, within 0 and 1 also near the ends.

    Args:
        right: Successes.
        total: Trials; none leaves everything open.
        z: Normal quantile, 1.96 for 95 %.
    """
    if not total:
        return 0.0, 1.0
    share, spread = right / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: Tensor) -> tuple[float, float]:
    """Return the normal interval of a mean of values [N]."""
    mean = values.mean().item()
    half = Z * values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.inf
    return mean - half, mean + half


def paired(after: Tensor, before: Tensor) -> tuple[float, float]:
    """Return the interval of a gain in accuracy, from what was right [N] (bool) after and before on the same images."""
    return mean_interval(after.to(torch.float64) - before.to(torch.float64))
