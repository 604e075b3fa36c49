"""The doctor's verdict: ready, or every problem with what to do about it."""

from __future__ import annotations

import contextlib
import socket
from importlib import metadata
from types import SimpleNamespace

import pytest

from scalable_ai import doctor


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """Return a machine on which nothing is wrong, whatever this one is like."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCALABLE_AI_DATA", raising=False)
    monkeypatch.setattr(metadata, "requires", lambda name: ["torch>=2.11", 'ruff>=9; extra == "dev"'])
    monkeypatch.setattr(metadata, "version", lambda name: "2.12.1+cu130")
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=3e9, total=8e9))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=50e9))
    monkeypatch.setattr(doctor, "_sandbox", lambda: "namespaces")
    monkeypatch.setattr(doctor, "_is_free", lambda port: True)
    return monkeypatch


def verdict(capsys):
    status = doctor.report()
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_machine_without_problems_is_ready(healthy, capsys):
    status, out, err = verdict(capsys)
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        *("Python", "Installed", "Device", "Memory", "Disk", "Data", "Port", "Sandbox", "Verdict")
    ]
    assert "ready." in out.splitlines()[-1]
    assert "3.0 of 8.0 GB free" in out
    assert "stand-in" in out


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (
            "scalable_ai.doctor.shutil.disk_usage",
            lambda path: SimpleNamespace(free=1e9),
            "1.0 GB of disk are free here",
        ),
        ("scalable_ai.doctor._is_free", lambda port: False, "no port from 8888 to 8938"),
        (
            "importlib.metadata.version",
            lambda name: "2.10.0",
            "torch 2.10.0 is installed, and the course needs >=2.11.",
        ),
        ("scalable_ai.doctor.sys.version_info", (3, 10, 1), "is too old. Install 3.11 or newer"),
    ],
)
def test_each_problem_is_named_with_a_remedy_and_fails(healthy, capsys, place, value, said):
    healthy.setattr(place, value)
    status, out, err = verdict(capsys)
    assert status == 1
    assert err.startswith("Problem ")
    assert said in err
    assert "not ready: 1 problem, see above." in out.splitlines()[-1]


def test_little_free_memory_is_a_remark_that_stops_nothing(healthy, capsys):
    healthy.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=4e8, total=8e9))
    status, out, err = verdict(capsys)
    assert status == 0
    assert err.startswith("Remark      only 0.4 GB of memory are free. Close")
    assert "ready." in out.splitlines()[-1]


def test_what_is_not_installed_is_named(healthy, capsys):
    def missing(name):
        raise metadata.PackageNotFoundError

    healthy.setattr(metadata, "version", missing)
    status, out, err = verdict(capsys)
    assert status == 1
    assert "torch is not installed. Run: bash requirements.sh" in err
    assert "ruff" not in err
    assert "torch missing" in out


def test_data_that_is_named_and_not_there_is_a_problem(healthy, capsys):
    healthy.setenv("SCALABLE_AI_DATA", "/nowhere/at/all")
    status, out, err = verdict(capsys)
    assert status == 1
    assert "/nowhere/at/all" in err
    assert "Data        not usable" in out


def test_a_port_that_is_taken_is_no_problem_while_another_is_free(healthy, capsys):
    healthy.setattr(doctor, "_is_free", lambda port: port > doctor.PORT + 1)
    status, out, _ = verdict(capsys)
    assert status == 0
    assert "8888 is taken; JupyterLab will use 8890" in out


def test_a_port_is_taken_while_a_server_has_it():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        assert not doctor._is_free(server.getsockname()[1])


def test_the_real_installation_is_looked_at(capsys):
    problems = []
    doctor._installed(problems)
    assert not [problem for problem in problems if problem.startswith("torch ")]
