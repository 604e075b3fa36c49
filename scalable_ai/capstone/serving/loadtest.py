"""`scalable-ai capstone load-test`: how a server on this machine answers alone, saturated and at half that load.

The generator is a process of its own without NumPy or PyTorch, sends one request that was made beforehand, and reports
the processor time that it took and how late it sent; a table with a late generator says little about the server.
"""

import contextlib
import io
import ipaddress
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from .model import ServingError

START_SECONDS = 120
MAX_RATE = 20_000
WARM_UP = 1.0
GOAL = 3.0


@dataclass(frozen=True)
class Figures:
    """What was measured of one server.

    Attributes:
        name: Which server.
        single: Median latency in seconds of one request after the other.
        throughput: Answers a second with all clients sending at once.
        rate: Requests a second at half that load.
        p50: Median latency in seconds at half load.
        p99: Latency in seconds that 99 of 100 requests at half load stay below.
        requests: Answered requests at half load.
        failed: Requests of all parts that were not answered with status 200.
        lateness: How late in seconds the generator sent 99 of 100 requests at most.
        generator: The generator's processor time at half load, as a share of one core.
    """

    name: str
    single: float
    throughput: float
    rate: float
    p50: float
    p99: float
    requests: int
    failed: int
    lateness: float
    generator: float

    @property
    def ratio(self) -> float:
        """The p99 at half load by the latency of a single request."""
        return self.p99 / self.single


def load_test(
    url: str | None,
    model: Path | None,
    batching: dict,
    clients: int,
    seconds: float,
    seed: int = 0,
    output: Path = Path("load-test.json"),
) -> list[Figures]:
    """Measure, print a table and store the figures as JSON.

    Args:
        url: A server on this machine; None starts one with and one without micro-batching, one after the other.
        model: The ONNX file of servers that are started.
        batching: Options of `serve`, by name without dashes.
        clients: Connections.
        seconds: Of each part.
        seed: Of the arrivals.
        output: The JSON file.

    Raises:
        ServingError: The address is not on this machine, or a server does not start or answer.
    """
    if url:
        figures = [measure(url, *_address(url), clients, seconds, seed)]
    else:
        figures = []
        for name, options in (("batching", batching), ("no batching", {**batching, "max-batch": 1, "max-wait-ms": 0})):
            with started(model, options) as (host, port):
                print(f"Measuring {name} …", flush=True)
                figures.append(measure(name, host, port, clients, seconds, seed))
    _print(figures)
    _store(output, figures, {"url": url, "model": str(model), **batching, "clients": clients, "seconds": seconds})
    print(f"Stored in {output}")
    return figures


def measure(name: str, host: str, port: int, clients: int, seconds: float, seed: int) -> Figures:
    """Return a server's figures."""
    job = {"host": host, "port": port, "request": _request(host, port).decode("latin-1"), "clients": clients}
    generate({**job, "kind": "closed", "seconds": min(WARM_UP, seconds)})
    single = generate({**job, "kind": "single", "seconds": seconds})
    full = generate({**job, "kind": "closed", "seconds": seconds})
    if not single["latencies"] or not full["latencies"]:
        raise ServingError(f"{host}:{port}: no request was answered with status 200; is this the capstone's server?")
    throughput = len(full["latencies"]) / full["wall"]
    rate = min(throughput / 2, MAX_RATE)
    # More connections than before: at an open load they must not be what limits.
    half = generate({**job, "kind": "open", "clients": 4 * clients, "seconds": seconds, "rate": rate, "seed": seed})
    if not half["latencies"]:
        raise ServingError(f"{host}:{port}: no request at half load was answered; give it more --seconds.")
    return Figures(
        name,
        statistics.median(single["latencies"]),
        throughput,
        rate,
        float(np.quantile(half["latencies"], 0.5)),
        float(np.quantile(half["latencies"], 0.99)),
        len(half["latencies"]),
        sum(sum(part["statuses"].values()) - len(part["latencies"]) for part in (single, full, half)),
        float(np.quantile(half["lateness"], 0.99)),
        half["processor"] / half["wall"],
    )


def generate(job: dict) -> dict:
    """Run one job in a generator process and return its result.

    Raises:
        ServingError: The server cannot be reached.
    """
    command = [sys.executable, "-I", str(Path(__file__).with_name("generator.py"))]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise ServingError(f"{job['host']}:{job['port']}: the server cannot be loaded ({reason}).")
    return json.loads(done.stdout)


@contextlib.contextmanager
def started(model: Path, options: dict) -> Iterator[tuple[str, int]]:
    """Start a server on a free port of this machine, yield its address, and end it."""
    command = [sys.executable, "-m", "scalable_ai.capstone", "serve", "--model", str(model), "--port", "0"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            ready = select.select([server.stdout], [], [], START_SECONDS)[0]
            line = server.stdout.readline() if ready else ""
            if " at http://" not in line:
                server.kill()
                raise ServingError(server.stderr.read().strip() or f"The server did not start in {START_SECONDS} s.")
            yield _address(line.split(" at ", 1)[1].split(" ", 1)[0])
        finally:
            server.terminate()
            try:
                server.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback or parts.scheme != "http":
        raise ServingError(f"{url}: a load test goes to this machine only; name an address like http://127.0.0.1:8000.")
    return host, port


def _request(host: str, port: int) -> bytes:
    """Return a whole HTTP request with a picture of CIFAR-10's size."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    body = picture.getvalue()
    head = f"POST /classify HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: image/png\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def _print(figures: list[Figures]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", *(one.name for one in figures), title="One server, requests with a 32 by 32 PNG each")
    rows = {
        "single request, median": lambda one: f"{1000 * one.single:.2f} ms",
        "saturated": lambda one: f"{one.throughput:,.0f} /s",
        "half of that, open arrivals": lambda one: f"{one.rate:,.0f} /s ({one.requests:,} requests)",
        "  p50": lambda one: f"{1000 * one.p50:.2f} ms",
        "  p99": lambda one: f"{1000 * one.p99:.2f} ms",
        f"p99 by single request (goal: at most {GOAL:g})": lambda one: f"{one.ratio:.2f}",
        "not answered with 200": lambda one: f"{one.failed:,}",
        "generator: sent late by, p99": lambda one: f"{1000 * one.lateness:.2f} ms",
        "generator: share of a core": lambda one: f"{one.generator:.0%}",
    }
    for text, show in rows.items():
        table.add_row(text, *map(show, figures))
    Console().print(table)


def _store(path: Path, figures: list[Figures], settings: dict) -> None:
    record = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: metadata.version(name) for name in ("fastapi", "uvicorn", "onnxruntime", "pillow")},
        "settings": settings,
        "figures": [{**asdict(one), "ratio": one.ratio} for one in figures],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ServingError(f"{path}: the figures cannot be written here ({error.strerror}); name another.") from None
