"""Corruptions: the same each time, within range, stronger with severity, batches as one by one."""

import pytest
import torch
from torch import nn

from scalable_ai.capstone.evaluation.corruption import CORRUPTIONS, SEVERITIES, corrupt
from scalable_ai.capstone.evaluation.robustness import robustness
from scalable_ai.data import Split
from scalable_ai.data.generated import draw


@pytest.fixture(scope="module")
def images():
    return draw("test", 250).images[:12]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_bytes_of_the_same_shape_that_leave_the_original_alone(kind, images):
    before = images.clone()
    for severity in SEVERITIES:
        changed = corrupt(images, kind, severity)
        assert changed.dtype == torch.uint8
        assert changed.shape == images.shape
        assert not torch.equal(changed, images)
    assert torch.equal(images, before)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_batch_equals_its_images_one_by_one(kind, images):
    whole = corrupt(images, kind, 2, seed=5)
    single = torch.cat([corrupt(images[n : n + 1], kind, 2, seed=5, start=n) for n in range(len(images))])
    # A blur of one image may be summed in another order, and round the other way.
    assert (whole.int() - single.int()).abs().max() <= (1 if "blur" in kind else 0)
    assert torch.equal(whole, corrupt(images, kind, 2, seed=5))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_higher_severity_changes_more(kind, images):
    change = [(corrupt(images, kind, s).float() - images.float()).abs().mean().item() for s in SEVERITIES]
    assert 0 < change[0] < change[1] < change[2]


@pytest.mark.parametrize("kind", ["gaussian_noise", "impulse_noise"])
def test_noise_depends_on_seed_and_place(kind, images):
    assert not torch.equal(corrupt(images, kind, 3, seed=0), corrupt(images, kind, 3, seed=1))
    twice = images[:1].repeat(2, 1, 1, 1)
    first, second = corrupt(twice, kind, 3)
    assert not torch.equal(first, second)


def test_extremes_stay_within_bytes():
    black, white = torch.zeros(1, 3, 32, 32, dtype=torch.uint8), torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    assert corrupt(black, "brightness", 3).unique().tolist() == [76]  # 255 * 0.3 = 76.5, rounded to even
    assert corrupt(white, "brightness", 3).unique().tolist() == [255]
    assert corrupt(white, "gaussian_noise", 3).max() == 255
    assert corrupt(black, "gaussian_noise", 3).min() == 0
    assert corrupt(white, "contrast", 3).unique().tolist() == [255]


def test_strengths_mean_what_they_say():
    gray = torch.full((20, 3, 32, 32), 128, dtype=torch.uint8)
    assert corrupt(gray, "gaussian_noise", 2).float().std().item() == pytest.approx(0.08 * 255, rel=0.02)
    assert (corrupt(gray, "impulse_noise", 3) != 128).float().mean().item() == pytest.approx(0.07, rel=0.05)
    step = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    step[..., 16:] = 200
    assert corrupt(step, "contrast", 2).unique().tolist() == [60, 140]  # 100 ± 0.4 * 100
    assert corrupt(step, "motion_blur", 2)[0, 0, 9, 13:19].tolist() == [0, 40, 80, 120, 160, 200]


class Brightest(nn.Module):
    """Tell dark from bright images."""

    def forward(self, images):
        mean = images.mean((1, 2, 3))
        return torch.stack([0.5 - mean, mean - 0.5], dim=1)


def test_robustness_counts_what_stays_right_in_any_batch_size():
    pictures = torch.zeros(10, 3, 32, 32, dtype=torch.uint8)
    pictures[5:] = 200
    pictures[0] = 100  # 0.39, and 0.69 with 0.3 more
    split = Split(pictures, (torch.arange(10) >= 5).long())
    found = robustness(Brightest(), split, batch_size=3)
    assert (found.num_images, found.clean) == (10, 1.0)
    assert [entry.accuracy for entry in found.of("brightness")] == pytest.approx([1.0, 0.9, 0.9])
    assert len(found.corrupted) == 3 * len(CORRUPTIONS)
    assert found == robustness(Brightest(), split, batch_size=10)
    assert found.mean(1) == pytest.approx(sum(found.of(kind)[0].accuracy for kind in CORRUPTIONS) / len(CORRUPTIONS))
