"""Hold each exercise's card to the rubric: the rules E1 to E4, E6, E13 and E14."""

from __future__ import annotations

import re

from scalable_ai.lessons.exercise import Exercise
from scalable_ai.lessons.rubric.finding import Findings, LessonRule, at
from scalable_ai.lessons.rubric.wording import stems, without_code
from scalable_ai.lessons.source import Lesson

CONTEXT = (180, 780)
INSTRUCTIONS = (1, 4)
HINTS = (1, 4)
SHORTEST_SUCCESS = 40
# First words that show a sentence to be a statement, a question or a request rather than an instruction.
_NOT_IMPERATIVE = """
    a all an can could each every he here how i if in it its learner learners my please she should that the there
    these they this those to we what when where which who why will would you your
"""
NOT_IMPERATIVE = frozenset(_NOT_IMPERATIVE.split())
PRAISE = re.compile(
    r"\b(amazing|awesome|bravo|brilliant|congratulations|correct|did it|excellent|fantastic|good|great|job|keep going"
    r"|nice|perfect|right|super|superb|very|well done|wonderful|work|you)\b",
    re.IGNORECASE,
)


def one_task(lesson: Lesson) -> Findings:
    """E1: difficulty, minutes and one imperative sentence; the card's reader demands the first two."""
    for cell in lesson.of("exercise"):
        task = lesson.exercises[cell.name].task
        prose = without_code(task)
        if not task.endswith(".") or len(re.findall(r"[.?!:](?=\s|$)", prose)) != 1:
            yield at(lesson, cell, "E1", "The task is not one sentence.", "Write one, with a full stop at its end.")
        elif not is_imperative(task):
            wrong = f"The task begins with '{task.split()[0]}', which is no imperative."
            yield at(lesson, cell, "E1", wrong, "Begin it with a verb such as Compute, Write or Compare.")


def context_length(lesson: Lesson) -> Findings:
    """E2: context of 180 to 780 characters."""
    least, most = CONTEXT
    for cell in lesson.of("exercise"):
        count = len(lesson.exercises[cell.name].context)
        if not least <= count <= most:
            remedy = f"{'Say more' if count < least else 'Cut it'}: {least} to {most} characters."
            yield at(lesson, cell, "E2", f"The context has {count} characters.", remedy)


def few_instructions(lesson: Lesson) -> Findings:
    """E3: one to four instructions."""
    least, most = INSTRUCTIONS
    for cell in lesson.of("exercise"):
        count = len(lesson.exercises[cell.name].instructions)
        if not least <= count <= most:
            yield at(lesson, cell, "E3", f"The card has {count} instructions.", f"Give {least} to {most}.")


def bulleted_instructions(lesson: Lesson) -> Findings:
    """E13: each instruction is one bullet, an imperative."""
    for cell in lesson.of("exercise"):
        for text in lesson.exercises[cell.name].instructions:
            if broken := _breaks_bullet(text):
                yield at(lesson, cell, "E13", f"An instruction {broken}.", "Write one or two plain sentences in it.")
            elif not is_imperative(text):
                wrong = f"The instruction '{_short(text)}' is no imperative."
                yield at(lesson, cell, "E13", wrong, "Begin it with a verb such as Compute, Write or Compare.")


def few_hints(lesson: Lesson) -> Findings:
    """E4: one to four hints, none of which is the answer."""
    least, most = HINTS
    for cell in lesson.of("exercise"):
        card = lesson.exercises[cell.name]
        if not least <= len(card.hints) <= most:
            yield at(lesson, cell, "E4", f"The card has {len(card.hints)} hints.", f"Give {least} to {most}.")
        for line in _hidden_lines(lesson, cell.name):
            for hint in card.hints:
                if line in " ".join(hint.replace("`", "").split()):
                    wrong = f"The hint '{_short(hint)}' gives the line '{_short(line)}' away."
                    yield at(lesson, cell, "E4", wrong, "Point at it without writing it out.")


def bulleted_hints(lesson: Lesson) -> Findings:
    """E14: each hint is one bullet; the builder folds them away."""
    for cell in lesson.of("exercise"):
        for text in lesson.exercises[cell.name].hints:
            if broken := _breaks_bullet(text):
                yield at(lesson, cell, "E14", f"A hint {broken}.", "Write one or two plain sentences in it.")


def success_says_why(lesson: Lesson) -> Findings:
    """E6: a success message that names the concept and not only praise."""
    for cell in lesson.of("exercise"):
        card = lesson.exercises[cell.name]
        if len(card.success) < SHORTEST_SUCCESS:
            wrong = f"The success message has {len(card.success)} characters."
            yield at(lesson, cell, "E6", wrong, f"Say in {SHORTEST_SUCCESS} or more what was shown and why.")
        elif not stems(PRAISE.sub(" ", card.success)) & _concepts(lesson, card):
            remedy = "Name what the exercise was about, in the words of its card or of the lesson's objective."
            yield at(lesson, cell, "E6", "The success message names no concept of the exercise.", remedy)


def is_imperative(sentence: str) -> bool:
    """Return whether a sentence looks like an instruction by its first word."""
    first = sentence.split(maxsplit=1)[0].strip(",:;")
    word = first.lower()
    if not first[:1].isupper() or not word.isalpha():
        return False
    third_person = word.endswith("s") and not word.endswith("ss") and word != "focus"
    return word not in NOT_IMPERATIVE and not third_person and not (word.endswith("ing") and word not in {"bring"})


def _breaks_bullet(text: str) -> str:
    if not text.strip():
        return "is empty"
    if "\n" in text.strip():
        return "holds a line break"
    if re.match(r"([-*+#>]|\d+[.)])\s", text.strip()):
        return "begins with a mark of markdown"
    return ""


def _hidden_lines(lesson: Lesson, name: str) -> list[str]:
    """Return the code of the answer's lines that hold a blank."""
    marked = (line.partition("# blank:") for line in lesson.named("answer", name).text.splitlines())
    return [" ".join(code.split()) for code, mark, _ in marked if mark]


def _concepts(lesson: Lesson, card: Exercise) -> set[str]:
    card_text = " ".join([card.title, card.task, card.context, *card.instructions, *card.hints])
    return stems(f"{lesson.meta['title']} {lesson.meta['objective']} {card_text}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


RULES: tuple[LessonRule, ...] = (
    one_task,
    context_length,
    few_instructions,
    bulleted_instructions,
    few_hints,
    bulleted_hints,
    success_says_why,
)
