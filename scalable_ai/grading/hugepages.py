"""Huge pages under what a process has in memory: a fork copies, and its end frees, a hundredth of the entries."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

SIZE = 2 << 20
STEP = 8 * SIZE
"""What is done between two looks at other work: some ten milliseconds."""
MADV_HUGEPAGE, MADV_COLLAPSE = 14, 25
_ANONYMOUS = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0 *(?:\[heap\])?$")


def collapse() -> Iterator[int]:
    """Put huge pages under this process's own memory step by step; give bytes done, 1 where the kernel does not."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for start, end in _ranges():
        madvise(start, end - start, MADV_HUGEPAGE)
        for here in range(start, end, STEP):
            size = min(STEP, end - here)
            yield size if madvise(here, size, MADV_COLLAPSE) == 0 else 1


def _ranges() -> list[tuple[int, int]]:
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        place = _ANONYMOUS.match(line)
        if place:
            start, end = -(-int(place[1], 16) // SIZE) * SIZE, int(place[2], 16) // SIZE * SIZE
            if start < end:
                found.append((start, end))
    return found
