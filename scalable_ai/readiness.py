"""What a readiness check imports: `question` for its checks, and `result`, which says what may be skipped.

Nothing here has points, and no one grades it: the cards and the result are for the learner alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from scalable_ai.cards import inline
from scalable_ai.checks import exercise

_passed: set[str] = set()


class question(exercise):  # noqa: N801 - reads as a word: `with question("tensors") as check:`
    """Run the body of a readiness question's check and show its card.

    Args:
        name: The question's id.
        title: Shown on the card.
        success: Said when passed.
        lesson: Title of the lesson to take when it does not pass.
    """

    def __init__(self, name: str, title: str = "", success: str = "", lesson: str = "") -> None:
        super().__init__(name, title, success)
        self.footer = ""
        self.advice = f"Mend it and run both cells again, or take {lesson}." if lesson else ""

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        (_passed.add if error is None else _passed.discard)(self.name)
        return super().__exit__(kind, error, trace)


@dataclass(frozen=True)
class Row:
    """What a readiness check says about one lesson."""

    lesson: str
    still_open: tuple[str, ...]
    """Titles of its questions that have not passed."""

    @property
    def advice(self) -> str:
        """Whether to take the lesson."""
        return "take it" if self.still_open else "may be skipped"


@dataclass(frozen=True)
class Result:
    """What a readiness check came to: which lessons may be skipped, and which questions are open."""

    rows: tuple[Row, ...]
    passed: int
    total: int

    def sentence(self) -> str:
        """Return the result in one line."""
        skipped = sum(not row.still_open for row in self.rows)
        return f"{self.passed} of {self.total} questions passed: {skipped} of {len(self.rows)} lessons may be skipped."

    def __str__(self) -> str:
        lines = [self.sentence()]
        for row in self.rows:
            lines.append(f"{row.advice:<15} {row.lesson}")
            lines += [f"{'open':>15} {title}" for title in row.still_open]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{inline(row.lesson)}</th>'
            f'<td style="text-align:left">{row.advice}</td>'
            f'<td style="text-align:left">{"<br>".join(map(inline, row.still_open)) or "none"}</td></tr>'
            for row in self.rows
        )
        heads = "".join(f'<th scope="col" style="text-align:left">{head}</th>' for head in ("Lesson", "Advice", "Open"))
        return f"<p>{self.sentence()}</p><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def result(lessons: Mapping[str, Mapping[str, str]]) -> Result:
    """Return which lessons may be skipped, from the checks that have passed in this session.

    Args:
        lessons: Title of a lesson -> name of each of its questions -> the question's title.
    """
    rows = tuple(
        Row(lesson, tuple(title for name, title in questions.items() if name not in _passed))
        for lesson, questions in lessons.items()
    )
    names = {name for questions in lessons.values() for name in questions}
    return Result(rows, len(names & _passed), len(names))
