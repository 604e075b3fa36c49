"""Requests and replies as lines over a Unix socket, which the judge opens and the learner's kernel connects to."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from scalable_ai.grading import wire

MAX_LINE = 2 * wire.MAX_TEXT + 10_000
"""Longest reply in bytes: text within JSON text."""
CLOSED = ".closed"
"""Ending of the name of a file that says that nobody listens any more."""
LOOK_AGAIN = 0.2
"""Seconds between two looks at whether the other side still runs."""
_CHUNK = 1 << 18


class HungUpError(ConnectionError):
    """The other side closed the line, or says what no line can hold."""


class Conversation:
    """The judge's end.

    Args:
        address: Where the socket is made: in a folder that the learner's kernel sees.
        clock: What deadlines are by.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.address, self._clock = address, clock
        self._listener = socket.socket(socket.AF_UNIX)
        # The kernel may run as somebody else. By the mask and not by chmod, which could be led to another file.
        before = os.umask(0)
        try:
            self._listener.bind(self.address)
        finally:
            os.umask(before)
        self._listener.listen(1)
        self._line: socket.socket | None = None
        self._rest = bytearray()

    @staticmethod
    def is_possible() -> bool:
        """Return whether this platform has Unix sockets."""
        return hasattr(socket, "AF_UNIX") and os.name == "posix"

    def open(self, deadline: float, look: Callable[[], None]) -> None:
        """Wait until the other side is there; `look` raises where it never will be.

        Raises:
            TimeoutError: The deadline passed.
        """
        self._line, _ = self._patiently(self._listener, self._listener.accept, deadline, look)

    def ask(self, request: str, deadline: float, look: Callable[[], None]) -> str:
        """Send a line and return the reply.

        Raises:
            TimeoutError: The deadline passed.
            HungUpError: There will be no reply.
        """
        left = memoryview(request.encode() + b"\n")
        try:
            while left:
                sent = self._patiently(self._line, lambda rest=left: self._line.send(rest), deadline, look)
                left = left[sent:]
            return self._read(deadline, look)
        except (BrokenPipeError, ConnectionResetError, UnicodeDecodeError):
            raise HungUpError("the line is dead") from None

    def _read(self, deadline: float, look: Callable[[], None]) -> str:
        text, searched = self._rest, 0
        while (end := text.find(b"\n", searched)) < 0:
            searched = len(text)
            chunk = self._patiently(self._line, lambda: self._line.recv(_CHUNK), deadline, look)
            if not chunk or searched > MAX_LINE:
                raise HungUpError("the line is dead")
            text += chunk
        self._rest = text[end + 1 :]
        return text[:end].decode()

    def _patiently(self, end: socket.socket, step: Callable[[], Any], deadline: float, look: Callable[[], None]) -> Any:
        """Take a step that may have to wait, and look around now and then."""
        while (left := deadline - self._clock()) > 0:
            end.settimeout(min(left, LOOK_AGAIN))
            try:
                return step()
            except TimeoutError:
                look()
        raise TimeoutError

    def close(self) -> None:
        """Hang up."""
        for end in (self._line, self._listener):
            if end is not None:
                end.close()
        with contextlib.suppress(OSError):
            os.unlink(self.address)
        if self._line is None:
            # The other side may still be on its way here.
            with contextlib.suppress(OSError):
                os.close(os.open(self.address + CLOSED, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o644))
