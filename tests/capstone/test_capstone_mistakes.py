"""What a person may get wrong at `fit` and `ablate`: one sentence, an exit status, and nothing lost."""

import subprocess
import sys
import warnings

import pytest
import torch
import torch.distributed as dist

from scalable_ai.capstone import fit
from scalable_ai.capstone.cli import main
from scalable_ai.capstone.runs import new_run

OPTIONS = {
    "data": (["--data.source", "/nowhere.zip"], 1, "/nowhere.zip: there is no such file or folder"),
    "option": (["--trainer.max_epoch", "3"], 2, "max_epoch"),
    "config": (
        ["--config", "nothing"],
        1,
        "nothing: there is no such configuration; name a file or one of cpu94, gpu94, gpu96, quick, resnet18",
    ),
    "config=": (["--config=gone.yaml"], 1, "gone.yaml: there is no such configuration"),
    "optimizer": (["--model.optimizer", "adam"], 2, "adam"),
    "activation": (["--model.activation", "tanh"], 2, "tanh"),
    "architecture": (["--model.architecture", "vgg"], 2, "vgg"),
    "early_size": (["--model.early_size", "2"], 1, "networks need 16 pixels"),
    "batch_size": (["--data.batch_size", "0"], 1, "--data.batch_size 0: a step needs an image"),
    "portion": (["--data.portion", "-5"], 1, "--data.portion -5: a step needs an image"),
    "num_val": (["--data.num_val", "600"], 1, "600 of 600 training images cannot be held out"),
    "shift": (["--data.max_shift", "40"], 1, "choose 0 to 15 pixels"),
    "no end": (["--trainer.max_epochs", "-1", "--trainer.max_steps", "-1"], 1, "a run needs one"),
    "processes": (
        ["--data.batch_size", "125", "--trainer.devices", "2", "--trainer.strategy", "ddp"],
        1,
        "choose a multiple of 2",
    ),
    "accelerator": (["--trainer.accelerator", "mps" if torch.cuda.is_available() else "cuda"], 1, "available"),
    "tpu": (["--trainer.accelerator", "tpu"], 1, "torch_xla"),
    "strategy": (["--trainer.strategy", "foo"], 1, "invalid strategy name"),
    "precision": (
        ["--trainer.precision", "bf17"],
        2,
        "--trainer.precision bf17: this option does not take such a value",
    ),
    "folder": (["--trainer.default_root_dir", __file__], 1, "test_capstone_mistakes.py"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_wrong_option_is_one_sentence_and_a_status(case, tiny, tmp_path, capsys):
    more, status, message = OPTIONS[case]
    assert main(["fit", *tiny, "--trainer.default_root_dir", str(tmp_path), *more]) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def spoiled(how, path, checkpoint):
    content = checkpoint.read_bytes()
    if how == "cut":
        path.write_bytes(content[:5000])
    elif how == "other":
        path.write_text("no checkpoint")
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "weights":
        torch.save(torch.load(checkpoint, weights_only=True)["state_dict"], path)
    elif how == "whole":
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("how", "more", "message"),
    [
        ("missing", [], "there is no such checkpoint"),
        ("cut", [], "damaged or cut short"),
        ("other", [], "does not hold plain tensors"),
        ("empty", [], "damaged or cut short"),
        ("weights", [], "not a checkpoint that a run can go on from"),
        ("whole", ["--model.widths", "[16,16,64]"], "its weights do not fit the network"),
        ("whole", ["--model.optimizer", "sgd"], "learned with muon and cannot go on with sgd"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(how, more, message, trained, tiny, tmp_path, capsys):
    path = tmp_path / "saved.ckpt"
    spoiled(how, path, trained.checkpoint)
    where = ["--trainer.default_root_dir", str(tmp_path / "runs"), "--resume", str(path)]
    assert main(["fit", *tiny, *where, *more]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert str(path) in error
    assert error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_run_that_has_ended_can_be_gone_on_from(trained, tiny, tmp_path):
    where = ["--trainer.default_root_dir", str(tmp_path), "--resume", str(trained.checkpoint)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = fit([*tiny, *where, "--name", "again"])
        fit([*tiny, *where, "--name", "again"])
    assert again.accuracy == trained.accuracy
    assert again.checkpoint.is_file()


@pytest.mark.parametrize(("more", "message"), [(["--seeds", "0"], "--seeds 0"), (["--only", "frob"], "--only frob")])
def test_an_ablation_of_nothing_says_so(more, message, tmp_path, capsys):
    assert main(["ablate", "--runs", str(tmp_path), *more]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_modules_never_hide_the_functions_of_their_names():
    code = (
        "import scalable_ai.capstone.ablation, scalable_ai.capstone.benchmark\n"
        "from scalable_ai.capstone import evaluate, export, fit\n"
        "assert all(one.__class__.__name__ == 'function' for one in (evaluate, export, fit))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_of_torchrun_agree_on_a_name(tmp_path, monkeypatch):
    store = dist.TCPStore("127.0.0.1", 0, is_master=True)
    for name, value in (("TORCHELASTIC_USE_AGENT_STORE", "True"), ("LOCAL_RANK", "0"), ("MASTER_ADDR", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_PORT", str(store.port))
    times = iter(["20260101-115959", "20260101-120000"])
    monkeypatch.setattr("time.strftime", lambda form: next(times))
    names = []
    for _ in range(2):
        monkeypatch.delenv("SCALABLE_AI_RUN", raising=False)
        names.append(new_run(tmp_path, None).name)
    assert names == ["20260101-115959", "20260101-115959"]


def test_ctrl_c_at_any_verb_is_told(monkeypatch, capsys):
    def stop(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("scalable_ai.capstone.benchmark.command", stop)
    assert main(["benchmark"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
