"""Warm kernels: asks a fork server, which has imported the course's packages, for kernels as processes."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from scalable_ai.grading.sandbox.box import Box, SandboxError
from scalable_ai.grading.sandbox.environment import KEPT
from scalable_ai.grading.sandbox.levels import VARIABLE as LEVEL_VARIABLE
from scalable_ai.grading.scratch import Scratch, sweep

START_TIME_LIMIT = 600.0
"""Seconds for importing everything: long, since a busy machine may need many times what an idle one does, and the end
of a parent that cannot is seen at once."""
VARIABLE = "SCALABLE_AI_WARM_PARENT"
"""Environment variable that names the socket of a warm parent to share."""

OWN_SETTINGS = {"HOME", LEVEL_VARIABLE}
IMPORTED_HERE = (
    "checks.py", "figures.py", "data/*.py", "grading/conversation.py", "grading/foreign/*.py", "grading/forkserver.py",
    "grading/preload.py", "grading/remote.py", "grading/warmkernel.py", "grading/wire.py", "grading/sandbox/*.py",
)  # fmt: skip


class WarmParent:
    """Starts the warm parent on first use and asks it for kernels.

    Where the environment names the socket of another process's warm parent, that one is asked.
    """

    module = "scalable_ai.grading.forkserver"
    """What the parent runs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._socket = ""
        self._scratch: Scratch | None = None
        self._lock = threading.Lock()
        self._failed = False
        self._imported = 0
        self.level = ""

    @property
    def address(self) -> str:
        """The socket, started if need be, for other processes of a batch to share through `VARIABLE`."""
        self.start()
        return self._socket

    def launch(self) -> str:
        """Start the parent without waiting for it, and return the address that it will have."""
        with self._lock:
            if self._process is None:
                self._launch()
            return self._socket

    def start(self) -> None:
        """Start the parent and wait until it has imported everything.

        Raises:
            OSError: It did not start; then it is not tried again.
        """
        with self._lock:
            if self._failed:
                raise OSError("the warm parent of kernels did not start")
            if self._process is not None and self._process.poll() is None and self.level:
                if self._imported == _fingerprint():
                    return
                self._retire()
            self._failed = True
            if self._process is None or self._process.poll() is not None:
                self._launch()
            self._wait()
            self._failed = False

    def _launch(self) -> None:
        self._release()
        sweep()
        self._scratch = Scratch("warm")
        self._socket = str(self._scratch.path / "socket")
        self._imported, self.level = _fingerprint(), ""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self.module, self._socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment(),
            start_new_session=True,
        )
        atexit.register(self.stop)

    def environment(self) -> dict[str, str]:
        """Return the parent's environment; each kernel gets its own."""
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name) or name in OWN_SETTINGS}
        return {**kept, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}

    def _wait(self) -> None:
        ready, _, _ = select.select([self._process.stdout], [], [], START_TIME_LIMIT)
        said, _, self.level = (self._process.stdout.readline().decode().strip() if ready else "").partition(" ")
        if said != "ready":
            self.stop()
            raise OSError("the warm parent of kernels did not start")

    def _retire(self) -> None:
        """Let a parent that has imported what is no longer installed end with its last kernel."""
        with contextlib.suppress(OSError), _connect(self._socket) as connection:
            connection.sendall(b'{"retire": true}\n')
        threading.Thread(target=_clean_after, args=(self._process, self._scratch), daemon=True).start()
        self._process = None

    def stop(self) -> None:
        """End the parent and all its kernels."""
        process = self._process
        if process is not None:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        self._release()

    def _release(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            _clean_after(process, self._scratch)

    def fork(
        self, argv: list[str], cwd: str, env: dict[str, str], box: Box | None = None, runtime: str = ""
    ) -> WarmProcess:
        """Return a new kernel process.

        Args:
            argv: The kernel's arguments.
            cwd: Where it starts.
            env: Its environment; in a box, what `sandbox.environment` keeps of it.
            box: What it may see and use; without one, everything.
            runtime: Folder of the connection file and the sockets, needed with a box.

        Raises:
            OSError: There is no warm parent.
            SandboxError: The kernel could not be boxed.
        """
        request: dict[str, Any] = {"argv": argv, "cwd": cwd, "env": env}
        if box is not None:
            request |= {"box": box.to_dict(), "runtime": runtime}
        connection = self._connection()
        connection.sendall(json.dumps(request).encode() + b"\n")
        return WarmProcess(connection)

    def _connection(self) -> socket.socket:
        shared = os.environ.get(VARIABLE)
        if shared and self._process is None:
            with contextlib.suppress(OSError):  # its owner has ended it
                return _connect(shared)
        return _connect(self.address)


def _connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


class WarmProcess:
    """A forked kernel, with the methods of `subprocess.Popen` that jupyter_client uses.

    Attributes:
        reason: Why it was ended from outside, in one sentence, once it has ended.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._replies = connection.makefile("r", encoding="utf-8")
        self.returncode: int | None = None
        self.reason = ""
        said = self._hear()
        if "pid" not in said:
            self._hang_up()
            if "error" in said:
                raise SandboxError(said["error"])
            raise OSError("the warm parent of kernels ended")
        self.pid: int = said["pid"]

    def _hear(self) -> dict[str, Any]:
        try:
            line = self._replies.readline()
        except OSError:
            line = ""
        return json.loads(line) if line else {}

    def _hang_up(self) -> None:
        self._replies.close()
        self._connection.close()

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            said = self._hear()
            # Nothing: the parent itself is gone, and its kernels with it.
            self.returncode = said.get("status", -int(signal.SIGKILL))
            self.reason = said.get("reason", "")
            self._hang_up()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("kernel", timeout)
            select.select([self._connection], [], [], left)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel's process group."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended in between
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def _clean_after(process: subprocess.Popen, scratch: Scratch) -> None:
    process.wait()
    process.stdin.close()
    process.stdout.close()
    scratch.remove()


def _fingerprint() -> int:
    """Return a number that changes when packages are installed or removed, or what kernels import here is edited."""
    found = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
    for own in map(Path, importlib.util.find_spec("scalable_ai").submodule_search_locations):
        for pattern in IMPORTED_HERE:
            found += own.glob(pattern)
    times = []
    for path in found:
        with contextlib.suppress(OSError):
            times.append((str(path), path.stat().st_mtime_ns))
    return hash(tuple(times))


warm_parent = WarmParent()
