"""Hold a lesson's lecture to the rubric: the rules G1 to G5 and V1 to V7."""

from __future__ import annotations

import re

from scalable_ai.lessons.rubric.finding import Findings, LessonRule, at, in_header
from scalable_ai.lessons.rubric.syntax import parse, parses
from scalable_ai.lessons.rubric.wording import (
    code_like,
    count_words,
    fenced_code,
    stems,
    without_fences,
    wrong_capitals,
)
from scalable_ai.lessons.source import Cell, Lesson

LECTURE = ("slide", "fragment", "script")
SLIDES = (5, 7)
EXERCISES = (2, 4)
SCRIPT_WORDS = (400, 600)
BULLET_WORDS = 10
SHORTEST_WHY = 20
ECHO = 0.6
OVERUSED = re.compile(r"(?<![a-z])iris(?![a-z])|titanic|mnist|mtcars", re.IGNORECASE)
REASON = re.compile(r"\b(why|because|matters?|so that|otherwise|needs?|reason)\b", re.IGNORECASE)
NOT_SPOKEN = (
    (r"^\s*([-+]|\d+[.)])\s", "a list"),
    (r"^\s*#", "a heading"),
    (r"`", "a backtick"),
    (r"\*", "an asterisk"),
    (r"\]\(|https?://|www\.", "a link"),
    (r"[_<>|{}=\\]", "a sign that nobody speaks"),
)


def slides_of(lesson: Lesson) -> list[tuple[Cell, list[Cell]]]:
    """Return each slide with the lecture cells that belong to it, its fragments and script."""
    groups: list[tuple[Cell, list[Cell]]] = []
    for cell in lesson.of(*LECTURE):
        if cell.mark == "slide":
            groups.append((cell, []))
        elif groups:
            groups[-1][1].append(cell)
    return groups


def one_lecture(lesson: Lesson) -> Findings:
    """G1: one lecture, then two to four exercises."""
    groups = slides_of(lesson)
    least, most = SLIDES
    if not least <= len(groups) <= most:
        wrong = f"The lecture has {len(groups)} slides."
        yield in_header(lesson, "G1", wrong, f"Give it {least} to {most}, each '# %% slide [markdown]'.")
    for slide, rest in groups:
        if not any(cell.mark == "script" for cell in rest):
            yield at(lesson, slide, "G1", "This slide has no script.", "Follow it with '# %% script [markdown]'.")
    seen_slide = False
    gone_by = ""
    for cell in lesson.cells:
        seen_slide |= cell.mark == "slide"
        if cell.mark in LECTURE and gone_by:
            wrong = f"A cell '{cell.mark}' stands after the first {gone_by}."
            yield at(lesson, cell, "G1", wrong, "Move it up into the one lecture at the start.")
        elif cell.mark in LECTURE and not seen_slide:
            yield at(lesson, cell, "G1", f"A cell '{cell.mark}' stands before any slide.", "Put a slide before it.")
        elif cell.mark in {"exercise", "quiz"}:
            gone_by = cell.mark
    count = len(lesson.exercises) + len(lesson.quizzes)
    if not EXERCISES[0] <= count <= EXERCISES[1]:
        wrong = f"The lesson has {count} exercises, its quiz counted."
        yield in_header(lesson, "G1", wrong, f"Give it {EXERCISES[0]} to {EXERCISES[1]}.")


def two_coding(lesson: Lesson) -> Findings:
    """G2: at least two coding exercises."""
    if len(lesson.exercises) < 2:
        wrong = f"The lesson has {len(lesson.exercises)} coding exercises."
        yield in_header(lesson, "G2", wrong, "Add '# %% exercise: name [markdown]' until there are 2.")


