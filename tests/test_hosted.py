"""A hosted notebook gets what it lacks, and keeps the platform's PyTorch."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from scalable_ai import hosted
from scalable_ai.hosted import plan, prepare

REQUIREMENTS = [
    "torch>=2.11",
    "torchvision>=0.26",
    "pytorch-lightning<3,>=2.6",
    "jsonargparse[signatures]>=4.39",
    "numpy>=2",
    "jupyterlab<5,>=4.4",
    'pytest>=8.3; extra == "dev"',
    "prometheus_client>=0.21",
]
COLAB = {
    "torch": "2.11.0+cu128",
    "torchvision": "0.26.0+cu128",
    "numpy": "2.0.2",
    "nvidia-cublas": "12.8",
    "prometheus-client": "0.22",
}


def test_what_is_missing_is_installed_and_the_platform_is_pinned():
    wanted = plan(REQUIREMENTS, COLAB)
    assert wanted.install == ("pytorch-lightning<3,>=2.6", "jsonargparse[signatures]>=4.39")
    assert wanted.pins == (
        "numpy==2.0.2",
        "nvidia-cublas==12.8",
        "torch==2.11.0+cu128",
        "torchvision==0.26.0+cu128",
    )
    assert wanted.older == ()


def test_an_older_torch_is_said_and_not_replaced():
    wanted = plan(REQUIREMENTS, {**COLAB, "torch": "2.9.1+cu128"})
    assert not any(one.startswith("torch>") for one in wanted.install)
    assert "torch==2.9.1+cu128" in wanted.pins
    assert wanted.older == ("torch 2.9.1+cu128 is here, and the course asks for >=2.11.",)


def test_an_older_package_of_another_kind_is_renewed():
    assert plan(["requests>=2.32"], {"requests": "2.31"}).install == ("requests>=2.32",)


def test_here_nothing_is_missing_and_nothing_is_run(capsys):
    prepare(run=lambda *_, **__: pytest.fail("pip was started"))
    assert capsys.readouterr().out == ""


@pytest.fixture
def lacking(monkeypatch):
    """Make this Python lack one package of the course."""
    everything = list(metadata.distributions())
    without = [one for one in everything if one.name != "pytorch-lightning"]
    monkeypatch.setattr(hosted.metadata, "distributions", lambda: without)


def test_pip_is_asked_for_what_is_missing_under_the_pins(lacking, capsys):
    asked = []

    def run(command, **_):
        constraints = Path(command[command.index("--constraint") + 1])
        asked.append((command[command.index("--constraint") + 2 :], constraints.read_text(encoding="utf-8")))
        return subprocess.CompletedProcess(command, 0, "", "")

    prepare(run)
    (requirements, pins) = asked[0]
    assert [one.partition("<")[0].partition(">")[0] for one in requirements] == ["pytorch-lightning"]
    assert f"torch=={metadata.version('torch')}" in pins.splitlines()
    assert "stays as it is" in capsys.readouterr().out


def test_a_failing_pip_is_one_sentence(lacking, capsys):
    prepare(lambda command, **_: subprocess.CompletedProcess(command, 1, "", "trouble\nERROR: no network\n"))
    assert capsys.readouterr().out.startswith("The course's packages could not be installed (ERROR: no network).")
