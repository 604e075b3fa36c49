"""What is remembered of how a hand-in was collected: beside its files, for grading to tell the learner."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

RECORD = "collected.json"
MAX_BYTES = 1_000_000


def record_text(source: str, notes: dict[str, list[str]], earlier: Iterable[str] = ()) -> str:
    """Return the record of a hand-in.

    Args:
        source: The name of the archive or folder that it came from.
        notes: What is odd about each file; under the empty name, about the whole.
        earlier: The digests of what was there before.
    """
    said = {"from": source, "notes": notes, "earlier": list(earlier)}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def digest(files: Mapping[str, bytes]) -> str:
    """Return a digest of a hand-in's files."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(content).digest())
    return whole.hexdigest()


def source_and_earlier(record: bytes) -> tuple[str, list[str]]:
    """Return where a recorded hand-in came from, and the digests of what was there before it."""
    try:
        said = json.loads(record)
        source, earlier = said.get("from", ""), said.get("earlier", [])
        return str(source), [one for one in earlier if isinstance(one, str)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return "", []


def notes_about(folder: Path, name: str) -> list[str]:
    """Return what a learner should know of how a file was taken in; nothing where it was not collected."""
    path = folder / RECORD
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            return []
        notes = json.loads(path.read_text(encoding="utf-8"))["notes"].get(name, [])
        return [text for text in notes if isinstance(text, str)]
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return []