def one_quiz(lesson: Lesson) -> Findings:
    """G3: at most one multiple-choice exercise; every option explained."""
    cells = lesson.of("quiz")
    for cell in cells[1:]:
        yield at(lesson, cell, "G3", "This is the second quiz.", "Keep one; make a coding exercise of the other.")
    for cell in cells:
        for option in lesson.quizzes[cell.name].options:
            if len(option.why.strip()) < SHORTEST_WHY:
                wrong = f"The option '{option.text}' is not explained."
                yield at(lesson, cell, "G3", wrong, f"Say why in at least {SHORTEST_WHY} characters.")


def script_length(lesson: Lesson) -> Findings:
    """G4: the script is 400 to 600 words."""
    count = sum(count_words(cell.text) for cell in lesson.of("script"))
    least, most = SCRIPT_WORDS
    if not least <= count <= most:
        remedy = f"{'Write more' if count < least else 'Cut it'}, to {least} to {most} words over all script cells."
        yield in_header(lesson, "G4", f"The script has {count} words.", remedy)


def sentence_case(lesson: Lesson) -> Findings:
    """G5: titles of lesson, exercises and sections in sentence case."""
    titles = [(lesson.cells[0], -lesson.cells[0].line, lesson.meta["title"])]
    for cell in lesson.cells:
        if cell.mark == "exercise":
            titles.append((cell, -1, lesson.exercises[cell.name].title))
        elif cell.type == "markdown" and cell.mark != "quiz":
            for number, line in enumerate(without_fences(cell.text).splitlines()):
                if match := re.match(r"#+\s+(.*)", line):
                    titles.append((cell, number, match[1]))
    for cell, offset, title in titles:
        if faults := wrong_capitals(title):
            wrong = f"The title '{title}' is not in sentence case: {', '.join(faults)}."
            remedy = "Capitalize its first word and names only; a new name goes into NAMES of lessons/wording.py."
            yield at(lesson, cell, "G5", wrong, remedy, offset)


def builds_up(lesson: Lesson) -> Findings:
    """V1: at least one fragment on each slide, and one build-up of code or a diagram in the deck."""
    for slide, rest in slides_of(lesson):
        bullets = re.search(r"^- ", without_fences(slide.text), re.MULTILINE)
        if not bullets and not any(cell.mark == "fragment" for cell in rest):
            remedy = "Give it bullets ('- …') or a '# %% fragment' cell."
            yield at(lesson, slide, "V1", "Nothing on this slide builds up.", remedy)
    if not lesson.of("fragment") and not any(fenced_code(slide.text) for slide in lesson.of("slide")):
        yield in_header(
            lesson, "V1", "No slide builds up code or a diagram.", "Add a '# %% fragment' cell to the lecture."
        )


def short_bullets(lesson: Lesson) -> Findings:
    """V2: a slide is a heading and bullets of at most ten words without a full stop."""
    for slide in lesson.of("slide"):
        lines = without_fences(slide.text).splitlines()
        if not lines or not lines[0].startswith("## "):
            yield at(lesson, slide, "V2", "This slide has no heading.", "Begin it with '## Heading'.", 0)
        bullets: list[tuple[int, str]] = []
        for number, line in enumerate(lines):
            if line.startswith("- "):
                bullets.append((number, line[2:]))
            elif bullets and line.startswith("  ") and line.strip():
                bullets[-1] = (bullets[-1][0], f"{bullets[-1][1]} {line.strip()}")
            elif line.strip() and not line.startswith("#"):
                remedy = "Make it a bullet of at most 10 words, or move it to the script."
                yield at(lesson, slide, "V2", "There is running text on a slide.", remedy, number)
        for number, bullet in bullets:
            if (count := count_words(bullet)) > BULLET_WORDS:
                remedy = f"Cut it to {BULLET_WORDS}; the script says the rest."
                yield at(lesson, slide, "V2", f"This bullet has {count} words.", remedy, number)
            if re.search(r"\w\.(\s|$)", bullet.strip()):
                yield at(lesson, slide, "V2", "This bullet is a full sentence.", "Leave the full stop out.", number)


