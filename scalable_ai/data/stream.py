"""Batches from a set that does not fit in memory: image files are mapped, copied a stretch at a time, and let go.

The order is drawn in two steps: shards (stretches of consecutive images) are shuffled, and then the images within a
window of shards. So the images of a few batches in a row lie in a few places of the files.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .errors import DataError
from .loader import Loader, Shards

SHARDS_IN_WINDOW = 16
IMAGE_BYTES = 3 * 32 * 32


class StoredSplit:
    """A split whose images stay in files; only the labels are in memory.

    Args:
        files: .npy files of uint8 images [n, 3, 32, 32], one after the other.
        labels: int64 [N], of all of them.
        places: Positions of the images that make up this split, ascending; None takes all.

    Raises:
        DataError: A file is missing, cut short, or holds something else.
    """

    def __init__(self, files: Sequence[Path], labels: Tensor, places: Tensor | None = None):
        self.files = [Path(file) for file in files]
        self.counts = [len(_mapped(file)) for file in self.files]
        if sum(self.counts) != len(labels):
            raise DataError(
                self.files[0].parent,
                f"{sum(self.counts):,} images are stored and {len(labels):,} labels",
                "delete these files and build them again",
            )
        self.places = torch.arange(len(labels)) if places is None else places
        self.labels = labels[self.places]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def images(self) -> "StoredSplit":
        """What `images[:100]` or `images[positions]` reads from, as of a split in memory."""
        return self

    def __getitem__(self, wanted: slice | Tensor) -> Tensor:
        return self.read(torch.arange(len(self))[wanted])

    def read(self, wanted: Tensor) -> Tensor:
        """Return copies of images by position in this split, in the order asked for, as uint8 [n, 3, 32, 32]."""
        places, order = self.places[wanted].sort()
        images = torch.empty(len(wanted), 3, 32, 32, dtype=torch.uint8)
        first = 0
        for file, count in zip(self.files, self.counts, strict=True):
            start, stop = torch.searchsorted(places, torch.tensor([first, first + count])).tolist()
            if stop > start:
                # Opened for each read: what is unmapped afterwards does not count as this process's memory, and a
                # file that was cut short meanwhile is noticed before it is touched.
                stored = _mapped(file, count)
                for part in torch.arange(start, stop).split(256):
                    images[order[part]] = torch.from_numpy(stored[(places[part] - first).numpy()])
            first += count
        return images


class StreamShards(Shards):
    """Shares of global batches as `Shards`, in an order that reads a few shards at a time.

    Args:
        shard_size: Images of a shard.
        options: As for `Shards`.
    """

    def __init__(self, *args, shard_size: int, **options):
        super().__init__(*args, **options)
        self.shard_size = shard_size

    def _order(self) -> Tensor:
        if not self.shuffle:
            return super()._order()
        generator = self.generator()
        shards = torch.arange(self.num_images).split(self.shard_size)
        chosen = torch.randperm(len(shards), generator=generator).split(SHARDS_IN_WINDOW)
        windows = (torch.cat([shards[number] for number in numbers.tolist()]) for numbers in chosen)
        order = torch.cat([window[torch.randperm(len(window), generator=generator)] for window in windows])
        return order[: len(self) * self.batch_size]


class StreamLoader(Loader):
    """`Loader` for a `StoredSplit`: one thread reads ahead while batches are given out.

    Two stretches of images are held at any time, together at most half of the limit; batches and what mirroring
    them takes have the other half.

    Args:
        split: Where the images are.
        batch_size: Images per global batch.
        memory_limit: Bytes that images may take in this process.
        options: As for `Loader`.

    Raises:
        ValueError: The limit does not hold a few batches.
    """

    def __init__(self, split: StoredSplit, batch_size: int, *, memory_limit: int, **options):
        share = -(-batch_size // options.get("world_size", 1))
        self.stretch = memory_limit // 4 // IMAGE_BYTES
        if self.stretch < share:
            raise ValueError(
                f"a memory limit of {memory_limit:,} bytes is too small for batches of {share} images; "
                f"allow at least {share * 4 * IMAGE_BYTES:,} bytes."
            )
        # Of the whole set and not of the limit, or processes with more or less memory would draw other orders.
        self.shard_size = max(1, min(1000, len(split) // (4 * SHARDS_IN_WINDOW)))
        super().__init__(split, batch_size, **options)

    def _shards(self, batch_size: int, **options) -> StreamShards:
        return StreamShards(len(self.split), batch_size, shard_size=self.shard_size, **options)

    def _read(self, shares: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        largest = -(-self.sampler.batch_size // self.sampler.world_size)
        stretches = iter(lambda: list(islice(shares, max(1, self.stretch // largest))), [])
        with ThreadPoolExecutor(1, "read-ahead") as reader:
            ahead = next(stretches, None)
            future = reader.submit(self.split.read, torch.cat(ahead)) if ahead else None
            while ahead:
                stretch, images = ahead, future.result()
                ahead = next(stretches, None)
                future = reader.submit(self.split.read, torch.cat(ahead)) if ahead else None
                for places, part in zip(stretch, images.split([len(places) for places in stretch]), strict=True):
                    # A copy, so that whoever keeps a batch does not keep the stretch.
                    yield places, part.clone()
                del images, part


def _mapped(file: Path, count: int | None = None) -> np.ndarray:
    try:
        # Read only: pages that could be written to, as the cache's, count as the process's own where that is limited.
        stored = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            file, f"this file of images is damaged or missing ({error})", "delete it and build it again"
        ) from None
    if stored.shape[1:] != (3, 32, 32) or stored.dtype != np.uint8 or count not in (None, len(stored)):
        raise DataError(
            file,
            f"it holds {stored.dtype} numbers of shape {list(stored.shape)}, not "
            f"{'a number of' if count is None else count} uint8 images [3, 32, 32]",
            "delete it and build it again",
        )
    return stored
