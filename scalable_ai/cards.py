"""The card a check answers with: passed and why it matters, or what is not right yet and the next hint."""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass

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
        if self.footer:
            lines.append(self.footer)
        return "\n".join(textwrap.fill(line, 88, subsequent_indent=" " * 12) for line in lines if line)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        color = _GREEN if self.passed else _AMBER
        verdict = "Passed" if self.passed else "Not yet"
        parts = [
            f'<div role="status" style="border:1px solid {color};border-left:6px solid {color};border-radius:4px;'
            'padding:0.6em 1em;margin:0.3em 0;max-width:48em;line-height:1.5">',
            f"<div><strong>{'✓' if self.passed else '→'} {verdict}</strong>: {inline(self.title)}</div>",
        ]
        if self.passed and self.success:
            parts.append(f"<p>{inline(self.success)}</p>")
        parts += [_finding_html(found) for found in self.findings]
        if not self.passed and self.hints:
            parts.append(hints_html(self.hints))
        if self.footer:
            parts.append(f'<p style="opacity:0.85;margin-bottom:0"><small>{inline(self.footer)}</small></p>')
        return "".join(parts) + "</div>"


def inline(text: str) -> str:
    """Escape text for HTML and turn backticks into code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def hints_html(hints: tuple[str, ...] | list[str]) -> str:
    """Return hints as nested folds: each opens only after the one before."""
    folded = ""
    for number, hint in reversed(list(enumerate(hints, 1))):
        folded = (
            f'<details style="margin:0.4em 0 0 0.2em"><summary>Hint {number} of {len(hints)}</summary>'
            f"<ul><li>{inline(hint)}</li></ul>{folded}</details>"
        )
    return folded


def _finding_html(found: Finding) -> str:
    rows = [("Expected", found.expected), ("Got", found.got)]
    if found.likely:
        rows.append(("Likely", found.likely))
    cells = "".join(f"<dt><strong>{label}</strong></dt><dd>{inline(value)}</dd>" for label, value in rows)
    return f'<p style="margin:0.5em 0 0">{inline(found.what)}</p><dl style="margin:0.2em 0 0 1em">{cells}</dl>'
