"""How the network learns, as a LightningModule."""

from typing import Literal

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.classification import MulticlassAccuracy

from .configuration import ConfigError
from .devices import choose_compile
from .model import SMALLEST, Network, build_network
from .muon import Muon

NUM_WHITENING_IMAGES = 5000
"""Training images that the whitening layer is fitted to."""


class Classifier(pl.LightningModule):
    """Train a network; each trick of the recipe is one option, so that it can be left out.

    Args:
        num_classes: Length of the output.
        architecture: "cnn" or "resnet18".
        widths: Channels of the CNN's three groups.
        whiten: Whether the CNN begins with a whitening layer.
        activation: "gelu" or "relu", of the CNN.
        identity: Whether the CNN's convolutions start by passing channels on.
        optimizer: "muon" for the convolutions, with SGD for the rest; or "sgd" for all.
        lr: Of the convolutions with "muon", of all with "sgd": the highest of the run.
        head_lr: Of the last layer with "muon", for the loss summed over a step's images.
        bias_lr: Of the biases with "muon", likewise.
        weight_decay: With "muon" what a step of 2,000 images takes off at the highest rate; with "sgd", SGD's.
        label_smoothing: Share of the target spread over all classes.
        warmup: Share of all steps during which the learning rate rises; it falls to zero from then on.
        early_size: Edge of the images, in pixels, in the first part of training; 32 for none. Small ones cost less.
        early_share: How much of all steps that part has.
        compile: Whether to compile the network; None does where it is known to be faster.
    """

    def __init__(
        self,
        num_classes: int = 10,
        architecture: Literal["cnn", "resnet18"] = "cnn",
        widths: tuple[int, int, int] = (64, 256, 256),
        whiten: bool = True,
        activation: Literal["gelu", "relu"] = "gelu",
        identity: bool = True,
        optimizer: Literal["muon", "sgd"] = "muon",
        lr: float = 0.17,
        head_lr: float = 0.67,
        bias_lr: float = 0.053,
        weight_decay: float = 0.004,
        label_smoothing: float = 0.2,
        warmup: float = 0.0,
        early_size: int = 24,
        early_share: float = 0.6,
        compile: bool | None = None,
    ):
        if early_size < SMALLEST:
            raise ConfigError(f"--model.early_size {early_size}: networks need {SMALLEST} pixels; choose that or more.")
        super().__init__()
        # A list and numbers only: a checkpoint must load with weights_only=True.
        widths = list(widths)
        self.save_hyperparameters()
        self.network = build_network(self.hparams).to(memory_format=torch.channels_last)
        self.train_accuracy = MulticlassAccuracy(num_classes, average="micro")
        self.val_accuracy = MulticlassAccuracy(num_classes, average="micro")
        self.test_accuracy = MulticlassAccuracy(num_classes, average="micro")

    def setup(self, stage: str) -> None:
        """Fit the whitening layer to training images, the same ones in every process; compile the network."""
        if stage != "fit":
            return
        device = self.trainer.strategy.root_device.type
        if choose_compile(device) if self.hparams.compile is None else self.hparams.compile:
            self.network.compile()
        if isinstance(self.network, Network):
            images = self.trainer.datamodule.train.images[:NUM_WHITENING_IMAGES]
            self.network.fit_whitening(images.to(self.device, self.dtype).div(255))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, num_classes] for uint8 images [N, 3, H, W]."""
        return self.network(images.to(dtype=self.dtype, memory_format=torch.channels_last).div_(255))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the loss of a batch of (uint8 images, labels)."""
        images, labels = batch
        if self.progress < self.hparams.early_share and self.hparams.early_size < images.shape[-1]:
            images = shrunk(images, self.hparams.early_size)
        logits = self(images)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.hparams.label_smoothing)
        self.train_accuracy(logits.detach(), labels)
        self.log("train_loss", loss, batch_size=len(labels))
        self.log("train_accuracy", self.train_accuracy, on_step=True, on_epoch=True, batch_size=len(labels))
        return loss

    @property
    def progress(self) -> float:
        """Share of the run's steps that are done, from 0 to 1."""
        return self.trainer.global_step / self.num_steps

    @property
    def num_steps(self) -> int:
        """Optimizer steps of the whole run."""
        return max(2, int(self.trainer.estimated_stepping_batches))

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
        """Return the optimizer and its schedule over all steps of the run."""
        optimizer = {"muon": self._muon, "sgd": self._sgd}[self.hparams.optimizer]()
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self._share_of_lr)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _share_of_lr(self, step: int) -> float:
        rising = self.hparams.warmup * self.num_steps
        if step < rising:
            return (step + 1) / (rising + 1)
        return max(0.0, (self.num_steps - step) / (self.num_steps - rising))

    def _muon(self) -> Muon:
        wanted = self.hparams
        images = self.trainer.datamodule.batch_size
        decay = wanted.weight_decay * images / 2000
        # The loss is a mean, and its gradient is made that of a sum by the learning rate.
        rates = {"head": wanted.head_lr * images, "bias": wanted.bias_lr * images}
        trained = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        filters = [p for p in trained.values() if p.ndim == 4]
        heads = [p for p in trained.values() if p.ndim == 2]
        biases = [p for p in trained.values() if p.ndim == 1]
        return Muon(
            [
                {"params": filters, "lr": wanted.lr, "momentum": 0.6, "orthogonal": True},
                {"params": heads, "lr": rates["head"], "momentum": 0.85, "weight_decay": decay / rates["head"]},
                {"params": biases, "lr": rates["bias"], "momentum": 0.85, "weight_decay": decay / rates["bias"]},
            ]
        )

    def _sgd(self) -> torch.optim.SGD:
        trained = [p for p in self.network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": self.hparams.weight_decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.SGD(groups, lr=self.hparams.lr, momentum=0.9, nesterov=True)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """Add what evaluation and export need: class names and the kind of data."""
        data = self.trainer.datamodule.data
        checkpoint["classes"] = list(data.classes)
        checkpoint["source"] = data.source


def shrunk(images: Tensor, size: int) -> Tensor:
    """Return uint8 images [N, 3, size, size], each pixel a weighted mean of those below it."""
    images = images.contiguous(memory_format=torch.channels_last)
    # Only CPUs have this operation for bytes.
    whole = images if images.device.type == "cpu" else images.float()
    small = functional.interpolate(whole, (size, size), mode="bilinear", antialias=True)
    return small if small.dtype == torch.uint8 else small.round_().clamp_(0, 255).to(torch.uint8)
