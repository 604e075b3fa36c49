"""What makes a finding of no use to the learner who reads it, or of too much."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from scalable_ai.cards import Finding
from scalable_ai.lessons.scaffold import learner_text
from scalable_ai.lessons.source import Lesson

MAX_ITEMS = 20
"""Elements of the longest reference value that is looked up in messages."""
TELLING_DIGITS = 3
"""Significant digits from which on a number says more than a count or a size."""
# What belongs to the grader's own code, and what Python prints for those who wrote it.
_INTERNAL = re.compile(
    r"scalable_ai|site-packages|\bgraders\b|Traceback|File \"|<(answer|check|string)>|/tmp/|0x[0-9a-f]{6}|"
    r"\b(NotYet|AnswerError|GraderError|WireError|MissingNameError|HandedInError|LocalChannel|Answerer|rerun|rng)\b"
)
_OWN_FAULT = "another kind of value ("
"""What is said where a check's own code failed at a value that it was not written for."""
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.]*\w)")


@dataclass(frozen=True)
class Feedback:
    """What messages of one lesson may and may not say."""

    told: str
    """All that learners can read in the lesson."""
    internal: frozenset[str]
    """Names in the hidden checks that the lesson does not use."""
    values: dict[str, frozenset[str]]
    """By exercise, texts of the reference answer's results for the lesson's own inputs."""

    def faults(self, exercise: str, finding: Finding, is_hidden: bool = True) -> list[str]:
        """Return what is wrong with a finding, each as a few words; none where it can be used.

        Visible checks stand in the notebook, with what they expect and with hints below them; hidden ones must name the
        likeliest mistake themselves, and not give the result away.

        Args:
            exercise: The exercise that it is about.
            finding: What the learner reads.
            is_hidden: Whether a hidden check found it.
        """
        faults = [*self._unfit(finding)]
        if is_hidden:
            faults += ["no likely mistake is named"] if not finding.likely else []
            faults += self._given_away(exercise, finding)
        return faults

    def _unfit(self, finding: Finding) -> Iterator[str]:
        for part in ("what", "expected", "got"):
            if not getattr(finding, part).strip():
                yield f"'{part}' is empty"
        text = finding.sentence()
        if re.search(r"AssertionError(?!:| in line \d+ of the answer: )", text):
            yield "a bare AssertionError"
        if _OWN_FAULT in finding.got:
            yield "the check fails at this value in place of judging it"
        found = _INTERNAL.search(text)
        if found:
            yield f"'{found[0]}' is internal"
        for name in self.internal & set(re.findall(r"\w+", text)):
            yield f"'{name}' is a name of the hidden checks"

    def _given_away(self, exercise: str, finding: Finding) -> Iterator[str]:
        text = f"{finding.expected} {finding.likely}"
        for value in sorted(self.values.get(exercise, ())):
            if re.search(rf"(?<![\w.]){re.escape(value)}(?![\w]|\.\d)", text) and value.strip("'\"") not in self.told:
                yield f"'{value}' is a result that could be pasted"
        for number in _NUMBER.findall(text):
            if "." in number and _digits(number) >= TELLING_DIGITS and number.lstrip("-") not in self.told:
                yield f"'{number}' is a number that the lesson does not name"


def feedback_of(lesson: Lesson, checks: str, namespace: dict[str, Any]) -> Feedback:
    """Return what messages of a lesson may say.

    Args:
        lesson: Whose messages.
        checks: The text of its hidden checks.
        namespace: What the lesson's own code leaves.
    """
    told, values = [], {}
    for cell in lesson.cells:
        if cell.mark == "answer":
            told.append(learner_text(cell.text, ""))
            results = [namespace[name] for name in assigned(cell.text) if name in namespace]
            values[cell.name] = frozenset(text for value in results for text in telling(value))
        elif cell.mark != "check":
            told.append(cell.text)
    text = "\n".join(told)
    names = {node.name for node in ast.walk(ast.parse(checks)) if isinstance(node, ast.FunctionDef)}
    names |= assigned(checks)
    # A name of one word may be a word of the message.
    names = {name for name in names if "_" in name} - {*lesson.exercises, *lesson.quizzes}
    internal = {name for name in names if not re.search(rf"\b{name}\b", text)}
    return Feedback(text, frozenset(internal), values)


def assigned(text: str) -> set[str]:
    """Return the names that a cell assigns at its top level."""
    found = set()
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            found |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)} if target else set()
    return found


def telling(value: Any) -> set[str]:
    """Return texts of a value, and of its parts, that give it away when they stand in a message."""
    if isinstance(value, torch.Tensor | np.ndarray):
        value = value.tolist() if np.prod(value.shape) <= MAX_ITEMS else []
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set):
        whole = {repr(value)} if 2 <= len(value) <= MAX_ITEMS and len(repr(value)) > 2 * TELLING_DIGITS else set()
        return whole.union(*(telling(one) for one in list(value)[:MAX_ITEMS]))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return set()
    if isinstance(value, str):
        return {repr(value), f'"{value}"'} if len(value) > TELLING_DIGITS else set()
    if math.isfinite(value) and value == int(value):
        return {text for text in (str(int(value)), f"{int(value):,}", repr(value)) if _digits(text) >= TELLING_DIGITS}
    texts = {repr(value)} | {f"{value:.{digits}g}" for digits in range(TELLING_DIGITS, 8)}
    return {text for text in texts if _digits(text) >= TELLING_DIGITS}


def _digits(number: str) -> int:
    """Return how many significant digits a number is written with."""
    return len(re.sub(r"e.*|\D", "", number).strip("0"))
