"""`scalable-ai bench kernels`: until a first cell is answered, in a stock kernel and a warm one, turn by turn."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import KernelProvisionerFactory
from rich.console import Console
from rich.table import Table

from scalable_ai.bench.report import write
from scalable_ai.bench.timing import Comparison
from scalable_ai.grading.warm import WarmProcess
from scalable_ai.lab.provisioner import lab_parent, register

FIRST_CELL = "import pytorch_lightning, torch\nprint(torch.ones(2).sum())"
STOCK = "local-provisioner"
NAMES = ("warm", "stock")
WHAT = ("first cell", "first cell after a restart")
LONGEST_WAIT = 600
"""Seconds for one answer."""


def bench_kernels(folder: Path, turns: int = 5) -> int:
    """Measure, print, store in a folder, and return the exit status."""
    if sys.platform != "linux":
        print("Kernels start as usual here: only on Linux they are forked from a warm parent.", file=sys.stderr)
        return 1
    try:
        lab_parent.start()
        comparisons = asyncio.run(_compare(turns))
    except OSError as error:
        print(f"There is no warm kernel to measure: {error}.", file=sys.stderr)
        return 1
    finally:
        lab_parent.stop()
    console = Console()
    console.print(table(comparisons))
    path = write(folder, "kernels-", {"comparisons": [{**asdict(one), "ratio": one.ratio} for one in comparisons]})
    console.print(f"Stored in {path}")
    return 0


def table(comparisons: list[Comparison]) -> Table:
    """Return medians, extremes and ratios."""
    shown = Table("until the answer of a", *NAMES, "ratio", title="Seconds from the request: median (least to most)")
    for one in comparisons:
        sides = (f"{statistics.median(turns):.2f} ({min(turns):.2f} to {max(turns):.2f})" for turns in one.seconds)
        shown.add_row(one.what, *sides, f"{one.ratio:.1f} ×")
    return shown


async def _compare(turns: int) -> list[Comparison]:
    provisioners = {"warm": register(), "stock": STOCK}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMES}
    for turn in range(turns + 1):
        for name in NAMES:
            measured = await _measure(provisioners[name])
            if turn:  # the first one reads files that the others find in memory
                seconds[name].append(measured)
    sides = [list(zip(*seconds[name], strict=True)) for name in NAMES]
    return [
        Comparison(what, "cells", 1, NAMES, (list(sides[0][at]), list(sides[1][at]))) for at, what in enumerate(WHAT)
    ]


async def _measure(provisioner: str) -> tuple[float, float]:
    """Return the seconds until a new kernel has answered, and until it has again after a restart."""
    KernelProvisionerFactory.instance().default_provisioner_name = provisioner
    manager = AsyncKernelManager(kernel_name="python3")
    started = time.perf_counter()
    await manager.start_kernel(stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels(hb=False)
    try:
        if provisioner != STOCK and not isinstance(manager.provisioner.process, WarmProcess):
            raise OSError("this one was started as usual")
        await _answer(client)
        first = time.perf_counter() - started
        started = time.perf_counter()
        await manager.restart_kernel(now=True)
        await _answer(client)
        return first, time.perf_counter() - started
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def _answer(client: AsyncKernelClient) -> None:
    await client.wait_for_ready(timeout=LONGEST_WAIT)
    reply = await client.execute_interactive(FIRST_CELL, timeout=LONGEST_WAIT, output_hook=lambda message: None)
    if reply["content"]["status"] != "ok":
        raise OSError(f"its cell failed ({reply['content']['ename']})")
