"""`scalable-ai capstone fit`: one set of options for a CPU, a GPU, several GPUs and several nodes."""

import os
import time
from argparse import ArgumentError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.cli import LightningCLI
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from .configuration import CONFIGS, ConfigError, OptionError, with_config_paths
from .datamodule import Cifar10Data
from .devices import choose_accelerator, choose_config, choose_precision
from .errors import FitInterruptedError
from .evidence import Evidence
from .interrupt import StopBetweenSteps
from .module import Classifier
from .progress import EpochLines, RunBar, Throughput, quiet_lightning
from .runs import CHECKPOINT, check_resumable, mark_latest, new_run, own_run


@dataclass(frozen=True)
class FitResult:
    """What a training run leaves behind.

    Attributes:
        checkpoint: The file with the trained weights; `--trainer.fast_dev_run` writes none.
        accuracy: Share of test images that the final weights classify rightly.
        images_per_second: Training images a second, loading included and validation left out, over all processes.
        seconds: The whole run on the clock: data, training, validation, test.
        training_seconds: Time in training steps, loading included.
        stands_in: True where the images were not CIFAR-10's.
    """

    checkpoint: Path
    accuracy: float
    images_per_second: float
    seconds: float
    training_seconds: float
    stands_in: bool

    def __str__(self) -> str:
        what = "the stand-in's test images" if self.stands_in else "test images"
        kept = f"checkpoint {self.checkpoint}" if self.checkpoint.is_file() else "nothing kept: a trial run"
        return (
            f"Accuracy {self.accuracy:.2%} on {what}, {self.images_per_second:,.0f} training images/s, "
            f"{self.seconds:.0f} s in all, {kept}"
        )


class CapstoneCLI(LightningCLI):
    """LightningCLI with this capstone's defaults: device, precision, run folder and callbacks."""

    def __init__(
        self,
        argv: Sequence[str],
        callbacks: Sequence[pl.Callback] = (),
        module: type[pl.LightningModule] = Classifier,
    ):
        self.extra_callbacks = list(callbacks)
        self.throughput = Throughput()
        super().__init__(
            module,
            Cifar10Data,
            save_config_callback=None,
            seed_everything_default=0,
            parser_kwargs={
                "prog": "scalable-ai capstone fit",
                "default_config_files": [str(CONFIGS / f"{choose_config()}.yaml")],
                "allow_abbrev": False,
                "exit_on_error": False,
            },
            args=with_config_paths(argv),
            run=False,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
        )
        if self.trainer.accumulate_grad_batches == 1:
            self.trainer.accumulate_grad_batches = _num_portions(self.datamodule, self.trainer.world_size)

    def add_arguments_to_parser(self, parser) -> None:
        """Add what is no option of Trainer, model or data."""
        parser.add_argument(
            "--name",
            type=str | None,
            default=None,
            help="Name of the run, which replaces one of that name; the time when left out.",
        )
        parser.add_argument("--evidence", type=bool, default=False, help="Have each process write down what it did.")
        parser.add_argument("--resume", type=str | None, default=None, help="Checkpoint to go on from.")

    def parse_arguments(self, parser, args) -> None:
        """Parse `args` without a word about those of the process, which a calling program may have."""
        try:
            self.config = parser.parse_args(args)
        except ArgumentError as error:
            raise OptionError(error) from None

    def instantiate_trainer(self, **kwargs) -> pl.Trainer:
        """Build the Trainer; what the options leave open is chosen for this machine and this run."""
        chosen = self.config_init.trainer
        root = Path(chosen.default_root_dir or "runs").resolve()
        self.run = new_run(root, self.config.name)
        accelerator = choose_accelerator() if chosen.accelerator == "auto" else chosen.accelerator
        callbacks = [
            ModelCheckpoint(self.run, filename=Path(CHECKPOINT).stem, enable_version_counter=False),
            StopBetweenSteps(self.run / CHECKPOINT),
            self.throughput,
            EpochLines(self.throughput),
            *self.extra_callbacks,
            *([Evidence(self.run)] if self.config.evidence else []),
        ]
        bar = chosen.enable_progress_bar if chosen.enable_progress_bar is not None else os.isatty(1)
        if bar:
            callbacks.append(RunBar())
        try:
            return super().instantiate_trainer(
                accelerator=accelerator,
                precision=chosen.precision or choose_precision(accelerator),
                default_root_dir=str(root),
                logger=CSVLogger(self.run.parent, name="", version=self.run.name)
                if chosen.logger is None
                else chosen.logger,
                callbacks=[*(chosen.callbacks or []), *callbacks],
                enable_progress_bar=False,
                **kwargs,
            )
        except (ImportError, ValueError) as error:
            # What Lightning raises for an accelerator or a strategy that this machine does not have.
            raise ConfigError(" ".join(str(error).split())) from None

    def summary(self) -> str:
        """Say in one line what trains on what."""
        count = sum(parameter.numel() for parameter in self.model.parameters())
        trainer, processes = self.trainer, self.trainer.world_size
        device = f"{processes} {'process' if processes == 1 else 'processes'} on {trainer.accelerator.name()}"
        return (
            f"{count:,} parameters, {device}, precision {trainer.precision}, "
            f"{self.datamodule.batch_size} images a step, run folder {self.run}"
        )


