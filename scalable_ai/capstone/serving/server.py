"""The process that serves: its socket, its limits on connections, its end."""

import asyncio
import signal
import socket
from pathlib import Path

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import Limits, build_app
from .model import ServingError, load_model

HEADER_SECONDS = 10.0
GRACE_SECONDS = 10
MAX_CONNECTIONS = 1024


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP, which also ends a connection whose request header does not come; uvicorn waits for ever."""

    header_seconds = HEADER_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a header."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.header_seconds, transport.close)

    def data_received(self, data: bytes) -> None:
        """Take data; the wait is over when the header is complete."""
        super().data_received(data)
        idle = self.conn.their_state is h11.IDLE
        if not idle and self._deadline:
            self._deadline.cancel()
            self._deadline = None
        elif idle and not self._deadline:
            self._deadline = self.loop.call_later(self.header_seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._deadline:
            self._deadline.cancel()
        super().connection_lost(exc)


def serve(model: Path, host: str, port: int, limits: Limits, threads: int = 0) -> None:
    """Serve until Ctrl-C or SIGTERM; requests that have begun are answered first.

    Args:
        model: The ONNX file.
        host: The address to listen at.
        port: The port; 0 takes a free one.
        limits: What requests may take.
        threads: Threads of one inference; 0 takes one a core.

    Raises:
        ServingError: The model cannot be used, or the address cannot be listened at.
    """
    app = build_app(load_model(model, threads), limits)
    listener = listen(host, port)
    # uvicorn raises the signal once more when all is done; these make that a plain end.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: None)
    shown = f"[{host}]" if ":" in host else host
    print(f"Serving {model} at http://{shown}:{listener.getsockname()[1]} (Ctrl-C stops).", flush=True)
    uvicorn.Server(configure(app)).run(sockets=[listener])
    print("Stopped.", flush=True)


def configure(app: FastAPI) -> uvicorn.Config:
    """Return how uvicorn runs the application."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ServingError: The address is not there or taken.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Named as TCP, since asyncio turns Nagle's algorithm off for such sockets only: it would cost 40 ms an answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(MAX_CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServingError(f"{host}:{port}: cannot listen here ({reason}); choose another --host or --port.") from None
    listener.setblocking(False)
    return listener
