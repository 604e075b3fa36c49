"""`scalable-ai capstone fit`: one set of options for a CPU, a GPU, several GPUs and several nodes."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint, TQDMProgressBar
from pytorch_lightning.cli import LightningCLI
from pytorch_lightning.loggers import CSVLogger

from .datamodule import Cifar10Data
from .devices import choose_accelerator, choose_precision
from .evidence import Evidence
from .module import Classifier
from .progress import EpochLines, Throughput, quiet_lightning
from .runs import CHECKPOINT, mark_latest, new_run

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class FitResult:
    """What a training run leaves behind.

    Attributes:
        checkpoint: The file with the trained weights.
        accuracy: Share of test images that the final weights classify rightly.
        images_per_second: Training images a second, loading included and validation left out, over all processes.
        seconds: The whole run on the clock: data, training, validation, test.
        stands_in: True where the images were not CIFAR-10's.
    """

    checkpoint: Path
    accuracy: float
    images_per_second: float
    seconds: float
    stands_in: bool

    def __str__(self) -> str:
        what = "the stand-in's test images" if self.stands_in else "test images"
        return (
            f"Accuracy {self.accuracy:.2%} on {what}, {self.images_per_second:,.0f} training images/s, "
            f"{self.seconds:.0f} s in all, checkpoint {self.checkpoint}"
        )


class FitInterruptedError(Exception):
    """Training was stopped from the keyboard; the message says where the checkpoint is."""


class ConfigError(Exception):
    """A configuration that does not exist, or does not fit the processes, told in one sentence."""


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
                "default_config_files": [str(CONFIGS / "standard.yaml")],
                "allow_abbrev": False,
            },
            args=_with_config_paths(argv),
            run=False,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
        )

    def add_arguments_to_parser(self, parser) -> None:
        """Add what is no option of Trainer, model or data."""
        parser.add_argument("--name", type=str | None, default=None, help="Name of the run; the time when left out.")
        parser.add_argument("--evidence", type=bool, default=False, help="Have each process write down what it did.")
        parser.add_argument("--resume", type=str | None, default=None, help="Checkpoint to go on from.")

    def parse_arguments(self, parser, args) -> None:
        """Parse `args` without a word about those of the process, which a calling program may have."""
        self.config = parser.parse_args(args)

    def instantiate_trainer(self, **kwargs) -> pl.Trainer:
        """Build the Trainer; what the options leave open is chosen for this machine and this run."""
        chosen = self.config_init.trainer
        root = Path(chosen.default_root_dir or "runs").resolve()
        self.run = new_run(root, self.config.name)
        accelerator = choose_accelerator() if chosen.accelerator == "auto" else chosen.accelerator
        callbacks = [
            _Checkpoints(self.run, filename=Path(CHECKPOINT).stem, enable_version_counter=False),
            self.throughput,
            EpochLines(self.throughput),
            *self.extra_callbacks,
            *([Evidence(self.run)] if self.config.evidence else []),
        ]
        bar = chosen.enable_progress_bar if chosen.enable_progress_bar is not None else os.isatty(1)
        if bar:
            callbacks.append(TQDMProgressBar(leave=True))
        return super().instantiate_trainer(
            accelerator=accelerator,
            precision=chosen.precision or choose_precision(accelerator),
            default_root_dir=str(root),
            logger=CSVLogger(self.run.parent, name="", version=self.run.name)
            if chosen.logger is None
            else chosen.logger,
            callbacks=[*(chosen.callbacks or []), *callbacks],
            enable_progress_bar=bar,
            **kwargs,
        )

    def summary(self) -> str:
        """Say in one line what trains on what."""
        count = sum(parameter.numel() for parameter in self.model.parameters())
        trainer, processes = self.trainer, self.trainer.world_size
        device = f"{processes} {'process' if processes == 1 else 'processes'} on {trainer.accelerator.name()}"
        return (
            f"{count:,} parameters, {device}, precision {trainer.precision}, "
            f"{self.datamodule.batch_size} images a step, run folder {self.run}"
        )


class _Checkpoints(ModelCheckpoint):
    """Keep the weights of the last epoch, and those of the moment when someone presses Ctrl-C."""

    def on_exception(self, trainer, pl_module, exception) -> None:
        if isinstance(exception, KeyboardInterrupt) and trainer.global_step:
            trainer.save_checkpoint(Path(self.dirpath) / CHECKPOINT)


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
        ConfigError: The options do not fit together.
        FitInterruptedError: Stopped with Ctrl-C; a checkpoint is left.
    """
    with quiet_lightning():
        return _fit(argv, callbacks, module)


def _fit(argv: Sequence[str], callbacks: Sequence[pl.Callback], module: type[pl.LightningModule]) -> FitResult:
    start = time.perf_counter()
    interrupt = signal.getsignal(signal.SIGINT)
    cli = CapstoneCLI(argv, callbacks, module)
    trainer, checkpoint = cli.trainer, cli.run / CHECKPOINT
    if cli.datamodule.batch_size % trainer.world_size:
        raise ConfigError(
            f"--data.batch_size {cli.datamodule.batch_size}: the global batch cannot be shared equally by "
            f"{trainer.world_size} processes; choose a multiple of {trainer.world_size}."
        )
    if trainer.is_global_zero:
        print(cli.summary(), flush=True)
    try:
        trainer.fit(cli.model, cli.datamodule, ckpt_path=cli.config.resume, weights_only=True)
    except SystemExit:
        # Lightning turns Ctrl-C into an exit and ignores further ones from then on.
        signal.signal(signal.SIGINT, interrupt)
        if not trainer.interrupted:
            raise
        raise FitInterruptedError(_left_behind(checkpoint)) from None
    measured = trainer.test(cli.model, cli.datamodule, verbose=False)[0]
    if trainer.is_global_zero:
        cli.parser.save(cli.config, cli.run / "config.yaml", overwrite=True)
        mark_latest(cli.run)
    result = FitResult(
        checkpoint=checkpoint,
        accuracy=measured["test_accuracy"],
        images_per_second=cli.throughput.images_per_second,
        seconds=time.perf_counter() - start,
        stands_in=cli.datamodule.data.stands_in,
    )
    if trainer.is_global_zero:
        print(result, flush=True)
    return result


def _left_behind(checkpoint: Path) -> str:
    if not checkpoint.is_file():
        return "Stopped before the first step; there is no checkpoint."
    mark_latest(checkpoint.parent)
    return f"Stopped; the weights so far are in {checkpoint}, and `--resume {checkpoint}` goes on from there."


def _with_config_paths(argv: Sequence[str]) -> list[str]:
    """Let `--config quick` mean the file of that name in this package.

    Raises:
        ConfigError: There is neither such a file nor such a name.
    """
    words, expected = [], False
    for word in argv:
        flag, equals, value = word.partition("=")
        named = flag in ("--config", "-c")
        if expected:
            words.append(_config_path(word))
        elif named and equals:
            words.append(f"{flag}={_config_path(value)}")
        else:
            words.append(word)
        expected = named and not equals
    return words


def _config_path(value: str) -> str:
    if Path(value).is_file():
        return value
    shipped = {path.stem: path for path in sorted(CONFIGS.glob("*.yaml"))}
    if value not in shipped:
        raise ConfigError(f"{value}: there is no such configuration; name a file or one of {', '.join(shipped)}.")
    return str(shipped[value])
