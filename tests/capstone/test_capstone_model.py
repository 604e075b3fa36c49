"""The network and its batch normalization."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from scalable_ai.capstone.batchnorm import SharedBatchNorm2d
from scalable_ai.capstone.model import Filters, Network, build_network


@pytest.mark.parametrize("settings", [{"widths": (32, 32, 64)}, {"architecture": "resnet18"}], ids=["cnn", "resnet18"])
def test_any_batch_size_and_the_stated_shapes(settings):
    network = build_network({"num_classes": 7, **settings}).eval()
    for size, edge in ((1, 32), (3, 32), (2, 25)):
        assert network(torch.rand(size, 3, edge, edge)).shape == (size, 7)


def test_an_unknown_network_is_named():
    with pytest.raises(ValueError, match="vgg: there is no such network; choose cnn or resnet18"):
        build_network({"num_classes": 10, "architecture": "vgg"})


def test_normalization_is_inside():
    network = Network(10, (32, 32, 32)).eval()
    images = torch.rand(4, 3, 32, 32)
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    by_hand = (images - mean[:, None, None]) / std[:, None, None]
    x = network.groups(network.activation(network.whiten(by_hand)))
    torch.testing.assert_close(network(images), network.head(x.amax((2, 3))) / 32)


def test_whitened_patches_are_uncorrelated_and_of_variance_one():
    torch.manual_seed(0)
    network = Network(10, (32, 32, 32))
    smooth = nn.functional.avg_pool2d(torch.rand(64, 3, 34, 34), 3, stride=1)
    network.fit_whitening(smooth)
    out = network.whiten(network.normalize(smooth)).transpose(0, 1).flatten(1)
    half = len(out) // 2
    torch.testing.assert_close(out[half:], -out[:half])
    products = out[:half] @ out[:half].T / out.shape[1]
    assert products.fill_diagonal_(0).abs().max() < 0.01
    # The rarest components stay below one, as the small constant keeps noise from being blown up.
    second = out[:half].square().mean(1)
    assert second.max() == pytest.approx(1, abs=0.01)
    assert not network.whiten.weight.requires_grad


def test_convolutions_begin_by_passing_channels_on():
    x = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(Filters(8, 12)(x)[:, :8], x)
    assert not torch.allclose(Filters(8, 12, identity=False)(x)[:, :8], x, atol=0.1)


def _one_of_two(rank: int, address: str, batch: torch.Tensor, weights: torch.Tensor, queue) -> None:
    dist.init_process_group("gloo", init_method=f"file://{address}", rank=rank, world_size=2)
    queue.put((rank, *_run(SharedBatchNorm2d(5), batch[rank::2].clone(), weights[rank::2])))
    dist.barrier()
    dist.destroy_process_group()


def _run(norm, batch, weights):
    batch.requires_grad_()
    with torch.no_grad():
        norm.weight.copy_(torch.arange(1.0, 6))
    out = norm(batch)
    (out * weights).sum().backward()
    results = (out, batch.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var)
    return [result.detach().numpy().copy() for result in results]


def test_two_processes_normalize_as_one(tmp_path):
    """Outputs, input gradients, summed parameter gradients and running statistics agree with PyTorch's own layer."""
    torch.manual_seed(0)
    batch, weights = torch.randn(8, 5, 4, 4) * 3 + 1, torch.randn(8, 5, 4, 4)
    expected = _run(nn.BatchNorm2d(5), batch.clone(), weights)
    context = mp.get_context("spawn")
    queue = context.SimpleQueue()
    arguments = (str(tmp_path / "meet"), batch, weights, queue)
    processes = [context.Process(target=_one_of_two, args=(rank, *arguments)) for rank in range(2)]
    for process in processes:
        process.start()
    parts = {rank: values for rank, *values in (queue.get(), queue.get())}
    for process in processes:
        process.join()
        assert process.exitcode == 0
    for rank in range(2):
        out, grad, _, _, mean, var = parts[rank]
        assert out == pytest.approx(expected[0][rank::2], abs=1e-5)
        assert grad == pytest.approx(expected[1][rank::2], abs=1e-5)
        assert mean == pytest.approx(expected[4], abs=1e-6)
        assert var == pytest.approx(expected[5], abs=1e-5)
    for place in (2, 3):
        assert parts[0][place] + parts[1][place] == pytest.approx(expected[place], abs=1e-4)
