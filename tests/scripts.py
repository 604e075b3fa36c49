"""Runs lesson sources as plain scripts, several at a time, while the tests go on.

On Linux each script is a fork of one parent that has imported PyTorch, so that none of them pays for the import.
Elsewhere each is a fresh process, which CI runs too: a script that leans on an import of another one is found there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import runpy
import select
import subprocess
import sys
import threading
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

TIME_LIMIT = 600
"""Seconds of one script."""
LOOK_AGAIN = 0.05
PRELOADED = ("torch", "torchvision", "torchmetrics", "pytorch_lightning", "matplotlib.pyplot")


@dataclass(frozen=True)
class Job:
    """A script to run."""

    path: str
    folder: str
    """Where it works; what it prints is kept beside this folder."""
    allowed: str = ""
    """How a deprecation warning begins that is no error."""


@dataclass(frozen=True)
class Finished:
    """What became of a script."""

    returncode: int
    stdout: str
    stderr: str


class Scripts:
    """Runs scripts ahead of the tests that ask for them.

    Args:
        jobs: In the order in which they are run.
        workers: How many at a time.
        preloaded: Modules that forked scripts find imported.
    """

    def __init__(self, jobs: list[Job], workers: int | None = None, preloaded: tuple[str, ...] = PRELOADED) -> None:
        self._parent = ForkParent(preloaded) if jobs and sys.platform == "linux" else None
        run = self._parent.run if self._parent else run_fresh
        self._pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
        self._futures: dict[str, Future[Finished]] = {job.path: self._pool.submit(run, job) for job in jobs}

    def result(self, path: Path) -> Finished:
        """Return what became of a script, waiting for it if need be."""
        return self._futures[str(path)].result()

    def close(self) -> None:
        """End what still runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._parent:
            self._parent.close()


def environment(allowed: str = "") -> dict[str, str]:
    """Return a script's environment: deprecated calls of its own are errors, but for what is allowed."""
    filters = ["error::DeprecationWarning:__main__", *([f"ignore:{allowed}:DeprecationWarning"] if allowed else [])]
    return {**os.environ, "PYTHONWARNINGS": ",".join(filters), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}


def run_fresh(job: Job) -> Finished:
    """Run a script in a process of its own."""
    Path(job.folder).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, job.path],
        cwd=job.folder,
        env=environment(job.allowed),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIME_LIMIT,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


class ForkParent:
    """A process that has imported what lessons use, and forks a copy of itself for each script. Linux only."""

    def __init__(self, preloaded: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *preloaded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._waiting: dict[str, Future[int]] = {}
        threading.Thread(target=self._hear, daemon=True).start()

    def run(self, job: Job) -> Finished:
        """Run a script in a fork."""
        folder = Path(job.folder)
        folder.mkdir(parents=True, exist_ok=True)
        ended = self._waiting.setdefault(job.path, Future())
        with self._lock:
            self._process.stdin.write(json.dumps(asdict(job)) + "\n")
            self._process.stdin.flush()
        status = ended.result(TIME_LIMIT)
        out, err = (Path(f"{folder}.{name}").read_text(encoding="utf-8") for name in ("out", "err"))
        return Finished(status, out, err)

    def _hear(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            self._waiting[said["path"]].set_result(said["status"])
        for ended in list(self._waiting.values()):
            if not ended.done():
                ended.set_exception(RuntimeError("the parent of scripts has ended"))

    def close(self) -> None:
        """End the parent with all its forks."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait(60)


def serve(preloaded: list[str]) -> None:
    """Fork a process for each line of standard input that names a job, and say when it has ended."""
    for name in preloaded:
        with contextlib.suppress(ImportError):
            __import__(name)
    running: dict[int, str] = {}
    text, is_open = "", True
    while is_open or running:
        if is_open and select.select([0], [], [], LOOK_AGAIN)[0]:
            read = os.read(0, 65_536).decode()
            is_open = bool(read)
            *lines, text = (text + read).split("\n")
            for job in (Job(**json.loads(line)) for line in lines):
                pid = os.fork()
                if not pid:
                    become(job)
                running[pid] = job.path
        pid, status = os.waitpid(-1, os.WNOHANG) if running else (0, 0)
        if pid:
            print(json.dumps({"path": running.pop(pid), "status": os.waitstatus_to_exitcode(status)}), flush=True)


def become(job: Job) -> None:
    """Run a script in this fork, which ends as a Python process does; never returns."""
    null = os.open(os.devnull, os.O_RDONLY)
    opened = [os.open(f"{job.folder}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in ("out", "err")]
    for source, target in zip((null, *opened), (0, 1, 2), strict=True):
        os.dup2(source, target)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    os.chdir(job.folder)
    # Imports have put filters of their own in front since the interpreter read its environment.
    warnings.filterwarnings("error", category=DeprecationWarning, module=r"__main__\Z")
    if job.allowed:
        warnings.filterwarnings("ignore", message=re.escape(job.allowed), category=DeprecationWarning)
    sys.argv, sys.path[0] = [job.path], str(Path(job.path).parent)
    runpy.run_path(job.path, run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    serve(sys.argv[1:])
