"""Common ways in which images go bad, at three strengths, as operations on whole batches of bytes.

The kinds follow D. Hendrycks and T. Dietterich, *Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations*, 2019. Strengths are those of levels 1, 3 and 5 of their small images, but for motion blur, whose length
is chosen here. The images are not theirs, so figures compare between networks measured here, not with published ones.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

SEVERITIES = (1, 2, 3)


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        title: Its name in reports.
        unit: What its strength counts.
        strengths: By severity, from 1 to 3.
        apply: Takes uint8 images [N, 3, H, W], the strength and one seed an image; returns images of the same kind, or
            floats from 0 to 255 that are still to be rounded.
    """

    title: str
    unit: str
    strengths: tuple[float, float, float]
    apply: Callable[[Tensor, float, list[int]], Tensor]


def corrupt(images: Tensor, kind: str, severity: int, seed: int = 0, start: int = 0) -> Tensor:
    """Return corrupted copies of images, the same ones however a set is cut into batches.

    Args:
        images: uint8 [N, 3, H, W], on the CPU.
        kind: A name in `CORRUPTIONS`.
        severity: 1, 2 or 3.
        seed: Of the noise.
        start: Position of the first image in its set; with the seed, all that an image's noise depends on.

    Returns:
        uint8 [N, 3, H, W].
    """
    corruption = CORRUPTIONS[kind]
    seeds = [seed * 1_000_003 + start + number for number in range(len(images))]
    changed = corruption.apply(images, corruption.strengths[severity - 1], seeds)
    return changed if changed.dtype == torch.uint8 else changed.round_().clamp_(0, 255).to(torch.uint8)


def _draws(images: Tensor, seeds: list[int], draw: Callable) -> Tensor:
    # One generator an image, or an image's noise would depend on its batch.
    return torch.stack([draw(images.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def _gaussian_noise(images: Tensor, sigma: float, seeds: list[int]) -> Tensor:
    return images + 255 * sigma * _draws(images, seeds, torch.randn)


def _impulse_noise(images: Tensor, share: float, seeds: list[int]) -> Tensor:
    draws = _draws(images, seeds, torch.rand)
    salted = images.masked_fill(draws < share / 2, 255)
    return salted.masked_fill(draws > 1 - share / 2, 0)


def _gaussian_blur(images: Tensor, sigma: float, seeds: list[int]) -> Tensor:
    from torchvision.transforms.v2.functional import gaussian_blur

    return gaussian_blur(images.float(), kernel_size=9, sigma=sigma)


def _motion_blur(images: Tensor, length: float, seeds: list[int]) -> Tensor:
    reach = int(length) // 2
    padded = functional.pad(images.float(), (reach, reach, 0, 0), mode="reflect")
    return functional.avg_pool2d(padded, (1, int(length)), stride=1)


def _contrast(images: Tensor, share: float, seeds: list[int]) -> Tensor:
    means = images.float().mean((2, 3), keepdim=True)
    return means + share * (images - means)


def _brightness(images: Tensor, more: float, seeds: list[int]) -> Tensor:
    # More of what hue, saturation and value call value: all three colors grow by one factor. Black has no hue.
    value = images.amax(1, keepdim=True).float()
    wanted = (value + 255 * more).clamp(max=255)
    return torch.where(value > 0, images * (wanted / value.clamp(min=1)), wanted)


def _pixelation(images: Tensor, size: float, seeds: list[int]) -> Tensor:
    small = functional.interpolate(images.float(), (int(size), int(size)), mode="area")
    return functional.interpolate(small, images.shape[-2:], mode="nearest-exact")


def _jpeg(images: Tensor, quality: float, seeds: list[int]) -> Tensor:
    decoded = []
    for image in images.permute(0, 2, 3, 1).contiguous().numpy():
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=int(quality))
        decoded.append(np.asarray(Image.open(file)))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()


CORRUPTIONS = {
    "gaussian_noise": Corruption("Gaussian noise", "standard deviation", (0.04, 0.08, 0.10), _gaussian_noise),
    "impulse_noise": Corruption("Impulse noise", "share of values", (0.01, 0.03, 0.07), _impulse_noise),
    "gaussian_blur": Corruption("Gaussian blur", "sigma in pixels", (0.4, 0.7, 1.0), _gaussian_blur),
    "motion_blur": Corruption("Motion blur", "length in pixels", (3, 5, 7), _motion_blur),
    "contrast": Corruption("Lower contrast", "share of contrast kept", (0.75, 0.4, 0.15), _contrast),
    "brightness": Corruption("More brightness", "value added", (0.05, 0.15, 0.3), _brightness),
    "pixelation": Corruption("Pixelation", "pixels along an edge", (30, 27, 20), _pixelation),
    "jpeg": Corruption("JPEG compression", "quality", (80, 58, 40), _jpeg),
}
"""Kinds of corruption, by name."""
