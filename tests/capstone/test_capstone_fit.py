"""Training: learns, repeats, keeps its word about files, survives Ctrl-C, reads configurations."""

import os
import signal
import subprocess
import sys
import warnings
from typing import ClassVar

import pytest
import pytorch_lightning as pl
import torch
import yaml
from torch.nn import functional

from scalable_ai.capstone import Classifier, FitResult, fit, load_network
from scalable_ai.capstone.datamodule import Cifar10Data
from scalable_ai.capstone.fit import CONFIGS, CapstoneCLI, FitInterruptedError, _num_portions
from scalable_ai.capstone.module import shrunk


def options(tiny, folder, *more):
    return [*tiny, "--trainer.default_root_dir", str(folder), *more]


def test_a_run_leaves_its_files_and_says_what_it_measured(trained):
    run = trained.checkpoint.parent
    assert run.name == "tiny"
    assert (run.parent / "latest").read_text() == "tiny\n"
    assert {"checkpoint.ckpt", "config.yaml", "metrics.csv"} <= {path.name for path in run.iterdir()}
    assert 0 <= trained.accuracy <= 1
    assert trained.stands_in
    for part in ("stand-in", "images/s", str(trained.checkpoint), f"{trained.accuracy:.2%}"):
        assert part in str(trained)


def test_a_run_leaves_nothing_in_the_environment_that_names_the_next_one(tiny, tmp_path):
    before = dict(os.environ)
    fit(options(tiny, tmp_path, "--trainer.fast_dev_run", "true"))
    assert dict(os.environ) == before


def test_a_checkpoint_loads_without_running_code(trained):
    saved = torch.load(trained.checkpoint, weights_only=True)
    assert saved["hyper_parameters"]["widths"] == [16, 16, 32]
    assert saved["classes"][0] == "disk"
    assert saved["datamodule_hyper_parameters"]["source"] == "generated"


class Losses(pl.Callback):
    def __init__(self):
        self.losses = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.losses.append(outputs["loss"].item())


def test_the_loss_falls_and_a_seed_repeats_it(tiny, tmp_path):
    first, second, other = Losses(), Losses(), Losses()
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        fit(options(tiny, tmp_path), [first])
    fit(options(tiny, tmp_path), [second])
    fit(options(tiny, tmp_path, "--data.seed", "1"), [other])
    assert len(first.losses) == 20
    assert sum(first.losses[-5:]) < 0.985 * sum(first.losses[:5])
    assert first.losses == pytest.approx(second.losses, rel=1e-4)
    assert first.losses != pytest.approx(other.losses, rel=1e-4)


def test_a_tiny_network_can_learn_a_few_images_by_heart(tiny, tmp_path):
    more = ["--data.num_train", "60", "--data.num_val", "10", "--trainer.max_epochs", "30", "--data.augment", "false"]
    watch = Losses()
    fit(options(tiny, tmp_path, *more, "--model.label_smoothing", "0"), [watch])
    assert watch.losses[-1] < 0.1 < 1.5 < watch.losses[0]


class PressCtrlC(pl.Callback):
    """Ask for a stop in the middle of a step that is gathered from several portions."""

    def __init__(self, at: int):
        self.at, self.seen = at, 0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.seen += 1
        if self.seen == self.at:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("at", [4, 10], ids=["in the first epoch", "at an epoch's last portion"])
def test_a_stopped_and_resumed_run_ends_as_one_that_was_never_stopped(at, tiny, tmp_path):
    """Weights, running statistics and the optimizer's state agree bit for bit."""
    portions = options(tiny, tmp_path, "--data.batch_size", "100", "--data.portion", "50")
    before = signal.getsignal(signal.SIGINT)
    whole = fit([*portions, "--name", "whole"])
    with pytest.raises(FitInterruptedError, match="--resume") as caught:
        fit([*portions, "--name", "stopped"], [PressCtrlC(at)])
    path = tmp_path / "stopped" / "checkpoint.ckpt"
    assert str(path) in str(caught.value)
    assert torch.load(path, weights_only=True)["global_step"] == (at + 1) // 2
    load_network(path)
    resumed = fit([*portions, "--name", "resumed", "--resume", str(path)])
    one, other = (torch.load(run.checkpoint, weights_only=True) for run in (whole, resumed))
    assert one["global_step"] == other["global_step"] == 10
    for name, value in one["state_dict"].items():
        if name.startswith("network."):
            assert torch.equal(value, other["state_dict"][name]), name
    torch.testing.assert_close(one["optimizer_states"], other["optimizer_states"], rtol=0, atol=0)
    assert signal.getsignal(signal.SIGINT) is before
    assert 0 < resumed.training_seconds < resumed.seconds