def train(module: type[pl.LightningModule], argv: Sequence[str] = ()) -> FitResult:
    """Train a LightningModule of one's own with all that `fit` brings: data, device, precision, processes, checkpoint.

    Args:
        module: Its arguments, with types, become options `--model.*`; `widths` and `lr` are among them, since the
            configurations set these. It takes batches of uint8 images [N, 3, 32, 32] and int64 labels [N], and logs
            `test_accuracy` in its test step.
        argv: As in `fit`. More than one process needs a script, since each of them has to import the module.

    Raises:
        DataError, ConfigError, FitInterruptedError: As in `fit`.
    """
    return fit(argv, module=module)


def fit(
    argv: Sequence[str] = (), callbacks: Sequence[pl.Callback] = (), module: type[pl.LightningModule] = Classifier
) -> FitResult:
    """Train, test, and print one line of results.

    Args:
        argv: Options as on the command line: `--config quick`, `--trainer.max_epochs 3`, `--data.source PATH` ...
        callbacks: More Lightning callbacks.
        module: What learns.

    Raises:
        DataError: The data cannot be used.
        ConfigError: The options are not understood or do not fit together.
        CheckpointError: The run cannot go on from the checkpoint.
        FitInterruptedError: Stopped with Ctrl-C; a checkpoint is left.
    """
    with quiet_lightning(), own_run():
        try:
            return _fit(argv, callbacks, module)
        except MisconfigurationException as error:
            raise ConfigError(" ".join(str(error).split())) from None


def _fit(argv: Sequence[str], callbacks: Sequence[pl.Callback], module: type[pl.LightningModule]) -> FitResult:
    start = time.perf_counter()
    cli = CapstoneCLI(argv, callbacks, module)
    trainer, checkpoint = cli.trainer, cli.run / CHECKPOINT
    if trainer.max_epochs == trainer.max_steps == -1:
        raise ConfigError("--trainer.max_epochs -1: the learning rate falls until the end, so a run needs one.")
    if cli.config.resume:
        check_resumable(Path(cli.config.resume), cli.model)
    if trainer.is_global_zero:
        print(cli.summary(), flush=True)
    try:
        trainer.fit(cli.model, cli.datamodule, ckpt_path=cli.config.resume, weights_only=True)
    except SystemExit:
        if not trainer.interrupted:
            raise
        raise FitInterruptedError(_left_behind(checkpoint)) from None
    if not cli.throughput.images and not trainer.fast_dev_run:
        trainer.save_checkpoint(checkpoint)
        if trainer.is_global_zero and cli.config.resume:
            print("That run had ended already; its weights are kept and tested again.", flush=True)
    measured = trainer.test(cli.model, cli.datamodule, verbose=False)[0]
    if trainer.is_global_zero and checkpoint.is_file():
        cli.parser.save(cli.config, cli.run / "config.yaml", overwrite=True)
        mark_latest(cli.run)
    result = FitResult(
        checkpoint=checkpoint,
        accuracy=measured["test_accuracy"],
        images_per_second=cli.throughput.images_per_second,
        seconds=time.perf_counter() - start,
        training_seconds=cli.throughput.seconds,
        stands_in=cli.datamodule.data.stands_in,
    )
    if trainer.is_global_zero:
        print(result, flush=True)
    return result


def _num_portions(datamodule: Cifar10Data, world_size: int) -> int:
    batch_size, portion = datamodule.batch_size, datamodule.hparams.portion or datamodule.batch_size
    for name, value in (("batch_size", batch_size), ("portion", portion)):
        if value < 1:
            raise ConfigError(f"--data.{name} {value}: a step needs an image; choose 1 or more.")
    if batch_size % world_size:
        raise ConfigError(
            f"--data.batch_size {batch_size}: the global batch cannot be shared equally by {world_size} processes; "
            f"choose a multiple of {world_size}."
        )
    # The largest portion that is small enough, and that the processes can share equally.
    each = batch_size // world_size
    return next(
        count for count in range(1, each + 1) if each % count == 0 and batch_size // count <= max(portion, world_size)
    )


def _left_behind(checkpoint: Path) -> str:
    if not checkpoint.is_file():
        return "Stopped before the first step; there is no checkpoint."
    mark_latest(checkpoint.parent)
    return f"Stopped; the weights so far are in {checkpoint}, and `--resume {checkpoint}` goes on from there."
