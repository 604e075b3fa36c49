"""CIFAR-10 for the Trainer: one data set, three loaders, shared by however many processes there are."""

from pathlib import Path

import pytorch_lightning as pl

from scalable_ai.data import Cifar10, Loader, cifar10


class Cifar10Data(pl.LightningDataModule):
    """CIFAR-10 from any source of `scalable_ai.data`.

    Args:
        source: A path, "official" or "generated"; None takes what is found.
        root: The data folder; None takes the nearest `datasets`.
        batch_size: Images per optimizer step, over all processes together.
        num_train: Use this many training images only.
        num_test: Use this many test images only.
        num_val: Training images that are held out to watch progress with.
        augment: Mirror and move training images.
        seed: Of order and augmentation.
    """

    def __init__(
        self,
        source: str | None = None,
        root: str | None = None,
        batch_size: int = 500,
        num_train: int | None = None,
        num_test: int | None = None,
        num_val: int = 2000,
        augment: bool = True,
        seed: int = 0,
    ):
        super().__init__()
        # Relative paths would mean something else to the next command, so the checkpoint holds absolute ones.
        source, root = _absolute(source), str(Path(root).resolve()) if root else None
        self.save_hyperparameters()
        self.batch_size = batch_size
        self.data: Cifar10 | None = None

    def prepare_data(self) -> None:
        """Download and decode in one process, so that the others find the cache."""
        self._open()

    def setup(self, stage: str) -> None:
        """Open the data and hold some training images out."""
        if self.data is None:
            self.data = self._open()
            self.val, self.train = self.data.train.divided(self.hparams.num_val)

    def train_dataloader(self) -> Loader:
        """Return shuffled, augmented batches."""
        return self._loader(self.train, train=True)

    def val_dataloader(self) -> Loader:
        """Return the held-out images."""
        return self._loader(self.val, train=False)

    def test_dataloader(self) -> Loader:
        """Return the test images."""
        return self._loader(self.data.test, train=False)

    def _loader(self, split, train: bool) -> Loader:
        return Loader(
            split,
            self.batch_size,
            train=train,
            augment=train and self.hparams.augment,
            seed=self.hparams.seed,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
        )

    def _open(self) -> Cifar10:
        wanted = self.hparams
        return cifar10(wanted.source, wanted.root, num_train=wanted.num_train, num_test=wanted.num_test)


def _absolute(source: str | None) -> str | None:
    if source is None or source in ("official", "generated"):
        return source
    return str(Path(source).expanduser().resolve())
