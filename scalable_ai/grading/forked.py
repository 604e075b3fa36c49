"""A fork of this process that serves requests on its standard streams, with what `subprocess.Popen` offers of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping

MAX_OPEN_FILES = 65_536


class ForkedProcess:
    """Runs a function in a fork, at once and without importing anything again. Linux only.

    Args:
        serve: Reads standard input and writes standard output; the fork ends with it.
        cwd: Where it works.
        env: Its environment.
    """

    def __init__(self, serve: Callable[[], None], cwd: str, env: Mapping[str, str]) -> None:
        (its_input, our_output), (our_input, its_output) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(serve, its_input, its_output, cwd, env)
        os.close(its_input)
        os.close(its_output)
        self.stdin = open(our_output, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
        self.stdout = open(our_input, encoding="utf-8")  # noqa: SIM115
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for the exit status."""
        return self._reap(0)

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _reap(self, how: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, how)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _become(serve: Callable[[], None], its_input: int, its_output: int, cwd: str, env: Mapping[str, str]) -> None:
    status = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        for source, target in ((its_input, 0), (its_output, 1), (null, 2)):
            os.dup2(source, target)
        os.closerange(3, MAX_OPEN_FILES)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None  # looked up anew, in its own environment
        with contextlib.suppress(ImportError):
            import torch

            torch.set_num_threads(1)
        serve()
        status = 0
    finally:
        os._exit(status)
