"""Batches from images that are already in memory: whole-batch tensor operations, no workers, no per-image Python.

Order and augmentation are drawn for the whole epoch from (seed, epoch) alone. A process takes every
`world_size`-th image of each global batch, so the global batches are the same however many processes share them.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from .images import Split

MAX_SHIFT = 2


class Shards:
    """One process's share of each global batch, epoch by epoch.

    Args:
        num_images: Length of the data set.
        batch_size: Images per global batch, over all processes together.
        shuffle: Draw a new order each epoch and leave the last, incomplete batch out; otherwise keep the order
            and spread all images over batches of nearly equal size.
        seed: With the epoch, all that the order depends on.
        rank: This process, from 0.
        world_size: Number of processes.

    Raises:
        ValueError: The batch cannot be shared equally, or there are fewer images than processes.
    """

    def __init__(
        self, num_images: int, batch_size: int, *, shuffle: bool, seed: int = 0, rank: int = 0, world_size: int = 1
    ):
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} is not one of {world_size} processes.")
        if batch_size < 1 or batch_size % world_size:
            raise ValueError(
                f"a global batch of {batch_size} images cannot be shared equally by {world_size} processes; "
                f"choose a multiple of {world_size}."
            )
        if num_images < world_size:
            raise ValueError(f"{num_images} images are too few for {world_size} processes.")
        self.num_images, self.shuffle, self.seed = num_images, shuffle, seed
        self.rank, self.world_size, self.epoch = rank, world_size, 0
        self.batch_size = min(batch_size, num_images // world_size * world_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration draws; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        if self.shuffle:
            return self.num_images // self.batch_size
        # Every process must get an image of every batch, or it would wait for the others forever.
        return max(1, min(math.ceil(self.num_images / self.batch_size), self.num_images // self.world_size))

    def generator(self) -> torch.Generator:
        """Return a random generator for this epoch, the same in every process."""
        return torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % 2**63)

    def __iter__(self) -> Iterator[Tensor]:
        """Yield this process's share of each global batch as positions in the data set, int64 [b]."""
        order = self._order()
        for batch in order.tensor_split(len(self)) if not self.shuffle else order.split(self.batch_size):
            yield batch[self.rank :: self.world_size]

    def _order(self) -> Tensor:
        if not self.shuffle:
            return torch.arange(self.num_images)
        return torch.randperm(self.num_images, generator=self.generator())[: len(self) * self.batch_size]


class Loader:
    """Iterate over a split in batches of (uint8 images [b, 3, 32, 32], int64 labels [b]).

    Takes the place of a DataLoader; `sampler` is where Lightning announces the epoch.

    Args:
        split: The images and labels.
        batch_size: Images per global batch.
        train: Shuffle, leave the incomplete batch out, and augment: mirror half of the images and move each by up
            to two pixels.
        augment: Whether to mirror and move; as `train` when None.
        seed: With the epoch, all that order and augmentation depend on.
        rank: This process, from 0.
        world_size: Number of processes.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        *,
        train: bool,
        augment: bool | None = None,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ):
        self.split, self.augment = split, train if augment is None else augment
        self.sampler = Shards(len(split), batch_size, shuffle=train, seed=seed, rank=rank, world_size=world_size)
        # Lightning asks every loader with a sampler for this one too.
        self.batch_sampler = None

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration draws."""
        self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        draws = self._draws() if self.augment else None
        for places in self.sampler:
            images = self.split.images[places]
            yield (images if draws is None else _augment(images, draws[places])), self.split.labels[places]

    def _draws(self) -> Tensor:
        generator = self.sampler.generator()
        flips = torch.randint(0, 2, (len(self.split), 1), generator=generator)
        shifts = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (len(self.split), 2), generator=generator)
        return torch.cat([flips, shifts], dim=1)


def _augment(images: Tensor, draws: Tensor) -> Tensor:
    """Mirror and move a batch of images.

    Args:
        images: uint8 [b, 3, 32, 32].
        draws: int64 [b, 3]: mirror or not, rows down, columns right; what moves in is the mirrored border.
    """
    height, width = images.shape[-2:]
    rows = _reflected(torch.arange(height) - draws[:, 1:2], height)
    columns = _reflected(torch.arange(width) - draws[:, 2:3], width)
    columns = torch.where(draws[:, :1] == 1, width - 1 - columns, columns)
    places = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
    flat = images.flatten(2)
    return flat.gather(2, places[:, None, :].expand_as(flat)).view_as(images)


def _reflected(places: Tensor, size: int) -> Tensor:
    places = places.abs()
    return torch.where(places >= size, 2 * (size - 1) - places, places)
