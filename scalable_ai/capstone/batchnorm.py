"""Batch normalization over the images of all processes, on any backend."""

import torch
import torch.distributed as dist
from torch import Tensor, nn


class _Normalize(torch.autograd.Function):
    """Batch normalization by PyTorch's own kernels, with what they sum up within a process summed over all of them."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        # With weights, so that the statistics of bfloat16 inputs are float32.
        _, mean, rstd = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, eps)
        statistics = torch.stack([mean, rstd.pow(-2) - eps + mean.square()]) / dist.get_world_size()
        dist.all_reduce(statistics)
        mean, square = statistics
        variance = (square - mean.square()).clamp_min(0)
        out, _, _ = torch.native_batch_norm(x, weight, bias, mean, variance, False, 0.0, eps)
        ctx.save_for_backward(x, weight, mean, (variance + eps).rsqrt())
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    def backward(ctx, grad: Tensor, *_) -> tuple[Tensor, Tensor, Tensor, None]:
        x, weight, mean, rstd = ctx.saved_tensors
        grad_x, grad_weight, grad_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, None, None, mean, rstd, True, 0.0, [True, True, True]
        )
        # The kernel took this process's sums for those of all: what is missing is linear in x.
        sums = torch.stack([grad_weight, grad_bias])
        total = sums / dist.get_world_size()
        dist.all_reduce(total)
        slope, offset = (sums - total) / (x.numel() / x.shape[1]) * weight * rstd
        slope = slope * rstd
        offset = offset - slope * mean
        grad_x.addcmul_(x, _broadcast(slope, x)).add_(_broadcast(offset, x))
        return grad_x, grad_weight, grad_bias, None


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization over the global batch, on any backend (PyTorch's own SyncBatchNorm needs a GPU).

    Each process must hold equally many images of the batch. In one process it is plain batch normalization.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the same kind; channels and resolution as the class says."""
        if not (self.training and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
            return super().forward(x)
        out, mean, variance = _Normalize.apply(x, self.weight, self.bias, self.eps)
        with torch.no_grad():
            count = x.numel() / x.shape[1] * dist.get_world_size()
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        return out


def _broadcast(values: Tensor, x: Tensor) -> Tensor:
    return values.to(x.dtype)[:, None, None]
