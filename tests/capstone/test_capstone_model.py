"""The network and its batch normalization."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from scalable_ai.capstone.model import Network, SharedBatchNorm2d


def test_any_batch_size_and_the_stated_shapes():
    network = Network(10, (32, 32, 64)).eval()
    for size in (1, 3):
        assert network(torch.rand(size, 3, 32, 32)).shape == (size, 10)


def test_normalization_is_inside():
    network = Network(10, (32, 32, 32)).eval()
    plain = nn.Sequential(network.stem, network.stages, nn.AdaptiveMaxPool2d(1), nn.Flatten(), network.head)
    images = torch.rand(4, 3, 32, 32)
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    by_hand = (images - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(network(images), plain(by_hand) * 0.125)


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
