"""A module of one's own trains as the shipped one does, and processes write down what they did."""

import os
import subprocess
import sys

import pytorch_lightning as pl
import torch
from torch import nn

from scalable_ai.capstone import fit, read_evidence, train


class Own(pl.LightningModule):
    def __init__(self, widths: list[int], lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * 32 * 32, widths[0]), nn.ReLU(), nn.Linear(widths[0], 10)
        )

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self.network(batch[0].float() / 255), batch[1])

    def test_step(self, batch, batch_idx):
        right = (self.network(batch[0].float() / 255).argmax(1) == batch[1]).float().mean()
        self.log("test_accuracy", right, batch_size=len(batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.lr)


def test_a_module_of_ones_own_trains_and_comes_back_from_its_checkpoint(tiny, tmp_path):
    result = train(Own, [*tiny, "--trainer.default_root_dir", str(tmp_path), "--name", "own", "--model.lr", "0.01"])
    assert 0 <= result.accuracy <= 1
    again = Own.load_from_checkpoint(result.checkpoint)
    assert again.hparams["widths"] == [16, 16, 32]
    assert again.network[1].out_features == 16


def test_one_process_writes_evidence_when_asked_and_only_then(tiny, tmp_path):
    options = [*tiny, "--trainer.default_root_dir", str(tmp_path), "--trainer.max_epochs", "2"]
    fit([*options, "--name", "silent"])
    assert read_evidence(tmp_path / "silent") == []
    fit([*options, "--name", "told", "--evidence", "true"])
    (record,) = read_evidence(tmp_path / "told")
    assert (record["rank"], record["world_size"], record["lines"], record["num_images"]) == (0, 1, 2, 500)
    assert [len(step) for step in record["steps"]] == [50] * 10
    assert len({place for step in record["steps"] for place in step}) == 500
    assert len(record["gradients"]) == 10
    assert all(norm > 0 for norm in record["gradients"])
    assert record["seconds"] > 0


def test_two_processes_share_the_images_and_use_the_same_gradients(tiny, tmp_path):
    more = ["--trainer.default_root_dir", str(tmp_path), "--name", "two", "--trainer.max_epochs", "1"]
    command = [sys.executable, "-m", "scalable_ai.capstone", "fit", *tiny, *more, "--evidence", "true"]
    command += ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = read_evidence(tmp_path / "two")
    assert (first["rank"], second["rank"]) == (0, 1)
    assert (first["lines"], second["lines"]) == (1, 0)
    taken = [{place for step in record["steps"] for place in step} for record in (first, second)]
    assert not taken[0] & taken[1]
    assert len(taken[0] | taken[1]) == 500
    assert first["gradients"] == second["gradients"]
