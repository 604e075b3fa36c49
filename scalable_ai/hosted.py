"""Prepare a hosted notebook, such as Colab's: install what lessons need and lack, beside the PyTorch that is there.

A platform's PyTorch fits its driver and its other packages, so it is pinned while pip works and never replaced. Where
nothing is missing, nothing happens.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTION = "scalable-ai"
PLATFORM = ("torch", "torchvision", "torchaudio", "triton", "numpy")
"""What a platform brings and nothing may replace; CUDA's libraries (`nvidia-…`) too."""
TOOLS = frozenset({"jupyterlab", "nbgrader", "jupytext", "ipykernel", "nbclient"})
"""What takes lessons, builds and grades them; a platform has its own notebooks."""


@dataclass(frozen=True)
class Plan:
    """What pip would be asked for."""

    install: tuple[str, ...]
    """Requirements that are not met."""
    pins: tuple[str, ...]
    """`name==version` of what must stay as it is."""
    older: tuple[str, ...]
    """Sentences about what the platform brings in an older version than the course asks for."""


def plan(requirements: Iterable[str], installed: Mapping[str, str]) -> Plan:
    """Return what to install so that requirements are met and the platform's own packages stay.

    Args:
        requirements: The course's, as packaging metadata writes them.
        installed: Canonical name -> version of what is there.
    """
    install, older = [], []
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name in TOOLS or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        there = installed.get(name)
        if there is not None and requirement.specifier.contains(there, prereleases=True):
            continue
        if there is not None and name in PLATFORM:
            older.append(f"{name} {there} is here, and the course asks for {requirement.specifier}.")
        else:
            install.append(f"{requirement.name}{_extras(requirement)}{requirement.specifier}")
    pins = [f"{name}=={version}" for name, version in sorted(installed.items()) if _is_platform(name)]
    return Plan(tuple(install), tuple(pins), tuple(older))


def prepare(run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run) -> None:
    """Install what the course needs and this kernel's Python lacks; say in a sentence what was done or is wrong."""
    installed = {canonicalize_name(one.name): one.version for one in metadata.distributions() if one.name}
    wanted = plan(metadata.requires(DISTRIBUTION) or [], installed)
    for sentence in wanted.older:
        print(f"{sentence} It is left as it is, so some cells may not work here.")
    if not wanted.install:
        return
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "platform.txt"
        constraints.write_text("\n".join(wanted.pins) + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = run(
            [*pip, "--constraint", str(constraints), *wanted.install], capture_output=True, text=True, check=False
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"The course's packages could not be installed ({last}). Try this cell again.")
        return
    torch = installed.get("torch", "")
    print(
        f"Installed {len(wanted.install)} packages beside PyTorch {torch}, which stays as it is. No restart is needed."
    )


def _extras(requirement: Requirement) -> str:
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


def _is_platform(name: str) -> bool:
    return name in PLATFORM or name.startswith("nvidia-")
