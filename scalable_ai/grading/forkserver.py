"""The warm parent: imports the course's packages once and forks kernels from there, in milliseconds instead of seconds.

It holds no secret, since every kernel inherits its memory: it never reads a lesson, a check or a gradebook. It ends,
with all its kernels, when the process that started it does. Linux only.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from scalable_ai.grading import hugepages
from scalable_ai.grading.preload import preload
from scalable_ai.grading.sandbox.box import Box
from scalable_ai.grading.sandbox.environment import of_box
from scalable_ai.grading.sandbox.keeper import Keeper, Kept, end_with_parent
from scalable_ai.grading.sandbox.levels import LANDLOCK, NAMESPACES, NONE, refusal
from scalable_ai.grading.sandbox.probe import enter_own_users, try_levels
from scalable_ai.grading.sandbox.watch import PERIOD, descendants

REQUEST_TIME_LIMIT = 10.0
BATCH = 4
"""From this many kernels on, time is spent to make forks cheap."""


class ForkServer:
    """Forks a kernel for each connection on a Unix socket until standard input ends.

    A connection is one request and the kernel's leash: the server says when the kernel runs and when it ended, and
    ends the kernel when the other side hangs up.
    """

    batch = BATCH

    def __init__(self, listener: socket.socket, keeper: Keeper, why: str) -> None:
        self._listener, self._keeper, self._why = listener, keeper, why
        self._clients: dict[socket.socket, Kept] = {}
        self._told: set[socket.socket] = set()
        self._retired = False
        self._forks = 0
        self._chores: Iterator[int] | None = None
        self._ended, self._wake = socket.socketpair()
        for end in (self._ended, self._wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Answer until standard input ends, or until the last kernel does once retired."""
        while not self._retired or self._clients:
            boxed = [kept for kept in self._clients.values() if kept.box is not None]
            reports = [kept.report for kept in self._clients.values() if kept.report >= 0]
            sources = [self._listener, sys.stdin, self._ended, *self._clients, *reports]
            wait = 0 if self._chores is not None else PERIOD if boxed else None
            readable, _, _ = select.select(sources, [], [], wait)
            if not readable and self._chores is not None and next(self._chores, None) is None:
                self._chores = None
            if sys.stdin in readable:
                break
            if self._ended in readable:
                self._ended.recv(4096)
            if self._listener in readable:
                self._accept()
            for client, kept in self._clients.items():
                if client in readable and not _has_more(client):
                    self._keeper.end(kept)
            self._tell()
            self._keeper.look()
        self._keeper.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            client.settimeout(REQUEST_TIME_LIMIT)
            if self._keeper.level == LANDLOCK and _is_own(client):
                raise PermissionError("a boxed process asked for a kernel")
            with client.makefile("r", encoding="utf-8") as lines:
                request = json.loads(lines.readline())
            if request.get("retire"):
                self._retired = True
                client.close()
                return
            box = Box.from_dict(request["box"]) if request.get("box") else None
            if box is not None and self._keeper.level == NONE:
                if not box.allow_unsandboxed:
                    raise PermissionError(refusal(self._why))
                box = None
            run = partial(self._become_kernel, request, box)
            self._clients[client] = self._keeper.fork(run, box, request.get("runtime", ""))
            self._forks += 1
            if self._forks == self.batch:
                self._chores = hugepages.collapse()
        except (OSError, ValueError, KeyError, TypeError) as error:
            _say(client, {"error": str(error)})
            client.close()

    def _tell(self) -> None:
        for client, kept in self._clients.items():
            self._keeper.hear(kept)
            if kept.is_ready and client not in self._told:
                self._told.add(client)
                _say(client, {"pid": kept.outside})
        for kept in self._keeper.reap():
            client = next(client for client, other in self._clients.items() if other is kept)
            last = {"status": kept.status, "reason": kept.reason} if client in self._told else {"error": kept.reason}
            _say(client, last)
            del self._clients[client]
            self._told.discard(client)
            client.close()

    def _become_kernel(self, request: dict[str, Any], box: Box | None) -> None:
        """Turn this fork into a Jupyter kernel; never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for other in (self._listener, self._ended, self._wake, *self._clients):
                other.detach()  # its file is closed already, and its number may be another's soon
            environment = request["env"]
            if box is not None:
                environment = of_box(environment, self._keeper.level, Path(request["runtime"]))
                for name in ("HOME", "TMPDIR"):
                    os.makedirs(environment[name], exist_ok=True)
            os.chdir(request["cwd"])
            os.environ.clear()
            os.environ.update(environment)
            self._run(request["argv"], has_terminals=box is None or self._keeper.level == NAMESPACES)
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 0
        finally:
            os._exit(status)

    def _run(self, arguments: list[str], has_terminals: bool) -> None:
        from scalable_ai.grading.warmkernel import run_kernel

        run_kernel(arguments, has_terminals)


def _is_own(client: socket.socket) -> bool:
    """Tell whether the other side is a process that this one has forked."""
    pid, _, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid in descendants(os.getpid())


def _has_more(client: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        return bool(client.recv(4096, socket.MSG_DONTWAIT))
    return False


def _say(client: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        client.sendall(json.dumps(message).encode() + b"\n")


def main(path: str) -> None:
    """Serve on a socket; an ordinary user's server first enters namespaces of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    level, why = try_levels()
    if level == NAMESPACES and os.getuid() != 0:
        enter_own_users()
        child = os.fork()
        if child:
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)
        end_with_parent()
    preload()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    server = ForkServer(listener, Keeper(level, Path(path).parent), why)
    print(f"ready {level}", flush=True)
    server.serve()


if __name__ == "__main__":
    main(sys.argv[1])
