"""What the training bench reckons with."""

from torch import nn

from scalable_ai.bench.training import Share, convolution_flops
from scalable_ai.capstone import Network


def test_operations_of_a_convolution_are_counted_by_hand():
    """Two operations a weight and place: forward, for the weights and, but for the first layer, for the images."""
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 3, padding=1))
    first = 2 * 3 * 8 * 32 * 32
    second = 2 * 8 * 9 * 4 * 32 * 32
    assert convolution_flops(network, 32) == 2 * first + 3 * second


def test_smaller_images_cost_about_half():
    assert 0.4 < convolution_flops(Network(), 24) / convolution_flops(Network(), 32) < 0.6


def test_a_share_says_both_figures():
    assert str(Share(peak=800e9, used=600e9)) == (
        "convolutions: 600 GFLOP/s while training, 800 GFLOP/s at the measured peak, a share of 75%"
    )
