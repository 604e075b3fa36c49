"""The value objects of a data set: pictures and labels, in two parts."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .errors import DataError
from .locate import GET_THE_REAL_ONE


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        images: uint8 tensor [N, 3, 32, 32], red, green, blue, 0 to 255; usually memory-mapped.
        labels: int64 tensor [N], positions in the tuple of class names.
        file: The .npy file that holds just these images, if any; they can be streamed from there.
    """

    images: Tensor
    labels: Tensor
    file: Path | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} images, {tuple(self.images.shape)} {self.images.dtype})"

    def balanced(self, count: int | None, name: str = "images") -> "Split":
        """Return `count` images, the first of every class in equal number, in their own order.

        Where `count` is no multiple of the number of classes, the first classes give one image more.

        Raises:
            DataError: A class has too few images.
        """
        if count is None or count == len(self):
            return self
        return self._at(self._first(count, name))

    def divided(self, count: int) -> tuple["Split", "Split"]:
        """Return `balanced(count)` and the rest, which share no image."""
        chosen = self._first(count, "images")
        rest = torch.ones(len(self), dtype=torch.bool)
        rest[chosen] = False
        return self._at(chosen), self._at(rest.nonzero().flatten())

    def _at(self, places: Tensor) -> "Split":
        return Split(self.images[places], self.labels[places])

    def _first(self, count: int, name: str) -> Tensor:
        num_classes = int(self.labels.max()) + 1
        if count < num_classes:
            raise DataError(
                name, f"{count} images cannot hold {num_classes} classes", f"ask for at least {num_classes}"
            )
        chosen = []
        for label in range(num_classes):
            places = (self.labels == label).nonzero().flatten()
            wanted = count // num_classes + (label < count % num_classes)
            if wanted > len(places):
                raise DataError(
                    name,
                    f"{count} images were asked for, {wanted} of class {label}, which has {len(places)}",
                    f"ask for at most {len(places) * num_classes}",
                )
            chosen.append(places[:wanted])
        return torch.cat(chosen).sort().values


@dataclass(frozen=True)
class Cifar10:
    """CIFAR-10, or what stands in for it.

    Attributes:
        train: The part to learn from.
        test: The part to measure with.
        classes: Ten names, by label.
        source: "official", "folder" or "generated".
        location: What was read, None when generated.
    """

    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    location: Path | None = None

    @property
    def stands_in(self) -> bool:
        """True where the images are generated and not CIFAR-10's."""
        return self.source == "generated"

    def __repr__(self) -> str:
        counts = f"{len(self.train):,} training and {len(self.test):,} test images, {len(self.classes)} classes"
        if self.stands_in:
            what = "A generated stand-in for CIFAR-10 (drawn figures, not photographs)"
            return f"{what}: {counts}. For the real one, {GET_THE_REAL_ONE}."
        kind = "official archive" if self.source == "official" else "image files"
        return f"CIFAR-10 from {kind} {self.location}: {counts}."
