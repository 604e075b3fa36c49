"""Ways to put a challenge: to a learner's kernel, or to a namespace in this process (the reference answer)."""

from __future__ import annotations

import ast
import time
from pathlib import Path
from queue import Empty
from typing import Any, Protocol

from scalable_ai.grading import remote, wire
from scalable_ai.grading.conversation import Conversation, HungUpError


class KernelEndedError(ConnectionError):
    """The learner's code ended the kernel that it ran in."""


LOOK_AGAIN = 0.2
"""Seconds between two looks at whether the kernel still runs."""
MAX_REMEMBERED = 100_000
"""Characters of the longest reply that is kept for the next time."""


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


class KernelChannel:
    """Requests to a running Jupyter kernel.

    The first one is a silent execute request, which leaves no trace in the notebook. Where there are Unix sockets it
    opens a conversation that carries the others, in a tenth of the time.

    Args:
        connection: Jupyter's connection information.
        folder: Where both sides may open a socket; without it, every request is an execute request.
        pid: The kernel's process, so that its end is seen at once; without it, at the time limit.
    """

    def __init__(self, connection: dict[str, Any], folder: Path | None = None, pid: int | None = None) -> None:
        from jupyter_client import BlockingKernelClient

        self._pid = pid
        self._talk = Conversation(folder) if folder is not None and Conversation.is_possible() else None
        self._is_open = False
        self._client = BlockingKernelClient()
        self._client.load_connection_info(connection)
        self._client.start_channels(iopub=False, stdin=False, hb=False)

    def request(self, request: str, timeout: float) -> str:
        """Ask, and wait for the reply."""
        deadline = time.monotonic() + timeout
        if self._talk is None:
            return self._ask(request, deadline)
        try:
            if not self._is_open:
                self._execute(f"serve({self._talk.address!r})")
                self._talk.open(deadline, self._look)
                self._is_open = True
            return self._talk.ask(request, deadline, self._look)
        except HungUpError:
            self._look()
            raise ConnectionError("the kernel gave no readable reply") from None
        except TimeoutError:
            self._interrupt()
            raise

    def _execute(self, call: str) -> str:
        expression = f"__import__('scalable_ai.grading.remote', fromlist=['serve']).{call}"
        return self._client.execute(
            "", silent=True, store_history=False, allow_stdin=False, user_expressions={"reply": expression}
        )

    def _ask(self, request: str, deadline: float) -> str:
        content = self._wait(self._execute(f"answer({request!r})"), deadline)
        reply = content.get("user_expressions", {}).get("reply", {}) if isinstance(content, dict) else {}
        try:
            quoted = reply["data"]["text/plain"]
            text = ast.literal_eval(quoted) if len(quoted) <= 3 * wire.MAX_TEXT else None
        except (KeyError, TypeError, ValueError, SyntaxError, MemoryError, RecursionError):
            raise ConnectionError("the kernel gave no readable reply") from None
        if not isinstance(text, str):
            raise ConnectionError("the kernel gave no readable reply")
        return text

    def _wait(self, sent: str, deadline: float) -> Any:
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self._client.get_shell_msg(timeout=min(left, LOOK_AGAIN))
            except Empty:
                self._look()
                continue
            if message["parent_header"].get("msg_id") == sent:
                return message["content"]
        self._interrupt()
        raise TimeoutError

    def _look(self) -> None:
        """See whether the kernel still runs.

        Raises:
            KernelEndedError: It does not.
        """
        if has_ended(self._pid):
            raise KernelEndedError

    def _interrupt(self) -> None:
        """Stop what the kernel is doing, so that the next check finds it free."""
        message = self._client.session.msg("interrupt_request", {})
        self._client.control_channel.send(message)

    def close(self) -> None:
        """Drop the connection; the kernel goes on."""
        if self._talk is not None:
            self._talk.close()
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
