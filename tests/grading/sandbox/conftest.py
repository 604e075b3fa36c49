"""Stages: processes that box others, one for each user and level that this machine allows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scalable_ai.grading.sandbox.levels import LANDLOCK, NAMESPACES, VARIABLE

STAGE = Path(__file__).parent / "stage.py"
USERS = ("root", "ordinary") if sys.platform == "linux" and os.getuid() == 0 else ("ordinary",)
SMALL = {"memory": 300 * 2**20, "disk": 20 * 2**20, "files": 200, "file_size": 8 * 2**20, "processes": 40}


@dataclass
class End:
    """How a process on a stage ended."""

    status: int
    reason: str
    said: str
    owners: list[int]
    modes: dict[str, int]
    left: bool
    work: str


@dataclass
class Stage:
    """The other side of `stage.py`."""

    process: subprocess.Popen
    user: str
    level: str
    about: dict = field(default_factory=dict)

    def run(self, code: str, boxed: bool = True, readable: tuple[str, ...] = (), **limits: int) -> End:
        """Run code in a process of its own, which ends before this returns."""
        asked = {"code": code, "boxed": boxed, "readable": readable, "limits": {**SMALL, **limits}}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return End(**json.loads(self.process.stdout.readline()))


@pytest.fixture(scope="session", params=[f"{user}-{level}" for user in USERS for level in (NAMESPACES, LANDLOCK)])
def stage(request):
    """Return a stage; left out where this machine does not offer its level."""
    user, level = request.param.split("-")
    process = subprocess.Popen(
        [sys.executable, "-P", str(STAGE), user],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, VARIABLE: level, "PLANTED_SECRET": "a token of the instructor's"},
    )
    about = json.loads(process.stdout.readline())
    if about["level"] != level:
        process.communicate()
        pytest.skip(f"this machine does not offer it: {about['why']}")
    yield Stage(process, user, level, about)
    process.stdin.close()
    process.wait()
    process.stdout.close()
