"""What `scalable-ai grade` shows: progress with the time left, and a table at the end."""

from __future__ import annotations

import sys
import textwrap
import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from scalable_ai.grading.batch.grade import GradeError, grade
from scalable_ai.grading.batch.hand_in import Options, Outcome

MAX_NOTE = 160
"""Characters of a note in the table; the log has all of it."""


def run_grade(options: Options) -> int:
    """Grade an assignment, show what came of it, and return the exit status: 1 where a hand-in got no marks."""
    console = Console()
    if not console.is_terminal:
        console.width = 120
    started = time.monotonic()
    with _Bar(console) as bar:
        try:
            outcomes = grade(options, bar.tell)
        except GradeError as error:
            print(error, file=sys.stderr)
            return 1
    seconds = time.monotonic() - started
    console.print(_table(options, outcomes))
    failed = sum(bool(outcome.failed) for outcome in outcomes)
    unchanged = sum(outcome.unchanged for outcome in outcomes)
    done = len(outcomes) - failed - unchanged
    rate = f", {seconds / done:.1f} s each" if done else ""
    console.print(
        f"{done} graded in {seconds:.0f} s{rate}; {unchanged} unchanged since they were graded; {failed} failed."
    )
    return 1 if failed else 0


def _table(options: Options, outcomes: list[Outcome]) -> Table:
    table = Table("learner", "marks", "seconds", "notes", title=options.assignment)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.learner):
        marks = "none" if outcome.failed else f"{outcome.score:g} of {outcome.points:g}"
        seconds = "unchanged" if outcome.unchanged else f"{outcome.seconds:.1f}"
        notes = [outcome.failed] if outcome.failed else outcome.notes
        more = f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
        note = textwrap.shorten(notes[0], MAX_NOTE, placeholder=" …") + more if notes else ""
        table.add_row(outcome.learner, marks, seconds, note)
    return table


@dataclass
class _Bar:
    """A progress bar, made when the first hand-in is done."""

    console: Console
    _progress: Progress = field(init=False)

    def __enter__(self) -> _Bar:
        columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("left:"), TimeRemainingColumn(), console=self.console)
        self._task = self._progress.add_task("grading", total=None)
        self._progress.start()
        return self

    def tell(self, outcome: Outcome, total: int) -> None:
        self._progress.update(self._task, advance=1, total=total)

    def __exit__(self, *error: object) -> None:
        self._progress.stop()
