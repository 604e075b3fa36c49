"""Ctrl-C that leaves a checkpoint from which training goes on as if nothing had happened."""

import signal
import threading
from pathlib import Path

import pytorch_lightning as pl


class StopBetweenSteps(pl.Callback):
    """On the first Ctrl-C, finish the optimizer step, save the whole run, and stop; on the second, just stop.

    A step may be gathered from several portions of images. A checkpoint in between would lose the gradients so far.

    Args:
        checkpoint: The file to write.
    """

    def __init__(self, checkpoint: Path):
        self.checkpoint = checkpoint
        self.asked = False
        self._before = None

    def on_train_start(self, trainer, pl_module) -> None:
        """Listen, where this is the thread that signals reach."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)

    def _ask(self, number: int, frame) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        """Save and stop where a step has ended and any process was asked to."""
        portions = trainer.accumulate_grad_batches
        whole = (batch_idx + 1) % portions == 0 or batch_idx + 1 == trainer.num_training_batches
        # Processes hear of Ctrl-C at different moments, and none may wait for another that has stopped.
        if whole and trainer.strategy.reduce_boolean_decision(self.asked, all=False):
            trainer.save_checkpoint(self.checkpoint)
            raise KeyboardInterrupt

    def on_train_end(self, trainer, pl_module) -> None:
        """Give the signal back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def on_exception(self, trainer, pl_module, exception) -> None:
        """Give the signal back; Lightning would ignore it from here on."""
        self.on_train_end(trainer, pl_module)
