"""Read the text of a gallery: named right and wrong answers of a lesson's exercises."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(r"# %%\s*(?P<kind>\w+)\s*:\s*(?P<exercise>\w+)\s+-\s+(?P<title>\S.*?)\s*$")
_SAYS = re.compile(r"# says:\s*(?P<says>\S.*?)\s*$")
_SCORES = re.compile(r"# scores:\s*(?P<scores>.*?)\s*$")


@dataclass(frozen=True)
class Entry:
    """One named answer of a gallery."""

    kind: str
    """`right` or `wrong`."""
    exercise: str
    title: str
    line: int
    """Where its mark stands in the file, from 1."""
    says: str
    """A fragment of the message that the learner reads; empty for a right answer."""
    scores: str
    """The fraction of the points, as written; empty where it is not said."""
    code: str


def read_gallery(text: str) -> tuple[list[Entry], list[int]]:
    """Return the entries of a gallery and the lines, from 1, of marks that cannot be read."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r"# %%(\s|$)", line)]
    entries, unread = [], []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        match = _MARK.match(lines[start])
        if match is None or match["kind"] not in {"right", "wrong"}:
            unread.append(start + 1)
            continue
        body = lines[start + 1 : end]
        says = scores = ""
        while body and (found := _SAYS.match(body[0]) or _SCORES.match(body[0])):
            says, scores = found.groupdict().get("says") or says, found.groupdict().get("scores") or scores
            body = body[1:]
        code = "\n".join(body).strip("\n")
        entries.append(Entry(match["kind"], match["exercise"], match["title"], start + 1, says, scores, code))
    return entries, unread
