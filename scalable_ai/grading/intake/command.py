"""What `scalable-ai collect` shows: a table of who handed in what, with what was odd."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scalable_ai.grading.intake.collect import Collected, Options, collect
from scalable_ai.grading.intake.item import IntakeError


def run_collect(options: Options) -> int:
    """Collect hand-ins, show what came of each, and return the exit status: 1 where something was refused."""
    console = Console()
    if not console.is_terminal:
        console.width = 120
    try:
        results, lost = collect(options)
    except IntakeError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or "submitted"
        print(f"{where}: {error.strerror or error}. Mend that and run the same command again.", file=sys.stderr)
        return 1
    console.print(_table(options.assignment, results))
    for text in lost:
        print(f"Left out: {text}", file=sys.stderr)
    refused = sum(bool(result.refused) for result in results)
    counts = {
        status: sum(one.status == status for one in results) for status in ("new", "replaced", "unchanged", "kept")
    }
    said = ", ".join(f"{number} {status}" for status, number in counts.items() if number) or "nothing collected"
    print(f"{said}; {refused} refused.")
    if not results:
        print("No hand-in was found. Say where they are: scalable-ai collect ASSIGNMENT PATH", file=sys.stderr)
    return 1 if refused or lost or not results else 0


def _table(assignment: str, results: list[Collected]) -> Table:
    table = Table("learner", "notebooks", "collected", "notes", title=f"{assignment}: hand-ins", show_lines=True)
    for result in sorted(results, key=lambda result: result.learner):
        notes = ([f"refused: {result.refused}."] if result.refused else []) + result.notes
        table.add_row(
            escape(result.learner),
            f"{result.notebooks} of {result.wanted}",
            result.status or "no",
            escape(" ".join("".join(c if c.isprintable() else " " for c in note) for note in notes)),
        )
    return table
