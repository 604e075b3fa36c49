"""The data module: what it opens, what it streams, and that a resumed epoch goes on with the images it had."""

from types import SimpleNamespace

import pytest
import torch

from scalable_ai.capstone.configuration import ConfigError
from scalable_ai.capstone.datamodule import Cifar10Data
from scalable_ai.data import DataError, StreamLoader
from scalable_ai.data.memory import bytes_of

SMALL = {"source": "generated", "num_train": 300, "num_test": 50, "batch_size": 20}


def opened(**options) -> Cifar10Data:
    """Return a data module as it is in a run of one process on the CPU."""
    data = Cifar10Data(**SMALL | {"num_val": 0} | options)
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    data.trainer = SimpleNamespace(global_rank=0, world_size=1, accumulate_grad_batches=1, strategy=strategy)
    data.setup("fit")
    return data


def epoch(loader, number: int) -> list[torch.Tensor]:
    loader.set_epoch(number)
    return [images for images, _ in loader]


def test_without_held_out_images_there_is_no_validation():
    data = opened()
    assert data.val_dataloader() == []
    assert len(data.train) == 300
    assert len(opened(num_val=50).val_dataloader().split) == 50


def test_a_set_beyond_the_limit_is_streamed_with_every_image_once():
    data = opened(memory_limit="700 KB", augment=False)
    loader = data.train_dataloader()
    assert isinstance(loader, StreamLoader)
    seen = torch.cat(epoch(loader, 0)).flatten(1).sort(0).values
    whole = torch.cat(epoch(opened(augment=False).train_dataloader(), 0)).flatten(1).sort(0).values
    assert torch.equal(seen, whole)


@pytest.mark.parametrize("limit", [None, "700 KB"], ids=["in memory", "streamed"])
def test_a_resumed_epoch_goes_on_with_the_next_images(limit):
    whole = epoch(opened(memory_limit=limit).train_dataloader(), 3)
    stopped = opened(memory_limit=limit)
    loader = stopped.train_dataloader()
    loader.set_epoch(3)
    for _, _ in zip(range(4), loader, strict=False):
        pass
    resumed = opened(memory_limit=limit)
    resumed.load_state_dict(stopped.state_dict())
    rest = epoch(resumed.train_dataloader(), 3)
    assert len(rest) == len(whole) - 4
    assert all(map(torch.equal, rest, whole[4:]))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"batch_size": 30}, "images at once 20, and now it would be 30"),
        ({"num_train": 200}, "training images 300, and now it would be 200"),
        ({"seed": 1}, "seed 0, and now it would be 1"),
        ({"memory_limit": "700 KB"}, "streamed 0, and now it would be 1"),
    ],
)
def test_an_epoch_in_another_order_is_not_resumed(change, named):
    stopped = opened()
    next(iter(stopped.train_dataloader()))
    resumed = opened(**change)
    resumed.load_state_dict(stopped.state_dict())
    with pytest.raises(ConfigError, match=named):
        resumed.train_dataloader()


def test_between_epochs_another_batch_size_may_begin():
    stopped = opened()
    list(stopped.train_dataloader())
    resumed = opened(batch_size=30)
    resumed.load_state_dict(stopped.state_dict())
    assert len(epoch(resumed.train_dataloader(), 1)) == 10


@pytest.mark.parametrize(("words", "size"), [("2GB", 2 * 10**9), ("1.5 MiB", 3 * 2**19), (700, 700), ("10 kb", 10_000)])
def test_sizes_are_read(words, size):
    assert bytes_of(words) == size


@pytest.mark.parametrize("words", ["much", "2 TB", "-1", "0", "1e3"])
def test_what_is_no_size_gets_a_sentence(words):
    with pytest.raises(DataError, match="this is no size"):
        bytes_of(words)


def test_a_free_limit_is_a_part_of_the_free_memory_for_each_process(monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=8000))
    assert bytes_of(None) == 4000
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert bytes_of(None) == 1000


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_shift": -1}, "choose 0 to 15 pixels"),
        ({"cutout": 33}, "cutout is 33; choose 0 to 32 pixels"),
        ({"memory_limit": "50 KB"}, "allow at least"),
        ({"flip": "up"}, "flip"),
    ],
)
def test_options_that_do_not_fit_get_a_sentence(options, named):
    with pytest.raises(ConfigError, match=named):
        opened(**options).train_dataloader()
