"""The formats that PyTorch runs: state dict, `torch.export` program and TorchScript."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from ..runs import Loaded
from .card import card

Run = Callable[[Tensor], Tensor]
"""Takes float32 images [N, 3, 32, 32] with pixels from 0 to 1 and returns logits [N, classes]."""


def write_state_dict(loaded: Loaded, path: Path) -> None:
    """Write the weights alone; `model.json` beside them says the rest."""
    torch.save(loaded.network.state_dict(), path)


def read_state_dict(loaded: Loaded, path: Path) -> Run:
    """Open weights, as a network of the same kind."""
    network = loaded.fresh()
    network.load_state_dict(torch.load(path, weights_only=True))
    return torch.inference_mode()(network.eval())


def write_program(loaded: Loaded, path: Path) -> None:
    """Write a graph of PyTorch operations, with a free batch size."""
    shapes = {"images": {0: torch.export.Dim("batch", min=1)}}
    program = torch.export.export(loaded.network, (torch.zeros(2, 3, 32, 32),), dynamic_shapes=shapes)
    torch.export.save(program, path, extra_files=card(loaded))


def read_program(loaded: Loaded, path: Path) -> Run:
    """Open a graph of PyTorch operations."""
    # Without this variable, `torch.export.load` answers a pickle that is not plain by running it.
    with _environment("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1"):
        return torch.inference_mode()(torch.export.load(path).module())


def write_script(loaded: Loaded, path: Path) -> None:
    """Write TorchScript, which PyTorch no longer develops but older servers and its C++ library still load."""
    with warnings.catch_warnings():
        # Deprecated on purpose here: this file is for those who cannot move on yet.
        warnings.simplefilter("ignore")
        script = torch.jit.freeze(torch.jit.trace(loaded.network, torch.zeros(2, 3, 32, 32)))
        torch.jit.save(script, path, _extra_files=card(loaded))


def read_script(loaded: Loaded, path: Path) -> Run:
    """Open TorchScript; its own reader builds tensors and plain values only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.inference_mode()(torch.jit.load(path, map_location="cpu"))


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
