"""The filter of system calls: what no lesson needs and attacks on a kernel do."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct

from scalable_ai.grading.sandbox.syscalls import MACHINE, NUMBER, prctl

REFUSED = (
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "statmount", "listmount", "ptrace", "process_vm_readv",
    "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "unshare", "setns", "bpf", "perf_event_open",
    "userfaultfd", "add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "acct", "quotactl", "quotactl_fd", "syslog", "vhangup", "settimeofday", "clock_settime", "adjtimex",
    "clock_adjtime", "sethostname", "setdomainname", "fanotify_init", "name_to_handle_at", "open_by_handle_at",
    "lookup_dcookie", "nfsservctl", "personality", "move_pages", "migrate_pages", "vmsplice",
    "memfd_create", "memfd_secret",
    # System V memory and messages stay without a process, where no limit of memory sees them.
    "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "iopl", "ioperm", "modify_ldt", "uselib", "ustat", "sysfs", "_sysctl", "create_module", "get_kernel_syms",
    "query_module",
)  # fmt: skip

NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME."""
TERMINAL_INJECTIONS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, which type into a terminal."""
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER = 38, 22, 36
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16


def program(network: bool) -> bytes:
    """Return the filter as instructions of the kernel's.

    Args:
        network: Whether internet sockets are allowed, because the box has a network of its own.

    Raises:
        OSError: The machine's system calls are not known.
    """
    if MACHINE not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter of system calls is written for {MACHINE}")
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, ARCHITECTURES[MACHINE]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if MACHINE == "x86_64":
        code += _refuse_if(_AT_LEAST, X32, errno.ENOSYS)
    for name in REFUSED:
        if name in NUMBER:
            code += _refuse_if(_EQUAL, NUMBER[name], errno.EPERM)
    # Its flags lie in memory, where a filter cannot look; the C library then uses clone.
    code += _refuse_if(_EQUAL, NUMBER["clone3"], errno.ENOSYS)
    code += _only("clone", [(_LOAD, 0, 0, _argument(0)), *_refuse_if(_ANY_BIT, NEW_NAMESPACES, errno.EPERM)])
    typing = [line for request in TERMINAL_INJECTIONS for line in _refuse_if(_EQUAL, request, errno.EPERM)]
    code += _only("ioctl", [(_LOAD, 0, 0, _argument(1)), *typing])
    code += _only("prctl", [(_LOAD, 0, 0, _argument(0)), *_refuse_if(_EQUAL, PR_SET_CHILD_SUBREAPER, errno.EPERM)])
    code += _only("socket", _families(network))
    local = [(_LOAD, 0, 0, _argument(0)), (_EQUAL, 1, 0, socket.AF_UNIX), (_RETURN, 0, 0, REFUSE | errno.EACCES)]
    code += _only("socketpair", local)
    code.append((_RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in code)


def load(code: bytes) -> None:
    """Filter this process and all that it starts, for good.

    Raises:
        OSError: The kernel refuses.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    holder = ctypes.create_string_buffer(head, len(head))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(holder))


def _families(network: bool) -> list[tuple[int, int, int, int]]:
    """Allow local sockets, the kernel's answers about interfaces, and the internet where it is a private one."""
    internet = [socket.AF_INET, socket.AF_INET6] if network else []
    code = [(_LOAD, 0, 0, _argument(0))]
    for family in (socket.AF_UNIX, *internet):
        code += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, ALLOW)]
    refuse = (_RETURN, 0, 0, REFUSE | errno.EACCES)
    code += [(_EQUAL, 1, 0, socket.AF_NETLINK), refuse, (_LOAD, 0, 0, _argument(2)), (_EQUAL, 1, 0, 0), refuse]
    return code


def _refuse_if(test: int, value: int, error: int) -> list[tuple[int, int, int, int]]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, REFUSE | error)]


def _only(name: str, code: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Run instructions for one system call only, and load its number again for those that follow."""
    return [(_EQUAL, 0, len(code) + 1, NUMBER[name]), *code, (_LOAD, 0, 0, _NUMBER)]


def _argument(index: int) -> int:
    """Return where the lower half of an argument lies."""
    return _ARGUMENTS + 8 * index
