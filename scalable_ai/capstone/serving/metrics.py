"""What the server counts, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """One server's metrics, in a registry of its own.

    Args:
        waiting: Returns the number of images that wait.
        max_batch: Images in one batch, at most.
    """

    def __init__(self, waiting: Callable[[], int], max_batch: int):
        self.registry = CollectorRegistry()
        sizes = sorted({size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256) if size < max_batch} | {max_batch})
        self.requests = Counter("capstone_requests", "Answered requests.", ("route", "status"), registry=self.registry)
        self.latency = Histogram(
            "capstone_request_seconds", "Time of a request.", ("route",), registry=self.registry, buckets=SECONDS
        )
        self.batches = Histogram("capstone_batch_images", "Images of a batch.", registry=self.registry, buckets=sizes)
        self.inference = Histogram(
            "capstone_inference_seconds", "Time of a batch's inference.", registry=self.registry, buckets=SECONDS
        )
        self.refused = Counter("capstone_refused", "Requests refused when busy.", registry=self.registry)
        Gauge("capstone_waiting_images", "Images that wait.", registry=self.registry).set_function(waiting)

    def batch(self, size: int, seconds: float) -> None:
        """Note one run of the network."""
        self.batches.observe(size)
        self.inference.observe(seconds)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Note one answered request; `route` is the pattern, not the path, so that there are few."""
        self.requests.labels(route, str(status)).inc()
        self.latency.labels(route).observe(seconds)
