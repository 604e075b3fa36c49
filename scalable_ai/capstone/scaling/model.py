"""The cost model of one report: fitted to its measurements, compared with them, carried on to larger clusters."""

from collections.abc import Sequence
from dataclasses import dataclass

from .assumption import Assumptions
from .costmodel import Cluster, Compute, Link, Prediction, Traffic, buckets, fit_compute, fit_link, predict
from .measurement import Measurement


@dataclass(frozen=True)
class Check:
    """The model beside a run.

    Attributes:
        setup: The run.
        images: Of its steps.
        fitted: Whether the model was fitted to this run; if not, it is a true test.
        measured: Seconds of a step.
        modelled: Seconds of a step by the model.
    """

    setup: str
    images: int
    fitted: bool
    measured: float
    modelled: float

    @property
    def error(self) -> float:
        """How far the model is off, as a share of what was measured."""
        return self.modelled / self.measured - 1


@dataclass(frozen=True)
class Model:
    """What was fitted.

    Attributes:
        compute: To single processes.
        link: To all-reduces alone; None where there was one process only.
        traffic: Counted.
        link_error: Largest relative error of the link's fit over all sizes; None without a link.
        hidden: Share of the all-reduce time that was hidden behind computing, as profiled.
        checks: The model beside each run that it speaks of.
    """

    compute: Compute
    link: Link | None
    traffic: Traffic
    link_error: float | None
    hidden: float
    checks: list[Check]


def fit_model(runs: Sequence[Measurement], backward_share: float) -> Model:
    """Fit the cost model to the runs of a report.

    Args:
        runs: As `setups` orders them: the first is a single process with its share of the cores.
        backward_share: See `Assumptions`.
    """
    share = runs[0].setup.cores
    alone = [run for run in runs if run.setup.processes == 1 and run.setup.cores == share]
    together = [run for run in runs if run.setup.processes > 1]
    compute = fit_compute([(run.images, run.seconds) for run in alone])
    traffic = _traffic(alone[0], together)
    link, link_error, hidden = None, None, 0.0
    if together:
        # With the most processes: a ring of those is what is predicted from.
        widest = max(together, key=lambda run: run.setup.processes)
        count = widest.setup.processes
        link = fit_link([tuple(point) for point in widest.link], count)
        link_error = max(abs(link.ring(size, count) / seconds - 1) for size, seconds in widest.link)
        hidden = widest.hidden_seconds / widest.all_reduce_seconds if widest.all_reduce_seconds else 0.0
    checks = []
    for run in [*alone, *together]:
        cluster = Cluster(1, run.setup.processes, link or Link(0, 1), Link(0, 1))
        found = predict("", compute, traffic, cluster, run.images, False, backward_share)
        seconds = found.slow - hidden * (found.slow - found.quick)
        checks.append(Check(str(run.setup), run.images, run in alone, run.seconds, seconds))
    return Model(compute, link, traffic, link_error, hidden, checks)


def _traffic(alone: Measurement, together: Sequence[Measurement]) -> Traffic:
    small = 2 * alone.shared_norms * alone.portions
    if together:
        small = together[0].messages - buckets(alone.gradient_bytes)
    return Traffic(alone.gradient_bytes, max(0.0, small), alone.portions)


def predictions(model: Model, measured: Measurement, assumed: Assumptions) -> list[Prediction]:
    """Predict 8 processes of one machine and 8 machines of 8, on processors as measured and on GPUs.

    Args:
        model: Fitted to what was measured.
        measured: A single process with the configuration's batch.
        assumed: What was not measured.
    """
    images, traffic = measured.images, model.traffic
    gpu_inside = Link(assumed.gpu_link_latency, assumed.gpu_link_bandwidth)
    fabric = Link(assumed.fabric_latency, assumed.fabric_bandwidth)
    if measured.setup.cores:
        kinds = []
        if model.link:
            network = Link(assumed.network_latency, assumed.network_bandwidth)
            kinds.append(("processes", model.compute, traffic, model.link, network))
        gpu = Compute(assumed.gpu_fixed_seconds, 1 / assumed.gpu_images_per_second)
        # A GPU holds the whole batch at once.
        whole = Traffic(traffic.gradient_bytes, traffic.small_messages / traffic.portions, 1)
        kinds.append(("GPUs", gpu, whole, gpu_inside, fabric))
    else:
        kinds = [("GPUs", model.compute, traffic, model.link or gpu_inside, fabric)]
    found = []
    for kind, compute, sent, inside, between in kinds:
        for machines in (1, 8):
            cluster = Cluster(machines, 8, inside, between)
            where = f"8 {kind}" if machines == 1 else f"8 machines of 8 {kind}"
            for weak in (False, True):
                name = f"{where}, {'weak' if weak else 'strong'}"
                found.append(predict(name, compute, sent, cluster, images, weak, assumed.backward_share))
    return found
