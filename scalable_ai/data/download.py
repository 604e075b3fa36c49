"""Fetching one large file over a poor connection, without ever losing what has arrived."""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import requests
import urllib3

from .errors import DataError

MEANWHILE = "SCALABLE_AI_DATA=generated works without it meanwhile"


class _DeliveryError(Exception):
    """One address did not deliver; the next may."""


def download(
    urls: Sequence[str],
    target: Path,
    md5: str,
    *,
    stall_seconds: float = 30,
    total_seconds: float = 3600,
    echo: Callable[[str], None] = print,
) -> Path:
    """Download `target` from the first address that delivers it, and put it in place once its checksum is right.

    Bytes go to `<target>.part`, which survives an interruption and is continued from on the next call.

    Args:
        urls: Addresses of the same file, in order of preference.
        target: Where the file goes.
        md5: Its published checksum, in hexadecimal.
        stall_seconds: How long a server may send nothing.
        total_seconds: How long the whole download may take.
        echo: Receives lines of progress.

    Raises:
        DataError: No address delivered the file; the partial file is kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    deadline = time.monotonic() + total_seconds
    failures = []
    for url in urls:
        try:
            _continue(url, part, stall_seconds, deadline, echo)
            if md5_of(part) != md5:
                part.unlink()
                raise _DeliveryError("what it sent does not have the published checksum and was deleted")
        except (_DeliveryError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failures.append(f"{url} failed, {_explain(error, stall_seconds, total_seconds)}")
            continue
        part.replace(target)
        return target
    kept = (
        f"the {part.stat().st_size:,} bytes that arrived are kept in {part}, run the same again to resume, and "
        if part.exists()
        else "run the same again later, and "
    )
    raise DataError(target.name, "could not be downloaded: " + ", ".join(failures), kept + MEANWHILE)


def _continue(url: str, part: Path, stall_seconds: float, deadline: float, echo: Callable[[str], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(min(10, stall_seconds), stall_seconds)) as response:
        if response.status_code == 416:
            return  # nothing lies beyond what we have: the checksum decides
        if response.status_code not in (200, 206):
            raise _DeliveryError(f"HTTP status {response.status_code}")
        if "html" in response.headers.get("Content-Type", "").lower():
            raise _DeliveryError("it sent a web page instead of the file")
        resumed = response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code == 206 and not resumed:
            raise _DeliveryError("it sent another part of the file than the one asked for")
        have = have if resumed else 0
        total = have + int(response.headers.get("Content-Length", 0))
        echo(f"{'Resuming' if resumed else 'Downloading'} {url} ({total / 1e6:,.0f} MB)")
        shown = have * 10 // max(total, 1)
        # read1 returns what has arrived, so a trickle cannot hide from the time limit.
        read = getattr(response.raw, "read1", response.raw.read)
        chunk = read(1 << 16)
        if have == 0 and chunk.lstrip()[:1] == b"<":
            raise _DeliveryError("it sent a web page instead of the file")
        with part.open("ab" if resumed else "wb") as file:
            while chunk:
                file.write(chunk)
                have += len(chunk)
                if total and have * 10 // total > shown:
                    shown = have * 10 // total
                    echo(f"  {have / 1e6:,.0f} of {total / 1e6:,.0f} MB")
                if time.monotonic() > deadline:
                    raise _DeliveryError("it is too slow")
                chunk = read(1 << 16)
        if have < total:
            raise _DeliveryError(f"it stopped after {have:,} of {total:,} bytes")


def _explain(error: Exception, stall_seconds: float, total_seconds: float) -> str:
    if isinstance(error, _DeliveryError):
        return f"{error} (limit {total_seconds:.0f} s)" if "slow" in str(error) else str(error)
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)) or "timed out" in str(error):
        return f"it sent nothing for {stall_seconds:g} s"
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    return "the connection broke off"


def md5_of(path: Path) -> str:
    """Return the MD5 checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
