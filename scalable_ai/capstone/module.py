"""How the network learns, as a LightningModule."""

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.classification import MulticlassAccuracy

from .model import Network


class Classifier(pl.LightningModule):
    """Train `Network` with SGD, Nesterov momentum and a one-cycle learning rate.

    Args:
        num_classes: Length of the output.
        widths: Channels of the network's three stages.
        lr: Peak learning rate for a global batch of 500; it is scaled with the batch size.
        momentum: Of SGD.
        weight_decay: Of SGD, on convolution and linear weights only.
        label_smoothing: Share of the target spread over all classes.
        warmup: Share of all steps during which the learning rate rises.
    """

    def __init__(
        self,
        num_classes: int = 10,
        widths: tuple[int, int, int] = (32, 64, 128),
        lr: float = 0.4,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        label_smoothing: float = 0.1,
        warmup: float = 0.25,
    ):
        super().__init__()
        # A list and numbers only: a checkpoint must load with weights_only=True.
        widths = list(widths)
        self.save_hyperparameters()
        self.network = Network(num_classes, tuple(widths)).to(memory_format=torch.channels_last)
        self.val_accuracy = MulticlassAccuracy(num_classes, average="micro")
        self.test_accuracy = MulticlassAccuracy(num_classes, average="micro")

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, num_classes] for uint8 images [N, 3, 32, 32]."""
        pixels = images.to(dtype=self.dtype, memory_format=torch.channels_last).div_(255)
        return self.network(pixels)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the loss of a batch of (uint8 images, labels)."""
        images, labels = batch
        loss = functional.cross_entropy(self(images), labels, label_smoothing=self.hparams.label_smoothing)
        self.log("train_loss", loss, prog_bar=True, batch_size=len(labels))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Count right answers on held-out images."""
        images, labels = batch
        self.val_accuracy(self(images), labels)
        self.log("val_accuracy", self.val_accuracy, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(labels))

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Count right answers on test images."""
        images, labels = batch
        self.test_accuracy(self(images), labels)
        self.log("test_accuracy", self.test_accuracy, on_step=False, on_epoch=True, batch_size=len(labels))

    def configure_optimizers(self):
        """Return SGD and its one-cycle schedule over all steps of the run."""
        batch_size = self.trainer.datamodule.batch_size
        peak = self.hparams.lr * batch_size / 500
        matrices = [p for p in self.network.parameters() if p.ndim > 1]
        vectors = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [
            {"params": matrices, "weight_decay": self.hparams.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.SGD(groups, lr=peak, momentum=self.hparams.momentum, nesterov=True)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=peak,
            total_steps=max(2, int(self.trainer.estimated_stepping_batches)),
            pct_start=self.hparams.warmup,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=5,
            final_div_factor=20,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """Add what evaluation and export need: class names and the kind of data."""
        data = self.trainer.datamodule.data
        checkpoint["classes"] = list(data.classes)
        checkpoint["source"] = data.source