def test_a_second_ctrl_c_does_not_wait(tiny, tmp_path):
    with pytest.raises(FitInterruptedError, match="no checkpoint"):
        fit(options(tiny, tmp_path, "--data.batch_size", "250", "--data.portion", "50"), [PressCtrlC(1), PressCtrlC(2)])


def test_runs_without_a_name_never_overwrite_each_other(tiny, tmp_path):
    few = options(tiny, tmp_path, "--trainer.max_epochs", "1", "--trainer.limit_train_batches", "1")
    paths = {fit(few).checkpoint for _ in range(2)}
    assert len(paths) == 2
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("name", ["cpu94", "gpu94", "gpu96", "quick", "resnet18"])
def test_shipped_configurations_parse_and_can_be_overridden(name, tmp_path):
    written = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    argv = ["--config", name, "--model.lr", "0.125", "--trainer.default_root_dir", str(tmp_path)]
    cli = CapstoneCLI(argv)
    assert cli.config.data.batch_size == written["data"]["batch_size"]
    assert cli.trainer.max_epochs == written["trainer"]["max_epochs"]
    assert cli.model.hparams.lr == 0.125


def test_the_demo_configuration_stays_a_subset():
    quick = yaml.safe_load((CONFIGS / "quick.yaml").read_text())
    assert quick["data"]["num_train"] * quick["trainer"]["max_epochs"] <= 100_000


class Rates(pl.Callback):
    def __init__(self):
        self.rates = []

    def on_train_batch_end(self, trainer, *args):
        self.rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])


def test_learning_rates_fall_in_a_line_and_gradients_count_as_sums(tiny, tmp_path):
    watch = Rates()
    fit(options(tiny, tmp_path, "--model.lr", "0.3", "--model.head_lr", "0.5", "--model.bias_lr", "0.1"), [watch])
    # One step was taken when the first batch ends, so the rate is that of the second of 20 steps.
    assert watch.rates[0] == pytest.approx([0.3 * 0.95, 0.5 * 50 * 0.95, 0.1 * 50 * 0.95])
    assert watch.rates[9] == pytest.approx([0.3 * 0.5, 0.5 * 50 * 0.5, 0.1 * 50 * 0.5])


@pytest.mark.parametrize(
    ("portion", "processes", "count"), [(0, 1, 1), (250, 2, 8), (300, 3, 8), (1, 2, 1200), (2, 4, 600)]
)
def test_portions_are_small_enough_and_can_be_shared(portion, processes, count):
    data = Cifar10Data(batch_size=2400 if processes > 1 and portion != 250 else 2000, portion=portion)
    assert _num_portions(data, processes) == count


def test_one_cycle_of_plain_sgd(tiny, tmp_path):
    watch = Rates()
    fit(options(tiny, tmp_path, "--model.optimizer", "sgd", "--model.warmup", "0.5", "--model.lr", "0.2"), [watch])
    first_group = [rates[0] for rates in watch.rates]
    assert max(first_group) == pytest.approx(0.2, rel=0.1)
    assert first_group.index(max(first_group)) in (8, 9)
    assert first_group[0] < 0.05
    assert first_group[-1] < 0.05


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_small_images_are_bytes_on_every_device(device):
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    small = shrunk(images.to(device), 16)
    expected = functional.interpolate(images.float(), (16, 16), mode="bilinear", antialias=True)
    assert small.dtype == torch.uint8
    assert (small.cpu() - expected).abs().max() <= 1


def test_small_images_come_first(tiny, tmp_path):
    class Edges(Classifier):
        seen: ClassVar = []

        def forward(self, images):
            self.seen.append(images.shape[-1])
            return super().forward(images)

    fit(options(tiny, tmp_path, "--model.early_size", "20", "--model.early_share", "0.5"), module=Edges)
    training = [edge for edge in Edges.seen if edge == 20]
    assert len(training) == 10
    assert Edges.seen[-1] == 32


def test_help_and_unknown_verbs_need_no_torch():
    code = (
        "import sys; from scalable_ai.capstone.cli import main\n"
        "assert main(['--help']) == 0 and main(['frob']) == 2\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "evaluate" in done.stdout
    assert "frob: there is no such verb" in done.stderr


def test_the_result_is_a_plain_value(trained):
    assert isinstance(trained, FitResult)
    with pytest.raises(AttributeError):
        trained.accuracy = 1.0
