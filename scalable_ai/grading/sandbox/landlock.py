"""Landlock: an unprivileged process gives up files, connections and signals for itself and all that it starts."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from pathlib import Path

from scalable_ai.grading.sandbox.syscalls import call

# Rights by name, from the kernel's uapi/linux/landlock.h.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
LAST_RIGHT = {1: 12, 2: 13, 3: 14, 4: 14}
"""The last right of files that a version of the interface knows; from the fifth on it is `IOCTL_DEV`."""
BIND_TCP_AND_CONNECT_TCP = 0b11
SCOPE_SOCKETS_AND_SIGNALS = 0b11
PATH_BENEATH = 1
MAKE_DEVICES = 1 << 6 | 1 << 11
"""Making character and block devices, which no rule grants."""


def version() -> int:
    """Return the version of the kernel's interface, or 0 where there is none."""
    try:
        return call("landlock_create_ruleset", 0, 0, 1)
    except OSError:
        return 0


def restrict(readable: list[Path], writable: list[Path], unlisted: list[Path]) -> None:
    """Leave this process nothing but these files and folders, no connection and no signal to others.

    Paths that do not exist are left out.

    Args:
        readable: What can be read and run.
        writable: What can be changed too.
        unlisted: Folders that can be changed, but whose content cannot be listed.

    Raises:
        OSError: The kernel has no Landlock.
    """
    known = version()
    if not known:
        raise OSError(38, "the kernel has no Landlock")
    rights = (1 << LAST_RIGHT.get(known, 15) + 1) - 1
    fields = [rights]
    if known >= 4:
        fields.append(BIND_TCP_AND_CONNECT_TCP)
    if known >= 6:
        fields.append(SCOPE_SOCKETS_AND_SIGNALS)
    attribute = ctypes.create_string_buffer(struct.pack(f"{len(fields)}Q", *fields))
    rules = call("landlock_create_ruleset", ctypes.byref(attribute), 8 * len(fields), 0)
    try:
        every = rights & ~MAKE_DEVICES
        for paths, granted in ((readable, READ), (writable, every), (unlisted, every & ~READ_DIR)):
            for path in paths:
                _grant(rules, path, rights & granted)
        call("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)


def _grant(rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_FILES
        attribute = ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12)
        call("landlock_add_rule", rules, PATH_BENEATH, ctypes.byref(attribute), 0)
    finally:
        os.close(place)
