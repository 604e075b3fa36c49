"""A hand-in put together from what a learner delivered: one file for each notebook, and why that one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scalable_ai.grading.intake.gather import Delivery, Offer, opened
from scalable_ai.grading.intake.item import IntakeError
from scalable_ai.grading.intake.match import Known, match, plain_stem
from scalable_ai.grading.intake.owner import safe_name
from scalable_ai.grading.intake.record import RECORD

MAX_HAND_IN = 600_000_000
"""Bytes of the files of one learner."""
QUIET = frozenset({RECORD, "timestamp.txt", "readme.md", "license", "requirements.txt", "desktop.ini", "thumbs.db"})
"""Files that are left out without a word."""


@dataclass
class HandIn:
    """One learner's files, under the names that grading looks for."""

    files: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By file; what is about no file that is taken stands under the empty name."""

    def note(self, text: str, name: str = "") -> None:
        """Add a note once."""
        said = self.notes.setdefault(name, [])
        if text not in said:
            said.append(text)

    @property
    def all_notes(self) -> list[str]:
        """Return what the instructor should know."""
        return [text for texts in self.notes.values() for text in texts]


@dataclass(frozen=True)
class _Candidate:
    offer: Offer
    raw: bytes
    note: str
    is_notebook: bool
    is_blank: bool

    @property
    def rank(self) -> tuple[bool, bool, int, float]:
        return self.is_notebook, not self.is_blank, self.offer.order, self.offer.item.newness


def put_together(delivery: Delivery, known: Iterable[Known], endings: Iterable[str]) -> HandIn:
    """Choose one file for each notebook.

    Args:
        delivery: What was delivered.
        known: The assignment's notebooks.
        endings: Of other files that are handed in, such as `.onnx`.
    """
    known, endings = list(known), tuple(ending.lower() for ending in endings)
    hand_in, loose, left_out, size = HandIn(), list(delivery.notes), [], 0
    candidates: dict[str, list[_Candidate]] = {}
    for offer in opened(delivery.offers, loose):
        lower = offer.name.lower()
        if lower in QUIET:
            continue
        if not lower.endswith((".ipynb", *endings)):
            left_out.append(offer.name)
            continue
        try:
            raw = offer.item.read()
            size += len(raw)
            if size > MAX_HAND_IN:
                raise IntakeError(
                    f"{offer.name}: all files together are larger than {MAX_HAND_IN // 10**6} MB; left out."
                )
        except IntakeError as error:
            loose.append(str(error))
            continue
        if not lower.endswith(".ipynb"):
            candidates.setdefault(_other_name(offer.name), []).append(_Candidate(offer, raw, "", True, False))
            continue
        found = match(offer.name, raw, known)
        if found.known is None:
            loose.append(found.note)
        else:
            candidate = _Candidate(offer, raw, found.note, found.is_notebook, found.is_blank)
            candidates.setdefault(f"{found.known.name}.ipynb", []).append(candidate)
    for name, offered in candidates.items():
        _choose(hand_in, name, offered)
    for text in loose:
        hand_in.note(text)
    if left_out:
        some = ", ".join(sorted(left_out)[:5]) + (f" and {len(left_out) - 5} more" if len(left_out) > 5 else "")
        hand_in.note(f"Left out, since only {', '.join(dict.fromkeys(['.ipynb', *endings]))} is handed in: {some}.")
    return hand_in


def _choose(hand_in: HandIn, name: str, offered: list[_Candidate]) -> None:
    best = max(offered, key=lambda one: (one.rank, one.offer.name == name))
    hand_in.files[name] = best.raw
    if best.note:
        hand_in.note(best.note, name)
    others = [one for one in offered if one is not best and one.raw != best.raw]
    if others:
        names = ", ".join(f"'{one.offer.name}'" for one in others)
        why = next(
            reason
            for reason, is_it in (
                ("the others are no notebooks", not any(one.is_notebook for one in others)),
                ("nothing is answered in the others", all(one.is_blank for one in others) and not best.is_blank),
                ("it is the latest", all(one.rank < best.rank for one in others)),
                ("nothing tells which is the latest", True),
            )
            if is_it
        )
        hand_in.note(f"'{best.offer.name}' is graded as {name} and not {names}: {why}.", name)


def _other_name(name: str) -> str:
    ending = name[name.rfind(".") :]
    return safe_name(plain_stem(name)) + ending.lower()
