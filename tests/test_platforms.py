"""What hosted platforms and CI read, workflows, devcontainer and Binder's files, fits schemas and the course."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from tests.learner import LESSON

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BINDER = ROOT / ".binder"
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_fits_githubs_schema(path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def steps(name):
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return {job: [step.get("run", "") for step in body["steps"]] for job, body in workflow["jobs"].items()}


def test_make_targets_of_workflows_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = [
        run.split()[1]
        for name in ("ci.yml", "pages.yml")
        for runs in steps(name).values()
        for run in runs
        if run[:5] == "make "
    ]
    assert set(asked) == {"test", "demo", "site"}
    assert all(f"\n{target}: install" in makefile for target in asked)


def test_learners_commands_run_on_three_systems_as_they_are_written_down():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["learner"]
    assert {one["os"].partition("-")[0] for one in job["strategy"]["matrix"]["include"]} == {
        "ubuntu",
        "macos",
        "windows",
    }
    written = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    for python in {one["python"] for one in job["strategy"]["matrix"]["include"]}:
        for run in steps("ci.yml")["learner"]:
            if "pip install" in run:
                assert run.replace("${{ matrix.python }}", python) in written
        assert f"{python} -m scalable_ai lab" in written
    assert LESSON.is_file()


def test_the_devcontainer_installs_the_course_as_everybody_does():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    known = {
        "name",
        "image",
        "postCreateCommand",
        "forwardPorts",
        "portsAttributes",
        "hostRequirements",
        "customizations",
    }
    assert set(container) == known
    assert container["postCreateCommand"] == "bash requirements.sh"
    image, _, tag = container["image"].partition(":")
    assert image == "python"
    assert Version(tag) >= Version("3.11")
    interpreter = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == "${containerWorkspaceFolder}/.venv/bin/python"


def test_binder_brings_what_the_course_asks_for():
    environment = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))
    brought = {one.replace("pytorch-cpu", "torch") for one in environment["dependencies"]}
    for name in ("torch", "torchvision"):
        wanted = next(
            Requirement(line.split('"')[1]) for line in PYPROJECT.splitlines() if line.strip().startswith(f'"{name}>')
        )
        assert str(wanted) in brought


@pytest.mark.skipif(os.name == "nt", reason="the executable bit and bash are not Windows's")
def test_binders_script_is_well_formed_and_leaves_pytorch_alone(tmp_path):
    script = BINDER / "postBuild"
    assert os.access(script, os.X_OK)
    if checker := shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"):
        assert subprocess.run([checker, str(script)], capture_output=True, check=False).returncode == 0
    fake = tmp_path / "python"
    fake.write_text(
        '#!/bin/sh\nfor word in "$@"; do case $word in /*) cat "$word";; esac; done\necho "$@"\n', encoding="utf-8"
    )
    fake.chmod(0o755)
    path = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    said = subprocess.run([script], cwd=ROOT, env=path, capture_output=True, text=True, check=True).stdout.splitlines()
    pinned = {line.partition("==")[0].lower() for line in said[:-1]}
    assert "pytorch-lightning" in pinned
    assert not {"torch", "torchvision", "numpy", "triton"} & pinned
    assert not any(name.startswith(("nvidia-", "cuda-")) for name in pinned)
    assert said[-1].endswith("--editable .")
