"""Warm kernels for JupyterLab: whatever starts this installation's Python kernel gets a fork of the warm parent.

It is the server's default provisioner, so that notebooks keep `python3`, the one kernel that they find everywhere.
"""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from scalable_ai.grading.warm import WarmParent, WarmProcess

NAME = "scalable-ai-lab"
INLINE = "module://matplotlib_inline.backend_inline"
LAUNCHER = "ipykernel_launcher"


class LabParent(WarmParent):
    """The parent of a learner's kernels, which has the learner's environment."""

    module = "scalable_ai.lab.forkserver"

    def environment(self) -> dict[str, str]:
        """Return the environment in which packages are imported."""
        return {
            # matplotlib reads it when it is imported, before the kernel could say it.
            "MPLBACKEND": INLINE,
            **os.environ,
            # Asks the driver's library for GPUs, and not the driver, which forks could not speak to any more.
            "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }


lab_parent = LabParent()


class LabProvisioner(LocalProvisioner):
    """Forks this installation's Python kernels from the warm parent; starts all others, or without one, as usual."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel."""
        arguments = arguments_of(cmd)
        if arguments is None or not await self._launch_warm(arguments, **kwargs):
            await super().launch_kernel(cmd, **kwargs)
        return self.connection_info

    async def _launch_warm(self, arguments: list[str], **kwargs: Any) -> bool:
        environment = {str(key): str(value) for key, value in (kwargs.get("env") or os.environ).items()}
        cwd = str(kwargs.get("cwd") or os.getcwd())
        try:
            # In a thread: while the parent imports, the server answers.
            self.process = await asyncio.to_thread(lab_parent.fork, arguments, cwd, environment)
        except (OSError, RuntimeError, ValueError) as error:
            self.log.debug("No warm kernel (%s); starting one from cold.", error)
            return False
        # The kernel leads its own session, so its pid names its process group too.
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        return True

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and see it end within milliseconds; jupyter_client would look every tenth of a second."""
        await super().kill(restart)
        for _ in range(200):
            if not isinstance(self.process, WarmProcess) or self.process.poll() is not None:
                break
            await asyncio.sleep(0.005)


def register() -> str:
    """Make the provisioner known to this process, and return its name.

    Not by an entry point: the server finds no kernel at all where an older installation's does not name it.
    """
    place = f"{LabProvisioner.__module__}:{LabProvisioner.__qualname__}"
    KernelProvisionerFactory.provisioners[NAME] = EntryPoint(NAME, place, KernelProvisionerFactory.GROUP_NAME)
    return NAME


def arguments_of(cmd: list[str]) -> list[str] | None:
    """Return the arguments of a command that starts this installation's Python kernel; None for any other."""
    if sys.platform != "linux" or LAUNCHER not in cmd:
        return None
    place = cmd.index(LAUNCHER)
    # Not resolved: every environment's interpreter is a link to the same file.
    is_own = os.path.abspath(cmd[0]) == os.path.abspath(sys.executable)
    return cmd[place + 1 :] if is_own and cmd[place - 1] == "-m" else None
