"""Who a box is: nobody else's user, without a capability."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

from scalable_ai.grading.folders import walk
from scalable_ai.grading.sandbox.namespaces import NEW_USER
from scalable_ai.grading.sandbox.syscalls import call, prctl

FIRST_USER = 1_900_000_000
"""Users from here on belong to no one: beyond the ranges of accounts, of containers and of systemd."""
PROCESSES = 1 << 22
"""Process numbers are smaller than this, on every Linux."""
FEW_USERS = 20_000
"""Where only few users exist, as in a container whose users are mapped."""
PR_CAPBSET_DROP, PR_SET_DUMPABLE = 24, 4
LAST_CAPABILITY = 63
CHANGES_USERS = 0b11000001
"""CAP_CHOWN, CAP_SETGID and CAP_SETUID."""
CAPABILITIES_VERSION_3 = 0x20080522


def own_user(pid: int) -> int:
    """Return a user of a box's own, told from all others by its process number."""
    last = max(first + count for first, _, count in _users())
    return FIRST_USER + pid if last > FIRST_USER + PROCESSES else FEW_USERS + pid % FEW_USERS


def _users() -> list[tuple[int, ...]]:
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    return [tuple(map(int, line.split())) for line in lines]


def give(folder: Path, user: int, group: int) -> None:
    """Make a user the owner of a folder and what is in it, as deep as it is looked into; links are not followed."""
    os.chown(folder, user, group, follow_symlinks=False)
    for entry in walk(folder):
        os.chown(entry.path, user, group, follow_symlinks=False)


def may_change() -> bool:
    """Tell whether this process may give files away and change its user."""
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    return int(held.split()[1], 16) & CHANGES_USERS == CHANGES_USERS


def become(user: int | None, new_namespace: bool) -> None:
    """Become a user, or stay the ordinary user that this is, and keep no capability.

    Args:
        user: The user, when this process is root; else None.
        new_namespace: Whether an ordinary user gets a namespace for itself, so that no other process counts as its own.
    """
    if user is not None:
        os.setgroups([])
    elif new_namespace:
        _map_to_self()
    elif os.getuid() == 0:
        raise PermissionError("root may not change its user here, so that a box would be root")
    for capability in range(LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # the kernel knows no more, or this process never had the right
            break
    if user is not None:
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _drop_capabilities()
    prctl(PR_SET_DUMPABLE, 1)  # so that the process may look at itself in /proc


def _map_to_self() -> None:
    """Enter a namespace of users in which the only user is this one."""
    user, group = os.getuid(), os.getgid()
    call("unshare", NEW_USER)
    write_maps(user, group)


def write_maps(user: int, group: int) -> None:
    """Map this process's own user and group to themselves."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path("/proc/self", name).write_text(text)


def _drop_capabilities() -> None:
    head = ctypes.create_string_buffer(struct.pack("Ii", CAPABILITIES_VERSION_3, 0))
    call("capset", ctypes.byref(head), ctypes.byref(ctypes.create_string_buffer(24)))
