"""`scalable-ai collect`: hand-ins as they come, into nbgrader's `submitted/`; one that is odd stops no other."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps import AutogradeApp
from nbgrader.utils import parse_utc
from sqlalchemy.exc import DatabaseError

from scalable_ai.grading.batch.runner import application
from scalable_ai.grading.intake.gather import TIMESTAMP, Delivery, gather
from scalable_ai.grading.intake.hand_in import HandIn, put_together
from scalable_ai.grading.intake.item import IntakeError
from scalable_ai.grading.intake.match import Known, read_known
from scalable_ai.grading.intake.owner import Student, learner_of, safe_name
from scalable_ai.grading.intake.record import RECORD, digest, record_text, source_and_earlier
from scalable_ai.grading.intake.staging import Staging


@dataclass(frozen=True)
class Options:
    """What `scalable-ai collect` was asked for."""

    root: Path
    assignment: str
    paths: tuple[Path, ...] = ()
    """Where hand-ins are; nbgrader's own folder for downloaded archives when there are none."""
    learner: str = ""
    """Whose all of it is; empty where names tell."""
    prefix: str = ""
    """What the folders of clones begin with."""
    times: Path | None = None
    """A CSV file that says when each one handed in."""
    force: bool = False
    """Whether hand-ins that came into `submitted/` by other ways are replaced."""


@dataclass
class Collected:
    """What came of one delivery."""

    learner: str
    notebooks: int = 0
    wanted: int = 0
    """How many notebooks the assignment has."""
    status: str = ""
    """`new`, `replaced`, `unchanged` or `kept`; empty where it was refused."""
    refused: str = ""
    notes: list[str] = field(default_factory=list)


def collect(options: Options) -> tuple[list[Collected], list[str]]:
    """Collect an assignment's hand-ins.

    Returns:
        What came of each, and what is nobody's, with why.

    Raises:
        IntakeError: There is no such course, assignment or place.
    """
    app = _application(options)
    coursedir = app.coursedir
    known = _known(coursedir, options.assignment)
    roster = list(_roster(coursedir))
    times = _times(options.times) if options.times else {}
    endings = app.config.FileNameCollectorPlugin.get("valid_ext", [".ipynb"])
    endings = [ending for ending in endings if ending.lower() != ".ipynb"]
    paths = options.paths or (Path(coursedir.root, "downloaded", options.assignment, "archive"),)
    results, lost = [], []
    with ExitStack() as files, Staging(Path(coursedir.root, coursedir.submitted_directory)) as staging:
        for path in paths:
            gathering = gather(
                path, options.assignment, {one.name for one in known}, files, options.learner, options.prefix
            )
            lost += gathering.lost
            owners: dict[str, Delivery] = {}  # two names in one place are two people
            for delivery in gathering.deliveries.values():
                learner, is_known = learner_of(delivery.owner, roster)
                result = Collected(learner, wanted=len(known))
                results.append(result)
                other = owners.setdefault(learner, delivery)
                if other is not delivery and other.owner != delivery.owner:
                    result.refused = f"'{delivery.owner.name}' and '{other.owner.name}' would both be '{learner}'"
                    result.refused += ". Give them different ids in the gradebook."
                    continue
                if roster and not is_known:
                    result.notes.append("The gradebook does not know this learner yet.")
                place = Path(coursedir.format_path(coursedir.submitted_directory, learner, options.assignment))
                try:
                    hand_in = put_together(delivery, known, endings)
                    _take(result, hand_in, _time(delivery, times, learner, result), place, staging, path.name, options)
                except IntakeError as error:
                    result.refused = str(error)
    return results, lost


def _application(options: Options) -> AutogradeApp:
    if not (options.root / "nbgrader_config.py").exists():
        raise IntakeError(f"{options.root}: there is no nbgrader course here (no nbgrader_config.py). Change into it.")
    if options.assignment != safe_name(options.assignment):
        raise IntakeError(f"{options.assignment}: this is no assignment's name. Say one such as ch1_introduction.")
    if options.learner and options.learner != safe_name(options.learner):
        raise IntakeError(f"--learner {options.learner}: use letters, digits and ._-@+ only.")
    paths = [path for path in (*options.paths, options.times) if path is not None]
    if missing := [path for path in paths if not path.exists()]:
        raise IntakeError(f"{missing[0]}: there is nothing here. Say where it is.")
    return application(options.root, [options.assignment])


def _known(coursedir: object, assignment: str) -> list[Known]:
    folder = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
    known = read_known(folder)
    if not known:
        raise IntakeError(f"{folder}: there is no notebook of '{assignment}' here. Run 'scalable-ai build' first.")
    return known


