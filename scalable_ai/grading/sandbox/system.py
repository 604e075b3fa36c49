"""The part of the machine that every box sees, read-only."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import site
import sys
from pathlib import Path

FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
PROCESSORS = "/sys/devices/system/cpu"
"""What counts processors looks here."""
DEVICES = ("null", "zero", "full", "random", "urandom")
SETTINGS = (
    "alternatives", "bash.bashrc", "ca-certificates", "debian_version", "default/locale", "fonts", "gai.conf", "group",
    "host.conf", "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime",
    "magic", "magic.mime", "matplotlibrc", "mime.types", "os-release", "passwd", "pki/tls/certs",
    "profile", "protocols", "python3", "python3.11", "python3.12", "python3.13", "services", "shells", "ssl/certs",
    "ssl/openssl.cnf", "terminfo", "timezone",
)  # fmt: skip
"""What of /etc a box sees: what programs need, and nothing that an administrator may have put there."""

OWN_SETTINGS = {
    "hosts": "127.0.0.1 localhost box\n::1 localhost box\n::ffff:127.0.0.1 localhost box\n",
    "hostname": "box\n",
    # No name service is there to be waited for.
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
}


@functools.cache
def interpreter() -> list[Path]:
    """Return where the interpreter, its packages and this package are; never the project around this package."""
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    places += importlib.util.find_spec("scalable_ai").submodule_search_locations
    return list(dict.fromkeys(Path(place) for place in places if Path(place).is_dir()))


def outermost(paths: list[Path]) -> list[Path]:
    """Leave out paths that lie in another one."""
    ordered = sorted(set(paths), key=lambda path: len(path.parts))
    kept: list[Path] = []
    for path in ordered:
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def copy_settings(folder: Path) -> None:
    """Write the visible part of /etc into a folder."""
    folder.mkdir(mode=0o755)
    for name in SETTINGS:
        source, copy = Path("/etc") / name, folder / name
        if source.is_dir():
            shutil.copytree(source, copy, symlinks=True, ignore=_unreadable, dirs_exist_ok=True)
        elif source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    for name, text in OWN_SETTINGS.items():
        (folder / name).write_text(text)


def _unreadable(folder: str, names: list[str]) -> list[str]:
    """Leave out what other users may not read, such as keys."""
    found = []
    for name in names:
        path = Path(folder) / name
        if path.exists() and not path.stat().st_mode & 0o004:
            found.append(name)
    return found
