"""What a run tells while it trains: one line an epoch, and how many images a second it learned from."""

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
from tqdm import tqdm

READ_SECONDS = 0.5
"""Time between two readings of loss and accuracy for the bar."""


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Leave out what Lightning announces (devices, tips, products), and keep its warnings and errors."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        # Lightning 2.6 asks newer versions of PyTorch in a way that they are about to drop.
        warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)` is deprecated")
        # A run that goes on in another folder is what `--resume` is for.
        warnings.filterwarnings("ignore", message="The dirpath has changed from")
        # So is replacing a run by one of the same name.
        warnings.filterwarnings("ignore", message=r"(Experiment logs|Checkpoint) directory .* exists and is not empty")
        # Nor need a small set's epochs show up in the log's steps.
        warnings.filterwarnings("ignore", message="The number of training batches")
        # Its command line calls jsonargparse by names that are about to change.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pytorch_lightning\.cli")
        # No held-out images is a choice, and said in the configuration.
        warnings.filterwarnings("ignore", message="Total length of `list` across ranks is zero")
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


class Throughput(pl.Callback):
    """Count training images and the seconds they took, loading included and validation left out."""

    def __init__(self):
        self.images = 0
        self.seconds = 0.0
        self._since = 0.0

    @property
    def images_per_second(self) -> float:
        """Mean over the run so far; 0 before the first batch."""
        return self.images / self.seconds if self.seconds else 0.0

    def on_train_start(self, trainer, pl_module) -> None:
        """Start the clock; a run that goes on in the middle of an epoch does not begin one."""
        self._since = time.perf_counter()

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        """Start it anew."""
        self._since = time.perf_counter()

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        """Count a batch of all processes."""
        now = time.perf_counter()
        self.images += len(batch[1]) * trainer.world_size
        self.seconds += now - self._since
        self._since = now

    def on_validation_end(self, trainer, pl_module) -> None:
        """Leave the time since the last batch out."""
        self._since = time.perf_counter()


class RunBar(pl.Callback):
    """One bar over the whole run: share done, time left, loss and accuracy of the last images."""

    def __init__(self):
        self._bar: tqdm | None = None
        self._read = 0.0

    def on_train_start(self, trainer, pl_module) -> None:
        """Show the bar, in the first process only."""
        if trainer.is_global_zero:
            portions, done = trainer.num_training_batches, trainer.fit_loop.total_batch_idx + 1
            self._bar = tqdm(total=portions * trainer.max_epochs, initial=done, desc="training", dynamic_ncols=True)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        """Move it."""
        if self._bar is None:
            return
        # Reading a number from a GPU waits for it, so this is not done at every step.
        if time.perf_counter() - self._read > READ_SECONDS:
            metrics = trainer.callback_metrics
            known = {"loss": "train_loss", "accuracy": "train_accuracy"}
            shown = {label: f"{metrics[name]:.3f}" for label, name in known.items() if name in metrics}
            self._bar.set_postfix(shown, refresh=False)
            self._read = time.perf_counter()
        self._bar.update()

    def on_train_end(self, trainer, pl_module) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def on_exception(self, trainer, pl_module, exception) -> None:
        """Leave it as it is."""
        self.on_train_end(trainer, pl_module)


class EpochLines(pl.Callback):
    """Print one line an epoch; reads well in a log file, where a progress bar does not."""

    def __init__(self, throughput: Throughput):
        self.throughput = throughput
        self.lines = 0

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        """Print the line."""
        metrics = trainer.callback_metrics
        parts = [f"epoch {trainer.current_epoch + 1:>2} of {trainer.max_epochs}"]
        if "train_loss" in metrics:
            parts.append(f"loss {metrics['train_loss']:.3f}")
        if "val_accuracy" in metrics:
            parts.append(f"accuracy on held-out images {metrics['val_accuracy']:.1%}")
        elif "train_accuracy" in metrics:
            parts.append(f"accuracy on training images {metrics['train_accuracy']:.1%}")
        parts.append(f"{self.throughput.images_per_second:,.0f} images/s")
        if trainer.is_global_zero:
            tqdm.write("  ".join(parts))
            sys.stdout.flush()
            self.lines += 1
