"""The benchmark times every exported file; no test asserts how fast."""

import json
import shutil

import pytest

from scalable_ai.capstone import benchmark
from scalable_ai.capstone.cli import main
from scalable_ai.capstone.export import FORMATS


@pytest.fixture(scope="module")
def folder(exported, tmp_path_factory):
    return shutil.copytree(exported[0], tmp_path_factory.mktemp("benchmark"), dirs_exist_ok=True)


def run(trained, folder, *options):
    return main(["benchmark", "--checkpoint", str(trained.checkpoint), "--folder", str(folder), *options])


def test_every_file_is_timed_beside_the_network(trained, folder, capsys):
    assert run(trained, folder, "--turns", "3", "--threads", "1") == 0
    out = capsys.readouterr().out
    stored = json.loads((folder / "benchmark.json").read_text())
    names = ["eager PyTorch", *(kind.name for kind in FORMATS)]
    assert [(one["batch_size"], one["name"]) for one in stored["timings"]] == [(b, n) for b in (1, 128) for n in names]
    assert all(name in out for name in names)
    for one in stored["timings"]:
        assert 0 < one["p50"] <= one["p99"]
        assert one["throughput"] > 0
        eager = next(other for other in stored["timings"] if other["batch_size"] == one["batch_size"])
        assert one["ratio"] == pytest.approx(eager["p50"] / one["p50"])
    assert stored["timings"][0]["ratio"] == 1
    assert stored["threads"] == 1
    assert {"torch", "onnxruntime"} <= stored["packages"].keys()


def test_figures_are_those_of_the_calls_taken_in_turn(monkeypatch):
    seconds = iter([0.4, 0.1, 0.2, 0.1, 0.6, 0.1])
    monkeypatch.setattr(benchmark, "_timed", lambda call, images: next(seconds))
    first, other = benchmark.measure({"first": len, "other": len}, batch_size=5, turns=3)
    assert (first.p50, first.ratio, other.p50) == (0.4, 1, 0.1)
    assert other.ratio == pytest.approx(4)
    assert first.p99 == pytest.approx(0.596)
    assert first.throughput == pytest.approx(15 / 1.2)
    assert other.throughput == pytest.approx(50)


def test_what_cannot_be_timed_is_one_sentence(trained, folder, tmp_path, capsys):
    assert run(trained, tmp_path) == 1
    assert "no exported file is here" in capsys.readouterr().err
    (tmp_path / "model.onnx").write_bytes(b"<html>")
    assert run(trained, tmp_path) == 1
    err = capsys.readouterr().err
    assert "model.onnx: it cannot be opened" in err
    assert err.count("\n") == 1
    assert run(trained, folder, "--threads", "0") == 1
    assert "--threads 0: name a whole number" in capsys.readouterr().err
