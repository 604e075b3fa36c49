"""The benchmark of kernels: measures both kinds, leaves none running, and refuses to call a stock kernel warm."""

import json
import sys
from pathlib import Path

import psutil
import pytest

if sys.platform != "linux":
    pytest.skip("elsewhere kernels start as usual", allow_module_level=True)

from jupyter_client.provisioning import KernelProvisionerFactory

from scalable_ai.bench import kernels
from scalable_ai.lab import provisioner
from scalable_ai.lab.provisioner import LabParent

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def parent(monkeypatch):
    """Use a parent that imports little, and give it back."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(LabParent, "module", "tests.lab.small_parent")
    parent = LabParent()
    for module in (kernels, provisioner):
        monkeypatch.setattr(module, "lab_parent", parent)
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", factory.default_provisioner_name)
    monkeypatch.setattr(kernels, "FIRST_CELL", "1 + 1")
    return parent


def test_both_kinds_are_measured_and_none_is_left_running(tmp_path, capsys):
    before = psutil.Process().children(recursive=True)
    assert kernels.bench_kernels(tmp_path, turns=2) == 0
    assert psutil.Process().children(recursive=True) == before
    (path,) = tmp_path.glob("kernels-*.json")
    stored = json.loads(path.read_text())
    assert [one["what"] for one in stored["comparisons"]] == list(kernels.WHAT)
    assert all(len(turns) == 2 and min(turns) > 0 for one in stored["comparisons"] for turns in one["seconds"])
    assert "restart" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("_failed", "the warm parent of kernels did not start"), ("fork", "this one was started as usual")],
)
def test_a_stock_kernel_is_not_called_warm(tmp_path, capsys, monkeypatch, parent, fault, sentence):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr(parent, fault, refuse if fault == "fork" else True)
    assert kernels.bench_kernels(tmp_path, turns=1) == 1
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_cell_that_fails_is_no_measurement(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(kernels, "FIRST_CELL", "1 / 0")
    assert kernels.bench_kernels(tmp_path, turns=1) == 1
    assert "its cell failed (ZeroDivisionError)" in capsys.readouterr().err
