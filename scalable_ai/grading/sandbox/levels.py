"""The levels of isolation, best first, and what each one does not hold."""

from __future__ import annotations

import os

NAMESPACES, LANDLOCK, NONE = "namespaces", "landlock", "none"
LEVELS = (NAMESPACES, LANDLOCK, NONE)
VARIABLE = "SCALABLE_AI_SANDBOX"
"""Environment variable that leaves the levels above the named one out."""

DOES_NOT_HOLD: dict[str, dict[str, str]] = {
    NAMESPACES: {},
    LANDLOCK: {
        "loopback": "there is no network at all, so processes cannot train together over loopback",
        "names": "outside the box it can be asked whether a file exists, and its size; none can be listed or read",
        "unix sockets": "local sockets of the machine can be connected to where the box's user may",
        "shared memory": "/dev/shm is the machine's own: its names are not listed, but files open as for any process",
        "shared memory left": "what a box leaves in /dev/shm stays there",
        "terminals": "there are no pseudo-terminals",
        "old kernels": "before Linux 6.12 an ordinary user's box can send signals to that user's other processes",
        "parent killed": "what a kernel has detached goes on when the warm parent itself is killed",
        "memory file system": "there is no private one; /tmp is a folder beside the sockets",
    },
    NONE: {"everything": "a hand-in runs with all rights of the one who grades"},
}  # fmt: skip


def allowed() -> tuple[str, ...]:
    """Return the levels that may be tried, best first."""
    wanted = os.environ.get(VARIABLE, NAMESPACES)
    return LEVELS[LEVELS.index(wanted) :] if wanted in LEVELS else LEVELS


def refusal(why: str) -> str:
    """Return the sentence for hand-ins that cannot be boxed."""
    return (
        f"No sandbox is available on this machine ({why}), so hand-ins would run with all your rights; "
        "see `scalable-ai doctor`, or accept that with --allow-unsandboxed or c.JudgedExecute.allow_unsandboxed = True."
    )


def remedy(level: str) -> str:
    """Return what makes a machine offer the best level."""
    if level == NAMESPACES:
        return ""
    return (
        "allow user namespaces (in Docker: --security-opt seccomp=unconfined --security-opt systempaths=unconfined, "
        "or grade as root with --cap-add SYS_ADMIN; on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
    )