def _roster(coursedir: object) -> Iterator[Student]:
    """Yield the learners that the gradebook knows; it is not made where there is none."""
    place = coursedir.db_url.removeprefix("sqlite:///")
    if place != coursedir.db_url and not os.path.lexists(place):
        return
    try:
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            for one in gradebook.students:
                fields = (one.id, one.first_name, one.last_name, one.email, one.lms_user_id)
                yield Student(*(str(field or "") for field in fields))
    except (DatabaseError, OSError) as error:
        raise IntakeError(f"{place}: the gradebook cannot be read ({str(error).splitlines()[0]}).") from None


def _times(path: Path) -> dict[str, str]:
    """Return when each learner handed in, from a CSV file with a line of headings: learner, time."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) > 1]
    except (OSError, UnicodeError, csv.Error) as error:
        raise IntakeError(f"{path}: it cannot be read as CSV ({error}).") from None
    if not rows or [name.strip().lower() for name in rows[0][:2]] != ["learner", "time"]:
        raise IntakeError(f"{path}: its first line is not 'learner,time'. Add it above the others.")
    return {row[0].strip(): row[1].strip() for row in rows[1:]}


def _time(delivery: Delivery, times: dict[str, str], learner: str, result: Collected) -> datetime | None:
    """Return when something was handed in, in UTC, as nbgrader writes it; None where nobody knows."""
    owner = delivery.owner
    said = next((times[name] for name in (learner, owner.platform_id, owner.name) if name in times), delivery.time)
    if said:
        try:
            return _utc(said)
        except (ValueError, OverflowError, TypeError, AttributeError):
            result.notes.append(f"The time '{said[:40]}' cannot be read, so it counts as in time.")
    elif delivery.is_late:
        result.notes.append(f"{owner.platform} says this is late and not by how much: say when with --times.")
    return None


def _utc(said: str) -> datetime:
    """Return a time in UTC; nbgrader's own reading takes +0100 for a hundred seconds."""
    try:
        time = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", said))
    except ValueError:
        time = parse_utc(said)
    return (time.astimezone(UTC) if time.tzinfo else time).replace(tzinfo=None, microsecond=0)


def _take(
    result: Collected,
    hand_in: HandIn,
    time: datetime | None,
    place: Path,
    staging: Staging,
    source: str,
    options: Options,
) -> None:
    """Write a hand-in to its place, in one step."""
    result.notes += hand_in.all_notes
    result.notebooks = sum(name.endswith(".ipynb") for name in hand_in.files)
    if not result.notebooks:
        result.refused = f"no notebook of '{options.assignment}' is in it"
        return
    files = dict(hand_in.files)
    if time is not None:
        files[TIMESTAMP] = f"{time:%Y-%m-%d %H:%M:%S} UTC\n".encode()
    before, earlier = _content(place), []
    if before is not None:
        if RECORD not in before and not options.force:
            result.refused = f"{place} came there by another way. --force replaces it"
            return
        record = before.pop(RECORD, b"")
        came_from, earlier = source_and_earlier(record)
        work, was = digest(hand_in.files), digest({name: before[name] for name in before if name != TIMESTAMP})
        if work == was and TIMESTAMP in before:
            files.setdefault(TIMESTAMP, before[TIMESTAMP])  # a time that was said once is not forgotten
        if before == files and record:
            result.status = "unchanged"
            return
        if _came_earlier(work, files, before, earlier) and not options.force:
            result.status = "kept"
            result.notes.append("What is there was handed in later, so it stays; --force replaces it.")
            return
        if work != was:
            earlier.append(was)
            result.notes.append(f"It takes the place of what came from {came_from or 'elsewhere'}.")
    result.status = "new" if before is None else "replaced"
    files[RECORD] = record_text(source, hand_in.notes, earlier).encode()
    staging.publish(files, place)


def _came_earlier(work: str, files: dict[str, bytes], before: dict[str, bytes], earlier: list[str]) -> bool:
    """Tell whether a hand-in is older than what is there: by their times, or since it was replaced once already."""
    if TIMESTAMP in files and TIMESTAMP in before:
        return files[TIMESTAMP] < before[TIMESTAMP]
    return work in earlier


def _content(place: Path) -> dict[str, bytes] | None:
    """Return what is at a hand-in's place, None where nothing is."""
    if not os.path.lexists(place):
        return None
    if place.is_symlink() or not place.is_dir():
        raise IntakeError(f"{place}: this is no folder. Move it away.")
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
