"""Runs nbgrader's own commands, with progress."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class NbgraderError(Exception):
    """An nbgrader command that failed: says which, and where its log is."""


@dataclass(frozen=True)
class StockResult:
    """What an nbgrader command said."""

    problems: tuple[str, ...]
    """Its warnings and errors."""


def nbgrader(
    root: Path, *arguments: str, counts: str = "", tick: Callable[[str], None] = lambda text: None
) -> StockResult:
    """Run `nbgrader …` in a course folder.

    Args:
        root: The course folder.
        arguments: The command and its options.
        counts: A log message's beginning; each one calls `tick` with the rest of the message.
        tick: Told of progress.

    Raises:
        NbgraderError: It ended with an error status.
    """
    command = [sys.executable, "-m", "nbgrader", *arguments]
    problems = []
    log = root / f"{arguments[0]}.log"
    pipes = {
        "env": environment(),
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
        "encoding": "utf-8",
    }
    with log.open("w", encoding="utf-8") as kept, subprocess.Popen(command, cwd=root, **pipes) as process:
        for line in process.stdout:
            kept.write(line)
            match = re.match(r"\[\w+ \| (\w+)\] (.*)", line)
            level, message = match.groups() if match else ("", line)
            if level in {"WARNING", "ERROR", "CRITICAL"}:
                problems.append(message.strip())
            if counts and message.startswith(counts):
                tick(message.removeprefix(counts).strip())
    if process.returncode:
        raise NbgraderError(f"'nbgrader {' '.join(arguments)}' failed; its log is {log}.")
    return StockResult(tuple(problems))


def environment() -> dict[str, str]:
    """Return the environment for nbgrader's commands."""
    # nbgrader calls `alembic` by name, which stands beside this interpreter even where no one activated it.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}
