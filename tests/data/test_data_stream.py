"""Streaming: every image once an epoch, the same batches for any number of processes, within a memory limit."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scalable_ai.data import DataError, Loader, Split, StoredSplit, StreamLoader

LIMIT = 4_000_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return three files of 700 images in all, each with its number in its pixels, and the labels."""
    folder = tmp_path_factory.mktemp("shards")
    images = torch.zeros(700, 3, 32, 32, dtype=torch.uint8)
    images[:, 0], images[:, 1] = (torch.arange(700) % 256)[:, None, None], (torch.arange(700) // 256)[:, None, None]
    for number, part in enumerate(images.split([300, 1, 399])):
        np.save(folder / f"{number}.npy", part.numpy())
    return sorted(folder.iterdir()), torch.arange(700)


def numbers(images):
    return images[:, 0, 16, 16].long() + 256 * images[:, 1, 16, 16].long()


@given(st.sampled_from([1, 2, 3]), st.booleans(), st.integers(0, 2), st.integers(0, 2), st.sampled_from([6, 60, 96]))
@settings(max_examples=15, deadline=None)
def test_every_image_once_and_global_batches_of_one_process(files, world_size, train, seed, epoch, batch_size):
    split = StoredSplit(*files, places=torch.arange(0, 700, 2))

    def batches(rank, world):
        loader = StreamLoader(
            split, batch_size, train=train, seed=seed, rank=rank, world_size=world, memory_limit=LIMIT
        )
        loader.set_epoch(epoch)
        found = [labels.tolist() for images, labels in loader if torch.equal(numbers(images), labels)]
        assert len(found) == len(loader)
        return found

    alone, shared = batches(0, 1), [batches(rank, world_size) for rank in range(world_size)]
    flat = [number for rank in shared for batch in rank for number in batch]
    assert len(flat) == len(set(flat)) == (350 // batch_size * batch_size if train else 350)
    assert set(flat) <= set(range(0, 700, 2))
    if train:
        assert all(
            sorted(whole) == sorted(itertools.chain(*parts)) for whole, *parts in zip(alone, *shared, strict=True)
        )


def test_an_image_is_augmented_as_it_would_be_in_memory(files):
    paths, labels = files
    images = torch.cat([torch.from_numpy(np.load(path)) for path in paths])
    images[:, 2] = torch.randint(0, 256, (700, 32, 32), dtype=torch.uint8)
    noisy = [path.with_suffix(".noisy") for path in paths]
    for path, part in zip(noisy, images.split([300, 1, 399]), strict=True):
        with path.open("wb") as file:
            np.save(file, part.numpy())
    memory = Loader(Split(images, labels), 70, train=True, seed=5)
    stream = StreamLoader(StoredSplit(noisy, labels), 70, train=True, seed=5, memory_limit=LIMIT)
    seen = []
    for loader in (memory, stream):
        loader.set_epoch(3)
        seen.append({number: image for batch in loader for image, number in zip(batch[0], batch[1].tolist())})  # noqa: B905
    assert seen[0].keys() == seen[1].keys()
    assert all(torch.equal(image, seen[1][number]) for number, image in seen[0].items())


def test_epochs_are_shuffled_and_a_batch_is_from_a_few_shards(files):
    loader = StreamLoader(StoredSplit(*files), 70, train=True, augment=False, memory_limit=LIMIT)
    orders = []
    for epoch in range(2):
        loader.set_epoch(epoch)
        orders.append(torch.cat([labels for _, labels in loader]))
    assert not torch.equal(*orders)
    first = orders[0][: 16 * loader.shard_size]
    assert len((first // loader.shard_size).unique()) <= 16
    assert not torch.equal(first, first.sort().values)


def test_it_goes_on_in_the_middle_of_an_epoch(files):
    def loader():
        return StreamLoader(StoredSplit(*files), 70, train=True, memory_limit=LIMIT)

    whole, first, second = list(loader()), loader(), loader()
    batches = iter(first)
    for _ in range(4):
        next(batches)
    second.load_state_dict(first.state_dict())
    rest = list(second)
    assert len(rest) == 6
    assert all(torch.equal(one[0], other[0]) for one, other in zip(whole[4:], rest, strict=True))
    assert len(list(second)) == 10


@pytest.mark.parametrize("damage", ["short", "empty", "text", "missing", "shape", "labels"])
def test_a_damaged_file_is_one_sentence(damage, tmp_path):
    path = tmp_path / "shard.npy"
    images = np.zeros((20, 3, 32, 32), dtype=np.uint8)
    np.save(path, images)
    split = StoredSplit([path], torch.arange(20))
    if damage == "shape":
        np.save(path, images.reshape(20, 32, 32, 3))
    elif damage == "missing":
        path.unlink()
    elif damage != "labels":
        path.write_bytes({"short": path.read_bytes()[:-1], "empty": b"", "text": b"images"}[damage])
    with pytest.raises(DataError) as caught:
        StoredSplit([path], torch.arange(21 if damage == "labels" else 20))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    if damage != "labels":  # damaged after it was opened
        with pytest.raises(DataError, match=r"shard\.npy"):
            split.read(torch.tensor([3]))


def test_the_first_images_are_read_as_from_a_split_in_memory(files):
    split = StoredSplit(*files, places=torch.arange(1, 700, 2))
    assert numbers(split.images[:3]).tolist() == [1, 3, 5]
    assert numbers(split.images[torch.tensor([349, 0])]).tolist() == [699, 1]


def test_a_limit_that_holds_no_batch_is_refused(files):
    with pytest.raises(ValueError, match="too small for batches of 70"):
        StreamLoader(StoredSplit(*files), 70, train=True, memory_limit=100_000)


CHILD = """
import resource, sys, torch
from scalable_ai.data import Split, StoredSplit, StreamLoader
from scalable_ai.data.stream import _mapped
from pathlib import Path
way, path, cap = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
split = StoredSplit([path], torch.arange(30_000))
loader = StreamLoader(split, 200, train=True, memory_limit=cap // 2)
next(iter(loader))  # threads, and what PyTorch sets up on first use
data = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (data + cap, data + cap))
if way == "stream":
    print(sum(len(labels) for _, labels in loader))
else:
    print(len(_mapped(path).copy()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on a process's own memory is Linux's")
def test_a_set_larger_than_the_memory_allowed_is_streamed(tmp_path):
    """92 MB of images pass through a process that may take 64 MB more, thread and allocator included."""
    path = tmp_path / "large.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(30_000, 3, 32, 32)).flush()
    ends = {
        way: subprocess.run([sys.executable, "-c", CHILD, way, path, "64000000"], capture_output=True, text=True)
        for way in ("stream", "memory")
    }
    assert ends["stream"].stdout == "30000\n", ends["stream"].stderr
    assert ends["memory"].returncode != 0
    assert "memory" in ends["memory"].stderr.lower()
