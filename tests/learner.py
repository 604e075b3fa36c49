"""What a learner does first, on whatever system this is: the doctor, JupyterLab, one lesson run as it is given.

Run it with the Python that the course is installed in: `python tests/learner.py`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
LESSON = ROOT / "chapters" / "ch1_introduction" / "lesson_1_1_scalability.ipynb"
LONGEST_WAIT = 180
"""Seconds until JupyterLab must answer."""


def main() -> None:
    """Do it; raise where something does not work."""
    course = [sys.executable, "-m", "scalable_ai"]
    subprocess.run([*course, "doctor"], cwd=ROOT, check=True)
    subprocess.run([*course, "data", "generated"], cwd=ROOT, check=True)
    print(f"JupyterLab {answer([*course, 'lab'])} answers.")
    # Its exercises are open, so that its checks fail with a card; everything else must run.
    subprocess.run([sys.executable, "-m", "nbclient.cli", "--allow-errors", str(LESSON)], check=True)
    print(f"{LESSON.name} runs.")


def answer(command: list[str]) -> str:
    """Start JupyterLab, wait until it answers, end it, and return the version of the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    server = subprocess.Popen([*command, *options], cwd=ROOT, env={**os.environ, "JUPYTER_TOKEN": "learner"})
    try:
        return _version(f"http://127.0.0.1:{port}/api?token=learner", server)
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()


def _version(address: str, server: subprocess.Popen) -> str:
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10) as reply:
                return json.load(reply)["version"]
        except (OSError, urllib.error.URLError):
            time.sleep(1)
    raise SystemExit(f"JupyterLab does not answer (status {server.poll()}).")


if __name__ == "__main__":
    main()
