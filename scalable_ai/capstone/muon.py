"""Muon: momentum for convolution filters and matrices, its update orthogonalized (K. Jordan and others, 2024)."""

import torch
from torch import Tensor

from .devices import multiplies_bfloat16

# A polynomial that lifts small singular values fast; all end between about 0.7 and 1.2, which is near enough to 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
NUM_ITERATIONS = 3


class Muon(torch.optim.Optimizer):
    """Train some parameters with orthogonalized momentum and the others with SGD, as their group says.

    PyTorch's own `torch.optim.Muon` takes matrices only; here a filter [out, in, height, width] counts as the matrix
    [out, in * height * width] and keeps a length of `sqrt(out)`, so that the learning rate alone says how far it moves.

    Args:
        groups: Groups of parameters with `lr`, `momentum` and `weight_decay`; those with `orthogonal` true get
            orthogonalized updates, all of the same size whatever the gradient's, and no weight decay.
    """

    def __init__(self, groups: list[dict]):
        super().__init__(groups, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step; both kinds use Nesterov's momentum."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict) -> None:
        gradient, momentum = parameter.grad, group["momentum"]
        if not group["orthogonal"]:
            gradient = gradient.add(parameter, alpha=group["weight_decay"])
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        buffer = state["momentum_buffer"].mul_(momentum).add_(gradient)
        update = gradient.add(buffer, alpha=momentum)
        if group["orthogonal"]:
            parameter.mul_(len(parameter) ** 0.5 / parameter.norm())
            update = orthogonalized(update.reshape(len(update), -1)).view_as(update)
        parameter.add_(update, alpha=-group["lr"])


def orthogonalized(matrix: Tensor, num_iterations: int = NUM_ITERATIONS, eps: float = 1e-7) -> Tensor:
    """Return a matrix [m, n] with the singular vectors of the given one and singular values near 1.

    Newton and Schulz's iteration needs products of matrices only, which every device is good at.
    """
    a, b, c = COEFFICIENTS
    # Hardware for bfloat16 multiplies it many times faster, and the iteration forgives it.
    x = matrix.bfloat16() if matrix.dtype == torch.float32 and multiplies_bfloat16(matrix.device.type) else matrix
    x = x / (x.norm() + eps)
    if tall := len(x) > x.shape[1]:
        x = x.T
    for _ in range(num_iterations):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