def echoes_objective(lesson: Lesson) -> Findings:
    """V3: the script's first cell says the objective and a reason why it matters."""
    scripts = lesson.of("script")
    if not scripts:
        return
    wanted = stems(lesson.meta["objective"])
    missing = wanted - stems(scripts[0].text)
    if len(missing) > (1 - ECHO) * len(wanted):
        wrong = "The first script cell does not say the objective."
        remedy = f"Echo 'objective' of the header; there is no trace of {', '.join(f'{m}…' for m in sorted(missing))}."
        yield at(lesson, scripts[0], "V3", wrong, remedy)
    if not REASON.search(scripts[0].text):
        remedy = "Give the reason, in words such as 'because', 'why' or 'matters'."
        yield at(lesson, scripts[0], "V3", "The first script cell does not say why the objective matters.", remedy)


def runs_code(lesson: Lesson) -> Findings:
    """V4: at least one executed code block in the deck."""
    if not any(parse(cell.text).body for cell in lesson.of("fragment")):
        yield in_header(lesson, "V4", "No code runs in the lecture.", "Add a '# %% fragment' cell that runs.")


def fresh_data(lesson: Lesson) -> Findings:
    """V5: no over-used data set."""
    for cell in lesson.cells:
        for match in OVERUSED.finditer(cell.text):
            remedy = "Use CIFAR-10 through scalable_ai.data, or a seeded generator."
            offset = cell.text[: match.start()].count("\n")
            yield at(lesson, cell, "V5", f"'{match[0]}' is an over-used data set.", remedy, offset)


def code_in_backticks(lesson: Lesson) -> Findings:
    """V6: names of code stand in backticks, and fenced code parses; `lint_files` asks ruff for the formatting."""
    for cell in lesson.cells:
        if cell.type != "markdown" or cell.mark == "script":
            continue
        for number, name in code_like(_shown(cell)):
            yield at(lesson, cell, "V6", f"'{name}' is code in plain prose.", f"Write `{name}`.", number)
        for number, language, code in fenced_code(cell.text):
            if language in {"python", "py"} and not parses(code):
                remedy = "Mend it, or fence it as ```text."
                yield at(lesson, cell, "V6", "This fenced code does not parse as Python.", remedy, number)
            elif not language:
                remedy = "Write its language after the fence: python, bash or text."
                yield at(lesson, cell, "V6", "This fenced code does not say its language.", remedy, number)


def spoken(lesson: Lesson) -> Findings:
    """V7: the script is exactly what would be said."""
    for cell in lesson.of("script"):
        for number, line in enumerate(cell.text.splitlines()):
            for pattern, what in NOT_SPOKEN:
                if re.search(pattern, line):
                    remedy = "Write plain full sentences, as they would be said."
                    yield at(lesson, cell, "V7", f"The script holds {what}.", remedy, number)
        if not cell.text.rstrip().endswith((".", "?")):
            yield at(lesson, cell, "V7", "The script does not end with a full sentence.", "Finish the sentence.")


def _shown(cell: Cell) -> str:
    """Return a cell's text as a reader sees it: names of card fields blanked out, lines kept."""
    if cell.mark not in {"exercise", "quiz", "question"}:
        return cell.text
    return re.sub(r"(?m)^(\s*-?\s*)([a-z]+)(?=:( |$))", lambda m: m[1] + " " * len(m[2]), cell.text)


RULES: tuple[LessonRule, ...] = (
    one_lecture,
    two_coding,
    one_quiz,
    script_length,
    sentence_case,
    builds_up,
    short_bullets,
    echoes_objective,
    runs_code,
    fresh_data,
    code_in_backticks,
    spoken,
)
EVERYWHERE: tuple[LessonRule, ...] = (sentence_case, fresh_data, code_in_backticks)
"""The rules that a capstone, which has no lecture, keeps too."""
