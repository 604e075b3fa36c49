"""The optimizer: orthogonalized updates for filters, PyTorch's SGD for the rest."""

import pytest
import torch

from scalable_ai.capstone import muon
from scalable_ai.capstone.muon import Muon, orthogonalized


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 16)])
def test_singular_vectors_stay_and_singular_values_come_near_one(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape, dtype=torch.float64)
    left, before, right = torch.linalg.svd(matrix, full_matrices=False)
    after = orthogonalized(matrix, num_iterations=5)
    inner = left.T @ after @ right.T
    torch.testing.assert_close(inner, inner.diag().diag(), atol=1e-3, rtol=0)
    assert before.max() / before.min() > 1.5
    assert 0.6 < inner.diag().min() <= inner.diag().max() < 1.3


def test_bfloat16_where_the_hardware_has_it_changes_little(monkeypatch):
    matrix = torch.randn(8, 40)
    with monkeypatch.context() as patched:
        patched.setattr(muon, "multiplies_bfloat16", lambda device: False)
        exact = orthogonalized(matrix)
    monkeypatch.setattr(muon, "multiplies_bfloat16", lambda device: True)
    found = orthogonalized(matrix)
    assert not torch.equal(found, exact)
    torch.testing.assert_close(found, exact, atol=0.02, rtol=0.05)


def test_the_size_of_a_gradient_does_not_matter():
    matrix = torch.randn(4, 9, dtype=torch.float64)
    torch.testing.assert_close(orthogonalized(matrix), orthogonalized(matrix * 1e-3), atol=1e-3, rtol=1e-3)


def test_ordinary_groups_are_trained_as_by_sgd():
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.arange(6.0).view(2, 3)) for _ in range(2))
    settings = {"lr": 0.1, "momentum": 0.85, "weight_decay": 0.01}
    own = Muon([{"params": [ours], **settings}])
    sgd = torch.optim.SGD([theirs], nesterov=True, **settings)
    for _ in range(5):
        gradient = torch.randn(2, 3)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        own.step()
        sgd.step()
    torch.testing.assert_close(ours, theirs)


def test_filters_move_by_the_learning_rate_and_keep_their_length():
    torch.manual_seed(0)
    filters = torch.nn.Parameter(torch.randn(8, 3, 3, 3) * 5)
    optimizer = Muon([{"params": [filters], "lr": 0.1, "momentum": 0.0, "orthogonal": True}])
    direction = filters.detach() / filters.detach().norm()
    filters.grad = torch.randn(8, 3, 3, 3) * 1e-4
    optimizer.step()
    moved = filters.detach() - direction * 8**0.5
    singular = torch.linalg.svdvals(moved.view(8, -1)) / 0.1
    assert 0.5 < singular.min() <= singular.max() < 1.3


def test_state_survives_saving():
    parameter = torch.nn.Parameter(torch.ones(3, 3))
    optimizer = Muon([{"params": [parameter], "orthogonal": True}])
    parameter.grad = torch.eye(3)
    optimizer.step()
    other = Muon([{"params": [torch.nn.Parameter(torch.ones(3, 3))], "orthogonal": True}])
    other.load_state_dict(optimizer.state_dict())
    assert torch.equal(other.state_dict()["state"][0]["momentum_buffer"], torch.eye(3))
