"""`python -m scalable_ai.grading.sandbox [--report FILE] REQUEST COMMAND …` runs a command in a box."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run a command in a box, or say which level of isolation there is."""
    if arguments == ["--probe"]:
        from scalable_ai.grading.sandbox.probe import try_levels

        print("\n".join(try_levels()))
        return 0
    from scalable_ai.grading.sandbox.cold import run

    report = 2
    if arguments[0] == "--report":
        report, arguments = int(arguments[1]), arguments[2:]
    return run(arguments[0], arguments[1:], report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
