"""`scalable-ai capstone VERB`: which verbs there are, and what becomes of their errors."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

VERBS = {
    "fit": (".fit:fit", "train, then test: --config NAME | FILE, --trainer.*, --model.*, --data.*, --name, --resume"),
    "evaluate": (".cli:evaluate", "accuracy, calibration and robustness of a checkpoint, with a report"),
    "export": (".cli:export", "the network as state dict, torch.export program, TorchScript, ONNX in float32 and int8"),
    "benchmark": (".benchmark:command", "latency and throughput of every exported file beside eager PyTorch"),
    "scale": (".scaling:scale", "how training scales over processes: measured here, predicted for 8 and 64"),
    "serve": (".serving:serve", "answer over HTTP with the exported network: pictures, JSON, metrics, a page"),
    "load-test": (".serving:load_test", "latency and throughput of such a server on this machine"),
    "ablate": (".cli:ablate", "what each trick of the recipe is worth, by leaving it out"),
}
"""By name: the function that takes the words after the verb, and what it is for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status: 0 done, 1 could not be done, 2 not understood, 130 stopped.

    Args:
        argv: The words after `scalable-ai capstone`; None takes those of the process.
    """
    verb, *options = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if verb in ("-h", "--help"):
        print(usage())
        return 0
    if verb not in VERBS:
        print(f"{verb}: there is no such verb; choose {', '.join(VERBS)}.", file=sys.stderr)
        return 2
    if "--help" in options or "-h" in options:
        _function(verb)(options)
        return 0

    from scalable_ai.data import DataError

    from .errors import CapstoneError, FitInterruptedError

    try:
        _function(verb)(options)
    except (CapstoneError, DataError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "status", 1)
    except OSError as error:
        if not error.filename:
            raise
        print(f"{error.filename}: {error.strerror}; name a place that can be read and written.", file=sys.stderr)
        return 1
    except (FitInterruptedError, KeyboardInterrupt) as stopped:
        print(str(stopped) or "Stopped.", file=sys.stderr)
        return 130
    return 0


def usage() -> str:
    """Return a line for each verb."""
    width = max(map(len, VERBS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in VERBS.items()]
    return "\n".join(["usage: scalable-ai capstone VERB [options]", "", *lines, "", "Each takes --help."])


def _function(verb: str) -> Callable[[Sequence[str]], object]:
    module, _, name = VERBS[verb][0].partition(":")
    return getattr(import_module(module, __package__), name)


def evaluate(options: Sequence[str]) -> None:
    """Parse the options of `evaluate` and run it."""
    parser = checkpoint_parser("evaluate")
    parser.add_argument("--num_test", "--num-test", type=int, metavar="N", help="use N test images only")
    parser.add_argument("--batch_size", "--batch-size", type=int, default=500, metavar="N")
    parser.add_argument("--quick", action="store_true", help="leave test-time augmentation and robustness out")
    robustness = parser.add_mutually_exclusive_group()
    robustness.add_argument(
        *("--robustness_images", "--robustness-images"),
        **{"dest": "num_corrupted", "type": int, "default": 1000, "metavar": "N"},
        help="test images to corrupt, at most (1000)",
    )
    robustness.add_argument(
        *("--no_robustness", "--no-robustness"),
        **{"dest": "num_corrupted", "action": "store_const", "const": 0},
        help="leave robustness out",
    )
    parser.add_argument("--report", metavar="FOLDER", help="`report` beside the checkpoint when left out")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise in corrupted images")
    arguments = vars(parser.parse_args(options))

    from .evaluate import evaluate

    evaluate(**arguments)


def export(options: Sequence[str]) -> None:
    """Parse the options of `export` and run it."""
    parser = checkpoint_parser("export")
    parser.add_argument("--output", metavar="FOLDER", help="`export` beside the checkpoint when left out")
    arguments = vars(parser.parse_args(options))

    from .export import export

    export(**arguments)


def ablate(options: Sequence[str]) -> None:
    """Parse the options of `ablate` and run it."""
    from pathlib import Path

    parser = argparse.ArgumentParser(
        prog="scalable-ai capstone ablate",
        allow_abbrev=False,
        description="Train once per trick without it and print what that costs.",
        epilog="Further options (--config, --trainer.*, --data.*, --model.*) go to `scalable-ai capstone fit`.",
    )
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="runs of each (1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="leave out those alone whose names hold this text")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablation"), metavar="FOLDER", help="runs/ablation")
    wanted, more = parser.parse_known_args(options)

    from .ablation import ablate

    ablate(more, wanted.seeds, wanted.only, wanted.runs)


def checkpoint_parser(verb: str, data: bool = True) -> argparse.ArgumentParser:
    """Return a parser of the options that verbs on a checkpoint share; those about its data may be left out."""
    parser = argparse.ArgumentParser(prog=f"scalable-ai capstone {verb}")
    parser.add_argument("--checkpoint", metavar="PATH", help="the newest run's when left out")
    parser.add_argument("--runs", metavar="FOLDER", default="runs", help="where the newest run is looked for")
    if not data:
        return parser
    parser.add_argument("--source", help='a path, "official" or "generated"; what it was trained on when left out')
    parser.add_argument("--root", metavar="FOLDER", help="the data folder")
    return parser
