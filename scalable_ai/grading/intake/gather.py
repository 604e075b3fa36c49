"""Who handed in what: deliveries found in a learning platform's archive, a folder, clones, or one learner's archive."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from scalable_ai.grading.intake.archive import is_archive, items_of_archive
from scalable_ai.grading.intake.item import MAX_ITEMS, IntakeError, Item, item_of_file, items_of_folder
from scalable_ai.grading.intake.owner import Owner, claim_of, common_prefix, plain_stem

MAX_DEPTH = 3
"""Archives in archives that are opened."""
TIMESTAMP = "timestamp.txt"
"""Where nbgrader keeps when something was handed in."""
GIT = (
    "git",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "core.hooksPath=/dev/null",
)


@dataclass(frozen=True)
class Offer:
    """A file that a learner handed in."""

    name: str
    """The learner's own, without folders."""
    item: Item
    order: int = 0
    """Larger for what was handed in later, where a platform counts."""


@dataclass
class Delivery:
    """All that one learner handed in."""

    owner: Owner
    offers: list[Offer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    time: str = ""
    """When, as text; empty where nobody said."""
    is_late: bool = False
    """Whether the platform says so without saying when."""


@dataclass
class Gathering:
    """What was found in one place."""

    deliveries: dict[Owner, Delivery] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    """What is nobody's, with why."""

    def of(self, owner: Owner) -> Delivery:
        """Return the delivery of an owner, made when it is first asked for."""
        return self.deliveries.setdefault(owner, Delivery(owner))


def gather(
    path: Path, assignment: str, ours: Collection[str], files: ExitStack, learner: str = "", prefix: str = ""
) -> Gathering:
    """Find out who handed in what.

    Args:
        path: A folder, an archive or a file.
        assignment: Its folder may be around each learner's files.
        ours: The names of its notebooks, without endings: no name of a platform's making.
        files: Keeps archives open for as long as their content is wanted.
        learner: Whose all of it is; empty where names tell.
        prefix: What the folders of clones begin with; found by comparison where it is empty.

    Raises:
        IntakeError: It is not there, or cannot be opened.
    """
    found = Gathering()
    if not path.exists():
        raise IntakeError(f"{path}: there is nothing here. Say where the hand-ins are.")
    try:
        if path.is_dir():
            clones = sorted(entry for entry in path.iterdir() if (entry / ".git").is_dir() and not entry.is_symlink())
            _gather_clones(found, clones, prefix)
            names = {clone.name for clone in clones}
            others = [item for item in items_of_folder(path) if item.parts[0] not in names]
            items, notes = [_without(prefix, item) for item in others], []
        elif is_archive(path.name):
            items, notes = items_of_archive(path.name, files.enter_context(path.open("rb")), MAX_ITEMS)
        else:
            items, notes = [item_of_file(path)], []
    except OSError as error:
        raise IntakeError(f"{path}: {error.strerror or error}.") from None
    found.lost += notes
    if learner:
        found.of(Owner(learner)).offers += [Offer(item.name, item) for item in items]
    elif path.is_dir():
        _sort_out(found, items, assignment, ours)
    else:
        _sort_out(found, items, assignment, ours, path.name)
    return found


def _without(prefix: str, item: Item) -> Item:
    """Return an item whose folder's name does not begin so."""
    first, *rest = item.parts
    return item.below((first.removeprefix(prefix) or first, *rest)) if rest else item


def _sort_out(found: Gathering, items: list[Item], assignment: str, ours: Collection[str], archive: str = "") -> None:
    """Give each file to its owner.

    Args:
        found: Is added to.
        items: The files.
        assignment: Its folder may be around each learner's files.
        ours: The names of its notebooks, without endings.
        archive: The name of the archive in which they are, empty for a folder.
    """
    unclaimed = []
    for item in _without_common_folder(items, assignment, ours):
        claim = claim_of(item.parts, ours)
        if claim is None:
            unclaimed.append(item)
            continue
        delivery = found.of(claim.owner)
        delivery.is_late |= claim.is_late
        if claim.text_only:
            delivery.notes.append(f"{claim.file[-1]}: it was typed into {claim.owner.platform}'s form, and is no file.")
        else:
            delivery.offers.append(Offer(claim.file[-1], item, claim.order))
    loose = [item for item in unclaimed if len(item.parts) == 1]
    tops = {item.parts[0] for item in unclaimed if len(item.parts) > 1}
    archives = sum(is_archive(item.name) for item in loose)
    is_one_learners = tops <= {assignment} and (archives < 2 or archives < len(unclaimed))
    if archive and not found.deliveries and is_one_learners:
        # `scalable-ai submit` names its archive after the chapter.
        if plain_stem(archive) == assignment:
            found.lost.append(f"{archive}: whose it is cannot be told. Say whose with --learner.")
            return
        found.of(Owner(_stem(archive))).offers += [Offer(item.name, item) for item in unclaimed]
        return
    for item in unclaimed:
        if len(item.parts) > 1:
            delivery = found.of(Owner(item.parts[0]))
            if item.name == TIMESTAMP and item.parts[1:-1] in {(), (assignment,)}:
                delivery.time = _text_of(item)
            else:
                delivery.offers.append(Offer(item.name, item))
    for item in loose:
        _open_loose(found, item, assignment, ours)


def _open_loose(found: Gathering, item: Item, assignment: str, ours: Collection[str]) -> None:
    """Take an archive at the top: a learning platform's, or one learner's."""
    if not is_archive(item.name):
        found.lost.append(f"{item.name}: whose it is cannot be told. Put it into a folder named after its learner.")
        return
    if plain_stem(item.name) == assignment:
        found.lost.append(f"{item.name}: whose it is cannot be told. Put it into a folder named after its learner.")
        return
    owner = Owner(_stem(item.name))
    try:
        inside, notes = items_of_archive(item.name, item.read(), MAX_ITEMS)
    except IntakeError as error:
        found.of(owner).notes.append(str(error))
        return
    if any(claim_of(one.parts, ours) for one in inside):
        found.lost += notes
        _sort_out(found, inside, assignment, ours, item.name)
    else:
        found.of(owner).offers.append(Offer(item.name, item))


def _without_common_folder(items: list[Item], assignment: str, ours: Collection[str]) -> list[Item]:
    """Take off folders that are around everything, as long as folders of learners, or Canvas's files, remain."""
    while items and len({item.parts[0] for item in items}) == 1 and items[0].parts[0] != assignment:
        inner = {item.parts[1] for item in items if len(item.parts) > 2}
        has_folders = bool(inner) and inner != {assignment} and all(len(item.parts) > 2 for item in items)
        is_canvas = not inner and any(claim_of(item.parts[1:], ours) for item in items if len(item.parts) == 2)
        if not (has_folders or is_canvas) or claim_of(items[0].parts, ours):
            break
        items = [item.below(item.parts[1:]) for item in items]
    return items


def _gather_clones(found: Gathering, clones: list[Path], prefix: str) -> None:
    prefix = prefix or common_prefix(clone.name for clone in clones)
    for clone in clones:
        name = clone.name.removeprefix(prefix) or clone.name
        delivery = found.of(Owner(name))
        delivery.offers += [Offer(item.name, item) for item in items_of_folder(clone)]
        delivery.time = _time_of_commit(clone)


def _time_of_commit(clone: Path) -> str:
    """Return the time of a clone's last commit, which its author's clock says; empty where it cannot be had."""
    surroundings = {
        **os.environ,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CEILING_DIRECTORIES": str(clone.absolute().parent),  # a broken one would be looked for around it
    }
    ask = [*GIT, "-c", f"safe.directory={clone}", "-C", str(clone), "log", "-1", "--format=%cI"]
    try:
        said = subprocess.run(ask, capture_output=True, text=True, timeout=30, env=surroundings, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ""
    return said.stdout.strip()


def _text_of(item: Item) -> str:
    try:
        return item.read()[:200].decode("utf-8", "replace").strip()
    except IntakeError:
        return ""


def _stem(name: str) -> str:
    stem = name
    while is_archive(stem) and "." in stem[1:]:
        stem = stem[: stem.rfind(".")]
    return stem or name


def opened(offers: list[Offer], notes: list[str], depth: int = 0) -> Iterator[Offer]:
    """Yield a learner's files, those in archives too; what cannot be opened is noted."""
    for offer in offers:
        if not is_archive(offer.name):
            yield offer
            continue
        try:
            if depth >= MAX_DEPTH:
                raise IntakeError(f"{offer.name}: archives in archives in archives; left out.")
            inside, said = items_of_archive(offer.name, offer.item.read())
        except IntakeError as error:
            notes.append(str(error))
            continue
        notes += said
        yield from opened([Offer(item.name, item, offer.order) for item in inside], notes, depth + 1)
