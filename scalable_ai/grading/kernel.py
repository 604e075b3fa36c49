"""How the judge and a running kernel come together."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_core.utils import run_sync


@dataclass(frozen=True)
class Kernel:
    """A running kernel, as the judge is told of it."""

    pid: int | None = None
    """Its process, so that its end is seen at once."""
    address: str = ""
    """A socket that the judge opens and the kernel connects to."""
    connection: dict[str, Any] = field(default_factory=dict)
    """Jupyter's connection information, where there are no Unix sockets."""


Call = Callable[[bool], Kernel]
"""Has a kernel connect to the judge; told whether it was called before, to a judge that was lost."""


def call_to_judge(manager: Any, client: Any, again: bool) -> Kernel:
    """Have a kernel connect to the judge, and return what the judge has to know.

    Args:
        manager: The kernel's, of jupyter_client.
        client: Connected to it, and not waiting for another reply.
        again: Whether it may still wait for another judge.
    """
    if again:
        run_sync(manager.interrupt_kernel)()
    pid = getattr(manager.provisioner, "pid", None)
    if os.name != "posix":
        connection = manager.get_connection_info()
        return Kernel(pid, connection={**connection, "key": connection["key"].decode()})
    address = str(Path(manager.connection_file).parent / f"judge-{secrets.token_hex(4)}")
    expression = f"__import__('scalable_ai.grading.remote', fromlist=['serve']).serve({address!r})"
    # Silent, and not even an empty cell: it leaves no trace in the notebook.
    client.execute("", silent=True, store_history=False, allow_stdin=False, user_expressions={"done": expression})
    return Kernel(pid, address)
