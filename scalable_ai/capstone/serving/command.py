"""The options of `serve` and `load-test`."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def serve(options: Sequence[str]) -> None:
    """Parse the options of `serve` and run it."""
    parser = argparse.ArgumentParser(prog="scalable-ai capstone serve", description="Answer over HTTP with a model.")
    _add_model(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (127.0.0.1: this machine only)")
    parser.add_argument("--port", type=_number(int, 0, 65535), default=8000, metavar="N", help="0: a free one (8000)")
    _add_batching(parser)
    parser.add_argument("--max-queue", type=_number(int, 1), default=256, metavar="N", help="images that wait (256)")
    parser.add_argument("--max-body-mb", type=_number(float, 0.001), default=8, metavar="N", help="MiB a request (8)")
    wanted = parser.parse_args(options)

    from .app import Limits
    from .model import find_model
    from .server import serve

    limits = Limits(wanted.max_batch, wanted.max_wait_ms / 1000, wanted.max_queue, int(wanted.max_body_mb * 2**20))
    model = wanted.model or find_model(wanted.runs, wanted.precision)
    serve(model, wanted.host, wanted.port, limits, wanted.threads)


def load_test(options: Sequence[str]) -> None:
    """Parse the options of `load-test` and run it."""
    parser = argparse.ArgumentParser(
        prog="scalable-ai capstone load-test",
        description="Measure a server on this machine: alone, saturated, and at half the saturated load.",
    )
    parser.add_argument("--url", help="a server on this machine; one is started with and without batching if left out")
    _add_model(parser)
    _add_batching(parser)
    parser.add_argument("--clients", type=_number(int, 1, 256), default=32, metavar="N", help="connections (32)")
    parser.add_argument("--seconds", type=_number(float, 0.2, 300), default=10, metavar="S", help="of each part (10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the arrivals (0)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the figures go (load-test.json)")
    wanted = parser.parse_args(options)

    from .loadtest import load_test
    from .model import find_model

    model = None if wanted.url else wanted.model or find_model(wanted.runs, wanted.precision)
    batching = {"max-batch": wanted.max_batch, "max-wait-ms": wanted.max_wait_ms, "threads": wanted.threads}
    load_test(
        wanted.url,
        model,
        batching,
        wanted.clients,
        wanted.seconds,
        wanted.seed,
        wanted.output or Path("load-test.json"),
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="PATH", help="an ONNX file; the newest run's when left out")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="of the newest run (runs)")
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32", help="of the newest run's file (fp32)")


def _add_batching(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-batch", type=_number(int, 1, 4096), default=32, metavar="N", help="images a batch (32)")
    wait = "how long a batch's first image waits for others (2)"
    parser.add_argument("--max-wait-ms", type=_number(float, 0, 60_000), default=2, metavar="MS", help=wait)
    parser.add_argument(
        "--threads", type=_number(int, 0, 1024), default=0, metavar="N", help="of one inference (0: one a core)"
    )


def _number(kind: type, low: float, high: float = float("inf")) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not from {low:g} to {high:g}")
        return value

    parse.__name__ = "whole number" if kind is int else "number"
    return parse
