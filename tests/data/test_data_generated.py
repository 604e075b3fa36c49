"""The stand-in: the same bits everywhere, and hard for a linear model only."""

import hashlib

import pytest
import torch
from torch import nn

from scalable_ai.data import Loader, Split, cifar10, generated

CONTENT = "e0f9333ab424f20d5c88889a115a46e3a78fc6cccc530350bb1e543e40796b7f"


@pytest.fixture(scope="module")
def sample():
    return generated.draw("train", 6000), generated.draw("test", 1000)


def pixels(split: Split) -> torch.Tensor:
    return split.images.float().flatten(1) / 255


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def test_the_bits_are_the_published_ones():
    digest = hashlib.sha256()
    for part in ("train", "test"):
        split = generated.draw(part, 500)
        digest.update(split.images.numpy().tobytes())
        digest.update(split.labels.numpy().astype("<i8").tobytes())
    assert digest.hexdigest() == CONTENT


def test_an_image_depends_on_part_and_place_only(sample):
    train, test = sample
    few = generated.draw("train", 300)
    assert len(few) == 500
    assert torch.equal(few.images, train.images[:500])
    assert torch.equal(few.labels, train.labels[:500])
    assert not torch.equal(train.images[:500], test.images[:500])
    assert not torch.equal(train.images[:250], train.images[250:500])


def test_every_block_holds_every_class_equally(sample):
    for block in sample[0].labels.split(generated.BLOCK):
        assert block.bincount().tolist() == [25] * 10


def test_a_subset_is_the_same_with_and_without_the_full_set(tmp_path, monkeypatch):
    monkeypatch.setattr(generated, "SIZES", {"train": 1000, "test": 500})
    drawn = cifar10("generated", root=tmp_path, num_train=110, num_test=50)
    again = cifar10("generated", root=tmp_path, num_train=110, num_test=50)
    assert torch.equal(drawn.train.images, again.train.images)
    assert len(list((tmp_path / ".cache").iterdir())) == 1
    full = cifar10("generated", root=tmp_path)
    assert len(full.train) == 1000
    assert len(full.test) == 500
    cut = full.train.balanced(110)
    assert torch.equal(drawn.train.images, cut.images)
    assert drawn.train.labels.bincount().tolist() == [11] * 10
    assert len(list((tmp_path / ".cache").iterdir())) == 2


def test_it_has_the_shape_of_cifar10(sample):
    train, _ = sample
    assert train.images.shape == (6000, 3, 32, 32)
    assert train.images.dtype == torch.uint8
    assert generated.SIZES == {"train": 50_000, "test": 10_000}
    assert len(set(generated.CLASSES)) == 10
    assert not {"airplane", "cat", "dog", "ship"} & set(generated.CLASSES)


def test_nearest_centroid_gets_a_fifth_to_a_third_right(sample):
    train, test = sample
    centroids = torch.stack([pixels(train)[train.labels == label].mean(0) for label in range(10)])
    assert 0.18 < accuracy(-torch.cdist(pixels(test), centroids), test.labels) < 0.33


def test_a_linear_model_stays_below_45_percent(sample):
    """Ridge regression at the best of many strengths, chosen on the test set itself: an upper bound."""
    # Averaging 2x2 pixels is linear too, takes noise away, and makes the problem sixteen times smaller.
    x, y = (nn.functional.avg_pool2d(split.images.float(), 2).flatten(1) / 255 for split in sample)
    mean = x.mean(0)
    targets = nn.functional.one_hot(sample[0].labels, 10).float() - 0.1
    values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean))
    projected = vectors.T @ ((x - mean).T @ targets)
    scores = [
        accuracy((y - mean) @ (vectors @ (projected / (values + strength)[:, None])), sample[1].labels)
        for strength in 10.0 ** torch.arange(0, 6)
    ]
    assert 0.18 < max(scores) < 0.45


def test_a_small_convolutional_network_learns_it(sample):
    train, test = sample
    torch.manual_seed(0)

    def block(before: int, after: int) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(after), nn.ReLU()]

    network = nn.Sequential(
        *[nn.Conv2d(3, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU()],
        *[*block(16, 32), *block(32, 64), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(64, 10)],
    )
    loader = Loader(train, 100, train=True)
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=4 * len(loader))
    for epoch in range(4):
        loader.set_epoch(epoch)
        for images, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images / 255 - 0.5), labels).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.no_grad():
        assert accuracy(network(test.images / 255 - 0.5), test.labels) > 0.85
