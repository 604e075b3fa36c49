"""The learner's warm parent: forks kernels that are the ordinary ones in all but their start. Linux only.

No sandbox: what runs is the learner's own code, with the learner's own network, files, processors and debugger.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import math
import os
import signal
import socket
import sys
from pathlib import Path

from scalable_ai.grading.forkserver import ForkServer
from scalable_ai.grading.sandbox.keeper import Keeper
from scalable_ai.grading.sandbox.levels import NONE

MODULES = (
    "torch",
    "torchvision.transforms.v2",
    "torchmetrics",
    "pytorch_lightning",
    "matplotlib.pyplot",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "IPython.core.completerlib",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.core.debugger",
    "faulthandler",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
    "scalable_ai.checks",
    "scalable_ai.data.source",
    "scalable_ai.figures",
)
CUDA_NOT_INITIALIZED = 3


class LabServer(ForkServer):
    """Forks the learner's kernels."""

    batch = math.inf
    """A learner has few kernels: nothing is to be gained by making forks cheaper."""

    def _run(self, arguments: list[str], has_terminals: bool) -> None:
        run_kernel(arguments)


def preload() -> None:
    """Import what lessons import; what is not installed, a learner's cell that needs it says."""
    for name in MODULES:
        with contextlib.suppress(ImportError):
            __import__(name)
    with contextlib.suppress(ImportError):
        _first_figure()
    gc.collect()
    gc.freeze()  # the collector would otherwise write to, and so copy, every page of what is imported


def _first_figure() -> None:
    """Draw once: fonts and layout take long the first time. pyplot chooses its backend in the kernel."""
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    figure.subplots().plot([1, 10], [1, 10])
    figure.savefig(io.BytesIO(), format="png")


def is_cuda_untouched(library: str = "libcuda.so.1") -> bool:
    """Return whether forks can use a GPU: none can once their parent has spoken to the driver."""
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return True
    return driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) == CUDA_NOT_INITIALIZED


def run_kernel(arguments: list[str]) -> None:
    """Be an ordinary kernel until it is told to end.

    Args:
        arguments: As of `ipykernel_launcher`.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin = os.fdopen(0)
    sys.path[:] = ["", *[entry for entry in sys.path if entry not in {"", os.getcwd()}]]
    sys.argv = ["ipykernel_launcher", *arguments]
    with contextlib.suppress(ImportError):
        import numpy

        numpy.random.seed()  # all forks would draw the same numbers
    from ipykernel.kernelapp import IPKernelApp

    from scalable_ai.blanks import explain_blanks

    app = IPKernelApp.instance()
    app.initialize(arguments)
    explain_blanks()
    app.start()


def main(path: str) -> None:
    """Serve on a socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    preload()
    if not is_cuda_untouched():
        sys.exit(1)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    server = LabServer(listener, Keeper(NONE, Path(path).parent), "learners' kernels have no sandbox")
    print(f"ready {NONE}", flush=True)
    server.serve()


if __name__ == "__main__":
    main(sys.argv[1])
