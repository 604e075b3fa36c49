"""Which runs a scaling report is made of."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CapstoneError


class ScaleError(CapstoneError):
    """A report that cannot be made, told in one sentence."""


@dataclass(frozen=True)
class Setup:
    """One run to measure.

    Attributes:
        processes: How many.
        cores: Processor cores of each; 0 where each has a GPU.
        parts: Size of the global batch, in quarters of the configuration's.
    """

    processes: int
    cores: int
    parts: int

    def __str__(self) -> str:
        each = f"{self.cores} {'core' if self.cores == 1 else 'cores'}" if self.cores else "one GPU"
        return f"{self.processes} {'process' if self.processes == 1 else 'processes'}, {each} each"

    def shares(self, available: list[int]) -> list[list[int]]:
        """Return the cores of each process, taken from those available."""
        return [available[rank * self.cores :][: self.cores] for rank in range(self.processes)]


WHOLE = 4
"""Parts that make up the configuration's batch."""


def setups(processes: Iterable[int], cores: int, gpus: int) -> list[Setup]:
    """Return the runs of a report, each once.

    For p processes there is one with the configuration's batch (strong scaling), one with p times as much (weak
    scaling) and, on a CPU, one with a single process on as many cores as the p have together. Half and a quarter of
    the batch in one process are what the cost model learns from.

    Args:
        processes: Numbers of processes to measure.
        cores: Processor cores that are available.
        gpus: GPUs that are available; with 0, processes share the cores.

    The first run is a single process with its share of the cores and the configuration's batch.

    Raises:
        ScaleError: There are more processes than cores, or GPUs.
    """
    wanted = sorted({1, *processes})
    if wanted[0] < 1:
        raise ScaleError(f"--processes {wanted[0]}: name whole numbers from 1 up, such as 1,2.")
    most = wanted[-1]
    if most > (gpus or cores):
        kind = ("GPU" if gpus == 1 else "GPUs") if gpus else ("core" if cores == 1 else "cores")
        raise ScaleError(f"--processes {most}: each needs its own, and this machine gives {gpus or cores} {kind}.")
    share = 0 if gpus else cores // most
    found = [Setup(1, share, WHOLE), Setup(1, share, 1), Setup(1, share, 2)]
    for count in wanted:
        found += [Setup(1, share * count, WHOLE), Setup(count, share, WHOLE), Setup(count, share, WHOLE * count)]
    return list(dict.fromkeys(found))
