"""The cards of exercises, quizzes and readiness questions: YAML in, checked values out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import yaml

LETTERS = "ABCD"


@dataclass(frozen=True)
class Exercise:
    """What an exercise card says."""

    name: str
    title: str
    difficulty: int
    """1 (easy) to 3 (hard)."""
    minutes: int
    points: float
    task: str
    """One imperative sentence."""
    context: str
    instructions: tuple[str, ...]
    hints: tuple[str, ...]
    success: str
    """Said when passed: names the concept and why it matters."""

    def markdown(self, number: int, hints_html: str) -> str:
        """Return the card as the learner's notebook shows it."""
        dots = "●" * self.difficulty + "○" * (3 - self.difficulty)
        level = {1: "easy", 2: "medium", 3: "hard"}[self.difficulty]
        bullets = "\n".join(f"- {text}" for text in self.instructions)
        return (
            f"### Exercise {number}: {self.title}\n\n"
            f"*{dots} {level} · {self.minutes} minutes · {points_text(self.points)}*\n\n"
            f"**{self.task}**\n\n{self.context}\n\n{bullets}\n\n{hints_html}"
        )


@dataclass(frozen=True)
class Option:
    """One answer of a multiple-choice question, with its explanation."""

    text: str
    why: str
    right: bool


@dataclass(frozen=True)
class Quiz:
    """A multiple-choice question."""

    name: str
    question: str
    options: tuple[Option, ...]
    points: float

    @property
    def key(self) -> str:
        """The right option's letter."""
        return next(letter for letter, option in zip(LETTERS, self.options, strict=False) if option.right)

    def packed_options(self) -> dict[str, tuple[bool, str]]:
        """Return letter -> (right, why)."""
        return {letter: (option.right, option.why) for letter, option in zip(LETTERS, self.options, strict=False)}

    def markdown(self) -> str:
        """Return the question as the learner's notebook shows it."""
        options = "\n".join(f"- **{x}.** {o.text}" for x, o in zip(LETTERS, self.options, strict=False))
        return (
            f"### Quiz\n\n*{points_text(self.points)}*\n\n**{self.question}**\n\n{options}\n\n"
            'Put the letter in quotes in place of the blank, such as `"A"`, then run both cells: '
            "whichever option you choose is explained."
        )


@dataclass(frozen=True)
class Question:
    """What the card of a readiness check says: something to answer without points."""

    name: str
    title: str
    task: str
    """One imperative sentence."""
    lesson: str
    """Id of the lesson to take when it does not pass."""
    success: str

    def markdown(self, number: int, lesson: str) -> str:
        """Return the card as the learner's notebook shows it; `lesson` is the lesson's title, as a link."""
        return (
            f"### Question {number}: {self.title}\n\n**{self.task}**\n\n"
            f"If it does not pass and you cannot tell why, take {lesson}."
        )


def points_text(points: float) -> str:
    """Return `1 point`, `3 points`, `0.5 points`."""
    return f"{points:g} point{'' if points == 1 else 's'}"


def parse_exercise(name: str, text: str) -> Exercise:
    """Read an exercise card.

    Raises:
        ValueError: Not YAML, a field is missing, unknown or of the wrong type.
    """
    card = _mapping(text)
    wanted = {f.name for f in fields(Exercise)} - {"name"}
    _same_keys(card, wanted)
    for key in ("title", "task", "context", "success"):
        _text(card, key)
    for key in ("instructions", "hints"):
        if not isinstance(card[key], list) or not all(isinstance(item, str) for item in card[key]):
            raise ValueError(
                f"'{key}' must be a list of texts; quote items that contain ': ' or begin with a backtick."
            )
        card[key] = tuple(item.strip() for item in card[key])
    if card["difficulty"] not in {1, 2, 3}:
        raise ValueError("'difficulty' must be 1, 2 or 3.")
    for key in ("minutes", "points"):
        _positive(card, key)
    return Exercise(name=name, **card)


def parse_quiz(name: str, text: str) -> Quiz:
    """Read a quiz card.

    Raises:
        ValueError: Not YAML, a field is missing, not exactly one right option, or an option without explanation.
    """
    card = _mapping(text)
    card.setdefault("points", 1)
    _same_keys(card, {"question", "options", "points"})
    _text(card, "question")
    _positive(card, "points")
    options = []
    for item in card["options"] if isinstance(card["options"], list) else []:
        if not isinstance(item, dict) or not {"text", "why"} <= set(item) <= {"text", "why", "right"}:
            raise ValueError("Each option needs 'text' and 'why', and the right one 'right: true'.")
        options.append(Option(str(item["text"]), str(item["why"]), item.get("right") is True))
    if not 3 <= len(options) <= len(LETTERS) or sum(option.right for option in options) != 1:
        raise ValueError("A quiz has 3 or 4 options, exactly one of them with 'right: true'.")
    return Quiz(name, card["question"], tuple(options), float(card["points"]))


def parse_question(name: str, text: str) -> Question:
    """Read the card of a readiness check's question.

    Raises:
        ValueError: Not YAML, a field is missing, unknown or of the wrong type.
    """
    card = _mapping(text)
    wanted = {f.name for f in fields(Question)} - {"name"}
    _same_keys(card, wanted)
    for key in wanted:
        _text(card, key)
    return Question(name=name, **card)


def _mapping(text: str) -> dict[str, Any]:
    try:
        card = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1} of the card" if mark else ""
        raise ValueError(
            f"it is not valid YAML{where}. Quote texts that contain ': ' or begin with a backtick."
        ) from None
    if not isinstance(card, dict):
        raise ValueError("it must be 'key: value' lines.")
    return card


def _same_keys(card: dict[str, Any], wanted: set[str]) -> None:
    if missing := wanted - set(card):
        raise ValueError(f"add {', '.join(sorted(missing))}.")
    if unknown := set(card) - wanted:
        raise ValueError(f"remove {', '.join(sorted(map(str, unknown)))}.")


def _text(card: dict[str, Any], key: str) -> None:
    if not isinstance(card[key], str) or not card[key].strip():
        raise ValueError(f"'{key}' must be a text.")
    card[key] = " ".join(card[key].split())


def _positive(card: dict[str, Any], key: str) -> None:
    if isinstance(card[key], bool) or not isinstance(card[key], int | float) or card[key] <= 0:
        raise ValueError(f"'{key}' must be a positive number.")
