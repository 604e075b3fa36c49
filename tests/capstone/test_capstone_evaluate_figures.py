"""Intervals, calibration and test-time augmentation, against counts by hand and plain loops."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from scalable_ai.capstone.evaluate import measure, predict, predict_tta
from scalable_ai.capstone.evaluation.answers import WEIGHTS, answers, weighted
from scalable_ai.capstone.evaluation.calibration import calibrate, calibration_error, fit_temperature, reliability
from scalable_ai.capstone.evaluation.interval import mean_interval, paired, wilson
from scalable_ai.data import Split


class Tiny(nn.Module):
    """A linear map of all pixels, for which place and mirroring matter."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(3 * 32 * 32, 4)

    def forward(self, images):
        return self.head(images.flatten(1))


@pytest.fixture(scope="module")
def network():
    return Tiny().eval()


@pytest.fixture(scope="module")
def images():
    return torch.randint(0, 256, (7, 3, 32, 32), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def too_sure(count, seed):
    """Return logits whose answers are right three times in four, but far surer, and labels."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (count,), generator=generator)
    wrong = torch.rand(count, generator=generator) < 0.25
    answer = torch.where(wrong, (labels + 1) % 4, labels)
    return 8.0 * functional.one_hot(answer, 4) + torch.randn(count, 4, generator=generator), labels


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Worked with pencil: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964
    [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (9123, 10000, 0.9066, 0.9177)],
)
def test_wilson_equals_the_formula_worked_by_hand(right, total, low, high):
    assert wilson(right, total) == pytest.approx((low, high), abs=1e-4)


def test_no_trials_leave_everything_open():
    assert wilson(0, 0) == (0.0, 1.0)


def test_interval_of_a_mean_and_of_a_paired_gain():
    low, high = mean_interval(torch.tensor([1.0, 3.0]))
    assert (low, high) == pytest.approx((2 - 1.959964, 2 + 1.959964))  # deviation √2 over √2
    before, after = torch.tensor([1, 1, 0, 0]).bool(), torch.tensor([1, 0, 1, 1]).bool()
    half = 1.959964 * math.sqrt((0 + 1 + 1 + 1 - 4 * 0.25**2) / 3 / 4)
    assert paired(after, before) == pytest.approx((0.25 - half, 0.25 + half))


def test_top_two_counts_the_second_choice():
    class Ranked(nn.Module):
        def forward(self, images):
            first, second = (images[:, 0, 0, :2] * 255).round().long().unbind(1)
            return 2.0 * functional.one_hot(first, 3) + functional.one_hot(second, 3)

    pictures = torch.zeros(5, 3, 32, 32, dtype=torch.uint8)
    choices = torch.tensor([[0, 1], [0, 1], [2, 1], [1, 2], [2, 0]], dtype=torch.uint8)
    pictures[:, 0, 0, :2] = choices
    labels = torch.tensor([0, 1, 0, 2, 1])  # first, second, neither, second, neither
    result = measure(Ranked(), Split(pictures, labels), ("a", "b", "c"), batch_size=2)
    assert result.accuracy == pytest.approx(1 / 5)
    assert result.top2 == pytest.approx(3 / 5)
    assert result.accuracy_interval == pytest.approx(wilson(1, 5))
    assert result.top2_interval == pytest.approx(wilson(3, 5))
    assert result.per_class_interval["b"] == pytest.approx(wilson(0, 2))


def test_calibration_error_equals_a_count_by_hand():
    # Sure of 0.9 (two of three right) and of 0.6 (one of two right): |0.9 - 2/3| 3/5 + |0.6 - 1/2| 2/5
    sure = torch.tensor([0.9, 0.9, 0.9, 0.6, 0.6])
    logits = torch.stack([sure, 1 - sure], dim=1).log()
    labels = torch.tensor([0, 0, 1, 0, 1])
    assert calibration_error(logits, labels) == pytest.approx((0.9 - 2 / 3) * 3 / 5 + 0.1 * 2 / 5, abs=1e-5)
    bins = reliability(logits, labels)
    assert [(one.right, one.count) for one in bins] == [(1, 2), (2, 3)]
    assert [one.confidence for one in bins] == pytest.approx([0.6, 0.9])


@pytest.mark.parametrize(
    ("sure", "error"),
    [
        # One answer right, one wrong. Fifteen bins part the first two, ten would not; they join the others, twenty not.
        ((0.61, 0.69), (0.39 + 0.69) / 2),
        ((0.61, 0.66), 0.635 - 0.5),
    ],
)
def test_calibration_has_fifteen_bins(sure, error):
    sure = torch.tensor(sure)
    logits, labels = torch.stack([sure, 1 - sure], dim=1).log(), torch.tensor([0, 1])
    assert calibration_error(logits, labels) == pytest.approx(error, abs=1e-5)
    gaps = [abs(one.confidence - one.right / one.count) * one.count / 2 for one in reliability(logits, labels)]
    assert sum(gaps) == pytest.approx(error, abs=1e-5)


def test_temperature_is_where_the_loss_is_lowest():
    logits, labels = too_sure(2000, 0)
    found = fit_temperature(logits, labels)
    losses = {t: functional.cross_entropy(logits / t, labels).item() for t in (found * 0.97, found, found * 1.03)}
    assert min(losses, key=losses.get) == found
    assert fit_temperature(logits * 3, labels) == pytest.approx(3 * found, rel=1e-4)


@pytest.mark.parametrize("held_out", [True, False])
def test_temperature_helps_one_who_is_too_sure_and_changes_no_answer(held_out):
    logits, labels = too_sure(1500, 1)
    result = calibrate(logits, labels, too_sure(800, 2) if held_out else None)
    assert result.temperature > 1.5
    assert result.loss_after < result.loss_before
    assert result.error_after < result.error_before / 3
    assert result.error_before > result.error_by_chance > 0
    assert ("held-out" in result.fitted_on) is held_out
    assert result.num_fitted == (800 if held_out else 750)
    right = sum(one.right for one in result.bins_before)
    assert sum(one.right for one in result.bins_after) == right == (logits.argmax(1) == labels).sum()


def test_test_images_do_not_choose_the_temperature_where_images_were_held_out():
    logits, labels = too_sure(600, 3)
    held_out = too_sure(400, 4)
    one, other = calibrate(logits, labels, held_out), calibrate(logits * 5, labels, held_out)
    assert one.temperature == other.temperature == pytest.approx(fit_temperature(*held_out))


def test_each_half_is_judged_by_the_other_halfs_temperature():
    logits, labels = too_sure(600, 5)
    logits[1::2] *= 4
    even, odd = fit_temperature(logits[0::2], labels[0::2]), fit_temperature(logits[1::2], labels[1::2])
    crossed = logits.clone()
    crossed[0::2] /= odd
    crossed[1::2] /= even
    assert calibrate(logits, labels, None).loss_after == pytest.approx(
        functional.cross_entropy(crossed, labels).item(), rel=1e-5
    )


def test_one_who_is_always_right_gets_a_temperature_within_bounds():
    logits = 5.0 * torch.eye(4)
    assert fit_temperature(logits, torch.arange(4)) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(logits, (torch.arange(4) + 1) % 4) == pytest.approx(20, rel=1e-3)


def looped(network, image, kind):
    """Return logits of one image [3, 32, 32], view by view and pixel by pixel."""

    def moved(step):
        places = [abs(place) if place < 32 else 62 - place for place in (p + step for p in range(32))]
        return image[:, places][:, :, places]

    seen = [(0.5, image)] if kind == "mirror" else [(0.25, image), (0.125, moved(1)), (0.125, moved(-1))]
    total = torch.zeros(4)
    for weight, view in seen:
        for version in (view, view[:, :, list(range(31, -1, -1))]):
            total += weight * network(version[None].float() / 255)[0]
    return total


@pytest.mark.parametrize("kind", ["mirror", "moves"])
def test_augmented_answers_equal_a_plain_loop(kind, network, images):
    with torch.inference_mode():
        expected = torch.stack([looped(network, image, kind) for image in images])
    assert torch.allclose(predict_tta(network, images, kind), expected, atol=1e-5)
    seen = answers(network, images, batch_size=3, num_views=6)
    assert torch.allclose(weighted(seen, kind), expected, atol=1e-5)
    assert torch.equal(seen[0].argmax(1), predict(network, images).argmax(1))
    assert sum(WEIGHTS[kind][1]) == 1


def test_augmentation_is_stated_apart_with_its_gain(network, images):
    labels = predict_tta(network, images).argmax(1)
    result = measure(network, Split(images, labels), tuple("abcd"), 3, augmented=True)
    mirror, moves = result.augmented
    assert (mirror.kind, moves.kind) == ("mirror", "moves")
    assert moves.accuracy == 1
    assert moves.gain == pytest.approx(1 - result.accuracy)
    plain = measure(network, Split(images, labels), tuple("abcd"), 3)
    assert plain.accuracy == result.accuracy
    assert plain.augmented == ()
