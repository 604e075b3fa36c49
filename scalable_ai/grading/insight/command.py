"""`scalable-ai class-report`: pages about a chapter's marks, for the instructor."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from statistics import mean, median

from jinja2 import Environment, PackageLoader, StrictUndefined
from nbgrader.api import Gradebook
from sqlalchemy.exc import DatabaseError

from scalable_ai.grading.batch.runner import application
from scalable_ai.grading.insight.alike import Pair, alike, every_fingerprint, fingerprints
from scalable_ai.grading.insight.answers import Answer, read_answers
from scalable_ai.grading.insight.plots import earned_plot, spread_plot
from scalable_ai.grading.insight.statistics import histogram, items, totals
from scalable_ai.grading.rebuild import instructor_notebook, is_answer

INDEX, ALIKE = "index.html", "alike.html"
MOST_MESSAGES = 15


def run_class_report(root: Path, assignment: str, out: Path) -> int:
    """Write the pages of an assignment, say where they are, and return the exit status."""
    if not (root / "nbgrader_config.py").exists():
        return _problem(f"{root}: there is no nbgrader course here (no nbgrader_config.py). Change into it.")
    coursedir = application(root, []).coursedir
    place = coursedir.db_url.removeprefix("sqlite:///")
    if place != coursedir.db_url and not os.path.lexists(place):
        return _problem(f"{place}: there is no gradebook here. Run 'nbgrader generate_assignment' first.")
    graded = Path(coursedir.root, coursedir.autograded_directory)
    source = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
    try:
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            answers = read_answers(gradebook, assignment, graded)
        if not answers:
            return _problem(f"{assignment}: the gradebook has no marks of it. Grade it first.")
        folder = out / assignment
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in pages(assignment, answers, _scaffolds(source)).items():
            (folder / name).write_text(page, encoding="utf-8")
    except DatabaseError as error:
        return _problem(f"{place}: {str(error).splitlines()[0]}.")
    except OSError as error:
        return _problem(f"{error.filename or out}: {error.strerror or error}. Mend that and run it again.")
    print(f"{len(totals(answers))} hand-ins of {assignment}: {folder / INDEX}")
    return 0


def pages(assignment: str, answers: Sequence[Answer], scaffolds: Sequence[str]) -> dict[str, str]:
    """Return the pages about an assignment, by file name.

    Args:
        assignment: Its name.
        answers: All of the class; at least one.
        scaffolds: What learners found in the cells that they answered in.
    """
    scores, found = totals(answers), items(answers)
    points = sum({(answer.notebook, answer.exercise): answer.points for answer in answers}.values()) or 1.0
    codes = {name: [answer.code for answer in answers if answer.learner == name] for name in scores}
    pairs = alike(codes, scaffolds)
    titles = {(item.notebook, item.title): item.messages for item in found}
    messages = Counter({(*where, message): count for where, said in titles.items() for message, count in said})
    facts = {
        "assignment": assignment,
        "learners": len(scores),
        "points": points,
        "median": median(scores.values()),
        "mean": mean(scores.values()),
        "lowest": min(scores.values()),
        "highest": max(scores.values()),
        "spread": spread_plot(histogram(scores.values(), points), points)._repr_html_(),
        "earned": earned_plot(found)._repr_html_(),
        "items": found,
        "messages": messages.most_common(MOST_MESSAGES),
        "pairs": pairs,
    }
    environment = Environment(loader=PackageLoader(__package__), undefined=StrictUndefined, autoescape=True)
    beside = [(pair, list(side_by_side(pair, answers, scaffolds))) for pair in pairs]
    return {
        INDEX: environment.get_template(f"{INDEX}.jinja").render(facts),
        ALIKE: environment.get_template(f"{ALIKE}.jinja").render(assignment=assignment, pairs=beside),
    }


Lines = list[tuple[bool, str]]


def side_by_side(pair: Pair, answers: Sequence[Answer], scaffolds: Sequence[str]) -> Iterator[tuple[str, Lines, Lines]]:
    """Yield the exercises in which two learners' codes meet: a name, and each one's lines with whether both have it."""
    given = set().union(*map(every_fingerprint, scaffolds))
    both: dict[tuple[str, str], dict[str, str]] = {}
    for answer in answers:
        if answer.learner in {pair.left, pair.right}:
            both.setdefault((answer.notebook, answer.exercise), {})[answer.learner] = answer.code
    for (notebook, exercise), codes in both.items():
        left, right = codes.get(pair.left, ""), codes.get(pair.right, "")
        if not (fingerprints(left) & fingerprints(right)) - given:
            continue
        one, other = left.splitlines(), right.splitlines()
        matcher = SequenceMatcher(
            None, [line.strip() for line in one], [line.strip() for line in other], autojunk=False
        )
        blocks = matcher.get_matching_blocks()
        same = [
            {at + n for at, _, size in blocks for n in range(size)},
            {at + n for _, at, size in blocks for n in range(size)},
        ]
        marked = [
            [(at in where and bool(line.strip()), line) for at, line in enumerate(lines)]
            for where, lines in zip(same, (one, other), strict=True)
        ]
        yield f"{notebook}, {exercise}", *marked


def _scaffolds(source: Path) -> list[str]:
    notebooks = [instructor_notebook(path) for path in sorted(source.glob("*.ipynb"))]
    return [cell.source for notebook in notebooks if notebook for cell in notebook.cells if is_answer(cell)]


def _problem(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
