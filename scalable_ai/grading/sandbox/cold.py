"""Boxed commands that are started from cold: kernels of other languages, or without a warm parent."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from scalable_ai.grading.sandbox.box import Box, SandboxError
from scalable_ai.grading.sandbox.environment import of_box
from scalable_ai.grading.sandbox.keeper import Keeper, Kept, end_with_parent
from scalable_ai.grading.sandbox.levels import NAMESPACES, NONE, refusal
from scalable_ai.grading.sandbox.probe import enter_own_users, try_levels
from scalable_ai.grading.scratch import Scratch


class ColdBox:
    """The starter's side: the command that boxes another one, and what it says about its end."""

    def __init__(self, box: Box, runtime: str) -> None:
        self._request = json.dumps({"box": box.to_dict(), "runtime": runtime})
        self._listening, self._saying = os.pipe()
        self.files = (self._saying,)
        self._said = ""

    def command(self, command: list[str]) -> list[str]:
        """Return the command that runs `command` in the box."""
        own = [sys.executable, "-P", "-m", "scalable_ai.grading.sandbox"]
        return [*own, "--report", str(self._saying), self._request, *command]

    def started(self) -> None:
        """Wait until the command runs in its box.

        Raises:
            SandboxError: It could not be boxed.
        """
        os.close(self._saying)
        self._said = os.read(self._listening, 4096).decode(errors="replace")
        if self._said != "ready\n":
            raise SandboxError(self._said.strip() or "the sandbox ended before its command ran.")

    @property
    def reason(self) -> str:
        """Why it was ended, in one sentence, once it has ended."""
        if self._listening >= 0 and self._said == "ready\n":
            os.set_blocking(self._listening, False)
            try:
                self._said += os.read(self._listening, 4096).decode(errors="replace")
            except BlockingIOError:
                return ""
        return self._said.removeprefix("ready\n").strip()

    def __del__(self) -> None:
        if self._listening >= 0:
            os.close(self._listening)


def run(request: str, command: list[str], report: int) -> int:
    """Run a command in a box, and return its exit status once nothing of it is left."""
    asked = json.loads(request)
    box = Box.from_dict(asked["box"])
    level, why = try_levels()
    if level == NONE and not box.allow_unsandboxed:
        os.write(report, refusal(why).encode())
        return 1
    end_with_parent()
    if level == NAMESPACES and os.getuid() != 0:
        enter_own_users()
        child = os.fork()
        if child:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return _shell_status(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        end_with_parent()
    with Scratch("box") as workshop:
        keeper = Keeper(level, workshop)
        runtime = Path(asked["runtime"])
        where = os.getcwd()
        inside = None if level == NONE else box

        def start() -> NoReturn:
            environment = dict(os.environ) if inside is None else of_box(os.environ, level, runtime)
            for name in ("HOME", "TMPDIR") if inside else ():
                os.makedirs(environment[name], exist_ok=True)
            os.chdir(where)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvpe(command[0], command, environment)

        kept = keeper.fork(start, inside, asked["runtime"])
        signal.signal(signal.SIGINT, lambda number, frame: os.kill(kept.pid, number))
        return _watch(keeper, kept, report)


def _watch(keeper: Keeper, kept: Kept, report: int) -> int:
    told = False
    while not keeper.reap():
        keeper.hear(kept)
        if kept.is_ready and not told:
            told = bool(os.write(report, b"ready\n"))
        keeper.look()
        time.sleep(0.02)
    if kept.is_ready and not told:
        os.write(report, b"ready\n")
    os.write(report, kept.reason.encode())
    return _shell_status(kept.status)


def _shell_status(status: int) -> int:
    return status if status >= 0 else 128 - status
