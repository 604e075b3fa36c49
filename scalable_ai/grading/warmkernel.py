"""The kernel that a fork of the warm parent becomes: ipykernel's own, without what a forked one need not do again."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from types import ModuleType, SimpleNamespace

import ipykernel.ipkernel
import IPython.core.shellapp
import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import default

IMPORTED = frozenset(sys.modules)


class CalmOutStream(OutStream):
    """ipykernel's output, without its waking of another thread, four times a cell, when there is none."""

    def flush(self) -> None:
        """Publish what was written."""
        if self._buffers:
            super().flush()


class WarmKernelApp(IPKernelApp):
    """Starts a kernel in half the processor time."""

    @default("outstream_class")
    def _calm(self) -> str:
        return f"{CalmOutStream.__module__}.{CalmOutStream.__qualname__}"

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Take a connection file and plain settings as they are; building the parser takes longer than the rest."""
        rest = list(argv or [])
        if rest[:1] == ["-f"]:
            self.connection_file = rest[1]
            del rest[:2]
        settings = [argument.removeprefix("--").partition("=") for argument in rest]
        if not all(
            argument.startswith("--") and "." in name for argument, (name, _, _) in zip(rest, settings, strict=True)
        ):
            super().parse_command_line(argv)
            return
        for name, _, value in settings:
            owner, _, trait = name.partition(".")
            self.config[owner][trait] = value
        if self.config.HistoryManager.get("hist_file") == ":memory:":
            # What is gone with the kernel needs no database, and no thread that writes it.
            self.config.HistoryManager.enabled = False

    def init_iopub(self, context: zmq.Context) -> None:
        """Have outputs wait here until they are read; ZeroMQ would drop some of the more than a thousand."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)

    def init_kernel(self) -> None:
        """Make the kernel, without its list of all modules' files for a debugger that is not there."""
        with _few_modules(ipykernel.ipkernel):
            super().init_kernel()

    def init_shell(self) -> None:
        """Make the shell, of which a copy that a cell's `os.fork` makes goes no further than that cell."""
        super().init_shell()
        os.register_at_fork(after_in_child=partial(_end_with_cell, self.shell))

    def init_code(self) -> None:
        """Run configured code; the modules that `%reset -s aggressive` keeps were listed before the fork."""
        with _few_modules(IPython.core.shellapp):
            super().init_code()
        self.shell._sys_modules_keys = IMPORTED


def _end_with_cell(shell: ZMQInteractiveShell) -> None:
    """Have a copy of a kernel end where it would go on to read what was sent to the kernel."""
    shell.showtraceback = lambda *args, **kwargs: os._exit(1)
    shell.events.register("post_run_cell", lambda result: os._exit(0))


@contextlib.contextmanager
def _few_modules(module: ModuleType) -> Iterator[None]:
    """Have a module see none of the imported ones: to list thousands writes to, and so copies, their memory."""
    module.sys = SimpleNamespace(**{**vars(sys), "modules": {}})
    try:
        yield
    finally:
        module.sys = sys


def run_kernel(arguments: list[str], has_terminals: bool = True) -> None:
    """Be a kernel until it is told to end.

    Args:
        arguments: As of `ipykernel_launcher`.
        has_terminals: Whether `!command` may run in a pseudo-terminal.
    """
    import torch

    if not has_terminals:
        ZMQInteractiveShell.system = ZMQInteractiveShell.system_raw
    tempfile.tempdir = None  # that of the warm parent may be out of sight
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin = os.fdopen(0)
    sys.path[:] = ["", *[entry for entry in sys.path if entry not in {"", os.getcwd()}]]
    sys.argv = ["ipykernel_launcher", *arguments]
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    WarmKernelApp.launch_instance(arguments)
