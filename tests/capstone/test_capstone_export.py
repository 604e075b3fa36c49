"""Exported files answer as the checkpoint does, alone, and a wrong one is not kept."""

import json
import subprocess
import sys
from importlib import import_module

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from scalable_ai.capstone import CheckpointError, Network, export, load_network
from scalable_ai.capstone.cli import main

module = import_module("scalable_ai.capstone.export")


@pytest.fixture(scope="module")
def answers(trained):
    """Return float images and the checkpoint's logits for them."""
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return images, load_network(trained.checkpoint).network(images)


FILES = ["model.pt", "model.pt2", "model.ts", "model.onnx", "model.int8.onnx"]


def test_all_files_and_a_card_are_written_and_measured(exported):
    folder, artifacts = exported
    assert [artifact.path.name for artifact in artifacts] == FILES
    assert {path.name for path in folder.iterdir()} == {*FILES, "model.json"}
    for artifact in artifacts:
        if artifact.tolerance is None:
            assert artifact.agreement >= 0.9
            assert artifact.accuracy_lost_interval[0] <= artifact.accuracy_lost <= artifact.accuracy_lost_interval[1]
            assert artifact.accuracy_lost <= 0.05  # five of the 100 images, for a network of 16 channels
        else:
            assert 0 <= artifact.max_difference <= artifact.tolerance <= 1e-4
        assert artifact.size == artifact.path.stat().st_size
    assert json.loads((folder / "model.json").read_text())["classes"][1] == "ring"


def test_the_state_dict_is_plain(exported, answers):
    images, logits = answers
    network = Network(10, (16, 16, 32)).eval()
    network.load_state_dict(torch.load(exported[0] / "model.pt", weights_only=True))
    torch.testing.assert_close(network(images), logits)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_onnx_file_is_one_file_with_free_batch_size_and_class_names(size, exported, answers, tmp_path):
    images, logits = answers
    path = tmp_path / "alone.onnx"
    path.write_bytes((exported[0] / "model.onnx").read_bytes())
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(["logits"], {"images": images[:size].numpy()})
    np.testing.assert_allclose(found, logits[:size].numpy(), rtol=1e-3, atol=1e-4)
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"])[0] == "disk"
    assert session.get_inputs()[0].shape[1:] == [3, 32, 32]
    assert session.get_inputs()[0].type == "tensor(float)"
    assert not any(tensor.external_data for tensor in onnx.load(path).graph.initializer)


def test_the_program_runs_without_this_project(exported, answers, tmp_path):
    images, logits = answers
    torch.save((images, logits), tmp_path / "answers.pt")
    code = (
        "import sys, torch\n"
        "sys.modules['scalable_ai'] = None\n"
        "images, logits = torch.load(sys.argv[2], weights_only=True)\n"
        "program = torch.export.load(sys.argv[1]).module()\n"
        "for size in (1, 5): torch.testing.assert_close(program(images[:size]), logits[:size])\n"
    )
    argv = [sys.executable, "-c", code, str(exported[0] / "model.pt2"), str(tmp_path / "answers.pt")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def write_anything(loaded, path, calibration):
    path.write_bytes(b"x")


@pytest.mark.parametrize("wrong", [0.01, float("nan")])
def test_a_file_that_answers_wrongly_is_not_kept(wrong, trained, tmp_path, monkeypatch):
    def read(loaded, path):
        return lambda images: loaded.network(images).detach() + wrong

    bad = module.Format("bad", "model.bad", write_anything, read, 1e-4)
    monkeypatch.setattr(module, "FORMATS", (bad,))
    with pytest.raises(module.ExportError, match=r"model\.bad: its logits differ"):
        export(trained.checkpoint, output=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_int8_that_costs_too_much_accuracy_is_not_kept(trained, tmp_path, monkeypatch):
    def read(loaded, path):
        return lambda images: loaded.network(images).detach().roll(1, 1)

    bad = module.Format("bad", "model.bad", write_anything, read, None)
    monkeypatch.setattr(module, "FORMATS", (bad,))
    with pytest.raises(module.ExportError, match=r"model\.bad: it loses \d+\.\d\d points of accuracy"):
        export(trained.checkpoint, output=tmp_path)
    assert list(tmp_path.iterdir()) == []


def spoil(saved, how):
    if how == "missing":
        del saved["state_dict"]["network.head.weight"]
    elif how == "unexpected":
        saved["state_dict"]["network.extra.weight"] = torch.zeros(1)
    elif how == "shape":
        saved["state_dict"]["network.head.weight"] = torch.zeros(3)
    elif how == "no state":
        del saved["state_dict"]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "missing head.weight"),
        ("unexpected", "unexpected extra.weight"),
        ("shape", r"head.weight has shape \[3\], not \[10, 32\]"),
        ("no state", "not a checkpoint of this capstone"),
    ],
)
def test_a_checkpoint_that_does_not_fit_names_what_differs(how, message, trained, tmp_path):
    saved = torch.load(trained.checkpoint, weights_only=True)
    spoil(saved, how)
    torch.save(saved, tmp_path / "spoiled.ckpt")
    with pytest.raises(CheckpointError, match=message):
        load_network(tmp_path / "spoiled.ckpt")


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path):
    torch.save({"state_dict": Trap(tmp_path / "sprung")}, tmp_path / "trap.ckpt")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_network(tmp_path / "trap.ckpt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"<html>"])
def test_what_is_no_checkpoint_is_one_sentence(content, tmp_path, capsys):
    (tmp_path / "x.ckpt").write_bytes(content)
    assert main(["export", "--checkpoint", str(tmp_path / "x.ckpt")]) == 1
    err = capsys.readouterr().err
    assert "x.ckpt: this is not a checkpoint" in err
    assert err.count("\n") == 1


def test_export_and_evaluate_without_a_run_say_so(tmp_path, capsys):
    for verb in ("export", "evaluate"):
        assert main([verb, "--runs", str(tmp_path)]) == 1
        assert "no run is noted here" in capsys.readouterr().err
