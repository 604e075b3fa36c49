"""All texts in a file: also those in archives, compressed files, notebooks, and base64."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

MAX_DEPTH = 6
"""Archives in archives that are opened."""
MAX_BYTES = 500_000_000
"""Of one file, unpacked."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{48,}={0,2}")


class UnopenedError(Exception):
    """Something is packed in a way that cannot be searched: says what."""


def texts_in(name: str, raw: bytes, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield each text of a file, with the place it has been found in.

    Args:
        name: The file's name, with which places begin.
        raw: Its content.
        depth: How many archives are around it.

    Raises:
        UnopenedError: It is packed too often, too large or encrypted.
    """
    if depth > MAX_DEPTH or len(raw) > MAX_BYTES:
        raise UnopenedError(f"{name}: packed too often or too large to be searched. Leave it out.")
    members = _members(name, raw)
    if members is not None:
        for member, content in members:
            yield f"{name}: the name", member
            yield from texts_in(f"{name} > {member}", content, depth + 1)
        return
    unpacked = _unpacked(name, raw)
    if unpacked is not None:
        yield from texts_in(f"{name} > unpacked", unpacked, depth + 1)
        return
    text = _decoded(raw)
    yield name, text
    strings = list(_strings(text)) if text.lstrip()[:1] in {"{", "["} else []
    yield from ((name, string) for string in strings)
    for run in {run for string in (text, *strings) for run in _BASE64.findall(string)}:
        try:
            content = base64.b64decode(run + "=" * (-len(run) % 4), altchars=b"-_" if set(run) & set("-_") else None)
        except (ValueError, binascii.Error):
            continue
        yield from texts_in(f"{name} > base64", content, depth + 1)


def _members(name: str, raw: bytes) -> list[tuple[str, bytes]] | None:
    """Return what an archive holds; None where this is none."""
    if zipfile.is_zipfile(io.BytesIO(raw)):
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                _refuse_large(name, sum(info.file_size for info in archive.infolist()))
                return [(info.filename, archive.read(info)) for info in archive.infolist() if not info.is_dir()]
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise UnopenedError(f"{name}: this archive cannot be searched ({error}). Leave it out.") from None
    try:
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            found = [member for member in archive if member.isfile()]
            _refuse_large(name, sum(member.size for member in found))
            return [(member.name, archive.extractfile(member).read()) for member in found] or None
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError):
        return None


def _unpacked(name: str, raw: bytes) -> bytes | None:
    """Return what a compressed file holds; None where this is none."""
    for magic, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
        if raw.startswith(magic):
            try:
                with module.open(io.BytesIO(raw)) as file:
                    unpacked = file.read(MAX_BYTES + 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise UnopenedError(
                    f"{name}: this compressed file cannot be searched ({error}). Leave it out."
                ) from None
            _refuse_large(name, len(unpacked))
            return unpacked
    return None


def _refuse_large(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise UnopenedError(
            f"{name}: unpacked it is larger than {MAX_BYTES // 10**6} MB, too large to be searched. Leave it out."
        )


def _decoded(raw: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    return raw.decode("utf-8", "replace")


def _strings(text: str) -> Iterator[str]:
    """Yield the texts of a JSON document, lists of texts put together as notebooks want it."""
    try:
        todo = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            if value and all(isinstance(item, str) for item in value):
                yield "".join(value)
                yield "\n".join(value)
            else:
                todo += value
        elif isinstance(value, dict):
            todo += [*value, *value.values()]
