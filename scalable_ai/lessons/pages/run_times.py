"""How long lessons run: measured by a command, kept in `solutions/run_times.json` with facts about the machine."""

from __future__ import annotations

import hashlib
import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scalable_ai.course import Course
from scalable_ai.lessons.source import Lesson

FILE = "run_times.json"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Machine:
    """Where lessons were measured."""

    processor: str
    cores: int
    """That the process may use."""
    memory: int
    """GiB; 0 where it is not known."""
    system: str
    python: str
    torch: str

    def words(self) -> str:
        """Return the facts as part of a sentence."""
        memory = f" and {self.memory} GiB of memory" if self.memory else ""
        cores = f"{self.cores} core{'' if self.cores == 1 else 's'}"
        return f"{self.processor} with {cores}{memory}, {self.system}, Python {self.python}, PyTorch {self.torch}"


@dataclass(frozen=True)
class RunTime:
    """What one lesson took."""

    seconds: list[float]
    """Wall-clock time of each run, in order."""
    code: str
    """Fingerprint of the code that ran."""


@dataclass(frozen=True)
class RunTimes:
    """What lessons took, all on one machine."""

    machine: Machine
    measured: str
    """Day of the last measurement, such as `2026-01-31`."""
    start: float
    """Seconds until Python has started and imported PyTorch, the median of as many runs."""
    load: float
    """Other work on the machine: processes that ran or waited when the measurement began."""
    lessons: dict[str, RunTime] = field(default_factory=dict)
    """By id."""

    def words(self, lesson: Lesson) -> str:
        """Return what a table says of a lesson: `12 s`, `12 s (older code)` or `not measured`."""
        found = self.lessons.get(lesson.meta["id"])
        if found is None:
            return NOT_MEASURED
        return f"{_rounded(statistics.median(found.seconds))} s" + (" (older code)" if self.is_older(lesson) else "")

    def is_older(self, lesson: Lesson) -> bool:
        """Return whether a lesson's code has changed since it was measured."""
        found = self.lessons.get(lesson.meta["id"])
        return found is not None and found.code != code_fingerprint(lesson)

    def how(self) -> str:
        """Return how the times were measured, in sentences."""
        runs = max((len(one.seconds) for one in self.lessons.values()), default=1)
        busy = (
            " Other work ran on the machine at the time, so read the numbers as upper bounds."
            if self.load > 0.5 * self.machine.cores
            else ""
        )
        times = "1 run" if runs == 1 else f"{runs} runs"
        return (
            "`scalable-ai measure-lessons` runs a lesson's source, answers included, as a script in a fresh process "
            f"with the generated images. The table has the median of {times}, in seconds on the wall clock; starting "
            f"Python and importing PyTorch is about {_rounded(self.start)} s of each. Measured on {self.measured} on: "
            f"{self.machine.words()}.{busy} Your machine will differ."
        )


def read_run_times(course: Course) -> RunTimes | None:
    """Return what was measured; None where nothing was.

    Raises:
        ValueError: The file is not what `write_run_times` writes; says what to do.
    """
    path = course.solutions / FILE
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        lessons = {name: RunTime(**one) for name, one in data.pop("lessons").items()}
        return RunTimes(machine=Machine(**data.pop("machine")), lessons=lessons, **data)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{path}: these run times cannot be read. Remove the file and measure again.") from None


def write_run_times(course: Course, times: RunTimes) -> Path:
    """Write what was measured."""
    path = course.solutions / FILE
    data: dict[str, Any] = asdict(times)
    data["lessons"] = {name: data["lessons"][name] for name in sorted(data["lessons"])}
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def code_fingerprint(lesson: Lesson) -> str:
    """Return a hash of a lesson's code cells: prose may change without a new measurement."""
    code = "\0".join(cell.text for cell in lesson.cells if cell.type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def _rounded(seconds: float) -> str:
    return f"{max(seconds, 1):.0f}"
