"""The capstone's loader against torchvision's CIFAR10, its transforms, and PyTorch's DataLoader."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.datasets import CIFAR10

from scalable_ai.bench.timing import Comparison, compare_turns
from scalable_ai.data import Loader, Split, cifar10

BATCH_SIZES = (500, 1000)


def augmenting() -> transforms.Compose:
    """Return the usual transforms of a training picture: move by up to two pixels, mirror, to float."""
    steps = [transforms.RandomCrop(32, padding=2, padding_mode="reflect"), transforms.RandomHorizontalFlip()]
    return transforms.Compose([*steps, transforms.ToTensor()])


class Pictures(Dataset):
    """Images one by one through PIL transforms, as most CIFAR-10 code reads them."""

    def __init__(self, split: Split) -> None:
        self.images, self.labels = split.images.permute(0, 2, 3, 1).numpy(), split.labels
        self.transform = transforms.Compose([transforms.ToPILImage(), augmenting()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(self.images[index]), self.labels[index]


def bench_loading(num_images: int = 10_000) -> list[Comparison]:
    """Time one pass over shuffled, mirrored and moved images as float batches, pixels 0 to 1, for two batch sizes."""
    train = cifar10("generated", num_train=num_images, num_test=10).train
    train = Split(train.images.clone(), train.labels)
    with tempfile.TemporaryDirectory() as folder:
        published = write_batches(Path(folder), train)(folder, train=True, transform=augmenting())
        return [_compare(train, published, batch_size) for batch_size in BATCH_SIZES]


def _compare(train: Split, published: CIFAR10, batch_size: int) -> Comparison:
    ours = Loader(train, batch_size, train=True)
    theirs = DataLoader(published, batch_size=batch_size, shuffle=True, num_workers=2)

    def run(batches: Iterable[tuple[Tensor, Tensor]], convert: bool) -> None:
        for images, _ in batches:
            if convert:
                images.float().mul_(1 / 255)

    ways = {
        "in-memory batches": lambda: run(ours, True),
        "torchvision CIFAR10, DataLoader(2 workers)": lambda: run(theirs, False),
    }
    return compare_turns(f"loading and augmenting, batches of {batch_size}", "images", len(train), ways, turns=3)


def write_batches(root: Path, split: Split) -> type[CIFAR10]:
    """Write images as the five batches that CIFAR-10's authors publish.

    Returns:
        torchvision's class with the checksums of these files in place of the published ones.
    """
    folder = root / CIFAR10.base_folder
    folder.mkdir()
    parts = [*split.images.flatten(1).tensor_split(5), torch.zeros(1, 3 * 32 * 32, dtype=torch.uint8)]
    labels = [*split.labels.tensor_split(5), torch.zeros(1, dtype=torch.int64)]
    names = [name for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list)]
    for name, images, numbers in zip(names, parts, labels, strict=True):
        (folder / name).write_bytes(pickle.dumps({"data": images.numpy(), "labels": numbers.tolist()}))
    (folder / CIFAR10.meta["filename"]).write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    sums = {"train_list": [[name, None] for name in names[:5]], "test_list": [[names[5], None]]}
    return type("CIFAR10", (CIFAR10,), sums | {"meta": CIFAR10.meta | {"md5": None}})
