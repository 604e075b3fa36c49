"""What is known of the hidden checks: measured by a command, kept in `graders/proof.json`, read by a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from scalable_ai.course import Course
from scalable_ai.lessons.equivalents import Equivalent, read_equivalents
from scalable_ai.lessons.source import Lesson

FILE = "proof.json"


@dataclass(frozen=True)
class Survivor:
    """A mutant that got full marks."""

    line: int
    """Of the lesson's source, when it was tried."""
    before: str
    after: str
    nth: int = 1
    """Which one it is of those with the same `before` and `after`."""

    def words(self) -> str:
        """Return which line became what."""
        return f"line {self.line}: {self.before} → {self.after}" + (f" (number {self.nth})" if self.nth > 1 else "")


@dataclass(frozen=True)
class ExerciseProof:
    """What became of an exercise's named answers and of the mutants of its reference answer."""

    wrong_caught: int = 0
    wrong: int = 0
    right_passed: int = 0
    right: int = 0
    made: int = 0
    """Mutants."""
    survivors: tuple[Survivor, ...] = ()
    """Those that got full marks, explained or not."""
    seconds: float = 0.0
    """That all of this took, on the wall clock."""

    def counts(self, known: Iterable[Equivalent]) -> Counts:
        """Return how many of each there are, where some mutants are known to be right answers too."""
        known = [entry for entry in known if not entry.open]
        equivalent = sum(any(entry.means(mutant) for entry in known) for mutant in self.survivors)
        killed = self.made - len(self.survivors)
        named = (self.wrong_caught, self.wrong, self.right_passed, self.right)
        return Counts(*named, killed, self.made, equivalent, self.seconds)


@dataclass(frozen=True)
class Counts:
    """How many of each there are, in one exercise or several."""

    wrong_caught: int = 0
    wrong: int = 0
    right_passed: int = 0
    right: int = 0
    killed: int = 0
    """Mutants that do not get full marks."""
    made: int = 0
    equivalent: int = 0
    """Survivors that are right answers too."""
    seconds: float = 0.0

    @property
    def survivors(self) -> int:
        """How many mutants got full marks and are not known to be right answers."""
        return self.made - self.killed - self.equivalent

    @property
    def share_killed(self) -> float:
        """The share of killed mutants among those that are no right answers, from 0 to 1."""
        changing = self.made - self.equivalent
        return self.killed / changing if changing else 1.0


def together(counts: Iterable[Counts]) -> Counts:
    """Return the sums."""
    listed = [asdict(one) for one in counts]
    return Counts(**{name: sum(one[name] for one in listed) for name in asdict(Counts())})


@dataclass(frozen=True)
class LessonProof:
    """What is known of one lesson's checks."""

    exercises: dict[str, ExerciseProof]
    fingerprint: str
    """Of answers, checks and gallery."""
    measured: str
    """Day, such as `2026-01-31`."""
    machine: str
    """Facts about where it was measured, in words."""
    busy: bool
    """Whether other work ran there."""

    def counts(self, course: Course, lesson: Lesson) -> dict[str, Counts]:
        """Return the counts by exercise.

        Raises:
            EquivalentsError: What is known of equivalent mutants cannot be read.
        """
        known = read_equivalents(course, lesson)
        return {
            name: one.counts(entry for entry in known if entry.exercise == name) for name, one in self.exercises.items()
        }


@dataclass(frozen=True)
class Proof:
    """What is known of all lessons' checks."""

    lessons: dict[str, LessonProof] = field(default_factory=dict)
    """By chapter and name, such as `ch1_introduction/lesson_1_1_scalability`."""


def key_of(lesson: Lesson) -> str:
    """Return what a lesson is called in the file."""
    return f"{lesson.chapter}/{lesson.name}"


def read_proof(course: Course) -> Proof | None:
    """Return what is known; None where nothing is.

    Raises:
        ValueError: The file is not what `write_proof` writes; says what to do.
    """
    path = course.graders / FILE
    if not path.is_file():
        return None
    try:
        lessons = {}
        for key, one in json.loads(path.read_text(encoding="utf-8")).items():
            exercises = {name: _exercise(values) for name, values in one.pop("exercises").items()}
            lessons[key] = LessonProof(exercises, **one)
        return Proof(lessons)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{path}: these figures cannot be read. Remove the file and run 'make mutation'.") from None


def _exercise(values: dict[str, Any]) -> ExerciseProof:
    return ExerciseProof(**{**values, "survivors": tuple(Survivor(**one) for one in values["survivors"])})


def write_proof(course: Course, proof: Proof) -> str:
    """Write what is known, and return where."""
    path = course.graders / FILE
    data: dict[str, Any] = {key: asdict(proof.lessons[key]) for key in sorted(proof.lessons)}
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8", newline="\n")
    partial.replace(path)
    return str(path)


def fingerprint(course: Course, lesson: Lesson) -> str:
    """Return a hash of what the figures depend on: answers, hidden checks and gallery."""
    parts = [cell.text for cell in lesson.of("answer")]
    for folder in (course.graders / lesson.chapter, course.graders / lesson.chapter / "answers"):
        path = folder / f"{lesson.name}.py"
        parts.append(path.read_text(encoding="utf-8") if path.is_file() else "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
