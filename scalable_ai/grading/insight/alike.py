"""Hand-ins whose code is alike: winnowed fingerprints of tokens, without the scaffold and without what many share."""

from __future__ import annotations

import io
import keyword
import tokenize
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

TOKENS, WINDOW = 6, 4
"""A fingerprint covers so many tokens; one of so many in a row is kept (winnowing, Schleimer and others, 2003)."""
COMMON = 0.25
"""What more than this share of the class has is the ordinary way to write it."""
SMALL_CLASS = 8
"""In a class of less than this, only what all but a few share is left out as ordinary."""
LEAST_SHARED, LEAST_SHARE = 6, 0.6
MOST_PAIRS = 30
_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Pair:
    """Two learners whose code is alike."""

    left: str
    right: str
    shared: int
    """Fingerprints that both have, and few others."""
    share: float
    """Of the fingerprints of the one who has fewer."""


def tokens(code: str) -> list[str]:
    """Return a code's tokens; names that a writer chooses, numbers and texts are each as good as any other."""
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in _SKIPPED or not token.string.strip():
                continue
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                # What follows a dot belongs to a library more often than to the writer.
                found.append(token.string if found and found[-1] == "." else "name")
            elif token.type == tokenize.NUMBER:
                found.append("number")
            elif token.type == tokenize.STRING:
                found.append("text")
            else:
                found.append(token.string)
    except (tokenize.TokenError, IndentationError, SyntaxError, ValueError):
        pass  # what was read until there
    return found


def fingerprints(code: str) -> set[int]:
    """Return the winnowed fingerprints of a code: any run of `TOKENS` + `WINDOW` - 1 tokens leaves one at least."""
    found = tokens(code)
    hashes = [zlib.crc32("\0".join(found[at : at + TOKENS]).encode()) for at in range(len(found) - TOKENS + 1)]
    if not hashes:
        return set()
    return {min(hashes[at : at + WINDOW]) for at in range(max(1, len(hashes) - WINDOW + 1))}


def every_fingerprint(code: str) -> set[int]:
    """Return the fingerprints of a code at all places, for what is to be left out."""
    found = tokens(code)
    return {zlib.crc32("\0".join(found[at : at + TOKENS]).encode()) for at in range(len(found) - TOKENS + 1)}


def alike(codes: Mapping[str, Iterable[str]], scaffolds: Iterable[str] = ()) -> list[Pair]:
    """Return pairs of learners whose code is alike, the most alike first.

    Args:
        codes: Each learner's cells.
        scaffolds: What all learners were given.
    """
    given = set().union(*(every_fingerprint(text) for text in scaffolds))
    marks = {learner: set().union(*map(fingerprints, cells)) - given for learner, cells in codes.items()}
    spread = Counter(mark for found in marks.values() for mark in found)
    most = max(2, COMMON * len(marks)) if len(marks) >= SMALL_CLASS else max(2, len(marks) - 1)
    rare = {learner: {mark for mark in found if spread[mark] <= most} for learner, found in marks.items()}
    owners: dict[int, list[str]] = {}
    for learner, found in sorted(rare.items()):
        for mark in found:
            owners.setdefault(mark, []).append(learner)
    shared = Counter(pair for learners in owners.values() for pair in combinations(learners, 2))
    pairs = []
    for (left, right), number in shared.items():
        share = number / min(len(rare[left]), len(rare[right]))
        if number >= LEAST_SHARED and share >= LEAST_SHARE:
            pairs.append(Pair(left, right, number, share))
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.shared, pair.left, pair.right))[:MOST_PAIRS]
