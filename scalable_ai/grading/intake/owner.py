"""Whose file it is, told from where it lies: each learning platform has its own way to name what it gives out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<id>\d{2,})_(?P<file_id>\d{2,})_(?P<file>.+)", re.DOTALL)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<id>\w+?)_(?P<file_id>\d+)_(?P<file>.+)", re.DOTALL)
CANVAS_TEXT = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>text|link)\.html")
MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<file>.*)", re.DOTALL)
_COPY = re.compile(
    r"^(copy[ _-]?(\d+[ _-]?)?of[ _-]+)|([ _-]*\(\d+\)|[ _-]+copy(\d*|[ _-]?\(\d+\))|[ _-]+kopie|-\d+)+$", re.IGNORECASE
)
MAX_NAME = 100


@dataclass(frozen=True)
class Owner:
    """Whose something is, as far as its name tells."""

    name: str
    """A name or id that people or platforms use."""
    platform_id: str = ""
    """The platform's number of this person, or of this person's participation."""
    platform: str = ""
    """`Canvas`, `Moodle`, or empty."""


@dataclass(frozen=True)
class Claim:
    """What the name of a file tells."""

    owner: Owner
    file: tuple[str, ...]
    """The learner's own name for it, with folders."""
    is_late: bool = False
    order: int = 0
    """Larger for what was handed in later, where the platform counts."""
    text_only: bool = False
    """Whether it was typed into the platform's own form: no file that could be graded."""


def claim_of(parts: tuple[str, ...], ours: Collection[str] = ()) -> Claim | None:
    """Return what a learning platform's naming tells of a file, or None.

    Canvas puts all files into one folder, so a file in a learner's folder may be called as it likes.

    Args:
        parts: The file's folders and name.
        ours: Names of notebooks, without endings, that are no names of Canvas's making, whatever they look like.
    """
    for place, part in enumerate(parts):
        if match := MOODLE.fullmatch(part):
            file = (match["file"],) if match["file"] else parts[place + 1 :]
            if file:
                owner = Owner(match["name"].strip(), match["id"], "Moodle")
                return Claim(owner, file, text_only=match["kind"] != "file")
    last = parts[-1]
    if len(parts) > 1 or plain_stem(last) in ours:
        return None
    if match := CANVAS_TEXT.fullmatch(last):
        owner = Owner(match["name"], match["id"], "Canvas")
        return Claim(owner, (last,), bool(match["late"]), text_only=True)
    if match := CANVAS_ANONYMOUS.fullmatch(last) or CANVAS.fullmatch(last):
        name = match.groupdict().get("name") or f"anon_{match['id']}"
        owner = Owner(name, match["id"], "Canvas")
        return Claim(owner, (match["file"],), bool(match["late"]), int(match["file_id"][:18]))
    return None


def plain_stem(name: str) -> str:
    """Return a file's name without its ending and without what systems and people add to copies."""
    stem = unicodedata.normalize("NFC", name)
    stem = stem[: stem.rfind(".")] if "." in stem else stem
    for _ in range(4):
        shorter = _COPY.sub("", stem).strip()
        if shorter == stem or not shorter:
            break
        stem = shorter
    return stem


def common_prefix(names: Iterable[str]) -> str:
    """Return what the folders of GitHub Classroom begin with: the assignment, up to a hyphen."""
    names = sorted(set(names))
    if len(names) < 2:
        return ""
    first, last = names[0], names[-1]
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[: first[:same].rfind("-") + 1]


def safe_name(name: str) -> str:
    """Return a name as one that a folder can have on every system; letters of all languages stay."""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"[^\w.@+-]+", "_", name).strip("._ ")
    return name[:MAX_NAME].rstrip("._ ") or "unnamed"


@dataclass(frozen=True)
class Student:
    """What the gradebook knows of a learner."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


def learner_of(owner: Owner, roster: Iterable[Student]) -> tuple[str, bool]:
    """Return a learner's id in the gradebook, and whether the gradebook has it.

    Args:
        owner: Whose file it is.
        roster: The gradebook's learners: found by the platform's number, by id, by address or by a name that only one
            of them has.
    """
    roster = list(roster)
    if owner.platform_id:
        for student in roster:
            if student.lms_user_id == owner.platform_id:
                return student.id, True
    wanted = _squeezed(owner.name)
    for student in roster:
        # On a platform people choose their names, and could choose another's id.
        if not owner.platform and owner.name in {student.id, student.email}:
            return student.id, True
    ours = [student for student in roster if wanted and wanted in _names(student)]
    if len(ours) == 1:
        return ours[0].id, True
    return safe_name("_".join(filter(None, [owner.name, owner.platform_id]))), False


def _names(student: Student) -> set[str]:
    first, last = student.first_name or "", student.last_name or ""
    return {_squeezed(first + last), _squeezed(last + first)}


def _squeezed(name: str) -> str:
    return re.sub(r"\W|_", "", unicodedata.normalize("NFC", name)).casefold()
