"""Limits that the kernel holds for a box: what goes beyond them is refused where it is asked for."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

from scalable_ai.grading.sandbox.box import Limits

NO_CORE_DUMP = 1
"""Too small for a file, and the one size at which a dump is not handed to the machine's own program either."""
FIRST_TO_END = "1000"
"""A machine that is out of memory ends a box first: between two looks at a box it may take all that there is."""
CPU_GRACE = 5
"""Seconds from the signal that can be handled to the one that cannot."""


def apply(limits: Limits, own_user: bool) -> None:
    """Limit this process and all that it starts.

    Args:
        limits: What is allowed.
        own_user: Whether no process outside the box has its user; else those are not counted against it.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_END)
    others = 0 if own_user else _tasks_of_all_users()
    wanted = {
        resource.RLIMIT_DATA: limits.memory + _data_of_this_process(),
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes + others,
        resource.RLIMIT_CORE: NO_CORE_DUMP,
    }
    for kind, amount in wanted.items():
        _lower(kind, amount, amount)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + CPU_GRACE)


def _lower(kind: int, soft: int, hard: int) -> None:
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def _data_of_this_process() -> int:
    """Return what was inherited from the warm parent, which is not held against the learner."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _tasks_of_all_users() -> int:
    return int(Path("/proc/loadavg").read_text().split()[3].split("/")[1])
