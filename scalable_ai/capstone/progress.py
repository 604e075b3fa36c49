"""What a run tells while it trains: one line an epoch, and how many images a second it learned from."""

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Leave out what Lightning announces (devices, tips, products), and keep its warnings and errors."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        # Lightning 2.6 asks newer versions of PyTorch in a way that they are about to drop.
        warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)` is deprecated")
        # Its command line calls jsonargparse by names that are about to change.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pytorch_lightning\.cli")
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

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        """Start the clock."""
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
        parts.append(f"{self.throughput.images_per_second:,.0f} images/s")
        if trainer.is_global_zero:
            print("  ".join(parts), flush=True)
            self.lines += 1
