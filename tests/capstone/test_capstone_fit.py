"""Training: learns, repeats, keeps its word about files, survives Ctrl-C, reads configurations."""

import subprocess
import sys
import warnings

import pytest
import pytorch_lightning as pl
import torch
import yaml

from scalable_ai.capstone import FitResult, fit, load_network
from scalable_ai.capstone.cli import main
from scalable_ai.capstone.fit import CONFIGS, CapstoneCLI, FitInterruptedError


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
    more = ["--data.num_train", "60", "--data.num_val", "10", "--trainer.max_epochs", "100", "--data.augment", "false"]
    watch = Losses()
    fit(options(tiny, tmp_path, *more, "--model.label_smoothing", "0", "--model.lr", "5"), [watch])
    assert watch.losses[-1] < 0.3 < 2 < watch.losses[0]


class PressCtrlC(pl.Callback):
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == 3:
            raise KeyboardInterrupt


def test_ctrl_c_leaves_a_checkpoint_that_can_be_resumed(tiny, tmp_path, capsys):
    with pytest.raises(FitInterruptedError, match="--resume") as caught:
        fit(options(tiny, tmp_path, "--name", "stopped"), [PressCtrlC()])
    path = tmp_path / "stopped" / "checkpoint.ckpt"
    assert str(path) in str(caught.value)
    assert torch.load(path, weights_only=True)["global_step"] == 3
    load_network(path)
    result = fit(options(tiny, tmp_path, "--resume", str(path)))
    assert torch.load(result.checkpoint, weights_only=True)["global_step"] > 10


def test_runs_without_a_name_never_overwrite_each_other(tiny, tmp_path):
    few = options(tiny, tmp_path, "--trainer.max_epochs", "1", "--trainer.limit_train_batches", "1")
    paths = {fit(few).checkpoint for _ in range(2)}
    assert len(paths) == 2
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("name", ["standard", "quick"])
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


def test_the_learning_rate_follows_the_global_batch(tiny, tmp_path):
    class Peak(pl.Callback):
        rates = ()

        def on_train_batch_end(self, trainer, *args):
            self.rates = (*self.rates, trainer.optimizers[0].param_groups[0]["lr"])

    watch = Peak()
    fit(options(tiny, tmp_path, "--model.lr", "0.3"), [watch])
    assert max(watch.rates) == pytest.approx(0.3 * 50 / 500, rel=0.1)
    assert watch.rates[-1] < watch.rates[0] < max(watch.rates)


BAD = {
    "data": (["--data.source", "/nowhere.zip"], 1, "/nowhere.zip: there is no such file or folder"),
    "option": (["--trainer.max_epoch", "3"], 2, "max_epoch"),
    "config": (
        ["--config", "nothing"],
        1,
        "nothing: there is no such configuration; name a file or one of quick, standard",
    ),
    "config=": (["--config=gone.yaml"], 1, "gone.yaml: there is no such configuration"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_has_a_status(case, tmp_path, capsys):
    more, status, message = BAD[case]
    try:
        found = main(["fit", "--trainer.max_steps", "1", "--trainer.default_root_dir", str(tmp_path), *more])
    except SystemExit as stopped:
        found = stopped.code
    assert found == status
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


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


def test_a_batch_that_processes_cannot_share_gets_one_sentence(tmp_path, capsys):
    from scalable_ai.capstone.cli import main

    options = ["--data.source", "generated", "--data.batch_size", "125", "--trainer.accelerator", "cpu"]
    options += ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.default_root_dir", str(tmp_path)]
    assert main(["fit", *options]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "choose a multiple of 2" in error
