"""Warm kernels as jupyter_client knows kernels: a provisioner that forks instead of starting an interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from queue import Empty
from typing import Any

import zmq
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Type

from scalable_ai.grading.warm import WarmProcess, warm_parent

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

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and see it end within milliseconds; jupyter_client would look every tenth of a second."""
        await super().kill(restart)
        for _ in range(200):
            if not isinstance(self.process, WarmProcess) or self.process.poll() is not None:
                break
            await asyncio.sleep(0.005)


class WarmKernelClient(AsyncKernelClient):
    """Waits for a kernel as long as it takes, and no longer."""

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """Connect; a kernel that is not there yet is tried again soon."""
        self.context.setsockopt(zmq.RECONNECT_IVL, 10)
        super().start_channels(*args, **kwargs)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the first reply; nbclient tells messages apart, so none have to be waited for and dropped.

        Raises:
            RuntimeError: The kernel ended, or was silent for `timeout` seconds.
        """
        deadline = time.monotonic() + (timeout or float("inf"))
        while True:
            asked = self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                if reply["parent_header"].get("msg_id") == asked:
                    await self.get_iopub_msg(timeout=0.2)  # none: the outputs' channel is not connected yet
                    return
            if not await self.is_alive():
                raise RuntimeError("The kernel ended before it was ready.")
            if time.monotonic() > deadline:
                raise RuntimeError(f"The kernel was silent for {timeout:g} seconds.")


class WarmKernelManager(AsyncKernelManager):
    """Asks for the warm provisioner whatever the kernel specification says."""

    client_factory = Type(WarmKernelClient, klass=AsyncKernelClient)

    @property
    def kernel_spec(self) -> Any:
        """The kernel specification, with the provisioner named."""
        spec = super().kernel_spec
        if spec is not None:
            spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": NAME}}
        return spec
