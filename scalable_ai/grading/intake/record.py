"""What is remembered of how a hand-in was collected: beside its files, for grading to tell the learner."""

from __future__ import annotations

import json
from pathlib import Path

RECORD = "collected.json"
MAX_BYTES = 1_000_000


def record_text(source: str, notes: dict[str, list[str]]) -> str:
    """Return the record of a hand-in.

    Args:
        source: The name of the archive or folder that it came from.
        notes: What is odd about each file; under the empty name, about the whole.
    """
    return json.dumps({"from": source, "notes": notes}, ensure_ascii=False, indent=1) + "\n"


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
