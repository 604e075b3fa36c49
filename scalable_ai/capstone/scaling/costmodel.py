"""What a training step costs on any number of processes: a line for computing, a ring for sending.

A step of `n` images a process takes `fixed + per_image * n` seconds of computing. An all-reduce of `m` bytes in a ring
of `p` processes takes `2 (p - 1)` messages of `m / p` bytes, each `latency + bytes / bandwidth` (the alpha-beta model).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALL = 2048
"""Bytes of a small message: two statistics, float32, of 256 channels."""
FIRST_BUCKET, BUCKET = 2**20, 25 * 2**20
"""Bytes of the messages that DDP cuts gradients into."""


@dataclass(frozen=True)
class Compute:
    """Seconds of computing a step.

    Attributes:
        fixed: However few the images: starting operators, the optimizer.
        per_image: For each image of a process.
    """

    fixed: float
    per_image: float

    def seconds(self, images: float) -> float:
        """Return the seconds for a step of so many images in one process."""
        return self.fixed + self.per_image * images


@dataclass(frozen=True)
class Link:
    """A way between two processes.

    Attributes:
        latency: Seconds a message, however small.
        bandwidth: Bytes a second in one direction.
    """

    latency: float
    bandwidth: float

    def ring(self, num_bytes: float, processes: int) -> float:
        """Return the seconds of an all-reduce in a ring of processes."""
        return 2 * (processes - 1) * (self.latency + num_bytes / processes / self.bandwidth)


@dataclass(frozen=True)
class Cluster:
    """Machines of equally many processes; `between` is each process's own share of the network."""

    machines: int
    per_machine: int
    inside: Link
    between: Link

    @property
    def processes(self) -> int:
        """How many there are."""
        return self.machines * self.per_machine

    def all_reduce(self, num_bytes: float) -> float:
        """Return the seconds of an all-reduce: rings inside machines, and one between them for each part of the data.

        Each process of a machine ends the first ring with the sum of its part, exchanges that part alone with its
        peers on the other machines, and shares the result.
        """
        inside = self.inside.ring(num_bytes, self.per_machine)
        return inside + self.between.ring(num_bytes / self.per_machine, self.machines)


@dataclass(frozen=True)
class Traffic:
    """What the processes of a step send each other.

    Attributes:
        gradient_bytes: Size of all gradients, sent once a step.
        small_messages: Messages that stop the computing until they arrive: statistics of batch normalization.
        portions: Forward and backward passes a step; gradients are sent during the last.
    """

    gradient_bytes: int
    small_messages: float
    portions: int


@dataclass(frozen=True)
class Prediction:
    """A step on a cluster, with all that can be hidden of the gradients' way hidden, and with nothing hidden.

    Attributes:
        name: What was predicted.
        processes: How many.
        images: Images of a step, over all processes.
        quick: Seconds of a step at best.
        slow: Seconds of a step at worst.
        computing: Seconds of it that are spent computing.
        single: Images a second of one process with the same images a step (weak) or the whole batch (strong).
    """

    name: str
    processes: int
    images: int
    quick: float
    slow: float
    computing: float
    single: float

    @property
    def throughput(self) -> tuple[float, float]:
        """Images a second over all processes, at worst and at best."""
        return self.images / self.slow, self.images / self.quick

    @property
    def efficiency(self) -> tuple[float, float]:
        """Throughput as a share of so many single processes', at worst and at best."""
        low, high = (value / (self.single * self.processes) for value in self.throughput)
        return low, high


def predict(
    name: str, compute: Compute, traffic: Traffic, cluster: Cluster, images: int, weak: bool, backward_share: float
) -> Prediction:
    """Predict a step.

    Args:
        name: Of the prediction.
        compute: Of one process.
        traffic: What a step sends.
        cluster: Where.
        images: Of a step: of each process (weak scaling), or of all together.
        weak: Which of the two.
        backward_share: Share of a pass behind which gradients can travel.
    """
    each = images if weak else images / cluster.processes
    computing = compute.seconds(each)
    small = traffic.small_messages * cluster.all_reduce(SMALL)
    gradients = cluster.all_reduce(traffic.gradient_bytes)
    hidden = min(gradients, backward_share * compute.per_image * each / traffic.portions)
    # The last bucket is full when the backward pass is over, so at least its way is seen.
    last = min(gradients, cluster.all_reduce(min(FIRST_BUCKET, traffic.gradient_bytes)))
    return Prediction(
        name=name,
        processes=cluster.processes,
        images=round(each * cluster.processes),
        quick=computing + small + max(last, gradients - hidden),
        slow=computing + small + gradients,
        computing=computing,
        single=images / compute.seconds(images),
    )


def buckets(gradient_bytes: int) -> int:
    """Return how many messages DDP sends gradients of this size in."""
    return 1 + max(0, math.ceil((gradient_bytes - FIRST_BUCKET) / BUCKET))


def fit_compute(points: Sequence[tuple[float, float]]) -> Compute:
    """Fit the line to (images of a step, seconds) of single processes; neither of its numbers is below 0."""
    fixed, per_image = _fit([(1.0, images) for images, _ in points], [seconds for _, seconds in points])
    return Compute(fixed, per_image)


def fit_link(points: Sequence[tuple[float, float]], processes: int) -> Link:
    """Fit latency and bandwidth to (bytes, seconds) of all-reduces alone."""
    hops = 2 * (processes - 1)
    latency, inverse = _fit([(hops, hops * size / processes) for size, _ in points], [seconds for _, seconds in points])
    return Link(latency, 1 / max(inverse, 1e-15))


def _fit(rows: Sequence[tuple[float, float]], seconds: Sequence[float]) -> tuple[float, float]:
    """Return the two factors, neither below 0, with the least sum of squared relative errors."""
    times = np.asarray(seconds)
    matrix, ones = np.asarray(rows) / times[:, None], np.ones(len(times))
    found = np.linalg.lstsq(matrix, ones, rcond=None)[0]
    for column in np.flatnonzero(found < 0)[:1]:
        other = 1 - column
        found[column], found[other] = 0.0, matrix[:, other].sum() / np.square(matrix[:, other]).sum()
    return float(found[0]), float(found[1])
