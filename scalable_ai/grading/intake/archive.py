"""Archives from strangers, read file by file with limits; nothing is ever unpacked onto the disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

from scalable_ai.grading.intake.item import IntakeError, Item, parts_of
from scalable_ai.grading.rebuild import MAX_BYTES

MAX_MEMBERS = 10_000
"""Files in an archive that a learner made."""
MAX_DIRECTORY = 10_000_000
"""Bytes of a zip file's list of files."""
MAX_UNPACKED = 500_000_000
"""Bytes of a tar archive, unpacked."""
RATIO, RATIO_FROM = 1_500, 100_000_000
"""What is packed tighter than this, and is larger than that, is a bomb and no notebook with much output."""
PACKED = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".tbz2", ".txz")
UNREAD = (".rar", ".7z", ".zipx")
BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, struct.error),
    *(EOFError, ValueError, NotImplementedError, RuntimeError, OSError, OverflowError, UnicodeError, KeyError),
)
ASK = "Unpack it yourself, or ask for it again as a zip file."


def is_archive(name: str) -> bool:
    """Return whether a file is to be opened, by its name."""
    return name.lower().endswith((*PACKED, *UNREAD))


def items_of_archive(name: str, raw: bytes | IO[bytes], limit: int = MAX_MEMBERS) -> tuple[list[Item], list[str]]:
    """Return the plain files in an archive, and notes on what was left out.

    Args:
        name: The archive's, for messages.
        raw: Its content, or a file opened for reading.
        limit: How many files it may hold.

    Raises:
        IntakeError: It is no archive, or one that is broken, encrypted, too large or of an unknown kind.
    """
    if name.lower().endswith(UNREAD):
        raise IntakeError(f"{name}: this kind of archive is not read. {ASK}")
    file = io.BytesIO(raw) if isinstance(raw, bytes) else raw
    try:
        return _zip(name, file, limit) if zipfile.is_zipfile(file) else _tar(name, file, limit)
    except BROKEN as error:
        raise IntakeError(f"{name}: this archive is broken or none at all ({_why(error)}). {ASK}") from None


def _why(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:80]


def _zip(name: str, file: IO[bytes], limit: int) -> tuple[list[Item], list[str]]:
    _refuse_long_directory(name, file, limit)
    archive = zipfile.ZipFile(file)
    if len(archive.infolist()) > limit:
        raise IntakeError(f"{name}: more than {limit} files are in it. Unpack it yourself and look at it.")
    items, notes = [], []
    for info in archive.infolist():
        shown = _real_name(info)
        if shown.endswith("/"):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            notes.append(f"{_short(shown)}: it is a link and not a file; left out.")
        elif parts := parts_of(shown):
            items.append(Item(parts, _reader(archive, info, parts[-1]), _newness(info)))
        elif _leads_out(shown):
            notes.append(f"{_short(shown)}: its name leads out of the archive; left out.")
    return items, notes


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            _refuse_bomb(name, info.file_size, info.compress_size)
            with archive.open(info) as member:
                content = member.read(MAX_BYTES + 1)
            _refuse_bomb(name, len(content), info.compress_size)
        except RuntimeError as error:
            if info.flag_bits & 1:
                raise IntakeError(f"{name}: it is locked with a password. Ask for it without one.") from None
            raise IntakeError(f"{name}: it cannot be unpacked ({_why(error)}); left out.") from None
        except BROKEN as error:
            raise IntakeError(f"{name}: it cannot be unpacked ({_why(error)}); left out.") from None
        return content

    return read


def _refuse_bomb(name: str, size: int, packed: int) -> None:
    if size > MAX_BYTES:
        raise IntakeError(f"{name}: unpacked it is larger than {MAX_BYTES // 10**6} MB; left out.")
    if size > RATIO_FROM and size > RATIO * max(packed, 1):
        raise IntakeError(f"{name}: it is packed so tightly that it can only be made to fill the memory; left out.")


def _refuse_long_directory(name: str, file: IO[bytes], limit: int) -> None:
    """Look at a zip file's last record, before its whole list of files is read into memory."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    number, directory = struct.unpack_from("<HL", tail, at + 10)
    if number > limit or directory > MAX_DIRECTORY:
        raise IntakeError(f"{name}: more than {limit} files are in it. Unpack it yourself and look at it.")
    file.seek(0)


def _real_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name: many programs write UTF-8 and do not say so."""
    if not info.flag_bits & 0x800:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.orig_filename


def _newness(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _tar(name: str, file: IO[bytes], limit: int) -> tuple[list[Item], list[str]]:
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    opened = {b"\x1f\x8b": gzip, b"BZ": bz2, b"\xfd7": lzma}.get(start[:2])
    stream = _Limited(opened.open(file) if opened else file)
    items, notes, number = [], [], 0
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            number += 1
            if number > limit:
                raise IntakeError(f"{name}: more than {limit} files are in it. Unpack it yourself and look at it.")
            parts = parts_of(member.name)
            if member.isfile() and parts:
                # A stream cannot go back, so the content is kept; its whole is limited.
                content = archive.extractfile(member).read()
                items.append(Item(parts, lambda content=content: content, float(member.mtime)))
            elif not member.isdir() and not member.isfile():
                notes.append(f"{_short(member.name)}: it is a link or a device and not a file; left out.")
            elif _leads_out(member.name):
                notes.append(f"{_short(member.name)}: its name leads out of the archive; left out.")
    return items, notes


class _Limited:
    """A stream that ends in an error where it is too long."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._left = stream, MAX_UNPACKED

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size if 0 <= size <= self._left else self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise ValueError(f"unpacked it is larger than {MAX_UNPACKED // 10**6} MB")
        return content


def _leads_out(name: str) -> bool:
    return bool(name) and (name[0] in "/\\" or name[1:2] == ":" or ".." in name.replace("\\", "/").split("/"))


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:77]}..."
