"""The network: a small CNN, its batch normalization shared by all processes."""

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional

# Mean and standard deviation of CIFAR-10's training pixels, by channel, for pixels from 0 to 1.
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)

# Logits that start small let training begin with a high learning rate.
LOGIT_SCALE = 0.125


class _SumOverProcesses(torch.autograd.Function):
    """Sum a tensor over all processes; its gradient is summed over them too."""

    @staticmethod
    def forward(ctx, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization over the global batch, on any backend (PyTorch's own SyncBatchNorm needs a GPU).

    Each process must hold equally many images of the batch. In one process it is plain batch normalization.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the same kind; channels and resolution as the class says."""
        if not (self.training and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
            return super().forward(x)
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        local = torch.stack([exact.mean((0, 2, 3)), exact.square().mean((0, 2, 3))])
        mean, square = _SumOverProcesses.apply(local) / dist.get_world_size()
        variance = (square - mean * mean).clamp_min(0)
        with torch.no_grad():
            count = x.numel() / x.shape[1] * dist.get_world_size()
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return x * scale.to(x.dtype)[:, None, None] + shift.to(x.dtype)[:, None, None]


class ConvBlock(nn.Sequential):
    """3x3 convolution, optional 2x2 max-pooling, normalization, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, pool: bool = False):
        layers = [nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)]
        if pool:
            layers.append(nn.MaxPool2d(2))
        super().__init__(*layers, SharedBatchNorm2d(out_channels), nn.ReLU())


class Stage(nn.Sequential):
    """Halve the resolution and change the number of channels, then look once more at the same resolution."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(ConvBlock(in_channels, out_channels, pool=True), ConvBlock(out_channels, out_channels))


class Network(nn.Module):
    """Classify 32x32 color images.

    Normalization of the input is part of the network, so that whoever runs an exported file need not know it.

    Args:
        num_classes: Length of the output.
        widths: Channels of the three stages, at 15x15, 7x7 and 3x3 pixels; multiples of 32 run best.
    """

    def __init__(self, num_classes: int = 10, widths: tuple[int, ...] = (32, 64, 128)):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        stem_channels = 24
        self.stem = nn.Sequential(nn.Conv2d(3, stem_channels, 2), nn.ReLU())
        pairs = zip((stem_channels, *widths), widths, strict=False)
        self.stages = nn.Sequential(*(Stage(before, after) for before, after in pairs))
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, num_classes] for float images [N, 3, 32, 32] with pixels from 0 to 1."""
        x = (images - self.mean) / self.std
        x = self.stages(self.stem(x))
        return self.head(functional.adaptive_max_pool2d(x, 1).flatten(1)) * LOGIT_SCALE
