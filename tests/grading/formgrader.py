"""A Jupyter server with nbgrader's formgrader for a course."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

KEY = "key"


@dataclass(frozen=True)
class Formgrader:
    """A server that runs."""

    address: str

    def ask(self, path: str, method: str = "GET") -> str:
        """Return what the server says."""
        data = b"" if method == "POST" else None
        request = urllib.request.Request(f"{self.address}{path}", method=method, data=data)
        request.add_header("Authorization", f"token {KEY}")
        with urllib.request.urlopen(request, timeout=120) as reply:
            return reply.read().decode()


@contextlib.contextmanager
def served(root: Path, env: Mapping[str, str] | None = None, *, lab: bool = False) -> Iterator[Formgrader]:
    """Serve a course's folder until the block ends, with JupyterLab or without."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    extensions = {"nbgrader.server_extensions.formgrader": True, "jupyterlab": lab}
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    options += [f"--IdentityProvider.token={KEY}", f"--ServerApp.jpserver_extensions={extensions}"]
    command = [sys.executable, "-m", "jupyter", "server", *options]
    with (root / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=root, env=env, stdout=log, stderr=log, start_new_session=True)
    formgrader = Formgrader(f"http://127.0.0.1:{port}")
    try:
        for _ in range(400):
            try:
                formgrader.ask("/api")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield formgrader
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:  # it was ended while it answered, and waits for its own thread
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
