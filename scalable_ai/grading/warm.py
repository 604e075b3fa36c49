"""Warm kernels: asks a fork server, which has imported the course's packages, for kernels as processes."""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

START_TIME_LIMIT = 120.0


class WarmParent:
    """Starts the warm parent on first use and asks it for kernels."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._socket = ""
        self._lock = threading.Lock()
        self._failed = False

    def start(self) -> None:
        """Start the parent and wait until it has imported everything.

        Raises:
            OSError: It did not start; then it is not tried again.
        """
        with self._lock:
            if self._failed:
                raise OSError("the warm parent of kernels did not start")
            if self._process is None or self._process.poll() is not None:
                self._failed = True
                self._start()
                self._failed = False

    def _start(self) -> None:
        folder = tempfile.mkdtemp(prefix="warm-")
        self._socket = str(Path(folder) / "socket")
        environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scalable_ai.grading.forkserver", self._socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        atexit.register(self.stop)
        ready, _, _ = select.select([self._process.stdout], [], [], START_TIME_LIMIT)
        if not ready or self._process.stdout.readline().strip() != b"ready":
            self.stop()
            raise OSError("the warm parent of kernels did not start")

    def stop(self) -> None:
        """End the parent and all its kernels."""
        process, self._process = self._process, None
        if process is not None:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
            shutil.rmtree(Path(self._socket).parent, ignore_errors=True)

    def fork(self, argv: list[str], cwd: str, env: dict[str, str]) -> WarmProcess:
        """Return a new kernel process."""
        self.start()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._socket)
        connection.sendall(json.dumps({"argv": argv, "cwd": cwd, "env": env}).encode() + b"\n")
        return WarmProcess(connection)


class WarmProcess:
    """A forked kernel, with the methods of `subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._replies = connection.makefile("r")
        self.pid = int(self._replies.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            line = self._replies.readline()
            # No line: the parent itself is gone, and its kernels with it.
            self.returncode = int(line) if line else -int(signal.SIGKILL)
            self._replies.close()
            self._connection.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kernel", timeout)
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel's process group."""
        if self.poll() is None:
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


warm_parent = WarmParent()
