"""Boxes for kernels: what a learner's code may see, use and reach, and levels of holding it to that."""

from __future__ import annotations

import functools
import subprocess
import sys

from scalable_ai.grading.sandbox.box import Box, Limits, SandboxError
from scalable_ai.grading.sandbox.levels import DOES_NOT_HOLD, LANDLOCK, NAMESPACES, NONE, refusal, remedy

__all__ = [
    "DOES_NOT_HOLD", "LANDLOCK", "NAMESPACES", "NONE", "Box", "Limits", "SandboxError", "level", "refusal", "remedy",
    "why_not_better",
]  # fmt: skip


def level() -> str:
    """Return this machine's level of isolation, found by really boxing a process."""
    return _tried()[0]


def why_not_better() -> str:
    """Return what the machine refused at the better levels; nothing at the best one."""
    return _tried()[1]


@functools.cache
def _tried() -> tuple[str, str]:
    # In a process of its own: forks of one that has threads may hang.
    if not sys.platform.startswith("linux"):
        return NONE, f"{NAMESPACES}: only Linux has them"
    command = [sys.executable, "-m", "scalable_ai.grading.sandbox", "--probe"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        found, _, why = done.stdout.strip().partition("\n")
    except (OSError, subprocess.SubprocessError) as error:
        return NONE, str(error)
    return found, why
