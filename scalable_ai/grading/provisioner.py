"""Warm kernels as jupyter_client knows kernels: a provisioner that forks instead of starting an interpreter."""

from __future__ import annotations

import os
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from scalable_ai.grading.warm import warm_parent

NAME = "scalable-ai-warm"


class WarmProvisioner(LocalProvisioner):
    """Forks Python kernels from a warm parent; any other kernel starts as usual."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel; from cold where the warm parent cannot."""
        if "ipykernel_launcher" not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        environment = {str(key): str(value) for key, value in (kwargs.get("env") or os.environ).items()}
        try:
            self.process = warm_parent.fork(arguments, str(kwargs.get("cwd") or os.getcwd()), environment)
        except (OSError, ValueError) as error:
            self.log.warning("No warm kernel (%s); starting one from cold.", error)
            return await super().launch_kernel(cmd, **kwargs)
        # The kernel leads its own session, so its pid names its process group too.
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """Asks for the warm provisioner whatever the kernel specification says."""

    @property
    def kernel_spec(self) -> Any:
        """The kernel specification, with the provisioner named."""
        spec = super().kernel_spec
        if spec is not None:
            spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": NAME}}
        return spec
