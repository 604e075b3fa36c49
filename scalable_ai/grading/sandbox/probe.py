"""Finds the level of isolation that this machine offers, by really trying."""

from __future__ import annotations

import os
import time
from pathlib import Path

from scalable_ai.grading.sandbox import identity, namespaces
from scalable_ai.grading.sandbox.box import Box
from scalable_ai.grading.sandbox.keeper import Keeper
from scalable_ai.grading.sandbox.levels import NAMESPACES, NONE, allowed
from scalable_ai.grading.sandbox.syscalls import call
from scalable_ai.grading.scratch import Scratch

TIME_LIMIT = 10.0


def try_levels() -> tuple[str, str]:
    """Return the best level and why there is no better one; tried in forks, so that nothing of it stays.

    Call it in a process of one thread.
    """
    why = []
    for level in allowed():
        if level == NONE:
            break
        refusal = _in_fork(level)
        if not refusal:
            return level, "; ".join(why)
        why.append(f"{level}: {refusal}")
    return NONE, "; ".join(why) or "the environment asks for none"


def _in_fork(level: str) -> str:
    """Try a level in a child that may lose what it changes; return what was refused."""
    listening, saying = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(listening)
            os.write(saying, _try(level).encode()[:2000])
            status = 0
        except BaseException as error:
            os.write(saying, f"{type(error).__name__}: {error}".encode()[:2000])
        finally:
            os._exit(status)
    os.close(saying)
    with open(listening, "rb") as said:
        text = said.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    return text or ("" if status == 0 else "the attempt ended without a word")


def _try(level: str) -> str:
    with Scratch("box") as folder:
        if level == NAMESPACES and os.getuid() != 0:
            enter_own_users()
            if child := os.fork():
                _, status = os.waitpid(child, 0)
                return "" if os.waitstatus_to_exitcode(status) == 0 else "an ordinary user may not make namespaces here"
            try:
                os._exit(0 if not _try_box(level, folder) else 1)
            finally:
                os._exit(1)
        return _try_box(level, folder)


def _try_box(level: str, folder: Path) -> str:
    for name in ("work", "runtime", "shop"):
        (folder / name).mkdir()
    keeper = Keeper(level, folder / "shop")
    kept = keeper.fork(lambda: os._exit(0), Box(folder / "work"), str(folder / "runtime"))
    deadline = time.monotonic() + TIME_LIMIT
    while not keeper.reap():
        if time.monotonic() > deadline:
            keeper.end(kept, "it took too long")
        time.sleep(0.001)
    return kept.reason or ("" if kept.status == 0 else f"it ended with status {kept.status}")


def enter_own_users() -> None:
    """Enter a namespace of users and let the next fork be the first process of new ones.

    Raises:
        OSError: The machine refuses.
    """
    user, group = os.getuid(), os.getgid()
    call("unshare", namespaces.NEW_USER | namespaces.NEW_PROCESSES)
    identity.write_maps(user, group)
