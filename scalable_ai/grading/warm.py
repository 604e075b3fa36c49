"""A warm parent: imports the course's packages once and forks kernels from there, in milliseconds instead of seconds.

It holds no secret, since every kernel inherits its memory: it never reads a lesson, a check or a gradebook. It ends,
with all its kernels, when the process that started it does.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PRELOAD = (
    "torch",
    "torchvision",
    "pytorch_lightning",
    "matplotlib.pyplot",
    "ipykernel.kernelapp",
    "scalable_ai.checks",
)
START_TIME_LIMIT = 120.0


def serve(path: str) -> None:
    """Fork a kernel for each connection on a Unix socket until standard input ends."""
    for name in PRELOAD:
        __import__(name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    kernels: dict[int, socket.socket] = {}
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [], 0.05)
        if sys.stdin in readable:
            break
        if listener in readable:
            connection, _ = listener.accept()
            request = json.loads(connection.makefile("r").readline())
            pid = os.fork()
            if pid == 0:
                for other in kernels.values():
                    other.close()
                listener.close()
                connection.close()
                _become_kernel(request)
            connection.sendall(f"{pid}\n".encode())
            kernels[pid] = connection
        _reap(kernels)
    for pid in kernels:
        _kill_group(pid)


def _reap(kernels: dict[int, socket.socket]) -> None:
    while kernels:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        connection = kernels.pop(pid, None)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            connection.close()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _become_kernel(request: dict) -> None:
    """Turn this fork into a Jupyter kernel; never returns."""
    status = 1
    try:
        os.setsid()
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        sys.stdin = os.fdopen(0)
        sys.path[:] = ["", *[entry for entry in sys.path if entry not in {"", os.getcwd()}]]
        sys.argv = ["ipykernel_launcher", *request["argv"]]
        import torch
        from ipykernel.kernelapp import IPKernelApp

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        IPKernelApp.launch_instance(request["argv"])
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    finally:
        os._exit(status)


class WarmParent:
    """Starts the warm parent on first use and asks it for kernels."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._socket = ""

    def start(self) -> None:
        """Start the parent and wait until it has imported everything.

        Raises:
            OSError: It did not start.
        """
        if self._process is not None and self._process.poll() is None:
            return
        folder = tempfile.mkdtemp(prefix="warm-")
        self._socket = str(Path(folder) / "socket")
        environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scalable_ai.grading.warm", self._socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
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
            Path(self._socket).unlink(missing_ok=True)
            Path(self._socket).parent.rmdir()

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

if __name__ == "__main__":
    serve(sys.argv[1])
