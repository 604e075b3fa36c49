"""The capstone's loader against torchvision's transforms and PyTorch's DataLoader."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from scalable_ai.bench.timing import Comparison, compare_turns
from scalable_ai.data import Loader, Split, cifar10


class _Pictures(Dataset):
    """Images one by one through PIL transforms, as most CIFAR-10 code reads them."""

    def __init__(self, split: Split) -> None:
        self.images, self.labels = split.images.permute(0, 2, 3, 1).numpy(), split.labels
        steps = [transforms.ToPILImage(), transforms.RandomCrop(32, padding=2, padding_mode="reflect")]
        self.transform = transforms.Compose([*steps, transforms.RandomHorizontalFlip(), transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(self.images[index]), self.labels[index]


def bench_loading(num_images: int = 5000, batch_size: int = 500) -> Comparison:
    """Time one pass over shuffled, mirrored and moved images as float batches."""
    train = cifar10(num_train=num_images, num_test=10).train
    ours = Loader(train, batch_size, train=True)
    theirs = DataLoader(_Pictures(train), batch_size=batch_size, shuffle=True, num_workers=2)

    def run(batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        for images, _ in batches:
            images.float()

    ways = {"in-memory batches": lambda: run(ours), "torchvision, DataLoader(2 workers)": lambda: run(theirs)}
    return compare_turns("loading and augmenting", "images", num_images, ways, turns=3)
