"""Kills parts of a batch at random moments, and looks at what is left: `python -m tests.grading.batch.faults`."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from rich.console import Console
from rich.table import Table

from scalable_ai.grading.verdict import verdict_of
from tests.grading.batch.klass import (
    command,
    graded_stamps,
    halves,
    hand_in_class,
    left_behind,
    marks,
    new_course,
    processes_of,
    surroundings,
)

VICTIMS = ("worker", "kernel", "judge", "warm parent", "helper", "tracker", "batch")
APART = 3
"""Hand-ins that are recorded between two kills: what is killed again and again is lost in the end."""
TOGETHER = 5
"""Kills in one batch."""
LONGEST = 120
"""Seconds without another hand-in graded after which a batch is taken for hung."""
MARK = "SCALABLE_AI_FAULTS"


@dataclass
class Report:
    """What came of the kills of one kind."""

    victim: str
    kills: int = 0
    problems: list[str] = field(default_factory=list)


class Range:
    """A course with a class, graded again and again."""

    def __init__(self, root: Path, learners: int) -> None:
        self.root = root
        self.due = hand_in_class(new_course(root), learners)
        shutil.copy(root / "gradebook.db", root / "empty.db")

    def reset(self) -> None:
        """Forget all marks."""
        shutil.copy(self.root / "empty.db", self.root / "gradebook.db")
        shutil.rmtree(self.root / "autograded", ignore_errors=True)

    def strike(self, victim: str, kills: int, rng: random.Random) -> Report:
        """Grade the class, and meanwhile kill what is called so, a number of times at most."""
        self.reset()
        report = Report(victim)
        finished: dict[str, int] = {}
        batch = self.start()
        while report.kills < kills and len(self.due) - len(finished) > APART and batch.poll() is None:
            # Before its first kernel, the warm parent forks one that tries the sandbox.
            self.wait(
                batch, len(finished) + (APART if report.kills else 1 if victim == "kernel" else rng.randint(0, 1))
            )
            time.sleep(rng.uniform(0, 0.8))
            before = graded_stamps(self.root)
            if not self._kill(batch.pid, victim, rng):
                break
            report.kills += 1
            if victim == "batch":
                batch.wait()
                report.problems += [f"still there: {line}" for line in self.survivors()]
            report.problems += [f"half marks: {row}" for row in halves(self.root)]
            finished = {name: stamp for name, stamp in before.items() if name in marks(self.root)}
            if victim == "batch":
                batch = self.start()
        report.problems += self._end(batch, finished)
        return report

    def _end(self, batch: subprocess.Popen, finished: dict[str, int]) -> list[str]:
        number, seen = -1, time.monotonic()
        while batch.poll() is None:
            if (now := len(graded_stamps(self.root))) != number:
                number, seen = now, time.monotonic()
            if time.monotonic() - seen > LONGEST:
                os.killpg(batch.pid, signal.SIGKILL)
                return [f"hung; {len(self.survivors())} processes of it went on"]
            time.sleep(0.1)
        said, errors = batch.communicate()
        problems = [] if batch.returncode == 0 else [f"exit status {batch.returncode}: {said[-1500:]} {errors[-1500:]}"]
        found, now = marks(self.root), graded_stamps(self.root)
        wrong = {name: due for name, due in self.due.items() if found.get(name) != due}
        problems += [f"{name}: {found.get(name)} of {due}; {self._why(name)}" for name, due in wrong.items()]
        problems += [f"graded again: {name}" for name, stamp in finished.items() if now.get(name) != stamp]
        problems += [f"half marks: {row}" for row in halves(self.root)]
        problems += [f"left: {path}" for path in left_behind(self.root)]
        return problems + [f"still there: {line}" for line in self.survivors()]

    def _why(self, learner: str) -> str:
        """Return what the graded notebooks say of marks that are missing, due or not."""
        said = []
        for path in sorted((self.root / "autograded" / learner).rglob("*.ipynb")):
            for cell in nbformat.read(path, as_version=4).cells:
                verdict = verdict_of(cell)
                if verdict is not None and not verdict.is_full:
                    got = "; ".join(finding.got for finding in verdict.findings)
                    said.append(f"{verdict.title}: {verdict.score:g} of {verdict.points:g} ({verdict.flag or got})")
        return ", ".join(said)

    def start(self, line: list[str] | None = None) -> subprocess.Popen:
        """Start a command, a batch as a rule, in a session of its own."""
        env = {**surroundings(self.root), MARK: str(self.root)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            line or line or command("--workers=2"), cwd=self.root, env=env, start_new_session=True, **pipes
        )

    def wait(self, batch: subprocess.Popen, number: int) -> None:
        """Wait until so many hand-ins are graded, or it ends."""
        while len(graded_stamps(self.root)) < min(number, len(self.due)) and batch.poll() is None:
            time.sleep(0.02)

    def _kill(self, batch: int, victim: str, rng: random.Random) -> bool:
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            family = [pid for pid, kind in processes_of(batch) if kind == victim] if victim != "batch" else [batch]
            if family:
                try:
                    os.kill(rng.choice(family), signal.SIGKILL)
                except ProcessLookupError:
                    continue
                return True
            if not psutil.pid_exists(batch) or psutil.Process(batch).status() == psutil.STATUS_ZOMBIE:
                return False
            time.sleep(0.01)
        return False

    def survivors(self, seconds: float = 20) -> list[str]:
        """Return the processes that do not end by themselves soon."""
        deadline = time.monotonic() + seconds
        while (found := self._marked()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid, _ in found:
            os.kill(pid, signal.SIGKILL)
        return [line for _, line in found]

    def _marked(self) -> list[tuple[int, str]]:
        mark, found = f"{MARK}={self.root}\0".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found.append((int(folder.name), (folder / "cmdline").read_text().replace("\0", " ")[:120]))
            except OSError:
                continue
        return found


def main() -> int:
    """Kill for a long time, and show a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="in all, shared out among the victims")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--learners", type=int, default=24)
    parser.add_argument("--victims", nargs="*", default=VICTIMS, choices=VICTIMS)
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds; then it ends with what it has")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng, started = random.Random(options.seed), time.monotonic()
    reports = {victim: Report(victim) for victim in options.victims}
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        range_ = Range(Path(folder, "course"), options.learners)
        each = -(-options.kills // len(options.victims))
        while open_ := [one for one in reports.values() if one.kills < each]:
            if time.monotonic() - started > options.limit:
                break
            total = min(open_, key=lambda report: report.kills)
            report = range_.strike(total.victim, min(each - total.kills, TOGETHER), rng)
            total.kills += report.kills
            total.problems += report.problems
            for problem in report.problems:
                print(f"{report.victim}: {problem}", flush=True)
            print(f"{report.victim}: {total.kills} kills, {time.monotonic() - started:.0f} s", flush=True)
    table = Table("victim", "kills", "problems", title=f"seed {options.seed}")
    for report in reports.values():
        table.add_row(report.victim, str(report.kills), str(len(report.problems)))
    Console(width=100).print(table)
    return 1 if any(report.problems for report in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
