"""The better box: a network, a file system, processes and memory segments of its own, made after the fork."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

from scalable_ai.grading.sandbox import system
from scalable_ai.grading.sandbox.box import Box
from scalable_ai.grading.sandbox.syscalls import call

NEW_MOUNTS, NEW_IPC, NEW_NETWORK, NEW_HOSTNAME = 0x20000, 0x08000000, 0x40000000, 0x04000000
NEW_USER, NEW_PROCESSES = 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 1 << 18
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 1, 2, 4, 8
AT_FDCWD, AT_RECURSIVE, MNT_DETACH = -100, 0x8000, 2
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
HOME = Path("/home/learner")
PRIVATE_FILES = 50_000
"""Files in the private /tmp, /dev/shm and home folder together."""


def enter(box: Box, runtime: Path, workshop: Path) -> None:
    """Move this process, which may administer its namespaces, into a box's view of the machine.

    Args:
        box: What is seen.
        runtime: Folder of the connection file and the sockets.
        workshop: Folder with an empty folder `root` and the visible part of /etc.

    Raises:
        OSError: The kernel refuses; the process is then in no state to go on.
    """
    call("unshare", NEW_MOUNTS | NEW_IPC | NEW_NETWORK | NEW_HOSTNAME)
    loopback_up()
    socket.sethostname("box")
    call("mount", 0, "/", 0, MS_REC | MS_PRIVATE, 0)
    root = workshop / "root"
    call("mount", "box", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    writable = _private(root, box.limits.memory // 2)
    for path in _fixed():
        _show(root, path)
    _bind(workshop / "etc", _place(root, Path("/etc")))
    for path in box.readable:
        _show(root, path, follow=True)
    for path in (box.folder, runtime):
        _bind(path, _place(root, path))
        writable.append(_inside(root, path))
    _prepare_devices(root)
    _place(root, Path("/proc"))
    _change(root, AT_RECURSIVE, ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, 0)
    for place in writable:
        _change(place, 0, 0, ATTR_RDONLY)  # not what is mounted below, such as data under /tmp
    _open_devices(root)
    call("mount", "proc", root / "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0)
    os.chdir(root)
    call("pivot_root", ".", ".")
    call("umount2", ".", MNT_DETACH)
    os.chdir("/")


def loopback_up() -> None:
    """Bring up the only interface of a new network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        asked = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack_from("h", fcntl.ioctl(handle, SIOCGIFFLAGS, asked), 16)[0]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


_seen: list[Path] = []


def _fixed() -> list[Path]:
    """Return what every box sees of the machine; looked up once, before the forks."""
    if not _seen:
        folders = [Path(name) for name in system.FOLDERS if os.path.lexists(name)]
        whole = [path for path in folders if not path.is_symlink()]
        processors = [Path(system.PROCESSORS)] if os.path.isdir(system.PROCESSORS) else []
        links = [path for path in folders if path.is_symlink()]
        _seen.extend([*links, *system.outermost([*whole, *system.interpreter()]), *processors])
    return _seen


def prepare(workshop: Path) -> None:
    """Fill the folder from which boxes are made."""
    (workshop / "root").mkdir(mode=0o755)
    system.copy_settings(workshop / "etc")
    _fixed()


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _place(root: Path, path: Path) -> Path:
    """Make a folder to mount on."""
    place = _inside(root, path)
    os.makedirs(place, mode=0o755, exist_ok=True)
    return place


def _show(root: Path, path: Path, follow: bool = False) -> None:
    """Show a file, a folder or a link where it is."""
    place = _inside(root, path)
    if path.is_symlink() and not follow:
        os.makedirs(place.parent, exist_ok=True)
        os.symlink(os.readlink(path), place)
    elif path.is_dir():
        _bind(path, _place(root, path))
    elif path.exists():
        os.makedirs(place.parent, exist_ok=True)
        place.touch()
        _bind(path, place)


def _bind(source: Path, target: Path) -> None:
    call("mount", source, target, 0, MS_BIND | MS_REC, 0)


def _change(target: Path, how: int, more: int, less: int) -> None:
    """Set and clear attributes of what is mounted at a place, and below it if told so."""
    change = ctypes.create_string_buffer(struct.pack("4Q", more, less, 0, 0))
    call("mount_setattr", AT_FDCWD, target, how, ctypes.byref(change), 32)


def _prepare_devices(root: Path) -> None:
    _place(root, Path("/dev/pts"))
    for name in DEVICE_FILES:
        (root / "dev" / name).touch()
    for name, target in DEVICE_LINKS.items():
        os.symlink(target, root / "dev" / name)


DEVICE_FILES = system.DEVICES
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}


def _open_devices(root: Path) -> None:
    for name in DEVICE_FILES:
        _bind(Path("/dev") / name, root / "dev" / name)
    call("mount", "devpts", root / "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0600")


def _private(root: Path, size: int) -> list[Path]:
    """Mount one file system in memory, with one limit, as /tmp, /dev/shm and the home folder."""
    places = [_place(root, path) for path in (Path("/tmp"), Path("/dev/shm"), HOME)]
    tmp = places[0]
    options = f"size={size},nr_inodes={PRIVATE_FILES},mode=1777"
    call("mount", "private", tmp, "tmpfs", MS_NOSUID | MS_NODEV, options)
    folders = [tmp / name for name in (".tmp", ".shm", ".home")]
    for folder in folders:
        folder.mkdir()
        folder.chmod(0o1777)
    for folder, place in reversed(list(zip(folders, places, strict=True))):
        _bind(folder, place)
    return places
