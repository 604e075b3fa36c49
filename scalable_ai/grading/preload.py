"""What the warm parent of kernels does ahead, so that no kernel has to: imports, a first figure, a first traceback."""

from __future__ import annotations

import contextlib
import gc
import io
import sys

MODULES = (
    "torch",
    "torchvision",
    "torchvision.transforms.v2",
    "torchmetrics",
    "pytorch_lightning",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "faulthandler",
    "pdb",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
    "scalable_ai.checks",
    "scalable_ai.data.source",
    "scalable_ai.figures",
    "scalable_ai.grading.foreign.server",
    "scalable_ai.grading.remote",
    "scalable_ai.grading.warmkernel",
)


def preload() -> None:
    """Import what kernels need; what is not installed, a learner's cell that needs it says."""
    # Without its debugger, which no one uses here, a kernel starts in a fifth of the time.
    sys.modules["debugpy"] = None
    for name in ("ipykernel.debugger", *MODULES):
        with contextlib.suppress(ImportError):
            __import__(name)
    del sys.modules["debugpy"]
    for first in (_first_figure, _first_traceback):
        with contextlib.suppress(ImportError):
            first()
    gc.collect()
    gc.freeze()  # the collector would otherwise write to, and so copy, every page of what is imported


def _first_figure() -> None:
    """Draw: fonts, layout and rasterizer make the first figure take longer than most others together."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(layout="constrained")
    axes.loglog([1, 10], [1, 10], label="$x$")
    axes.legend()
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    pyplot.close(figure)


def _first_traceback() -> None:
    """Format a traceback: the first one builds the colours of all others."""
    from IPython.core.ultratb import AutoFormattedTB

    try:
        exec(compile("values = [1]\nvalues[1]", "<first>", "exec"))
    except IndexError:
        AutoFormattedTB(mode="Context").structured_traceback(*sys.exc_info())
