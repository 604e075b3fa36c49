"""Sharding without overlap or loss, order that no number of processes changes, and honest augmentation."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.data import Loader, Shards, Split


def numbered(count: int) -> Split:
    """Return images that carry their own number in every pixel of the first two channels."""
    numbers = torch.arange(count)
    images = torch.zeros(count, 3, 32, 32, dtype=torch.uint8)
    images[:, 0], images[:, 1] = (numbers % 256)[:, None, None], (numbers // 256)[:, None, None]
    return Split(images, numbers)


shapes = st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(4, 200)).map(lambda t: (t[0], t[0] * t[1], t[2]))


@given(shapes, st.booleans(), st.integers(0, 3), st.integers(0, 3))
def test_shards_make_up_the_global_batches_of_one_process(shape, shuffle, seed, epoch):
    world_size, batch_size, count = shape

    def shards(rank, world):
        order = Shards(count, batch_size, shuffle=shuffle, seed=seed, rank=rank, world_size=world)
        order.set_epoch(epoch)
        batches = [batch.tolist() for batch in order]
        assert len(batches) == len(order)
        return batches

    # A set smaller than one batch is cut to what the processes can share equally, so compare from there on.
    if shuffle and count < batch_size and count % world_size:
        return
    alone, shared = shards(0, 1), [shards(rank, world_size) for rank in range(world_size)]
    flat = [place for batches in shared for batch in batches for place in batch]
    assert len(flat) == len(set(flat))
    if not shuffle:
        assert sorted(flat) == list(range(count))
        assert all(batch for batches in shared for batch in batches)
    else:
        assert {len(batch) for batches in shared for batch in batches} == {min(batch_size, count) // world_size}
        for number, whole in enumerate(alone):
            assert sorted(whole) == sorted(place for batches in shared for place in batches[number])


def test_epochs_and_seeds_differ_and_repeat():
    def order(seed, epoch):
        shards = Shards(100, 10, shuffle=True, seed=seed)
        shards.set_epoch(epoch)
        return torch.cat(list(shards)).tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(*pair)) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))}) == 4


@pytest.mark.parametrize("world_size", [2, 4])
def test_images_and_augmentation_do_not_depend_on_the_number_of_processes(world_size):
    split = Split(torch.randint(0, 256, (64, 3, 32, 32), dtype=torch.uint8), torch.arange(64))

    def by_number(world):
        seen = {}
        for rank in range(world):
            loader = Loader(split, 16, train=True, seed=3, rank=rank, world_size=world)
            loader.set_epoch(2)
            for images, labels in loader:
                seen |= dict(zip(labels.tolist(), images, strict=True))
        return seen

    alone, shared = by_number(1), by_number(world_size)
    assert alone.keys() == shared.keys() == set(range(64))
    assert all(torch.equal(alone[number], shared[number]) for number in alone)


def test_labels_stay_with_their_images():
    loader = Loader(numbered(600), 50, train=True)
    assert len(loader) == 12
    for images, labels in loader:
        assert images.dtype == torch.uint8
        assert images.shape == (50, 3, 32, 32)
        assert torch.equal(images[:, 0, 0, 0].long() + 256 * images[:, 1, 5, 5].long(), labels)


def test_without_training_order_and_pixels_are_kept():
    split = Split(torch.randint(0, 256, (23, 3, 32, 32), dtype=torch.uint8), torch.arange(23))
    batches = list(Loader(split, 10, train=False))
    assert torch.equal(torch.cat([images for images, _ in batches]), split.images)
    assert [len(labels) for _, labels in batches] == [8, 8, 7]


def test_augmentation_mirrors_half_and_moves_by_up_to_two_pixels():
    image = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    split = Split(image.expand(400, 3, 32, 32), torch.zeros(400, dtype=torch.int64))
    padded = torch.nn.functional.pad(image.float()[None], (2, 2, 2, 2), mode="reflect")[0].to(torch.uint8)
    expected = {}
    for down in range(5):
        for right in range(5):
            moved = padded[:, down : down + 32, right : right + 32]
            expected[moved.numpy().tobytes()] = (False, down, right)
            expected[moved.flip(2).numpy().tobytes()] = (True, down, right)
    seen = [expected[one.numpy().tobytes()] for images, _ in Loader(split, 100, train=True) for one in images]
    assert set(seen) == set(expected.values())
    assert 150 < sum(mirrored for mirrored, _, _ in seen) < 250


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="multiple of 3"):
        Shards(100, 10, shuffle=True, world_size=3)
    with pytest.raises(ValueError, match="rank 2"):
        Shards(100, 10, shuffle=True, rank=2, world_size=2)
    with pytest.raises(ValueError, match="too few"):
        Shards(3, 4, shuffle=False, world_size=4)


def test_divided_parts_share_no_image_and_lose_none():
    split = Split(numbered(200).images, torch.arange(200) % 10)
    first, rest = split.divided(50)
    assert first.labels.bincount().tolist() == [5] * 10
    assert len(rest) == 150
    numbers = torch.cat([first.images[:, 0, 0, 0], rest.images[:, 0, 0, 0]])
    assert sorted(numbers.tolist()) == list(range(200))


def flipped(flip, epoch, seed=0):
    """Return which images of an epoch are mirrored, by number, without any move."""
    images = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8).expand(200, -1, -1, -1)
    loader = Loader(Split(images, torch.arange(200)), 50, train=True, flip=flip, max_shift=0, seed=seed)
    loader.set_epoch(epoch)
    sides = torch.empty(200, dtype=torch.bool)
    for batch, numbers in loader:
        sides[numbers] = torch.tensor([torch.equal(image, images[0].flip(2)) for image in batch])
        assert all(torch.equal(image, images[0]) for image in batch[~sides[numbers]])
    return sides


@pytest.mark.parametrize("seed", [0, 7])
def test_alternating_epochs_mirror_each_other(seed):
    first, second, third = (flipped("alternating", epoch, seed) for epoch in range(3))
    assert torch.equal(first, ~second)
    assert torch.equal(first, third)
    assert 60 < first.sum() < 140


def test_random_flips_are_drawn_anew_and_none_leaves_every_image():
    first, second = flipped("random", 0), flipped("random", 1)
    assert 60 < (first ^ second).sum() < 140
    assert not flipped("none", 1).any()


def test_cutout_covers_one_square_of_each_image_with_the_mean_color():
    images = torch.zeros(200, 3, 32, 32, dtype=torch.uint8)
    loader = Loader(Split(images, torch.arange(200)), 50, train=True, cutout=12)
    corners = set()
    for batch, _ in loader:
        hidden = (batch == torch.tensor([125, 123, 114], dtype=torch.uint8).view(3, 1, 1)).all(1)
        assert batch.sum() == 12 * 12 * (125 + 123 + 114) * len(batch)
        for image in hidden:
            rows, columns = image.any(1).nonzero().flatten(), image.any(0).nonzero().flatten()
            assert image.sum() == len(rows) * len(columns) == 144
            corners.add((rows[0].item(), columns[0].item()))
    tops, lefts = zip(*corners, strict=True)
    assert min(tops) == min(lefts) == 0
    assert max(tops) == max(lefts) == 20
    assert len(corners) > 100


def test_it_goes_on_in_the_middle_of_an_epoch_and_only_there():
    def loader():
        return Loader(numbered(64), 16, train=True)

    whole, stopped, resumed, other = list(loader()), loader(), loader(), loader()
    batches = iter(stopped)
    next(batches)
    resumed.load_state_dict(stopped.state_dict())
    assert [labels.tolist() for _, labels in resumed] == [labels.tolist() for _, labels in whole[1:]]
    other.load_state_dict(stopped.state_dict())
    other.set_epoch(1)
    assert len(list(other)) == len(list(resumed)) == 4


def test_another_device_runs_the_same_code():
    split = Split(torch.empty(64, 3, 32, 32, dtype=torch.uint8, device="meta"), torch.arange(64, device="meta"))
    shapes = [(images.device.type, images.shape, labels.shape) for images, labels in Loader(split, 16, train=True)]
    assert shapes == [("meta", (16, 3, 32, 32), (16,))] * 4
