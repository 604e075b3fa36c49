"""Advice on exceptions: each sentence is given for the exception that PyTorch, Lightning or Python really raises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from scalable_ai.advice import _ANY, likely_mistake


class Unready(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(2, 2)


def of_two(a, b):
    first, second, third = a, b
    return first, second, third


RAISED = {
    "columns of the left factor": lambda: nn.Linear(3, 2)(torch.ones(4, 5)),
    "the columns of the left": lambda: np.ones((2, 3)) @ np.ones((2, 3)),
    "Shapes meet from the right": lambda: torch.ones(2) + torch.ones(3),
    "sizes must be equal or 1": lambda: np.ones(2) + np.ones(3),
    "keeps the number of elements": lambda: torch.ones(5).reshape(2, -1),
    "Names and shapes in the file": lambda: nn.Linear(2, 2).load_state_dict({"w": torch.ones(2)}),
    "lost its way back to the weights": lambda: torch.ones(()).backward(),
    "take the mean of the losses": lambda: torch.ones(2, requires_grad=True).mul(2).backward(),
    "`super().__init__()`": Unready,
    "score in evaluation mode": lambda: nn.BatchNorm1d(3)(torch.ones(1, 3)),
    "Convert the dtype first": lambda: nn.Linear(2, 2)(torch.ones(1, 2, dtype=torch.float64)),
    "become float32": lambda: torch.ones(3, dtype=torch.int64).softmax(0),
    "number, order and names of the arguments": lambda: of_two(1),
    "names of the arguments": lambda: of_two(1, 2, c=3),
    "as many values as in the lesson": lambda: of_two(1, 2),
    "nothing is left to choose from": lambda: min([]),
    "Some texts are no numbers": lambda: float(""),
    "what each runs over": lambda: list(zip([1], [1, 2], strict=True)),
    "Every name needs a definition": lambda: no_such_name,  # noqa: F821
    "Places count from 0": lambda: [][1],
    "That key is not there": lambda: {}["loss"],
    "asked for more than there is": lambda: next(iter([])),
    "what is divided by is zero": lambda: 1 / 0,
    "read no file before it is written": lambda: Path("no-such-file").read_text(),
    "look at what the line before returns": lambda: [].mean(),
    "what is passed, and in which order": lambda: 1 + "",
    "Python cannot read the cell": lambda: compile("x = (", "", "exec"),
    "does not hold for these inputs": lambda: (_ for _ in ()).throw(AssertionError()),
    _ANY: lambda: int.from_bytes([256]),
}


@pytest.mark.parametrize("advice", RAISED)
def test_advice_fits_what_libraries_raise_today(advice):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any: its type and message are what is looked up
        RAISED[advice]()
    assert advice in likely_mistake(caught.type.__name__, str(caught.value))


def test_a_second_backward_needs_a_second_forward():
    loss = torch.ones(2, requires_grad=True).exp().sum()
    loss.backward()
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    assert "a forward pass of its own" in likely_mistake("RuntimeError", str(caught.value))
