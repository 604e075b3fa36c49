"""The system calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Any

# Both columns from the kernel's asm/unistd.h; calls since Linux 5.1 have one number on all machines.
NUMBERS = {
    "x86_64": {
        "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "unshare": 272, "setns": 308, "clone": 56, "bpf": 321,
        "perf_event_open": 298, "userfaultfd": 323, "add_key": 248, "request_key": 249, "keyctl": 250,
        "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320,
        "reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163, "quotactl": 179, "syslog": 103, "vhangup": 153,
        "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "clock_adjtime": 305, "sethostname": 170,
        "setdomainname": 171, "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304,
        "lookup_dcookie": 212, "nfsservctl": 180, "personality": 135, "move_pages": 279, "migrate_pages": 256,
        "vmsplice": 278, "ioctl": 16, "socket": 41, "socketpair": 53, "prctl": 157, "capset": 126, "seccomp": 317,
        "memfd_create": 319, "shmget": 29, "shmat": 30, "shmctl": 31, "semget": 64, "semop": 65, "semctl": 66,
        "msgget": 68, "msgsnd": 69, "msgrcv": 70, "msgctl": 71, "semtimedop": 220,
        "iopl": 172, "ioperm": 173, "modify_ldt": 154, "uselib": 134, "ustat": 136, "sysfs": 139, "_sysctl": 156,
        "create_module": 174, "get_kernel_syms": 177, "query_module": 178,
    },
    "aarch64": {
        "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "ptrace": 117, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "unshare": 97, "setns": 268, "clone": 220, "bpf": 280,
        "perf_event_open": 241, "userfaultfd": 282, "add_key": 217, "request_key": 218, "keyctl": 219,
        "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294,
        "reboot": 142, "swapon": 224, "swapoff": 225, "acct": 89, "quotactl": 60, "syslog": 116, "vhangup": 58,
        "settimeofday": 170, "clock_settime": 112, "adjtimex": 171, "clock_adjtime": 266, "sethostname": 161,
        "setdomainname": 162, "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265,
        "lookup_dcookie": 18, "nfsservctl": 42, "personality": 92, "move_pages": 239, "migrate_pages": 238,
        "vmsplice": 75, "ioctl": 29, "socket": 198, "socketpair": 199, "prctl": 167, "capset": 91, "seccomp": 277,
        "memfd_create": 279, "msgget": 186, "msgctl": 187, "msgrcv": 188, "msgsnd": 189, "semget": 190, "semctl": 191,
        "semtimedop": 192, "semop": 193, "shmget": 194, "shmctl": 195, "shmat": 196,
    },
}  # fmt: skip
SHARED = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443, "landlock_create_ruleset": 444,
    "landlock_add_rule": 445, "landlock_restrict_self": 446, "memfd_secret": 447, "statmount": 457, "listmount": 458,
    "open_tree_attr": 467,
}  # fmt: skip
MACHINE = platform.machine()

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def numbers() -> dict[str, int]:
    """Return this machine's numbers of system calls by name; empty on a machine that is not known."""
    own = NUMBERS.get(MACHINE)
    return {**own, **SHARED} if own else {}


NUMBER = numbers()


def call(name: str, *args: Any) -> int:
    """Make a system call; text becomes bytes, and a failure an OSError that names the call.

    Raises:
        OSError: It failed, or its number is not known here.
    """
    number = NUMBER.get(name)
    if number is None:
        raise OSError(38, f"{name}: not known on {MACHINE}")
    result = _libc.syscall(ctypes.c_long(number), *map(_argument, args))
    return _checked(name, result, args)


def prctl(option: int, *args: int) -> int:
    """Set or ask for a property of this process.

    Raises:
        OSError: It failed.
    """
    padded = [ctypes.c_ulong(arg) for arg in (*args, 0, 0, 0, 0)[:4]]
    return _checked(f"prctl {option}", _libc.prctl(ctypes.c_int(option), *padded), args)


def _argument(value: Any) -> Any:
    if isinstance(value, str | os.PathLike):
        return ctypes.c_char_p(os.fsencode(value))
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(name: str, result: int, args: tuple[Any, ...]) -> int:
    if result < 0:
        number = ctypes.get_errno()
        told = " ".join(str(arg) for arg in args if isinstance(arg, str | os.PathLike))
        raise OSError(number, f"{name} {told}".rstrip() + f": {os.strerror(number)}")
    return result
