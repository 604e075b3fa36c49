"""`scalable-ai capstone fit | evaluate | export`."""

import argparse
import sys
from collections.abc import Sequence

USAGE = """\
usage: scalable-ai capstone fit | evaluate | export [options]

  fit       train, then test: --config quick | standard | FILE, --trainer.*, --model.*, --data.*, --name, --resume,
            --evidence
  evaluate  accuracy, confusions and calibration of a checkpoint
  export    the network as state dict, torch.export program and ONNX file

Each takes --help.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status: 0 done, 1 could not be done, 2 not understood, 130 stopped.

    Args:
        argv: The words after `scalable-ai capstone`; None takes those of the process.
    """
    verb, *options = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if verb in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    if verb not in ("fit", "evaluate", "export"):
        print(f"{verb}: there is no such verb; choose fit, evaluate or export.", file=sys.stderr)
        return 2
    arguments = None if verb == "fit" else vars(_parser(verb).parse_args(options))

    from scalable_ai.data import DataError

    from .export import ExportError
    from .fit import ConfigError, FitInterruptedError
    from .runs import CheckpointError

    try:
        if verb == "fit":
            from .fit import fit

            fit(options)
        elif verb == "evaluate":
            from .evaluate import evaluate

            evaluate(**arguments)
        else:
            from .export import export

            export(**arguments)
    except (ConfigError, DataError, CheckpointError, ExportError) as error:
        print(error, file=sys.stderr)
        return 1
    except (FitInterruptedError, KeyboardInterrupt) as stopped:
        print(stopped or "Stopped.", file=sys.stderr)
        return 130
    return 0


def _parser(verb: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"scalable-ai capstone {verb}")
    parser.add_argument("--checkpoint", metavar="PATH", help="the newest run's when left out")
    parser.add_argument("--runs", metavar="FOLDER", default="runs", help="where the newest run is looked for")
    parser.add_argument("--source", help='a path, "official" or "generated"; what it was trained on when left out')
    parser.add_argument("--root", metavar="FOLDER", help="the data folder")
    if verb == "evaluate":
        parser.add_argument("--num_test", "--num-test", type=int, metavar="N", help="use N test images only")
        parser.add_argument("--batch_size", "--batch-size", type=int, default=500, metavar="N")
    else:
        parser.add_argument("--output", metavar="FOLDER", help="`export` beside the checkpoint when left out")
    return parser
