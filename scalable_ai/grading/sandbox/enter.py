"""What a forked process does to itself to be in a box; nothing of it can be undone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scalable_ai.grading.sandbox import identity, landlock, limits, namespaces, seccomp, system
from scalable_ai.grading.sandbox.box import Box
from scalable_ai.grading.sandbox.levels import LANDLOCK, NAMESPACES
from scalable_ai.grading.sandbox.syscalls import prctl

PR_SET_CHILD_SUBREAPER = 36
_filters: dict[bool, bytes] = {}


def prepare() -> None:
    """Do before the forks what is the same for all."""
    system.interpreter()
    for network in (True, False):
        _filters[network] = seccomp.program(network)


def enter(level: str, box: Box, runtime: Path, workshop: Path, pid: int) -> None:
    """Put this process into a box; on any error it must end.

    Args:
        level: How, see `levels`.
        box: What is seen and allowed.
        runtime: Folder of the connection file and the sockets.
        workshop: See `namespaces.prepare`.
        pid: This process's number outside.

    Raises:
        OSError: The kernel refuses.
    """
    user = identity.own_user(pid) if os.getuid() == 0 and identity.may_change() else None
    if user is not None:
        for folder in (box.folder, runtime):
            identity.give(folder, user, user)
    if level == NAMESPACES:
        namespaces.enter(box, runtime, workshop)
    limits.apply(box.limits, own_user=user is not None or level == NAMESPACES)
    if level == LANDLOCK:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    identity.become(user, new_namespace=level == NAMESPACES)
    _check_reach(box)
    if level == LANDLOCK:
        prctl(seccomp.PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict(_readable(box), _writable(box, runtime), [Path("/dev/shm")])
    seccomp.load(_filters[level == NAMESPACES])


def _check_reach(box: Box) -> None:
    """See to it that this user can use what it is to have: data that are silently missing would cost honest work marks.

    Raises:
        PermissionError: A folder, or one above it, is closed to other users.
    """
    if not os.access(sys.executable, os.X_OK):
        raise PermissionError(f"users other than its owner cannot run {sys.executable}")
    for path in box.readable:
        try:
            os.stat(path)
        except PermissionError:
            pass
        except OSError:
            continue
        if not os.access(path, os.R_OK):
            raise PermissionError(f"users other than its owner cannot read {path}, or not enter a folder above it")


def _readable(box: Box) -> list[Path]:
    folders = [Path(name) for name in system.FOLDERS]
    settings = [Path("/etc") / name for name in (*system.SETTINGS, "hosts")]
    own = Path("/proc", str(os.getpid()))
    machine = [Path(name) for name in (*PROC_FILES, system.PROCESSORS)]
    return [*folders, *system.interpreter(), *settings, own, *machine, *box.readable]


def _writable(box: Box, runtime: Path) -> list[Path]:
    return [box.folder, runtime, *(Path("/dev") / name for name in system.DEVICES)]


PROC_FILES = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/version", "/proc/sys/kernel")
