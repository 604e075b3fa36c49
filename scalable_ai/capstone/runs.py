"""Where runs lie, which is the newest, and how a checkpoint is opened."""

import os
import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from .errors import CapstoneError
from .model import build_network

CHECKPOINT = "checkpoint.ckpt"
RUN_VARIABLE = "SCALABLE_AI_RUN"
PREFIX = "network."
MOST_NAMED = 3
ANOTHER = "name one that `scalable-ai capstone fit` wrote, or run it again"


class CheckpointError(CapstoneError):
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
        hparams: Settings of the module that trained it, by name.
    """

    network: nn.Module
    classes: tuple[str, ...]
    source: str
    data: dict
    path: Path
    hparams: dict = field(default_factory=dict)

    def fresh(self) -> nn.Module:
        """Return an untrained network of the same kind, in eval mode."""
        return build_network(self.hparams).eval()


@contextmanager
def own_run() -> Iterator[None]:
    """Forget the run's name at its end: a run that this program starts later is another one."""
    before = os.environ.get(RUN_VARIABLE)
    try:
        yield
    finally:
        os.environ.pop(RUN_VARIABLE, None)
        if before is not None:
            os.environ[RUN_VARIABLE] = before


def new_run(root: Path, name: str | None) -> Path:
    """Return the folder of a new run, the same one in every process of the run; it is not made yet."""
    # Lightning's launcher starts the other processes with this environment.
    chosen = os.environ.get(RUN_VARIABLE) if "LOCAL_RANK" in os.environ else None
    chosen = chosen or name or os.environ.get("SLURM_JOB_ID") or _agreed(time.strftime("%Y%m%d-%H%M%S"))
    if name is None:
        base, count = chosen, 1
        while "LOCAL_RANK" not in os.environ and (root / chosen).exists():
            count += 1
            chosen = f"{base}-{count}"
    os.environ[RUN_VARIABLE] = chosen
    return root / chosen


def _agreed(proposed: str) -> str:
    """Return what the first of the processes that `torchrun` started proposes: their clocks may differ."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return proposed
    # torchrun's own store, which is there before any process group.
    store = dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
    return store.compare_set("capstone/run", "", proposed).decode()


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


def read_checkpoint(path: Path) -> dict:
    """Return what a checkpoint holds, on the CPU, without running any code from it.

    Raises:
        CheckpointError: The file is missing, is no PyTorch file, or holds more than tensors and plain values.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such checkpoint; name one that exists or run `fit` first.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    # PyTorch's own words would advise to run the code that a file may hold.
    except pickle.UnpicklingError:
        kind = "it does not hold plain tensors and values alone"
        raise CheckpointError(f"{path}: this is not a checkpoint of this capstone ({kind}); {ANOTHER}.") from None
    except PermissionError:
        raise
    except (OSError, RuntimeError, EOFError, ValueError, KeyError):
        kind = "it is damaged or cut short"
        raise CheckpointError(f"{path}: this is not a checkpoint of this capstone ({kind}); {ANOTHER}.") from None


def check_resumable(path: Path, module: nn.Module) -> None:
    """Check that a run of a module can go on from a checkpoint.

    Args:
        path: The checkpoint.
        module: The LightningModule that is to be trained.

    Raises:
        CheckpointError: It is no whole checkpoint, or one of a network that differs.
    """
    saved = read_checkpoint(path)
    needed = {"state_dict", "optimizer_states", "lr_schedulers", "loops"}
    if not isinstance(saved, dict) or not needed <= saved.keys():
        raise CheckpointError(f"{path}: this is not a checkpoint that a run can go on from; {ANOTHER}.")
    _check_fit(path, saved["state_dict"], module.state_dict())
    kinds = [settings.get("optimizer") for settings in (saved.get("hyper_parameters", {}), module.hparams)]
    if kinds[0] != kinds[1]:
        raise CheckpointError(
            f"{path}: this run learned with {kinds[0]} and cannot go on with {kinds[1]}; repeat its options."
        )


def load_network(path: Path) -> Loaded:
    """Open a checkpoint that `fit` wrote, without running any code from it.

    Raises:
        CheckpointError: The file is missing or no such checkpoint, or its weights do not fit the network; missing and
            unexpected names are told.
    """
    path = Path(path)
    try:
        saved = read_checkpoint(path)
        hparams, weights = saved["hyper_parameters"], saved["state_dict"]
        classes, source = tuple(saved["classes"]), saved["source"]
        network = build_network(hparams)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        kind = f"{error} is missing" if isinstance(error, KeyError) else str(error).splitlines()[0]
        raise CheckpointError(f"{path}: this is not a checkpoint of this capstone ({kind}); {ANOTHER}.") from None
    own = {name.removeprefix(PREFIX): value for name, value in weights.items() if name.startswith(PREFIX)}
    _check_fit(path, own, network.state_dict())
    network.load_state_dict(own)
    data = dict(saved.get("datamodule_hyper_parameters", {}))
    return Loaded(network.eval(), classes, source, data, path, dict(hparams))


def _check_fit(path: Path, saved: dict, expected: dict) -> None:
    problems = []
    if missing := sorted(expected.keys() - saved.keys()):
        problems.append(f"missing {', '.join(missing)}")
    if unexpected := sorted(saved.keys() - expected.keys()):
        problems.append(f"unexpected {', '.join(unexpected)}")
    for name in sorted(expected.keys() & saved.keys()):
        if saved[name].shape != expected[name].shape:
            problems.append(f"{name} has shape {list(saved[name].shape)}, not {list(expected[name].shape)}")
    if more := problems[MOST_NAMED:]:
        problems = [*problems[:MOST_NAMED], f"and {len(more)} more"]
    if problems:
        advice = "use the code that wrote it or run `fit` again"
        raise CheckpointError(f"{path}: its weights do not fit the network ({'; '.join(problems)}); {advice}.")
