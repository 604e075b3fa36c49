"""One verdict about this machine: what is installed, which device will be used, which data was found."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from importlib import metadata
from pathlib import Path

SHOWN = ("torch", "torchvision", "pytorch-lightning", "onnxruntime", "jupyterlab", "nbgrader")
LEAST_FREE_DISK = 2e9
LEAST_FREE_MEMORY = 1e9
LEAST_PYTHON = (3, 11)
PORT = 8888
"""JupyterLab's first choice; it tries fifty more."""
PORTS = 51
INSTALL = "Run: bash requirements.sh"


def report() -> int:
    """Print the verdict; return 1 where something the course needs is missing."""
    problems: list[str] = []
    remarks: list[str] = []
    rows = {
        "Python": _python(problems),
        "Installed": _installed(problems),
        "Device": _device(),
        "Memory": _memory(remarks),
        "Disk": _disk(problems),
        "Data": _data(problems),
        "Port": _port(problems),
        "Sandbox": _sandbox(),
    }
    for name, words in rows.items():
        print(f"{name:<11} {words}")
    for problem in problems:
        print(f"Problem     {problem}", file=sys.stderr)
    for remark in remarks:  # what passes by itself, and stops nothing
        print(f"Remark      {remark}", file=sys.stderr)
    if problems:
        print(f"Verdict     not ready: {len(problems)} problem{'s' if len(problems) > 1 else ''}, see above.")
        return 1
    print("Verdict     ready. Try: make lab, make demo, make test")
    return 0


def _python(problems: list[str]) -> str:
    if sys.version_info < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        problems.append(f"Python {platform.python_version()} is too old. Install {least} or newer; {INSTALL.lower()}")
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _installed(problems: list[str]) -> str:
    """Say which versions are there, without importing them, and which ones the course cannot work with."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(line) for line in metadata.requires("scalable-ai") or []]
    except metadata.PackageNotFoundError:
        wanted = [Requirement(name) for name in SHOWN]
    for one in wanted:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        version = _version(one.name)
        if version == "missing":
            problems.append(f"{one.name} is not installed. {INSTALL}")
        elif not one.specifier.contains(version, prereleases=True):
            problems.append(f"{one.name} {version} is installed, and the course needs {one.specifier}. {INSTALL}")
    return ", ".join(f"{name} {_version(name)}" for name in SHOWN)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _memory(remarks: list[str]) -> str:
    try:
        import psutil
    except ImportError:  # said among what is not installed
        return "not known"
    found = psutil.virtual_memory()
    if found.available < LEAST_FREE_MEMORY:
        free = f"{found.available / 1e9:.1f} GB of memory"
        remarks.append(f"only {free} are free. Close other programs, other notebooks' kernels among them.")
    return f"{found.available / 1e9:.1f} of {found.total / 1e9:.1f} GB free"


def _disk(problems: list[str]) -> str:
    free = shutil.disk_usage(Path.cwd()).free
    if free < LEAST_FREE_DISK:
        problems.append(f"only {free / 1e9:.1f} GB of disk are free here. Make room for at least 2 GB.")
    return f"{free / 1e9:.0f} GB free here"


def _port(problems: list[str]) -> str:
    """Say where JupyterLab will answer."""
    free = next((port for port in range(PORT, PORT + PORTS) if _is_free(port)), None)
    if free is None:
        problems.append(
            f"no port from {PORT} to {PORT + PORTS - 1} can be opened on this machine. "
            "End old JupyterLabs ('jupyter server list' names them), or allow local connections."
        )
        return "none free for JupyterLab"
    return f"{PORT} is free for JupyterLab" if free == PORT else f"{PORT} is taken; JupyterLab will use {free}"


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        if os.name == "posix":  # as servers do: a port that was closed just now can be opened
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _device() -> str:
    """Name the device without importing torch, which costs seconds: the driver's own tool tells."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = _gpus()
    if names:
        return f"{len(names)} GPU{'s' if len(names) > 1 else ''} ({names[0]}), {cores} CPU cores"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return f"CPU, {cores} cores (Apple's GPU on request: --trainer.accelerator mps)"
    return f"CPU, {cores} core{'' if cores == 1 else 's'} (no GPU found; everything runs without one)"


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
