"""The page that proves the hidden checks: what they make of named answers, and of reference answers with a fault."""

from __future__ import annotations

from scalable_ai.course import Course
from scalable_ai.lessons.notebook import title_text
from scalable_ai.lessons.pages.page import Page, by_chapter, chapter_title, make_document, paragraph, table
from scalable_ai.lessons.pages.proof import (
    Counts,
    LessonProof,
    fingerprint,
    key_of,
    read_proof,
    together,
)
from scalable_ai.lessons.source import Lesson

HEADS = ("Wrong caught", "Right passed", "Mutants killed", "Equivalent", "Seconds")
WHAT = (
    """
    A check that passes a wrong answer teaches something false, and one that fails a right answer costs trust. So the
    hidden checks are checked too. Each exercise has a gallery of answers: wrong ones that learners really give, which
    have to lose points and to read the message that helps, and right ones in another style, which have to pass.
    """,
    """
    Mutants look for what nobody thought of. A mutant is the reference answer with one small fault: an operator,
    a constant, an axis, a slice or a reduction changed, arguments swapped or left out, a statement dropped, `detach`,
    `eval` or `no_grad` removed. It is killed if it does not get full marks. One that is late, or that ends
    its process, gets none.
    """,
    """
    Some mutants are right answers too, such as `dim=-1` for the last of two axes. They are equivalent: each is listed
    with its reason in `graders/CHAPTER/equivalent/LESSON.yaml`. Whatever else survives shows a check that is too weak.
    """,
)
HOW = """
    `make mutation` makes all of this anew; `scalable-ai mutation LESSON` does it for one lesson. The table is made from
    `graders/proof.json`, where the figures are kept.
"""


def page(course: Course, lessons: list[Lesson]) -> Page | None:
    """Return the page; None for a course whose checks nobody has tried."""
    proof = read_proof(course)
    if proof is None:
        return None
    graded = [lesson for lesson in lessons if not lesson.is_readiness and lesson.exercises]
    known = {key_of(lesson): proof.lessons.get(key_of(lesson)) for lesson in graded}
    blocks = [*map(paragraph, WHAT), "## In total", *_totals(course, graded, known)]
    for chapter, members in by_chapter(graded).items():
        rows = [row for lesson in members for row in _rows(course, lesson, known[key_of(lesson)])]
        blocks += [f"## {chapter_title(chapter)}", table(("Lesson", "Exercise", *HEADS), rows, HEADS)]
    return make_document(
        "checks.md",
        "How the checks are checked",
        [*blocks, "## How this is measured", *_measured(course, graded, known)],
    )


def _totals(course: Course, lessons: list[Lesson], known: dict[str, LessonProof | None]) -> list[str]:
    rows = []
    for chapter, members in by_chapter(lessons).items():
        rows.append((chapter_title(chapter), *_cells(_sum(course, members, known))))
    everything = _sum(course, lessons, known)
    rows.append(("**Together**", *_cells(everything)))
    share = f"{100 * everything.share_killed:.1f}"
    sentence = f"Of the mutants that change what an answer does, {share} % are killed"
    left = everything.survivors
    if left:
        sentence += f", and {left} survive{'s' if left == 1 else ''}"
        why = " Where no check can be expected to see one, its entry in those files is marked `open` and says why."
    return [table(("Chapter", *HEADS), rows, HEADS), paragraph(f"{sentence}.{why if left else ''}")]


def _sum(course: Course, lessons: list[Lesson], known: dict[str, LessonProof | None]) -> Counts:
    found = [(lesson, known[key_of(lesson)]) for lesson in lessons]
    return together(one for lesson, proof in found if proof for one in proof.counts(course, lesson).values())


def _rows(course: Course, lesson: Lesson, found: LessonProof | None) -> list[tuple[str, ...]]:
    """Return a row for each exercise of a lesson, in order."""
    title = title_text(lesson)
    if _is_older(course, lesson, found):
        title += " (older checks)"
    counts = found.counts(course, lesson) if found else {}
    untried = ("not tried",) * len(HEADS)
    return [
        (title, card.title, *(_cells(counts[name]) if name in counts else untried))
        for name, card in lesson.exercises.items()
    ]


def _cells(counts: Counts) -> tuple[str, ...]:
    return (
        f"{counts.wrong_caught} of {counts.wrong}",
        f"{counts.right_passed} of {counts.right}",
        f"{counts.killed} of {counts.made}",
        f"{counts.equivalent}",
        f"{max(counts.seconds, 1):.0f}",
    )


def _measured(course: Course, lessons: list[Lesson], known: dict[str, LessonProof | None]) -> list[str]:
    proofs = [found for found in known.values() if found]
    days = sorted({proof.measured for proof in proofs})
    machines = sorted({proof.machine for proof in proofs})
    if not proofs:
        return [paragraph(HOW)]
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    busy = " Other work ran there, so read the seconds as upper bounds." if any(proof.busy for proof in proofs) else ""
    seconds = "Seconds are those of the gallery and of all mutants of an exercise, on the wall clock, measured"
    notes = [paragraph(HOW), paragraph(f"{seconds} {when} on: {'; '.join(machines)}.{busy}")]
    if any(_is_older(course, lesson, known[key_of(lesson)]) for lesson in lessons):
        notes.append(
            paragraph("*Older checks* says that answers, checks or gallery have changed since the lesson was tried.")
        )
    if any(found is None for found in known.values()):
        notes.append(paragraph("*Not tried* says that nobody has tried the lesson's checks yet."))
    return notes


def _is_older(course: Course, lesson: Lesson, found: LessonProof | None) -> bool:
    """Return whether answers, checks or gallery have changed since a lesson was tried."""
    return found is not None and found.fingerprint != fingerprint(course, lesson)
