"""CIFAR-10 for the Trainer: one data set, three loaders, shared by however many processes there are."""

from pathlib import Path

import pytorch_lightning as pl
import torch

from scalable_ai.data import Cifar10, DataError, Loader, Split, StoredSplit, StreamLoader, cifar10
from scalable_ai.data.augment import Flip
from scalable_ai.data.memory import bytes_of, placed

from .configuration import ConfigError


class Cifar10Data(pl.LightningDataModule):
    """CIFAR-10 from any source of `scalable_ai.data`.

    Args:
        source: A path, "official" or "generated"; None takes what is found.
        root: The data folder; None takes the nearest `datasets`.
        batch_size: Images per optimizer step, over all processes together.
        portion: Training images that go through the network at once, at most and over all processes; a step gathers
            the gradients of several portions. Small ones stay in a CPU's caches; 0 takes the whole batch.
        num_train: Use this many training images only.
        num_test: Use this many test images only.
        num_val: Training images that are held out to watch progress with; with 0 there is no validation.
        augment: Mirror and move training images.
        flip: How to mirror them: "alternating" (one way in even epochs, the other in odd ones), "random" or "none".
        max_shift: Pixels to move them by at most.
        cutout: Edge in pixels of a square that is covered in each; 0 covers none.
        memory_limit: What a process's training images may take, in bytes or like "2GB"; a larger set is streamed from
            its files. None takes half of the memory that is free.
        seed: Of order and augmentation.
    """

    def __init__(
        self,
        source: str | None = None,
        root: str | None = None,
        batch_size: int = 500,
        portion: int = 0,
        num_train: int | None = None,
        num_test: int | None = None,
        num_val: int = 2000,
        augment: bool = True,
        flip: Flip = "alternating",
        max_shift: int = 2,
        cutout: int = 0,
        memory_limit: int | str | None = None,
        seed: int = 0,
    ):
        super().__init__()
        # Relative paths would mean something else to the next command, so the checkpoint holds absolute ones.
        source, root = _absolute(source), str(Path(root).resolve()) if root else None
        self.save_hyperparameters()
        self.batch_size = batch_size
        self.data: Cifar10 | None = None
        self.loader: Loader | None = None
        self.resume: dict[str, int] = {}

    def prepare_data(self) -> None:
        """Download and decode in one process, so that the others find the cache."""
        self._open()

    def setup(self, stage: str) -> None:
        """Open the data, hold some training images out, and put all in the memory of the device where they fit."""
        if self.data is not None:
            return
        self.data = self._open()
        train = self.data.train
        self.memory_limit = bytes_of(self.hparams.memory_limit)
        if not 0 <= self.hparams.num_val < len(train):
            raise DataError(
                "num_val",
                f"{self.hparams.num_val} of {len(train)} training images cannot be held out",
                "hold fewer out, or none with 0",
            )
        if train.images.nbytes > self.memory_limit:
            self.val, self.train = self._stored()
        else:
            self.val, self.train = train.divided(self.hparams.num_val) if self.hparams.num_val else (None, train)
            self.train = self._placed(self.train)
            self.val = self.val and self._placed(self.val)
        self.test = self._placed(self.data.test)

    def train_dataloader(self) -> Loader:
        """Return shuffled, augmented batches, from where a resumed run stopped."""
        self.loader = self._loader(self.train, train=True)
        self._refuse_another_order()
        self.loader.load_state_dict(self.resume)
        return self.loader

    def state_dict(self) -> dict[str, int]:
        """Return where in which epoch the run is, and what the order of its images depends on, for the checkpoint."""
        return {**self.loader.state_dict(), **self._order()} if self.loader else {}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Have the next training loader go on from there."""
        self.resume = state_dict

    def val_dataloader(self) -> Loader | list:
        """Return the held-out images; nothing where there are none."""
        return self._loader(self.val, train=False) if self.val else []

    def test_dataloader(self) -> Loader:
        """Return the test images."""
        return self._loader(self.test, train=False)

    def _loader(self, split: Split | StoredSplit, train: bool) -> Loader:
        options = {
            "train": train,
            "augment": train and self.hparams.augment,
            "flip": self.hparams.flip,
            "max_shift": self.hparams.max_shift,
            "cutout": self.hparams.cutout,
            "seed": self.hparams.seed,
            "rank": self.trainer.global_rank,
            "world_size": self.trainer.world_size,
        }
        batch_size = self.batch_size // (self.trainer.accumulate_grad_batches if train else 1)
        try:
            if isinstance(split, StoredSplit):
                return StreamLoader(split, batch_size, memory_limit=self.memory_limit, **options)
            return Loader(split, batch_size, **options)
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def _order(self) -> dict[str, int]:
        return {
            "images at once": self.loader.sampler.batch_size,
            "training images": len(self.train),
            "seed": self.hparams.seed,
            "streamed": int(isinstance(self.train, StoredSplit)),
        }

    def _refuse_another_order(self) -> None:
        """Raise a ConfigError where a run stopped in the middle of an epoch whose order would be another one now."""
        if not 0 < self.resume.get("batch", 0) < len(self.loader):
            return
        for name, now in self._order().items():
            then = self.resume.get(name, now)
            if then != now:
                raise ConfigError(
                    f"--resume: the run stopped within an epoch with {name} {then}, and now it would be {now} "
                    "and see other images. Resume it with the options it had, on as much memory."
                )

    def _stored(self) -> tuple[StoredSplit | None, StoredSplit]:
        """Divide the training images as above, by their positions in the file, and read none of them."""
        wanted, train = self.hparams, self.data.train
        whole = train if train.file else cifar10(wanted.source, wanted.root).train
        chosen = Split(torch.arange(len(whole)), whole.labels).balanced(wanted.num_train)
        val, chosen = chosen.divided(wanted.num_val) if wanted.num_val else (None, chosen)
        val, train = (part and StoredSplit([whole.file], whole.labels, part.images) for part in (val, chosen))
        return val, train

    def _placed(self, split: Split) -> Split:
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        return placed(split, device, torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0)

    def _open(self) -> Cifar10:
        wanted = self.hparams
        return cifar10(wanted.source, wanted.root, num_train=wanted.num_train, num_test=wanted.num_test)


def _absolute(source: str | None) -> str | None:
    if source is None or source in ("official", "generated"):
        return source
    return str(Path(source).expanduser().resolve())
