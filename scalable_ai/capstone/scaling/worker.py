"""One process of a measured run: kept to its cores, it trains as `fit` does and writes down what its steps took.

`python -m scalable_ai.capstone.scaling.worker --record FOLDER [options of its own] [options of fit]`; Lightning starts
the other processes of a run with the same words.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

FILE = "process-{rank}.json"


def main(argv: Sequence[str]) -> None:
    """Train for a few steps and write `process-RANK.json` into the folder named by `--record`."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--record", type=Path, required=True, help="where each process writes its file")
    parser.add_argument("--cores", type=json.loads, help="cores of each process, as a list of lists; all when left out")
    parser.add_argument("--warmup", type=int, required=True, help="steps before the clock counts")
    parser.add_argument("--steps", type=int, required=True, help="timed steps")
    parser.add_argument("--profiled", type=int, required=True, help="steps after those, under the profiler")
    own, options = parser.parse_known_args(argv)
    if own.cores:
        stay_on(own.cores[int(os.environ.get("LOCAL_RANK", "0"))])

    from scalable_ai.capstone import fit

    from .clock import Clock

    clock = Clock(own.record, own.warmup, own.steps, own.profiled)
    # The clock stops the run; up to half of all steps may be what is left of an epoch, which it does not count.
    fit([*options, "--trainer.max_epochs", "-1", "--trainer.max_steps", str(2 * clock.num_steps)], [clock])


def stay_on(cores: list[int]) -> None:
    """Keep this process to some cores, one thread on each; must come before PyTorch is imported."""
    os.environ["OMP_NUM_THREADS"] = str(len(cores))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    main(sys.argv[1:])
