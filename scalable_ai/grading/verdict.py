"""What the judge says of one exercise, and how it reaches the gradebook and the learner."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from scalable_ai.cards import Card, Finding
from scalable_ai.lessons.exercise import points_text

VERDICT = "application/vnd.scalable-ai.verdict+json"
"""The verdict as data, beside the card, for reports."""


@dataclass(frozen=True)
class Verdict:
    """The marks for one exercise, with reasons."""

    title: str
    score: float
    points: float
    findings: tuple[Finding, ...] = ()
    """What was not right, for the learner."""
    success: str = ""
    hints: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    """What was looked at and was right."""
    stopped: bool = False
    """Whether the learner's code took too long or ended its kernel, so that a new one is needed."""
    flag: str = ""
    """Why there is no verdict, for the instructor; then there are no marks either."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Verdict:
        """Return the verdict that `to_dict` was called on."""
        findings = tuple(Finding(**found) for found in data["findings"])
        lists = {key: tuple(data[key]) for key in ("hints", "passed")}
        return cls(**{**data, **lists, "findings": findings})

    @property
    def is_full(self) -> bool:
        """Whether all points were earned."""
        return self.score >= self.points

    def card(self) -> Card:
        """Return the card for the feedback page."""
        right = f"Right: {', '.join(self.passed)}. " if self.passed and not self.is_full else ""
        footer = f"{right}{self.score:g} of {points_text(self.points)}."
        return Card(self.title, self.is_full, self.success, self.findings, self.hints, len(self.hints) and 1, footer)

    def outputs(self) -> list[NotebookNode]:
        """Return the check cell's outputs: the card, and the score in nbgrader's partial-credit form."""
        card = self.card()
        # nbgrader takes the first execute_result for the mark, so the card goes first and as display_data.
        cards = {"text/plain": card.text(), "text/html": card._repr_html_(), VERDICT: self.to_dict()}
        shown = {"output_type": "display_data", "metadata": {}, "data": cards}
        mark = {"output_type": "execute_result", "metadata": {}, "execution_count": None}
        score = {**mark, "data": {"text/plain": f"{self.score:g}"}}
        return [nbformat.from_dict(shown), nbformat.from_dict(score)]


def verdict_of(cell: NotebookNode) -> Verdict | None:
    """Return the verdict in a graded check cell's outputs; what other cells display is no verdict."""
    if not cell.metadata.get("nbgrader", {}).get("grade"):
        return None
    for output in cell.get("outputs", []):
        if VERDICT in output.get("data", {}):
            return Verdict.from_dict(output["data"][VERDICT])
    return None


def no_verdict(title: str, points: float, why: str, stopped: bool = False) -> Verdict:
    """Return no marks and a flag: what a check that could not be judged gets."""
    finding = Finding("This exercise", "a verdict", "none: the grader could not judge it; your instructor is told")
    return Verdict(title, 0.0, points, findings=(finding,), flag=why, stopped=stopped)
