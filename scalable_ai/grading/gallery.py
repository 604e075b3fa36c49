"""Galleries of named right and wrong answers, and the proof that the hidden checks tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scalable_ai.cards import Finding
from scalable_ai.course import Course
from scalable_ai.grading.rehearsal import SEED, Rehearsal, rehearse
from scalable_ai.grading.verdict import Verdict
from scalable_ai.lessons.exercise import Quiz
from scalable_ai.lessons.gallery import Entry
from scalable_ai.lessons.gallery import read_gallery as read_entries
from scalable_ai.lessons.scaffold import BLANK, learner_text, solution_text
from scalable_ai.lessons.source import Lesson, read_lesson

UNTOUCHED = "untouched"
NOTHING = "does nothing"
REFERENCE = "reference answer"


class GalleryError(Exception):
    """A gallery that cannot be read: says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class Answer:
    """One named answer to an exercise."""

    exercise: str
    title: str
    right: bool
    text: str
    """The whole answer cell."""
    says: str = ""
    """A part of the message that a learner with this wrong answer reads."""
    scores: float | None = None
    """The exact share of the points it earns, where the gallery states it."""


@dataclass(frozen=True)
class Graded:
    """One answer with what the hidden checks made of it."""

    answer: Answer
    verdict: Verdict
    shown: Finding | None = None
    """What the visible check found."""
    faults: tuple[str, ...] = ()
    """What is wrong with the messages to the learner."""

    @property
    def problem(self) -> str:
        """Why checks, messages and the gallery disagree; empty where they agree."""
        verdict, answer = self.verdict, self.answer
        text = plain(" ".join(finding.sentence() for finding in verdict.findings))
        share = verdict.score / verdict.points
        if verdict.flag:
            return f"no verdict: {verdict.flag}"
        if answer.right and not verdict.is_full:
            return f"a right answer scores {share:.0%}: {text}"
        if answer.right:
            return f"a right answer does not pass the visible check: {self.shown.sentence()}" if self.shown else ""
        if verdict.is_full:
            return "a wrong answer gets full marks"
        if answer.scores is not None and abs(share - answer.scores) > 0.01:
            return f"scores {share:.2f} where the gallery says {answer.scores:.2f}: {text}"
        if plain(answer.says) not in text:
            return f"the learner does not read '{answer.says}' but: {text}"
        return "; ".join(self.faults)


def plain(text: str) -> str:
    """Return text without backticks and line breaks, in lower case, for looking up a part of a message."""
    return " ".join(text.replace("`", "").split()).lower()


def read_gallery(path: Path) -> list[Answer]:
    """Read a gallery, a percent script of `# %% right: NAME - title` and `# %% wrong: NAME - title` cells.

    Raises:
        GalleryError: A cell has another mark, or a wrong answer does not say its message.
    """
    if not path.is_file():
        return []
    entries, unread = read_entries(path.read_text(encoding="utf-8"))
    if unread:
        raise GalleryError(f"{path}: the cell in line {unread[0]} needs a mark such as '# %% wrong: NAME - title'.")
    return [_answer(path, entry) for entry in entries]


def _answer(path: Path, entry: Entry) -> Answer:
    right = entry.kind == "right"
    if not right and not entry.says:
        raise GalleryError(f"{path}: '{entry.title}' needs a line '# says: …' with a part of the learner's message.")
    try:
        scores = float(entry.scores) if entry.scores else None
    except ValueError:
        raise GalleryError(f"{path}: '{entry.title}' says '# scores: {entry.scores}', which is no number.") from None
    return Answer(entry.exercise, entry.title, right, entry.code, entry.says, scores)


def grade_gallery(course: Course, path: Path, seed: int = SEED) -> list[Graded]:
    """Grade a lesson's gallery, its reference answers and answers that do nothing, in this process.

    Args:
        course: Where lessons and galleries are.
        path: The lesson's source.
        seed: Of the fresh inputs.

    Raises:
        GalleryError: The gallery cannot be read, or answers an exercise that the lesson does not have.
    """
    answers = answers_of(course, read_lesson(path))
    with rehearse(course, path) as rehearsal:
        return [grade(rehearsal, answer, seed) for answer in answers]


def grade(rehearsal: Rehearsal, answer: Answer, seed: int = SEED) -> Graded:
    """Grade one answer, and look at what the learner reads of it."""
    verdict, shown = rehearsal.grade_as_shown(answer.exercise, answer.text, seed)
    faults = [
        f"{fault} in '{finding.sentence()}'"
        for finding, is_hidden in [*((one, True) for one in verdict.findings), *([(shown, False)] if shown else [])]
        for fault in rehearsal.feedback.faults(answer.exercise, finding, is_hidden)
    ]
    return Graded(answer, verdict, shown, tuple(faults))


def answers_of(course: Course, lesson: Lesson) -> list[Answer]:
    """Return a lesson's gallery with its reference answers, answers that do nothing, and all options of its quizzes.

    Raises:
        GalleryError: The gallery cannot be read, or answers an exercise that the lesson does not have.
    """
    gallery = read_gallery(course.graders / lesson.chapter / "answers" / f"{lesson.name}.py")
    for name in {answer.exercise for answer in gallery} - set(lesson.exercises):
        raise GalleryError(f"{lesson.path}: the gallery answers '{name}', which is no exercise of this lesson.")
    answers = []
    for cell in lesson.of("answer"):
        answers += [
            Answer(cell.name, REFERENCE, True, solution_text(cell.text)),
            Answer(cell.name, UNTOUCHED, False, learner_text(cell.text, "Exercise 0: untouched"), scores=0.0),
            Answer(cell.name, NOTHING, False, "pass", scores=0.0),
            *(answer for answer in gallery if answer.exercise == cell.name),
        ]
    return [*answers, *(answer for quiz in lesson.quizzes.values() for answer in _options(quiz))]


def _options(quiz: Quiz) -> list[Answer]:
    """Return an answer for each option of a quiz, and ways to write the right one and none at all."""

    def chosen(title: str, text: str, right: bool = False, says: str = "") -> Answer:
        return Answer(quiz.name, title, right, f"{quiz.name} = {text}", says, None if right else 0.0)

    options = quiz.packed_options()
    return [
        chosen(REFERENCE, repr(quiz.key), right=True),
        chosen(UNTOUCHED, BLANK),
        Answer(quiz.name, NOTHING, False, "pass", scores=0.0),
        *(chosen(f"option {letter}", repr(letter), says=why) for letter, (right, why) in options.items() if not right),
        chosen("the option's text in place of its letter", repr(quiz.options[0].text), says="one of the letters"),
        chosen("a small letter", repr(quiz.key.lower()), right=True),
        chosen("spaces around the letter", repr(f" {quiz.key} "), right=True),
    ]
