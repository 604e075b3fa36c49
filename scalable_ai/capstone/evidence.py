"""What each process of a run saw and did, written down by itself, so that anyone can check how the work was shared."""

import json
from pathlib import Path

import pytorch_lightning as pl

from .progress import EpochLines, Throughput

FILE = "evidence-{rank}.json"


class Evidence(pl.Callback):
    """Write `evidence-RANK.json` into the run folder, one file for each process, about the first epoch.

    It holds `rank`, `world_size`, `num_images` (in the training set), `steps` (for each step the positions of the
    images that this process took), `gradients` (for each step the norm of the gradients that the optimizer used),
    `lines` (how many lines of progress this process printed) and `seconds` (for all steps of the run).

    Args:
        run: The run folder.
    """

    def __init__(self, run: Path):
        self.run = run
        self.steps: list[list[int]] = []
        self.gradients: list[float] = []

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        """Note this process's share of every batch; asking again gives the same."""
        if trainer.current_epoch == 0:
            self.steps = [places.tolist() for places in trainer.train_dataloader.sampler]

    def on_before_optimizer_step(self, trainer, pl_module, optimizer) -> None:
        """Note the gradients, which the processes have averaged by now."""
        if trainer.current_epoch == 0:
            squares = [p.grad.double().square().sum() for p in pl_module.parameters() if p.grad is not None]
            self.gradients.append(sum(squares).sqrt().item())

    def on_train_end(self, trainer, pl_module) -> None:
        """Write the file."""
        told = next(callback for callback in trainer.callbacks if isinstance(callback, EpochLines))
        clock = next(callback for callback in trainer.callbacks if isinstance(callback, Throughput))
        record = {
            "rank": trainer.global_rank,
            "world_size": trainer.world_size,
            "num_images": len(trainer.train_dataloader.split),
            "steps": self.steps,
            "gradients": self.gradients,
            "lines": told.lines,
            "seconds": clock.seconds,
        }
        self.run.mkdir(parents=True, exist_ok=True)
        (self.run / FILE.format(rank=trainer.global_rank)).write_text(json.dumps(record) + "\n", encoding="utf-8")


def read_evidence(run: Path | str) -> list[dict]:
    """Return what the processes of a run wrote, by rank; empty where `--evidence true` was not given."""
    paths = Path(run).glob(FILE.format(rank="*"))
    return sorted((json.loads(path.read_text(encoding="utf-8")) for path in paths), key=lambda record: record["rank"])
