"""Ways to put a challenge: to a learner's kernel, or to a namespace in this process (the reference answer)."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from queue import Empty
from typing import Any, Protocol

from scalable_ai.grading import remote, wire
from scalable_ai.grading.clock import Clock
from scalable_ai.grading.conversation import Conversation, HungUpError


class KernelEndedError(ConnectionError):
    """The learner's code ended the kernel that it ran in."""


LOOK_AGAIN = 0.2
"""Seconds between two looks at whether the kernel still runs."""
ENDING = 2.0
"""Seconds that an ending process may take from the end of its connections to its own."""
MAX_REMEMBERED = 100_000
"""Characters of the longest reply that is kept for the next time."""


def clock_of(channel: Channel) -> Callable[[], float]:
    """Return the clock that a channel's time limits are by."""
    return getattr(channel, "clock", time.monotonic)


class Channel(Protocol):
    """Something that carries out requests of `remote`."""

    def request(self, request: str, timeout: float) -> str:
        """Return the reply to a request, both JSON text.

        Raises:
            TimeoutError: No reply in `timeout` seconds.
            ConnectionError: There will be no reply.
        """


class LocalChannel:
    """Requests to a namespace in this process.

    Args:
        namespace: Where they are carried out.
        remembers: Whether a request that was made before gets the same reply, unrepeated.
    """

    def __init__(self, namespace: dict[str, Any], remembers: bool = False) -> None:
        self.namespace = namespace
        self._replies: dict[str, str] | None = {} if remembers else None

    def request(self, request: str, timeout: float) -> str:
        """Carry the request out here; trusted code only, so no time limit."""
        if self._replies is None:
            return remote.respond(self.namespace, request)
        reply = self._replies.get(request)
        if reply is None:
            reply = remote.respond(self.namespace, request)
            if len(reply) <= MAX_REMEMBERED:
                self._replies[request] = reply
        return reply


class SocketChannel:
    """Requests to a kernel that was told to `serve` at an address.

    The judge opens the socket and never connects to one, since those of a kernel may lead anywhere.

    Args:
        address: Of the socket.
        pid: The kernel's process, so that its end is seen at once; without it, at the time limit.
    """

    def __init__(self, address: str, pid: int | None = None) -> None:
        self._pid = pid
        self.clock = Clock(pid)
        self._talk = Conversation(address, self.clock)
        self._is_open = False

    def request(self, request: str, timeout: float) -> str:
        """Ask, and wait for the reply."""
        deadline = self.clock() + timeout
        try:
            if not self._is_open:
                self._talk.open(deadline, self._look)
                self._is_open = True
            return self._talk.ask(request, deadline, self._look)
        except HungUpError:
            until = time.monotonic() + ENDING
            while time.monotonic() < until:
                self._look()
                time.sleep(0.005)
            raise ConnectionError("the kernel gave no readable reply") from None

    def _look(self) -> None:
        if has_ended(self._pid):
            raise KernelEndedError

    def close(self) -> None:
        """Hang up; the kernel goes on."""
        self._talk.close()
        self.clock.close()


class KernelChannel:
    """Requests to a running Jupyter kernel, each a silent execute request, where there are no Unix sockets.

    Args:
        connection: Jupyter's connection information.
        pid: The kernel's process, so that its end is seen at once; without it, at the time limit.
    """

    def __init__(self, connection: dict[str, Any], pid: int | None = None) -> None:
        from jupyter_client import BlockingKernelClient

        self._pid = pid
        self._client = BlockingKernelClient()
        self._client.load_connection_info(connection)
        self._client.start_channels(iopub=False, stdin=False, hb=False)

    def request(self, request: str, timeout: float) -> str:
        """Ask through a user expression, which leaves no trace in the notebook."""
        expression = f"__import__('scalable_ai.grading.remote', fromlist=['answer']).answer({request!r})"
        sent = self._client.execute(
            "", silent=True, store_history=False, allow_stdin=False, user_expressions={"reply": expression}
        )
        content = self._wait(sent, timeout)
        reply = content.get("user_expressions", {}).get("reply", {}) if isinstance(content, dict) else {}
        try:
            quoted = reply["data"]["text/plain"]
            text = ast.literal_eval(quoted) if len(quoted) <= 3 * wire.MAX_TEXT else None
        except (KeyError, TypeError, ValueError, SyntaxError, MemoryError, RecursionError):
            raise ConnectionError("the kernel gave no readable reply") from None
        if not isinstance(text, str):
            raise ConnectionError("the kernel gave no readable reply")
        return text

    def _wait(self, sent: str, timeout: float) -> Any:
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self._client.get_shell_msg(timeout=min(left, LOOK_AGAIN))
            except Empty:
                if has_ended(self._pid):
                    raise KernelEndedError from None
                continue
            if message["parent_header"].get("msg_id") == sent:
                return message["content"]
        raise TimeoutError

    def close(self) -> None:
        """Drop the connection; the kernel goes on."""
        self._client.stop_channels()


def has_ended(pid: int | None) -> bool:
    """Return whether a process is known to be gone; False where nothing is known."""
    if pid is None:
        return False
    import psutil

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
