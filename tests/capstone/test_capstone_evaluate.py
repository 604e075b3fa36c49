"""Evaluation: its figures equal a count by hand."""

import json

import pytest
import torch
from torch import nn

from scalable_ai.capstone import CheckpointError, evaluate
from scalable_ai.capstone.cli import main
from scalable_ai.capstone.evaluate import measure
from scalable_ai.data import Split

CLASSES = ("cat", "dog", "eel")


class Scripted(nn.Module):
    """Answer with the class written in the first pixel, as sure as the second pixel says."""

    def forward(self, images):
        answer = (images[:, 0, 0, 0] * 255).round().long()
        sure = (images[:, 0, 0, 1] * 255).round() / 100
        rest = (1 - sure) / 2
        probabilities = torch.stack([torch.where(answer == k, sure, rest) for k in range(3)], dim=1)
        return probabilities.log()


@pytest.fixture
def split():
    answers = torch.tensor([0, 0, 1, 1, 1, 2, 1, 2])
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
    images = torch.zeros(8, 3, 32, 32, dtype=torch.uint8)
    images[:, 0, 0, 0] = answers.to(torch.uint8)
    images[:, 0, 0, 1] = 80
    return Split(images, labels)


def test_figures_equal_a_count_by_hand(split):
    result = measure(Scripted(), split, CLASSES, batch_size=3)
    assert result.accuracy == pytest.approx(5 / 8)
    assert result.per_class == pytest.approx({"cat": 2 / 3, "dog": 2 / 3, "eel": 1 / 2})
    assert result.confusion == [[2, 1, 0], [0, 2, 1], [0, 1, 1]]
    assert result.calibration_error == pytest.approx(0.8 - 5 / 8, abs=1e-5)
    expected = -(5 * torch.tensor(0.8).log() + 3 * torch.tensor(0.1).log()) / 8
    assert result.loss == pytest.approx(expected.item(), rel=1e-4)
    assert result.num_images == 8


@pytest.mark.parametrize("batch_size", [1, 8, 100])
def test_figures_do_not_depend_on_the_batch_size(batch_size, split):
    reference = measure(Scripted(), split, CLASSES, batch_size=3)
    result = measure(Scripted(), split, CLASSES, batch_size=batch_size)
    assert result.confusion == reference.confusion
    assert result.loss == pytest.approx(reference.loss, rel=1e-5)


def test_the_newest_run_is_evaluated_as_fit_measured_it(trained, capsys):
    runs = trained.checkpoint.parent.parent
    assert main(["evaluate", "--runs", str(runs)]) == 0
    out = capsys.readouterr().out
    written = json.loads((trained.checkpoint.parent / "metrics.json").read_text())
    # bfloat16, where `fit` chose it, may turn an image whose two best classes are nearly level.
    assert written["accuracy"] == pytest.approx(trained.accuracy, abs=0.021)
    assert sum(map(sum, written["confusion"])) == written["num_images"] == 100
    for name in written["per_class"]:
        assert name in out
    assert f"{written['accuracy']:.2%}" in out


def test_other_classes_than_those_learned_are_refused(trained, tmp_path):
    saved = torch.load(trained.checkpoint, weights_only=True)
    saved["classes"] = [f"class {number}" for number in range(10)]
    torch.save(saved, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="tells apart class 0"):
        evaluate(tmp_path / "other.ckpt")
