"""Warm kernels as jupyter_client knows kernels: a provisioner that forks instead of starting an interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Type

from scalable_ai.grading.channel import has_ended
from scalable_ai.grading.folders import remove_folder
from scalable_ai.grading.sandbox.box import Box, SandboxError
from scalable_ai.grading.sandbox.cold import ColdBox
from scalable_ai.grading.scratch import BOXES, Scratch
from scalable_ai.grading.warm import WarmProcess, warm_parent

NAME = "scalable-ai-warm"
END_TIME_LIMIT = 10.0
"""Seconds that the parent may take to say how a kernel ended that has."""


class WarmProvisioner(LocalProvisioner):
    """Forks Python kernels from a warm parent; any other kernel starts as usual, and both in a box where one is given.

    Boxed kernels talk over sockets in a folder of their own, which comes and goes with them.
    """

    _runtime: str = ""
    _scratch: Scratch | None = None
    _cold: ColdBox | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the connection; to a box it goes over local sockets."""
        if kwargs.get("box") is not None and not self._runtime:
            self._scratch = Scratch("box", BOXES)
            self._runtime = str(self._scratch.path)
            manager = self.parent
            manager.transport, manager.ip = "ipc", f"{self._runtime}/k"
            manager.connection_file = f"{self._runtime}/connection.json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel; from cold where the warm parent cannot.

        Raises:
            SandboxError: It was to be boxed and could not be.
        """
        box: Box | None = kwargs.pop("box", None)
        try:
            if "ipykernel_launcher" not in cmd or not self._launch_warm(cmd, box, **kwargs):
                await self._launch_cold(cmd, box, **kwargs)
        except SandboxError:
            self._remove_runtime()
            raise
        return self.connection_info

    def _launch_warm(self, cmd: list[str], box: Box | None, **kwargs: Any) -> bool:
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        environment = {str(key): str(value) for key, value in (kwargs.get("env") or os.environ).items()}
        cwd = str(kwargs.get("cwd") or (box.folder if box else os.getcwd()))
        try:
            self.process = warm_parent.fork(arguments, cwd, environment, box, self._runtime)
        except (OSError, ValueError) as error:
            self.log.warning("No warm kernel (%s); starting one from cold.", error)
            return False
        # The kernel leads its own session, so its pid names its process group too.
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        return True

    async def _launch_cold(self, cmd: list[str], box: Box | None, **kwargs: Any) -> None:
        if box is None:
            await super().launch_kernel(cmd, **kwargs)
            return
        self._cold = ColdBox(box, self._runtime)
        kwargs["cwd"] = str(kwargs.get("cwd") or box.folder)
        # A box has no PATH of the instructor's to look in.
        cmd = [sys.executable if cmd[0] in {"python", "python3"} else shutil.which(cmd[0]) or cmd[0], *cmd[1:]]
        await super().launch_kernel(self._cold.command(cmd), pass_fds=self._cold.files, **kwargs)
        self._cold.started()

    @property
    def reason(self) -> str:
        """Why a kernel that has ended was ended from outside, in one sentence; nothing if it ended by itself."""
        if self._cold is not None:
            return self._cold.reason
        return getattr(self._last, "reason", "")

    def was_killed(self) -> bool:
        """Tell whether the kernel was killed by nobody knows whom: its own code, a person, a machine out of memory."""
        process = self._last
        if process is None or (process.poll() is None and not has_ended(process.pid)):
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_TIME_LIMIT)
        return process.returncode == -signal.SIGKILL and not self.reason

    @property
    def _last(self) -> WarmProcess | subprocess.Popen | None:
        """The process, also after jupyter_client has forgotten it."""
        if self.process is not None:
            self._remembered = self.process
        return self._remembered

    _remembered: WarmProcess | subprocess.Popen | None = None

    async def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        self._last  # noqa: B018
        return await super().poll()

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and see it end within milliseconds; jupyter_client would look every tenth of a second."""
        await super().kill(restart)
        for _ in range(200):
            if not isinstance(self.process, WarmProcess) or self.process.poll() is not None:
                break
            await asyncio.sleep(0.005)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what the kernel needed."""
        await super().cleanup(restart)
        if not restart:
            self._remove_runtime()

    def _remove_runtime(self) -> None:
        scratch, self._scratch, self._runtime = self._scratch, None, ""
        if scratch is not None:
            scratch.remove()


MAX_MESSAGE = 20_000_000
"""Bytes of one message from a kernel."""
MAX_WAITING = 10
"""Messages of a kernel that wait here to be read; others wait in the kernel, whose memory has a limit."""
DROP_TIME_LIMIT = 2.0
"""Seconds for reading what is not wanted: a thread of a kernel may put it out without end."""
START_TIME_LIMIT = 60.0
"""Seconds until a kernel has opened its sockets."""


class WarmKernelClient(AsyncKernelClient):
    """Waits for a kernel as long as it takes, and no longer."""

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """Connect; a kernel that is not there yet is tried again soon, and one that sends too much is cut off."""
        self.context.setsockopt(zmq.RECONNECT_IVL, 10)
        self.context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
        self.context.setsockopt(zmq.RCVHWM, MAX_WAITING)
        if self.transport == "ipc" and not self._links:
            self._link_sockets()
        super().start_channels(*args, **kwargs)

    def stop_channels(self) -> None:
        """Hang up."""
        super().stop_channels()
        links, self._links = self._links, ""
        if links:
            remove_folder(Path(links))

    def drop_outputs(self) -> None:
        """Forget what the kernel has put out so far, which is nobody's output."""
        end = zmq.Socket.shadow(self.iopub_channel.socket.underlying)
        deadline = time.monotonic() + DROP_TIME_LIMIT
        with contextlib.suppress(zmq.Again):
            while time.monotonic() < deadline:
                end.recv_multipart(zmq.NOBLOCK, copy=False)

    _links = ""

    def _link_sockets(self) -> None:
        """Go by links of our own to the kernel's sockets: their names in its folder may soon lead anywhere."""
        ports = (self.shell_port, self.iopub_port, self.stdin_port, self.hb_port, self.control_port)
        deadline = time.monotonic() + START_TIME_LIMIT
        self._links = tempfile.mkdtemp(prefix="ipc-", dir=Path(self.ip).parent.parent)
        mine = str(Path(self._links) / "k")
        for port in ports:
            while True:
                try:
                    os.link(f"{self.ip}-{port}", f"{mine}-{port}", follow_symlinks=False)
                    break
                except FileNotFoundError:
                    process = getattr(getattr(self.parent, "provisioner", None), "process", None)
                    if time.monotonic() > deadline or (process is not None and process.poll() is not None):
                        return  # `wait_for_ready` says what is wrong
                    time.sleep(0.002)
            if not stat.S_ISSOCK(os.lstat(f"{mine}-{port}").st_mode):
                return
        self.ip = mine

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the first reply; nbclient tells messages apart, so none have to be waited for and dropped.

        Raises:
            RuntimeError: The kernel ended, or was silent for `timeout` seconds.
        """
        deadline = time.monotonic() + (timeout or float("inf"))
        asked = set()
        while True:
            asked.add(self.kernel_info())
            with contextlib.suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                if reply["parent_header"].get("msg_id") in asked:
                    await self.get_iopub_msg(timeout=0.2)  # none: the outputs' channel is not connected yet
                    return
            if not await self.is_alive():
                raise RuntimeError("The kernel ended before it was ready.")
            if time.monotonic() > deadline:
                raise RuntimeError(f"The kernel was silent for {timeout:g} seconds.")


class WarmKernelManager(AsyncKernelManager):
    """Asks for the warm provisioner whatever the kernel specification says."""

    client_factory = Type(WarmKernelClient, klass=AsyncKernelClient)

    def _connect_control_socket(self) -> None:
        """Leave a boxed kernel's control socket alone: its name may lead anywhere, and signals do."""
        if self.transport != "ipc":
            super()._connect_control_socket()

    @property
    def kernel_spec(self) -> Any:
        """The kernel specification, with the provisioner named."""
        spec = super().kernel_spec
        if spec is not None:
            spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": NAME}}
        return spec
