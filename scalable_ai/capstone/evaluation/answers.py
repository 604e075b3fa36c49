"""What a network answers, to an image as it is and to mirrored and moved versions of it."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

MIRROR = (0.5, 0.5)
MOVES = (0.25, 0.25, 0.125, 0.125, 0.125, 0.125)
"""Weights of the views that `views` yields, in its order; each sums to 1."""

WEIGHTS = {
    "mirror": ("1/2 the image, 1/2 its mirror image", MIRROR),
    "moves": (
        "1/4 the image, 1/4 its mirror image, and 1/8 each of four more: both moved one pixel up and left, and both "
        "moved one pixel down and right; what moves in is the mirrored border",
        MOVES,
    ),
}
"""Kinds of test-time augmentation: what is weighted how, in words and in numbers."""


def views(images: Tensor, count: int = len(MOVES)) -> Iterator[Tensor]:
    """Yield the first `count` views of images [N, 3, H, W]: as they are, mirrored, moved, moved and mirrored, ...

    The moves are by one pixel, up and left first, then down and right.
    """
    height, width = images.shape[-2:]
    yield from (images, images.flip(3))[:count]
    if count <= len(MIRROR):
        return
    padded = functional.pad(images.float(), (1, 1, 1, 1), mode="reflect").to(images.dtype)
    for start in (2, 0):
        moved = padded[:, :, start : start + height, start : start + width]
        yield moved
        yield moved.flip(3)


@torch.inference_mode()
def predict(network: nn.Module, images: Tensor) -> Tensor:
    """Return float32 logits [N, classes] for uint8 images [N, 3, 32, 32], on the network's device."""
    weight = next(network.parameters(), torch.zeros(()))
    pixels = images.to(device=weight.device, dtype=weight.dtype, memory_format=torch.channels_last)
    return network(pixels.div_(255)).float()


def predict_tta(network: nn.Module, images: Tensor, kind: str = "moves") -> Tensor:
    """Return the weighted mean of the logits of several views of each image.

    Args:
        network: Takes float images with pixels from 0 to 1; in eval mode.
        images: uint8 [N, 3, 32, 32]; each view of all of them is one forward pass.
        kind: "mirror", two passes, or "moves", six; `WEIGHTS` has the weights.

    Returns:
        Logits [N, classes], on the network's device.
    """
    weights = WEIGHTS[kind][1]
    seen = zip(weights, views(images, len(weights)), strict=True)
    return sum(weight * predict(network, view) for weight, view in seen)


def weighted(logits: Tensor, kind: str) -> Tensor:
    """Return what `predict_tta` would, from the logits [V, N, classes] of views that are already there."""
    weights = torch.tensor(WEIGHTS[kind][1])
    return torch.einsum("v,vnc->nc", weights, logits[: len(weights)])


def answers(
    network: nn.Module,
    images: Tensor,
    batch_size: int,
    num_views: int = 1,
    tell: Callable[[int], None] = lambda done: None,
) -> Tensor:
    """Return logits [num_views, N, classes] on the CPU for uint8 images [N, 3, 32, 32], batch by batch.

    Args:
        network: In eval mode.
        images: May be memory-mapped.
        batch_size: Images per forward pass.
        num_views: 1, 2 or 6: see `views`.
        tell: Called with the number of images done after each batch.
    """
    parts, done = [], 0
    for batch in images.split(batch_size):
        parts.append(torch.stack([predict(network, view).cpu() for view in views(batch, num_views)]))
        done += len(batch)
        tell(done)
    return torch.cat(parts, dim=1)
