"""Strong and weak scaling: throughput of p processes as a share of p times that of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from .measurement import Measurement
from .setup import WHOLE


@dataclass(frozen=True)
class Line:
    """One row of a scaling table.

    Attributes:
        kind: "strong" (same global batch) or "weak" (same batch of each process).
        processes: How many.
        images: Images of a step, over all processes.
        images_per_second: Over all processes.
        efficiency: Of p times one process with as many cores as each of these has.
        against_one: Throughput as a share of one process with all of their cores and the same global batch; None on
            GPUs, and where that was not measured.
        all_reduce_share: Share of a step with an all-reduce under way.
    """

    kind: str
    processes: int
    images: int
    images_per_second: float
    efficiency: float
    against_one: float | None
    all_reduce_share: float


def lines(runs: Sequence[Measurement]) -> list[Line]:
    """Return the rows for the runs of a report, strong scaling first."""
    by = {(run.setup.processes, run.setup.cores, run.setup.parts): run for run in runs}
    share = runs[0].setup.cores
    single = by[1, share, WHOLE]
    found = []
    for kind in ("strong", "weak"):
        for count in sorted({run.setup.processes for run in runs}):
            run = by[count, share, WHOLE * (count if kind == "weak" else 1)]
            whole = by.get((1, share * count, run.setup.parts)) if share and count > 1 else None
            found.append(
                Line(
                    kind=kind,
                    processes=count,
                    images=run.images,
                    images_per_second=run.images_per_second,
                    efficiency=run.images_per_second / (count * single.images_per_second),
                    against_one=run.images_per_second / whole.images_per_second if whole else None,
                    all_reduce_share=run.all_reduce_share,
                )
            )
    return found
