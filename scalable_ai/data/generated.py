"""A stand-in for CIFAR-10 that is drawn, not photographed: same shapes and types, ten classes, no download.

A class is the kind of figure in the picture. Place, size, tilt, colors, light on dark or dark on light, shading,
a stray line and noise are all chance, so no pixel tells the class: a linear model has only a weak tint of the
background to go by, while a small convolutional network can see the figure. All of it is integer arithmetic on raw
PCG64 words, which makes the bits the same on every platform and NumPy version.
"""

import hashlib

import numpy as np
import torch

from .cache import PARTS, Arrays
from .images import Split

CLASSES = ("disk", "ring", "square", "frame", "triangle", "plus", "saltire", "rows", "columns", "checkers")
VERSION = 1
SIZES = {"train": 50_000, "test": 10_000}
BLOCK = 250
NUM_DRAWS = 24

# How far a background leans to red, green and blue, by class, in steps of 1/255: the weak linear signal.
TINT = np.array(
    [
        [-1, -1, 0],
        [1, 0, -1],
        [0, 1, 1],
        [-1, 1, -1],
        [1, -1, 1],
        [0, -1, -1],
        [-1, 0, 1],
        [1, 1, 0],
        [0, 0, -1],
        [0, 0, 1],
    ]
)
TINT_STEPS = 22

# 256 times the sine of 0 to 11 degrees.
SINES = np.array([0, 4, 9, 13, 18, 22, 27, 31, 36, 40, 44, 49])
COSINES = np.array([256, 256, 256, 256, 255, 255, 255, 254, 254, 253, 252, 251])


def draw(part: str, count: int) -> Split:
    """Return the first whole blocks of a part that hold at least `count` images, drawn in memory.

    Image i depends on the part and i alone, and each block of 250 holds every class equally often.

    Args:
        part: "train" (up to 50,000 images) or "test" (up to 10,000).
        count: Images needed.
    """
    blocks = min(-(-count // BLOCK), SIZES[part] // BLOCK)
    drawn = [_block(part, number) for number in range(max(1, blocks))]
    images, labels = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
    return Split(torch.from_numpy(images), torch.from_numpy(labels))


def draw_held_back(seed: int, count: int) -> Split:
    """Return whole blocks of at least `count` images that are in neither part, in memory.

    Args:
        seed: Another one draws other images; who does not know it has never seen them.
        count: Images needed.
    """
    drawn = [_block(f"held-back-{seed}", number) for number in range(max(1, -(-count // BLOCK)))]
    images, labels = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
    return Split(torch.from_numpy(images), torch.from_numpy(labels))


def draw_arrays(num_train: int, num_test: int) -> tuple[Arrays, tuple[str, ...]]:
    """Draw the blocks that hold so many images, as arrays for a cache."""
    arrays: Arrays = {}
    for part, count in zip(PARTS, (num_train, num_test), strict=True):
        split = draw(part, count)
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = split.images.numpy(), split.labels.numpy()
    return arrays, CLASSES


def random_words(purpose: str, part: str, block: int, count: int) -> np.ndarray:
    """Return `count` random 64-bit words that depend on the first three arguments only."""
    digest = hashlib.sha256(f"{purpose}/{part}/{block}".encode()).digest()
    return np.random.PCG64(int.from_bytes(digest[:16], "big")).random_raw(count)


def _block(part: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(random_words("labels", part, number, BLOCK), kind="stable")
    labels = (np.arange(BLOCK) % len(CLASSES))[order].astype(np.int64)
    words = random_words("figures", part, number, BLOCK * NUM_DRAWS).reshape(NUM_DRAWS, BLOCK, 1, 1)
    draws = iter((words >> np.uint64(32)).astype(np.int64))

    def between(low: int, high: int) -> np.ndarray:
        """Return one integer an image from low to high, both included, [BLOCK, 1, 1]."""
        return low + ((next(draws) * (high - low + 1)) >> 32)

    # Coordinates count eighths of a pixel, so that figures need not sit on the grid.
    grid = np.arange(32, dtype=np.int64) * 8 + 4
    radius = between(52, 92)
    x = grid[None, None, :] - between(88, 168)
    y = grid[None, :, None] - between(88, 168)
    tilt = between(-11, 11)
    sine, cosine = np.sign(tilt) * SINES[abs(tilt)], COSINES[abs(tilt)]
    u, v = (x * cosine + y * sine) >> 8, (y * cosine - x * sine) >> 8
    phase = between(0, 255)
    inside = np.empty((BLOCK, 32, 32), dtype=bool)
    for label in range(len(CLASSES)):
        mine = labels == label
        inside[mine] = _figure(label, u[mine], v[mine], radius[mine], phase[mine])

    stray = abs(x * between(-16, 16) + y * between(-16, 16) + between(-1500, 1500)) < between(0, 60)
    slope_x, slope_y = between(-40, 40), between(-40, 40)
    shade = (slope_x * (grid - 128)[None, None, :] + slope_y * (grid - 128)[None, :, None]) >> 8
    polarity = between(0, 1) * 2 - 1
    noise = random_words("noise", part, number, BLOCK * 3 * 128).view(np.uint8).reshape(BLOCK, 3, 32, 32)
    images = np.empty((BLOCK, 3, 32, 32), dtype=np.uint8)
    for channel in range(3):
        ground = between(64, 191) + TINT_STEPS * TINT[labels, channel][:, None, None] + shade
        figure = inside * polarity * between(20, 80)
        line = (stray & ~inside) * between(-60, 60)
        grain = ((noise[:, channel].astype(np.int64) - 128) * 40) >> 7
        images[:, channel] = np.clip(ground + figure + line + grain, 0, 255)
    return images, labels


def _figure(label: int, u: np.ndarray, v: np.ndarray, radius: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Tell which points lie on a figure; u and v count from its center, in eighths of a pixel."""
    across, down = abs(u), abs(v)
    far, near = np.maximum(across, down), np.minimum(across, down)
    squared = u * u + v * v
    width = (radius >> 2) + 6
    box = far * 8 <= radius * 7
    match CLASSES[label]:
        case "disk":
            return squared <= radius * radius
        case "ring":
            return (squared <= radius * radius) & (squared * 8 >= radius * radius * 3)
        case "square":
            return box
        case "frame":
            return box & (far * 8 >= radius * 4)
        case "triangle":
            return (v * 4 <= radius * 3) & (across * 7 <= (v + radius) * 4)
        case "plus":
            return (far <= radius) & (near * 4 <= radius)
        case "saltire":
            return box & (abs(across - down) * 3 <= radius)
        case "rows":
            return box & ((v + phase) // width % 2 == 0)
        case "columns":
            return box & ((u + phase) // width % 2 == 0)
        case "checkers":
            return box & (((u + phase) // width + (v + phase) // width) % 2 == 0)
    raise ValueError(f"there is no class {label}.")
