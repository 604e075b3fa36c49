"""Where runs lie, which is the newest, and how a checkpoint is opened."""

import os
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from .model import Network

CHECKPOINT = "checkpoint.ckpt"
RUN_VARIABLE = "SCALABLE_AI_RUN"
PREFIX = "network."


class CheckpointError(Exception):
    """A checkpoint that cannot be used, told in one sentence."""


@dataclass(frozen=True)
class Loaded:
    """What a checkpoint holds.

    Attributes:
        network: The trained network, in eval mode, on the CPU.
        classes: Class names, by position in the output.
        source: Kind of data that it learned from.
        data: Settings of the data module, by name.
        path: The file.
    """

    network: Network
    classes: tuple[str, ...]
    source: str
    data: dict
    path: Path


def new_run(root: Path, name: str | None) -> Path:
    """Return the folder of a new run, the same one in every process of the run; it is not made yet."""
    # Lightning's launcher starts the other processes with this environment.
    chosen = os.environ.get(RUN_VARIABLE) if "LOCAL_RANK" in os.environ else None
    chosen = chosen or name or os.environ.get("SLURM_JOB_ID") or time.strftime("%Y%m%d-%H%M%S")
    if name is None:
        base, count = chosen, 1
        while "LOCAL_RANK" not in os.environ and (root / chosen).exists():
            count += 1
            chosen = f"{base}-{count}"
    os.environ[RUN_VARIABLE] = chosen
    return root / chosen


def mark_latest(run: Path) -> None:
    """Note a run as the newest of its folder, in a plain file that any system can write."""
    (run.parent / "latest").write_text(run.name + "\n", encoding="utf-8")


def newest_checkpoint(root: Path = Path("runs")) -> Path:
    """Return the checkpoint of the newest run below `root`.

    Raises:
        CheckpointError: There is none.
    """
    try:
        path = root / (root / "latest").read_text(encoding="utf-8").strip() / CHECKPOINT
    except OSError:
        raise CheckpointError(
            f"{root}: no run is noted here; run `scalable-ai capstone fit` first or name a file with --checkpoint."
        ) from None
    if not path.is_file():
        raise CheckpointError(f"{path}: the newest run's checkpoint is gone; name another file with --checkpoint.")
    return path


def load_network(path: Path) -> Loaded:
    """Open a checkpoint that `fit` wrote, without running any code from it.

    Raises:
        CheckpointError: The file is missing or no such checkpoint, or its weights do not fit the network; missing and
            unexpected names are told.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such checkpoint; name one that exists or run `fit` first.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        hparams, weights = saved["hyper_parameters"], saved["state_dict"]
        classes, source = tuple(saved["classes"]), saved["source"]
        network = Network(hparams["num_classes"], tuple(hparams["widths"]))
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as error:
        kind = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: this is not a checkpoint of this capstone ({kind}); run `fit` again.") from None
    own = {name.removeprefix(PREFIX): value for name, value in weights.items() if name.startswith(PREFIX)}
    _check_fit(path, own, network.state_dict())
    network.load_state_dict(own)
    data = dict(saved.get("datamodule_hyper_parameters", {}))
    return Loaded(network.eval(), classes, source, data, path)


def _check_fit(path: Path, saved: dict, expected: dict) -> None:
    problems = []
    if missing := sorted(expected.keys() - saved.keys()):
        problems.append(f"missing {', '.join(missing)}")
    if unexpected := sorted(saved.keys() - expected.keys()):
        problems.append(f"unexpected {', '.join(unexpected)}")
    for name in sorted(expected.keys() & saved.keys()):
        if saved[name].shape != expected[name].shape:
            problems.append(f"{name} has shape {list(saved[name].shape)}, not {list(expected[name].shape)}")
    if problems:
        advice = "use the code that wrote it or run `fit` again"
        raise CheckpointError(f"{path}: its weights do not fit the network ({'; '.join(problems)}); {advice}.")
