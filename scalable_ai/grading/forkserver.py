"""The warm parent: imports the course's packages once and forks kernels from there, in milliseconds instead of seconds.

It holds no secret, since every kernel inherits its memory: it never reads a lesson, a check or a gradebook. It ends,
with all its kernels, when the process that started it does. Linux only.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import socket
import sys

PRELOAD = (
    "torch",
    "torchvision",
    "torchmetrics",
    "pytorch_lightning",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "IPython.core.completerlib",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
    "scalable_ai.checks",
    "scalable_ai.data",
    "scalable_ai.figures",
    "scalable_ai.grading.remote",
)


def serve(path: str) -> None:
    """Fork a kernel for each connection on a Unix socket until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _preload()
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    kernels: dict[int, socket.socket] = {}
    while True:
        readable, _, _ = select.select([listener, sys.stdin, ended], [], [])
        if sys.stdin in readable:
            break
        if ended in readable:
            ended.recv(4096)
        if listener in readable:
            connection, _ = listener.accept()
            request = json.loads(connection.makefile("r").readline())
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for other in (*kernels.values(), listener, connection, ended, wake):
                    other.close()
                _become_kernel(request)
            kernels[pid] = connection
            with contextlib.suppress(OSError):
                connection.sendall(f"{pid}\n".encode())
        _reap(kernels)
    for pid in kernels:
        _kill_group(pid)


def _preload() -> None:
    # Without its debugger, which no one uses here, a kernel starts in a fifth of the time.
    sys.modules["debugpy"] = None
    for name in ("ipykernel.debugger", *PRELOAD):
        with contextlib.suppress(ImportError):  # a learner's cell that needs it says so
            __import__(name)
    del sys.modules["debugpy"]
    with contextlib.suppress(ImportError):
        from matplotlib import pyplot

        # The first figure takes longer than most others together: fonts, layout, rasterizer.
        figure, axes = pyplot.subplots(layout="constrained")
        axes.loglog([1, 10], [1, 10], label="$x$")
        axes.legend()
        figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
        pyplot.close(figure)


def _reap(kernels: dict[int, socket.socket]) -> None:
    while kernels:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        connection = kernels.pop(pid, None)
        if connection is not None:
            _kill_group(pid)  # what it had started
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
        _end_with_parent()
        signal.signal(signal.SIGINT, signal.default_int_handler)
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


def _end_with_parent() -> None:
    """Have the kernel end when the warm parent does, however that ends."""
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1])
