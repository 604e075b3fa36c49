"""What a prediction takes for granted beyond what was measured: each number has a name, a unit and a reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

from .setup import ScaleError


def _number(default: float, why: str) -> float:
    return field(default=default, metadata={"why": why})


@dataclass(frozen=True)
class Assumptions:
    """Inputs of the predictions; `--assume NAME=VALUE` changes one.

    Bandwidths are bytes a second in one direction for each process, latencies seconds a message. The metadata of each
    field says why it has the value that it has.
    """

    gpu_images_per_second: float = _number(
        150_000, "A GPU that nobody measured here: an A100 at the published record (400,000 images in about 2.6 s)."
    )
    gpu_fixed_seconds: float = _number(
        0.002, "What a step costs that GPU however few the images: kernels to start, the optimizer's matrices."
    )
    gpu_link_latency: float = _number(10e-6, "Between GPUs of one machine (NVLink, NCCL).")
    gpu_link_bandwidth: float = _number(200e9, "Between GPUs of one machine; PCI Express would be about 20e9.")
    fabric_latency: float = _number(20e-6, "Between machines with GPUs (InfiniBand or RoCE, NCCL).")
    fabric_bandwidth: float = _number(
        25e9, "Between machines with GPUs: 200 Gb/s for each GPU, that is one network card a GPU."
    )
    network_latency: float = _number(100e-6, "Between machines without GPUs (TCP, gloo).")
    network_bandwidth: float = _number(
        0.15e9, "Between machines without GPUs: 10 Gb/s, shared by the eight processes of a machine."
    )
    backward_share: float = _number(
        0.667, "Share of a pass's time that is the backward one, behind which DDP can hide gradients."
    )

    def changed(self, words: Iterable[str]) -> "Assumptions":
        """Return a copy with some values changed, each given as `NAME=VALUE`.

        Raises:
            ScaleError: There is no such name, or the value is no positive number.
        """
        known, values = [field.name for field in fields(self)], {}
        for word in words:
            name, _, text = word.partition("=")
            if name not in known:
                raise ScaleError(f"--assume {word}: there is no assumption {name!r}; choose of {', '.join(known)}.")
            try:
                values[name] = float(text)
            except ValueError:
                values[name] = 0.0
            if not 0 < values[name] < float("inf"):
                raise ScaleError(f"--assume {word}: the value must be a number above 0.")
        return replace(self, **values)
