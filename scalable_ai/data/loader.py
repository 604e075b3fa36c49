"""Batches from images in memory, the CPU's or a GPU's: whole-batch operations, no workers, no per-image Python.

Order and augmentation are drawn for the whole epoch from (seed, epoch) alone. A process takes every
`world_size`-th image of each global batch, so the global batches are the same however many processes share them.
"""

import math
from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from .augment import Augmentation, Flip, augment
from .images import Split


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
        return self.on("cpu")

    def on(self, device: torch.device | str) -> Iterator[Tensor]:
        """Iterate over the same positions on a device, where they arrive all at once."""
        order = self._order().to(device)
        for batch in order.tensor_split(len(self)) if not self.shuffle else order.split(self.batch_size):
            yield batch[self.rank :: self.world_size]

    def _order(self) -> Tensor:
        """Return all positions of the epoch's global batches, one after the other."""
        if not self.shuffle:
            return torch.arange(self.num_images)
        return torch.randperm(self.num_images, generator=self.generator())[: len(self) * self.batch_size]


class Loader:
    """Iterate over a split in batches of (uint8 images [b, 3, 32, 32], int64 labels [b]), on the split's device.

    Takes the place of a DataLoader; `sampler` is where Lightning announces the epoch, and `state_dict` what it asks
    for when it saves a checkpoint in the middle of one.

    Args:
        split: The images and labels.
        batch_size: Images per global batch.
        train: Shuffle, leave the incomplete batch out, and augment.
        augment: Whether to mirror and move; as `train` when None.
        flip: How to mirror: "alternating", "random" or "none"; see `Augmentation`.
        max_shift: Pixels to move by at most.
        cutout: Edge of the square to cover; 0 covers none.
        seed: With the epoch, all that order and augmentation depend on.
        rank: This process, from 0.
        world_size: Number of processes.

    Raises:
        ValueError: The numbers do not fit together.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        *,
        train: bool,
        augment: bool | None = None,
        flip: Flip = "alternating",
        max_shift: int = 2,
        cutout: int = 0,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ):
        self.split, self.augment = split, train if augment is None else augment
        self.augmentation = Augmentation(len(split), flip, max_shift, cutout, seed)
        self.sampler = self._shards(batch_size, shuffle=train, seed=seed, rank=rank, world_size=world_size)
        # Lightning asks every loader with a sampler for this one too.
        self.batch_sampler = None
        self._given = 0
        self._resume: dict[str, int] = {}

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration draws."""
        self.sampler.set_epoch(epoch)

    def state_dict(self) -> dict[str, int]:
        """Return the epoch and how many of its batches were given out."""
        return {"epoch": self.sampler.epoch, "batch": self._given}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Have the next iteration leave out what was given, where it is over the same epoch."""
        self._resume = dict(state_dict)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # Nothing of this runs before the first batch is asked for, and Lightning announces the epoch in between.
        resume, self._resume = self._resume, {}
        epoch, labels, cutout = self.sampler.epoch, self.split.labels, self.augmentation.cutout
        self._given = resume["batch"] if resume.get("epoch") == epoch else 0
        draws = self.augmentation.draws(epoch).to(labels.device) if self.augment else None
        shares = islice(self.sampler.on(labels.device), self._given, None)
        for places, images in self._read(shares):
            self._given += 1
            yield (images if draws is None else augment(images, draws[places], cutout)), labels[places]

    def _shards(self, batch_size: int, **options) -> Shards:
        return Shards(len(self.split), batch_size, **options)

    def _read(self, shares: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield positions in the split with their images, for each share of a batch."""
        for places in shares:
            yield places, self.split.images[places]
