"""A class whose marks are known, in a course without torch, and ways to look at what a batch leaves."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import nbformat

from scalable_ai.course import Course
from scalable_ai.grading.stock import nbgrader
from tests.grading.conftest import CHAPTER, SCALES, TOTALS, answered, copy_of_tiny_course

COURSE = Path(__file__).parent / "course"
LIGHT = Path(__file__).parent / "light"
RIGHT = {
    "total": "heavy = sum(weights)",
    "doubling": 'doubling = "B"',
    "centered": "centered = [value - sum(values) / 3 for value in values]",
    "clip": "def clip(values, low, high):\n    return [min(max(value, low), high) for value in values]",
}
POINTS = {"total": 4, "doubling": 1, "centered": 2, "clip": 3}
EXERCISES = {TOTALS: ("total", "doubling"), SCALES: ("centered", "clip")}


def new_course(root: Path) -> Course:
    """Return the light course, assigned."""
    course = copy_of_tiny_course(root, COURSE)
    nbgrader(root, "generate_assignment", CHAPTER, "--force")
    return course


def hand_in(course: Course, learner: str, answers: dict[str, str], names: tuple[str, ...] = (TOTALS, SCALES)) -> Path:
    """Write one learner's notebooks and return their folder."""
    folder = course.root / "submitted" / learner / CHAPTER
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        nbformat.write(answered(course, name, answers), folder / f"{name}.ipynb")
    return folder


def hand_in_class(course: Course, number: int) -> dict[str, float]:
    """Hand in for a class, each learner with other exercises right, and return the marks that are due."""
    due = {}
    for n in range(number):
        right = [name for bit, name in enumerate(POINTS) if (n + 15) >> bit & 1]
        hand_in(course, f"learner{n:04}", {name: RIGHT[name] for name in right})
        due[f"learner{n:04}"] = float(sum(POINTS[name] for name in right))
    return due


def command(*arguments: str) -> list[str]:
    """Return the command line of a batch."""
    return [str(Path(sys.executable).with_name("scalable-ai")), "grade", CHAPTER, *arguments]


def surroundings(root: Path) -> dict[str, str]:
    """Return the environment of a batch: no torch, and a temporary folder of its own beside the course."""
    path = os.pathsep.join(filter(None, [str(LIGHT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(temporary(root)), "OMP_NUM_THREADS": "1"}


def temporary(root: Path) -> Path:
    """Return a course's temporary folder."""
    # Short, since the path of a local socket has 107 characters at most.
    folder = Path("/tmp", f"t{zlib.crc32(os.fsencode(root)):x}")
    if not folder.exists():
        folder.mkdir()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run(root: Path, *arguments: str, **kwargs: object) -> subprocess.CompletedProcess:
    """Grade in a process of its own."""
    pipes = {"capture_output": True, "text": True, "env": surroundings(root)}
    return subprocess.run(command(*arguments), cwd=root, check=False, **{**pipes, **kwargs})


def rows(root: Path, sql: str) -> list[tuple]:
    """Ask the gradebook."""
    with sqlite3.connect(root / "gradebook.db") as db:
        return db.execute(sql).fetchall()


def marks(root: Path) -> dict[str, float]:
    """Return the class's marks."""
    found = rows(
        root,
        "select a.student_id, sum(coalesce(g.manual_score, g.auto_score, 0) + coalesce(g.extra_credit, 0)) "
        "from submitted_assignment a join submitted_notebook n on n.assignment_id = a.id "
        "join grade g on g.notebook_id = n.id group by a.student_id",
    )
    return dict(found)


def halves(root: Path) -> list[tuple]:
    """Return what is wrong with the gradebook: submissions without all of their rows, or without marks."""
    grades = sum(map(len, EXERCISES.values()))
    wrong = rows(
        root,
        "select a.student_id, count(distinct n.id), count(g.id), count(g.auto_score) from submitted_assignment a "
        "left join submitted_notebook n on n.assignment_id = a.id left join grade g on g.notebook_id = n.id "
        f"group by a.id having count(distinct n.id) != {len(EXERCISES)} or count(g.auto_score) != {grades}",
    )
    broken = [row for row in rows(root, "pragma integrity_check") if row != ("ok",)]
    strangers = rows(root, "select student_id, count(*) from submitted_assignment group by 1 having count(*) > 1")
    return [*wrong, *broken, *strangers]


def graded_stamps(root: Path) -> dict[str, int]:
    """Return when each graded folder was made: a folder that stays was not graded again."""
    return {path.parent.name: path.stat().st_ino for path in sorted((root / "autograded").glob(f"*/{CHAPTER}"))}


def left_behind(root: Path) -> list[str]:
    """Return what of a batch is still there, in the course and in its temporary folder."""
    # Python's own multiprocessing leaves an empty folder when it is killed.
    own = [path for path in temporary(root).iterdir() if not path.name.startswith("pymp-")]
    return [str(path) for path in [*(root / "autograded").glob(".staging*"), *own]]


def processes_of(batch: int) -> list[tuple[int, str]]:
    """Return the processes below a batch, with what each is."""
    import psutil

    found = []
    try:
        family = psutil.Process(batch).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    for process in family:
        try:
            found.append((process.pid, kind_of(process, batch)))
        except (psutil.Error, ValueError):  # it, or what was above it, has ended
            continue
    return found


def kind_of(process: object, batch: int) -> str:
    """Say what a process of a batch is, by its command line and its place in the family."""
    line = " ".join(process.cmdline())
    if "multiprocessing.resource_tracker" in line:
        return "tracker"
    if "multiprocessing.forkserver" in line:
        # The helper forks workers, which fork judges: all have its command line.
        generation = [parent.pid for parent in process.parents()].index(batch)
        return ("helper", "worker", "judge")[min(generation, 2)]
    if "scalable_ai.grading.judge" in line:
        return "judge"
    if "scalable_ai.grading.forkserver" in line:
        parent = " ".join(process.parent().cmdline())
        return "kernel" if "scalable_ai.grading.forkserver" in parent else "warm parent"
    return "kernel" if "ipykernel" in line else f"other: {line[:80]}"


def same_session(batch: int) -> list[int]:
    """Return who is still in a batch's session."""
    return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _session(p) == batch]


def _session(process: Path) -> int:
    try:
        return os.getsid(int(process.name))
    except OSError:
        return -1
