"""How accuracy falls when images go bad."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from scalable_ai.data import Split

from .answers import predict
from .corruption import CORRUPTIONS, SEVERITIES, corrupt
from .interval import wilson


@dataclass(frozen=True)
class Corrupted:
    """Accuracy on corrupted copies of test images.

    Attributes:
        kind: Name in `CORRUPTIONS`.
        severity: 1, 2 or 3.
        accuracy: From 0 to 1.
        interval: 95 %, Wilson.
    """

    kind: str
    severity: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Robustness:
    """Accuracy on the same test images, as they are and corrupted.

    Attributes:
        num_images: Test images, as many of each class as possible.
        seed: Of the noise.
        clean: Accuracy on these images as they are.
        clean_interval: 95 %, Wilson.
        corrupted: One entry for each kind and severity.
    """

    num_images: int
    seed: int
    clean: float
    clean_interval: tuple[float, float]
    corrupted: list[Corrupted]

    def of(self, kind: str) -> list[Corrupted]:
        """Return the entries of a kind, by severity."""
        return [entry for entry in self.corrupted if entry.kind == kind]

    def mean(self, severity: int) -> float:
        """Return the mean accuracy over all kinds at a severity."""
        found = [entry.accuracy for entry in self.corrupted if entry.severity == severity]
        return sum(found) / len(found)


def robustness(
    network: nn.Module, split: Split, batch_size: int, seed: int = 0, tell: Callable[[str], None] = lambda line: None
) -> Robustness:
    """Run a network over corrupted copies of a split.

    Args:
        network: In eval mode.
        split: Test images.
        batch_size: Images per forward pass.
        seed: Of the noise.
        tell: Called with a line for each kind of corruption.
    """
    count = len(split)

    def right(change: Callable | None) -> int:
        hits = 0
        for start in range(0, count, batch_size):
            images, labels = split.images[start : start + batch_size], split.labels[start : start + batch_size]
            images = change(images, start) if change else images
            hits += (predict(network, images).argmax(1).cpu() == labels).sum().item()
        return hits

    clean, found = right(None), []
    for kind, corruption in CORRUPTIONS.items():
        hits = [
            right(lambda images, start, k=kind, s=severity: corrupt(images, k, s, seed, start))
            for severity in SEVERITIES
        ]
        found += [Corrupted(kind, s, hit / count, wilson(hit, count)) for s, hit in zip(SEVERITIES, hits, strict=True)]
        tell(f"  {corruption.title:<17} {'  '.join(f'{hit / count:6.1%}' for hit in hits)}")
    return Robustness(count, seed, clean / count, wilson(clean, count), found)
