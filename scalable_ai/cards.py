"""The card a check answers with: passed and why it matters, or what is not right yet and the next hint."""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass

KEY = "scalable_ai"
"""Where an output's metadata say whether its exercise passed."""
_GREEN, _AMBER = "#2e8b57", "#c77700"


@dataclass(frozen=True)
class Finding:
    """One thing that is not right yet, in words for the learner."""

    what: str
    """The name or property that was looked at."""
    expected: str
    """What a right answer has here."""
    got: str
    """What this answer has."""
    likely: str = ""
    """The likeliest mistake behind it."""

    def sentence(self) -> str:
        """Return the finding as one line of text."""
        text = f"{self.what}: expected {self.expected}, got {self.got}."
        return f"{text} {self.likely}" if self.likely else text


@dataclass(frozen=True)
class Card:
    """What a check has to say, shown as HTML in notebooks and as text everywhere else."""

    title: str
    """The exercise's title."""
    passed: bool
    success: str = ""
    """What the learner has shown, said when passed."""
    findings: tuple[Finding, ...] = ()
    """What is not right yet, first one first."""
    hints: tuple[str, ...] = ()
    """All hints, from gentle to nearly there."""
    hints_in_text: int = 1
    """How many hints the text version shows; the HTML version opens them one by one."""
    footer: str = ""
    """A closing line: what happens next, or the points."""
    name: str = ""
    """The exercise's id, for what counts passed checks."""
    solution: str = ""
    """A right answer, for self-study; folded away below the last hint."""
    solution_place: str = ""
    """Where that answer stands, for the text version, which folds nothing away."""

    def text(self) -> str:
        """Return the card as plain text, 88 columns wide."""
        lines = [f"{'Passed' if self.passed else 'Not yet'}: {self.title}"]
        if self.passed:
            lines.append(self.success)
        for found in self.findings:
            lines += [f"{found.what}", f"  expected  {found.expected}", f"  got       {found.got}"]
            if found.likely:
                lines.append(f"  likely    {found.likely}")
        if not self.passed:
            total = len(self.hints)
            shown = self.hints[: self.hints_in_text]
            lines += [f"Hint {i} of {total}: {hint}" for i, hint in enumerate(shown, 1)]
            if self.solution_place and self.hints_in_text >= total:
                lines.append(f"A right answer, for self-study: {self.solution_place}")
        if self.footer:
            lines.append(self.footer)
        return "\n".join(textwrap.fill(line, 88, subsequent_indent=" " * 12) for line in lines if line)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict[str, str], dict[str, object]]:
        """Return nothing to see, and for the notebook's file which exercise this is and whether it passed."""
        return {}, {KEY: {"exercise": self.name, "passed": self.passed}} if self.name else {}

    def _repr_html_(self) -> str:
        color = _GREEN if self.passed else _AMBER
        sign, verdict = ("✓", "Passed") if self.passed else ("→", "Not yet")
        # Only the status is read out when it appears; hints wait until they are asked for.
        parts = [
            f'<div role="group" aria-label="Check: {html.escape(self.title)}" '
            f'style="border:1px solid {color};border-left:6px solid {color};border-radius:4px;'
            'padding:0.6em 1em;margin:0.3em 0;max-width:48em;line-height:1.5">',
            f'<div role="status"><div><strong><span aria-hidden="true">{sign}</span> {verdict}</strong>: '
            f"{inline(self.title)}</div>",
        ]
        if self.passed and self.success:
            parts.append(f"<p>{inline(self.success)}</p>")
        parts += [*(_finding_html(found) for found in self.findings), "</div>"]
        if not self.passed:
            parts.append(hints_html(self.hints, _solution_html(self.solution) if self.solution else ""))
        if self.footer:
            parts.append(f'<p style="margin:0.5em 0 0"><small>{inline(self.footer)}</small></p>')
        return "".join(parts) + "</div>"


def inline(text: str) -> str:
    """Escape text for HTML and turn backticks into code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def hints_html(hints: tuple[str, ...] | list[str], last: str = "") -> str:
    """Return hints as nested folds: each opens only after the one before, and what is given as `last` after all."""
    folded = last
    for number, hint in reversed(list(enumerate(hints, 1))):
        folded = fold(f"Hint {number} of {len(hints)}", f"<ul><li>{inline(hint)}</li></ul>{folded}")
    return folded


def fold(summary: str, content: str) -> str:
    """Return HTML that is folded away below its summary."""
    return f'<details style="margin:0.4em 0 0 0.2em"><summary>{summary}</summary>{content}</details>'


def _solution_html(code: str) -> str:
    advice = "Other answers may be as right. Read it, close it, and write yours without looking."
    style = "white-space:pre-wrap;margin:0.4em 0;padding:0.4em 0.6em;border:1px solid"
    return fold("Show a right answer, for self-study", f'<p>{advice}</p><pre style="{style}">{html.escape(code)}</pre>')


def _finding_html(found: Finding) -> str:
    rows = [("Expected", found.expected), ("Got", found.got)]
    if found.likely:
        rows.append(("Likely", found.likely))
    cells = "".join(f"<dt><strong>{label}</strong></dt><dd>{inline(value)}</dd>" for label, value in rows)
    return f'<p style="margin:0.5em 0 0">{inline(found.what)}</p><dl style="margin:0.2em 0 0 1em">{cells}</dl>'
