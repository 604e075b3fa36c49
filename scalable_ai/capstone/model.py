"""The networks: a small CNN made for fast training, and the ResNet-18 that it is compared with.

The CNN's parts (whitened first layer, three groups of two convolutions, frozen scales) are those of K. Jordan, *94% on
CIFAR-10 in 3.29 Seconds on a Single GPU*, 2024. Every network takes float images [N, 3, H, W] with pixels from 0 to 1.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from .batchnorm import SharedBatchNorm2d

# Mean and standard deviation of CIFAR-10's training pixels, by channel, for pixels from 0 to 1.
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)

SMALLEST = 16
"""Pixels along an edge that every network needs."""
PATCH = 2
WHITENED = 2 * 3 * PATCH**2
"""Channels of the whitening layer: each component of a patch of three colors, and its negative."""


class Normalize(nn.Module):
    """Shift and scale pixels, so that whoever runs an exported network need not know by how much."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return (images - self.mean) / self.std


class Whiten(nn.Conv2d):
    """A 2x2 convolution whose outputs are uncorrelated over patches of training images; set once, never trained.

    Gradient descent need not find out that neighboring pixels are alike, and no gradient is computed for this layer.
    """

    def __init__(self):
        super().__init__(3, WHITENED, PATCH, bias=False)
        self.weight.requires_grad_(False)

    @torch.no_grad()
    def fit(self, images: Tensor, eps: float = 5e-4) -> None:
        """Set the weights from normalized images [N, 3, H, W]; `eps` keeps rare components from being blown up."""
        patches = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, WHITENED // 2)
        patches = patches.double()
        variances, components = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (components / (variances + eps).sqrt()).T.reshape(-1, 3, PATCH, PATCH)
        self.weight.copy_(torch.cat([filters, -filters]))


class Filters(nn.Conv2d):
    """A 3x3 convolution that starts by passing its input channels on unchanged, as far as it has outputs for them."""

    def __init__(self, in_channels: int, out_channels: int, identity: bool = True):
        self.identity = identity
        super().__init__(in_channels, out_channels, 3, padding=1, bias=False)

    def reset_parameters(self) -> None:
        """Draw the weights."""
        super().reset_parameters()
        if self.identity:
            nn.init.dirac_(self.weight.data[: self.in_channels])


class Group(nn.Sequential):
    """Halve the resolution and change the number of channels, then look once more at the same resolution."""

    def __init__(self, in_channels: int, out_channels: int, activation: type[nn.Module], identity: bool):
        super().__init__(
            Filters(in_channels, out_channels, identity),
            nn.MaxPool2d(2),
            _norm(out_channels),
            activation(),
            Filters(out_channels, out_channels, identity),
            _norm(out_channels),
            activation(),
        )


def _norm(channels: int) -> SharedBatchNorm2d:
    norm = SharedBatchNorm2d(channels)
    # The next convolution can scale as well; without this one, its own scale need not be learned.
    norm.weight.requires_grad_(False)
    return norm


class Network(nn.Module):
    """Classify color images of 32x32 pixels, or of other sizes from 16 up.

    Args:
        num_classes: Length of the output.
        widths: Channels of the groups, at 15x15, 7x7 and 3x3 pixels; multiples of 32 run best.
        whiten: Take the whitening layer for the first one; otherwise that one is drawn and trained like the others.
        activation: "gelu" or "relu".
        identity: Let convolutions start by passing channels on.
    """

    def __init__(
        self,
        num_classes: int = 10,
        widths: tuple[int, ...] = (64, 256, 256),
        whiten: bool = True,
        activation: str = "gelu",
        identity: bool = True,
    ):
        super().__init__()
        kind = {"gelu": nn.GELU, "relu": nn.ReLU}[activation]
        self.normalize = Normalize()
        self.whiten = Whiten() if whiten else nn.Conv2d(3, WHITENED, PATCH, bias=False)
        self.activation = kind()
        pairs = zip((WHITENED, *widths), widths, strict=False)
        self.groups = nn.Sequential(*(Group(before, after, kind, identity) for before, after in pairs))
        self.head = nn.Linear(widths[-1], num_classes, bias=False)
        nn.init.normal_(self.head.weight)

    def fit_whitening(self, images: Tensor) -> None:
        """Set the whitening layer, where there is one, from images [N, 3, H, W] with pixels from 0 to 1."""
        if isinstance(self.whiten, Whiten):
            self.whiten.fit(self.normalize(images))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, num_classes]."""
        x = self.groups(self.activation(self.whiten(self.normalize(images))))
        # Logits that start small let training begin with a high learning rate.
        return self.head(functional.adaptive_max_pool2d(x, 1).flatten(1)) / self.head.in_features


class ResNet18(nn.Module):
    """torchvision's ResNet-18 with a first layer for small images: 3x3, no stride, no pooling.

    Args:
        num_classes: Length of the output.
    """

    def __init__(self, num_classes: int = 10):
        super().__init__()
        from torchvision.models import resnet18

        self.normalize = Normalize()
        self.body = resnet18(weights=None, num_classes=num_classes)
        self.body.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.body.maxpool = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, num_classes]."""
        return self.body(self.normalize(images))


def build_network(hparams: Mapping) -> nn.Module:
    """Return the untrained network that settings of a `Classifier` ask for.

    Args:
        hparams: `num_classes`; `architecture`, "cnn" (as when left out) or "resnet18"; options of `Network`.

    Raises:
        ValueError: There is no such network.
    """
    architecture = hparams.get("architecture", "cnn")
    if architecture == "resnet18":
        return ResNet18(hparams["num_classes"])
    if architecture != "cnn":
        raise ValueError(f"{architecture}: there is no such network; choose cnn or resnet18.")
    options = {name: hparams[name] for name in ("whiten", "activation", "identity") if name in hparams}
    return Network(hparams["num_classes"], tuple(hparams["widths"]), **options)
