"""`scalable-ai capstone ablate`: what each trick of the recipe is worth, by leaving it out."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scalable_ai.data import Loader

from .errors import CapstoneError
from .evaluate import data_for, predict_tta
from .fit import fit
from .runs import load_network

WITHOUT: dict[str, tuple[str, ...]] = {
    "nothing left out": (),
    "Muon (SGD for all, one cycle)": (
        *("--model.optimizer", "sgd", "--model.lr", "0.8", "--model.warmup", "0.25", "--model.weight_decay", "5e-4"),
    ),
    "whitened first layer": ("--model.whiten", "false"),
    "convolutions that begin as the identity": ("--model.identity", "false"),
    "label smoothing": ("--model.label_smoothing", "0"),
    "alternating flip (random instead)": ("--data.flip", "random"),
    "translation": ("--data.max_shift", "0"),
    "small images first": ("--model.early_share", "0"),
    "GELU (ReLU instead)": ("--model.activation", "relu"),
    "portions (whole batches instead)": ("--data.portion", "0"),
    "mixed precision": ("--trainer.precision", "32-true"),
}
"""Options that leave a trick out, by its name."""


class AblationError(CapstoneError):
    """An ablation that holds no run, told in one sentence."""


@dataclass(frozen=True)
class Ablation:
    """One run without one trick.

    Attributes:
        without: What was left out.
        accuracy: Mean over the seeds, on test images, from 0 to 1.
        accuracy_tta: The same with test-time augmentation.
        seconds: Mean time in training steps.
    """

    without: str
    accuracy: float
    accuracy_tta: float
    seconds: float


def ablate(argv: Sequence[str] = (), seeds: int = 1, only: str = "", runs: Path = Path("runs")) -> list[Ablation]:
    """Train once per trick and seed without it, print a table, and keep it as `ablation.json` and `ablation.md`.

    Args:
        argv: Options for every run, as for `fit`: `--trainer.max_epochs 3` makes it short.
        seeds: Runs of each.
        only: Leave out those tricks alone whose names hold this text; each in turn when empty.
        runs: Folder for the runs and the table.

    Raises:
        AblationError: There is nothing to train.
        DataError, ConfigError, FitInterruptedError: As in `fit`.
    """
    if seeds < 1:
        raise AblationError(f"--seeds {seeds}: each trick needs a run; choose 1 or more.")
    chosen = {name: options for name, options in WITHOUT.items() if not options or only.lower() in name.lower()}
    if not any(chosen.values()):
        raise AblationError(f"--only {only}: no trick's name holds this; the names are {', '.join(list(WITHOUT)[1:])}.")
    rows: list[Ablation] = []
    for name, options in chosen.items():
        rows.append(_ablation(name, [*argv, *options], seeds, runs))
        # After each row, since all of them can take hours.
        _write(runs, rows, seeds)
    Console().print(_table(rows))
    print(f"Written to {runs / 'ablation.md'}")
    return rows


def _ablation(name: str, argv: Sequence[str], seeds: int, runs: Path) -> Ablation:
    accuracies, with_tta, seconds = [], [], []
    for seed in range(seeds):
        print(f"Without: {name}, seed {seed}", flush=True)
        more = ["--seed_everything", str(seed), "--data.seed", str(seed), "--trainer.default_root_dir", str(runs)]
        result = fit([*argv, *more])
        loaded = load_network(result.checkpoint)
        test = data_for(loaded, None, None, None).test
        batches = Loader(test, 500, train=False)
        right = sum(int((predict_tta(loaded.network, images).argmax(1) == labels).sum()) for images, labels in batches)
        accuracies.append(result.accuracy)
        with_tta.append(right / len(test))
        seconds.append(result.training_seconds)
    mean = [sum(values) / seeds for values in (accuracies, with_tta, seconds)]
    return Ablation(name, *mean)


def _write(runs: Path, rows: list[Ablation], seeds: int) -> None:
    (runs / "ablation.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    (runs / "ablation.md").write_text(_markdown(rows, seeds), encoding="utf-8")


def _cells(row: Ablation, whole: Ablation) -> tuple[str, ...]:
    shown = []
    for value, base in ((row.accuracy, whole.accuracy), (row.accuracy_tta, whole.accuracy_tta)):
        shown.append(f"{value:.2%}" + (f" ({100 * (value - base):+.2f})" if row is not whole else ""))
    return (row.without, *shown, f"{row.seconds:.0f} s ({row.seconds / whole.seconds:.2f} ×)")


HEADS = ("without", "accuracy", "with test-time augmentation", "training")


def _table(rows: list[Ablation]) -> Table:
    table = Table(*HEADS)
    for row in rows:
        table.add_row(*_cells(row, rows[0]))
    return table


def _markdown(rows: list[Ablation], seeds: int) -> str:
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    lines += [f"| {' | '.join(_cells(row, rows[0]))} |" for row in rows]
    return "\n".join(lines) + f"\n\nIn brackets the gap to nothing left out, in points. Runs of each: {seeds}.\n"
