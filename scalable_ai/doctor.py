"""One verdict about this machine: what is installed, which device will be used, which data was found."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

SHOWN = ("torch", "torchvision", "pytorch-lightning", "onnxruntime", "jupyterlab", "nbgrader")
LEAST_FREE_DISK = 2e9


def report() -> int:
    """Print the verdict; return 1 where something the course needs is missing."""
    problems = _problems()
    data = _data(problems)
    print(f"Python      {platform.python_version()} on {platform.system()} {platform.machine()}")
    print(f"Installed   {', '.join(f'{name} {_version(name)}' for name in SHOWN)}")
    print(f"Device      {_device()}")
    print(f"Data        {data}")
    print(f"Sandbox     {_sandbox()}")
    if problems:
        for problem in problems:
            print(f"Problem     {problem}", file=sys.stderr)
        print(f"Verdict     not ready: {len(problems)} problem{'s' if len(problems) > 1 else ''}, see above.")
        return 1
    print("Verdict     ready. Try: make lab, make demo, make test")
    return 0


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _problems() -> list[str]:
    problems = [f"{name} is not installed. Run: bash requirements.sh" for name in SHOWN if _version(name) == "missing"]
    free = shutil.disk_usage(Path.cwd()).free
    if free < LEAST_FREE_DISK:
        problems.append(f"only {free / 1e9:.1f} GB of disk are free here. Make room for at least 2 GB.")
    return problems


def _device() -> str:
    """Name the device without importing torch, which costs seconds: the driver's own tool tells."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = _gpus()
    if names:
        return f"{len(names)} GPU{'s' if len(names) > 1 else ''} ({names[0]}), {cores} CPU cores"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return f"CPU, {cores} cores (Apple's GPU on request: --trainer.accelerator mps)"
    return f"CPU, {cores} cores (no GPU found; everything runs without one)"


def _gpus() -> list[str]:
    import subprocess

    try:
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in found.stdout.splitlines() if line.strip()]


def _sandbox() -> str:
    """Say how hand-ins are isolated when they are graded, and what would isolate them better."""
    from scalable_ai.grading.sandbox import DOES_NOT_HOLD, NAMESPACES, NONE, level, remedy

    found = level()
    if found == NAMESPACES:
        return "namespaces: a hand-in has its own files, processes and network"
    what = "none: grading refuses to run hand-ins" if found == NONE else f"{found}: weaker than namespaces in that "
    lacks = "" if found == NONE else next(iter(DOES_NOT_HOLD[found].values())) + ", among others"
    return f"{what}{lacks}; better: {remedy(found)}"


def _data(problems: list[str]) -> str:
    from scalable_ai.data import DataError, find

    try:
        return str(find())
    except DataError as error:
        problems.append(str(error))
        return "not usable"
