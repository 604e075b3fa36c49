"""What each exported format promises: its answers, what it says about itself, and that opening it runs no code."""

import contextlib
import json
import pickle
import sys
import warnings
import zipfile
from importlib import import_module

import onnx
import pytest
import torch

from scalable_ai.capstone import export, load_network
from scalable_ai.capstone.artefacts import pytorch
from scalable_ai.capstone.artefacts.folding import fold_pooled_norms
from scalable_ai.capstone.artefacts.onnx import read_metadata
from scalable_ai.capstone.cli import main
from scalable_ai.capstone.evaluate import data_for

module = import_module("scalable_ai.capstone.export")


@pytest.fixture(scope="module")
def loaded(trained):
    return load_network(trained.checkpoint)


@pytest.fixture(scope="module")
def folder(exported):
    return exported[0]


@pytest.mark.parametrize("kind", module.FORMATS, ids=lambda kind: kind.file)
@pytest.mark.parametrize("size", [1, 3, 20])
def test_every_file_answers_as_the_checkpoint_does_at_any_batch_size(kind, size, loaded, folder):
    images = data_for(loaded, None, None, None).test.images[:size].float() / 255
    with torch.inference_mode():
        expected = loaded.network(images)
    found = kind.read(loaded, folder / kind.file)(images)
    assert found.shape == (size, 10)
    if kind.tolerance is not None:
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=kind.tolerance)
    else:
        # int8 rounds much in a network of 16 channels, and a little differently on each kind of CPU.
        gap = (found - expected).norm() / expected.norm()
        assert gap < 0.25


def test_int8_multiplies_integers_with_a_scale_for_each_channel(folder):
    graph = onnx.load(folder / "model.int8.onnx").graph
    values = {tensor.name: tensor for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    quantized = [node for node in convolutions if node.input[1] in makers]
    assert len(convolutions) - 1 == len(quantized) == 6
    for node in quantized:
        weights, images = makers[node.input[1]], makers[node.input[0]]
        assert weights.op_type == images.op_type == "DequantizeLinear"
        assert values[weights.input[0]].data_type == onnx.TensorProto.INT8
        assert list(values[weights.input[1]].dims) == list(values[weights.input[0]].dims)[:1]
        assert makers[images.input[0]].op_type == "QuantizeLinear"
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param


def test_batch_normalization_is_folded_through_the_pooling(folder):
    assert not [n for n in onnx.load(folder / "model.onnx").graph.node if n.op_type == "BatchNormalization"]


def test_a_negative_scale_is_not_folded(loaded, tmp_path, monkeypatch):
    folding = sys.modules[fold_pooled_norms.__module__]
    monkeypatch.setattr(folding, "fold_pooled_norms", lambda model: 0)
    module.write_onnx(loaded, tmp_path / "plain.onnx")
    model = onnx.load(tmp_path / "plain.onnx")
    norm = next(node for node in model.graph.node if node.op_type == "BatchNormalization")
    gamma = next(tensor for tensor in model.graph.initializer if tensor.name == norm.input[1])
    gamma.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(gamma), gamma.name))
    count = sum(node.op_type == "BatchNormalization" for node in model.graph.node)
    shared = sum(node.input[1] == gamma.name for node in model.graph.node if node.op_type == "BatchNormalization")
    assert fold_pooled_norms(model) == count - shared < count


def test_every_file_says_which_classes_and_images_it_knows(folder):
    for name, precision in (("model.onnx", "float32"), ("model.int8.onnx", "int8")):
        told = read_metadata(folder / name)
        assert told["classes"][0] == "disk"
        assert told["precision"] == precision
        assert told["preprocessing"]["normalization"] == "inside"
    keys = ("classes", "preprocessing", "trained_on", "precision")
    extra = dict.fromkeys(keys, "")
    torch.export.load(folder / "model.pt2", extra_files=extra)
    assert json.loads(extra["classes"])[0] == "disk"
    extra = dict.fromkeys(keys, "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(folder / "model.ts", _extra_files=extra)
    assert json.loads(extra["preprocessing"])["range"] == [0, 1]
    assert json.loads((folder / "model.json").read_text())["preprocessing"]["layout"] == "NCHW"


def test_torchscript_says_nothing_of_its_age(loaded, tmp_path, recwarn):
    pytorch.read_script(loaded, pytorch.write_script(loaded, tmp_path / "x.ts") or tmp_path / "x.ts")
    assert not recwarn.list


def test_a_format_that_fails_does_not_stop_the_others(trained, tmp_path, monkeypatch, capsys):
    """Nor does it leave what an earlier export wrote, which may be another network."""
    for name in ("model.onnx", "model.int8.onnx"):
        (tmp_path / name).write_bytes(b"old")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", "--checkpoint", str(trained.checkpoint), "--output", str(tmp_path)]) == 1
    assert "onnxscript: this package is missing; `pip install" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"model.pt", "model.pt2", "model.ts", "model.json"}


def test_int8_that_loses_accuracy_is_not_kept(trained, tmp_path, monkeypatch):
    read = lambda loaded, path: lambda images: -loaded.network(images).detach()  # noqa: E731
    write = lambda loaded, path, calibration: path.write_bytes(b"x")  # noqa: E731
    monkeypatch.setattr(module, "FORMATS", (module.Format("onnx int8", "model.int8.onnx", write, read, None),))
    with pytest.raises(module.ExportError, match="points of accuracy, more than allowed"):
        export(trained.checkpoint, output=tmp_path)
    assert list(tmp_path.iterdir()) == []


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("kind", module.FORMATS, ids=lambda kind: kind.file)
def test_opening_a_file_runs_no_pickled_code(kind, loaded, folder, tmp_path):
    sprung, path = tmp_path / "sprung", tmp_path / kind.file
    torch.save(Trap(sprung), path)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each library has its own
        kind.read(loaded, path)
    assert not sprung.exists()
    if kind.file in ("model.pt2", "model.ts", "model.pt"):
        # The right file but for its pickles.
        with zipfile.ZipFile(folder / kind.file) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if name.endswith((".pkl", ".pt")):
                    data = pickle.dumps(Trap(sprung))
                new.writestr(name, data)
        # Refused, or the pickle is not looked at.
        with contextlib.suppress(Exception):
            kind.read(loaded, path)
        assert not sprung.exists()
