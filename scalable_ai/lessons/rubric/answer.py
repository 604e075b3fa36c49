"""Hold each answer and its check to the rubric: the rules E5, E7 to E12 and E15, and the house's rules of checks."""

from __future__ import annotations

import ast
import re

from scalable_ai.lessons.rubric.finding import Findings, LessonRule, at
from scalable_ai.lessons.rubric.syntax import comment_lines, parse
from scalable_ai.lessons.rubric.wording import stems
from scalable_ai.lessons.scaffold import BLANK, comments, learner_text, solution_text
from scalable_ai.lessons.source import Cell, Lesson

MOST_LINES = 15
COMMENT_LENGTH = 60
LIKELY_PLACE = 4
"""Of `likely` among the arguments of both demands."""
CLOCKS = re.compile(r"\b(perf_counter|process_time|monotonic|timeit|time\.time)(_ns)?\b|%time")


def solution_length(lesson: Lesson) -> Findings:
    """E5: solution code of at most fifteen non-blank lines, comments counted."""
    for cell in lesson.of("answer"):
        count = sum(1 for line in solution_text(cell.text).splitlines() if line.strip())
        if count > MOST_LINES:
            remedy = f"Cut it to {MOST_LINES}: prepare names in the cell before it, or make two exercises."
            yield at(lesson, cell, "E5", f"The solution has {count} non-blank lines.", remedy)


def same_comments(lesson: Lesson) -> Findings:
    """E7: comments of the learner's cell and of the solution match, in order."""
    for cell in lesson.of("answer"):
        try:
            learner = learner_text(cell.text, "task")
        except ValueError:
            continue  # E15 tells.
        if comments(learner) != comments(cell.text):
            remedy = "Give each comment of the dropped body a line of its own."
            yield at(lesson, cell, "E7", "The learner's cell has other comments than the solution.", remedy)


def comments_say_what_to_do(lesson: Lesson) -> Findings:
    """E8: comments are shortened instructions."""
    for cell, offset, text in _comments(lesson):
        card = lesson.exercises[cell.name]
        words = text.lstrip("# ")
        if not words[:1].isupper() or words.endswith("."):
            remedy = "Begin it with a capital and leave the full stop out."
            yield at(lesson, cell, "E8", f"The comment '{words}' does not read as an instruction.", remedy, offset)
        elif not stems(words) & stems(" ".join([card.task, *card.instructions])):
            remedy = "Shorten the instruction it stands for."
            yield at(lesson, cell, "E8", f"The comment '{words}' shares no word with the card.", remedy, offset)


def comments_without_backticks(lesson: Lesson) -> Findings:
    """E9: comments have no backticks."""
    for cell, offset, text in _comments(lesson):
        if "`" in text:
            yield at(lesson, cell, "E9", "A comment holds backticks.", "Write the name without them.", offset)


def comments_are_short(lesson: Lesson) -> Findings:
    """E10: comments are under sixty characters."""
    for cell, offset, text in _comments(lesson):
        if len(text) >= COMMENT_LENGTH:
            wrong = f"A comment has {len(text)} characters."
            yield at(lesson, cell, "E10", wrong, f"Keep it under {COMMENT_LENGTH}.", offset)


def comments_start_with_space(lesson: Lesson) -> Findings:
    """E11: comments start with one space after the hash."""
    for cell, offset, text in _comments(lesson):
        if not re.match(r"# \S", text):
            yield at(lesson, cell, "E11", f"The comment '{text}' does not start with '# '.", "Put one space.", offset)


def sections_are_separated(lesson: Lesson) -> Findings:
    """E12: a blank line before each comment but the first."""
    for cell in lesson.of("answer"):
        lines = cell.text.splitlines()
        own = [number for number, line in enumerate(lines) if line.lstrip().startswith("#")]
        for number in own[1:]:
            if lines[number - 1].strip():
                remedy = "Put an empty line before it; one comment takes one line."
                yield at(lesson, cell, "E12", "No blank line stands before this comment.", remedy, number)


def scaffolded(lesson: Lesson) -> Findings:
    """E15: the learner's cell has blanks of four underscores, or a stub with signature, types and docstring."""
    for cell in lesson.of("answer"):
        if BLANK in solution_text(cell.text):
            yield at(lesson, cell, "E15", "The solution itself holds a blank.", "Write the code; '# blank:' hides it.")
            continue
        try:
            learner = learner_text(cell.text, "task")
        except ValueError as error:
            yield at(lesson, cell, "E15", "A mark in the answer does not fit:", str(error))
            continue
        runs = re.findall(r"_{4,}", learner)
        if any(len(run) != len(BLANK) for run in runs):
            remedy = "Leave a sign between two blanks, or make one of them."
            yield at(lesson, cell, "E15", "Two blanks run into one another.", remedy)
        yield from _stub_has_types(lesson, cell)


def _stub_has_types(lesson: Lesson, cell: Cell) -> Findings:
    lines = cell.text.splitlines()
    for node in ast.walk(parse(cell.text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        signature = lines[node.lineno - 1 : node.body[0].lineno - 1]
        if not any(re.search(r"# stub\s*$", line) for line in signature):
            continue
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [each.arg for each in given if each.annotation is None and each.arg not in {"self", "cls"}]
        if bare or (node.returns is None and node.name != "__init__"):
            missing = ", ".join([*bare, *(["the result"] if node.returns is None else [])])
            remedy = "A stub gives the full signature: write the types."
            yield at(lesson, cell, "E15", f"The stub '{node.name}' has no type for {missing}.", remedy, node.lineno - 1)


def check_looks(lesson: Lesson) -> Findings:
    """S11: a check demands something, and no clock decides it."""
    for cell in lesson.of("check"):
        if not re.search(r"\bcheck\.(equal|that)\(", cell.text):
            yield at(lesson, cell, "S11", "This check demands nothing.", "Call check.equal or check.that in it.")
        if match := CLOCKS.search(cell.text):
            remedy = "Check counted work or the way a result was read, never seconds."
            yield at(lesson, cell, "S11", f"This check reads a clock ('{match[0]}').", remedy)


def check_is_independent(lesson: Lesson) -> Findings:
    """S12: what a check expects does not come from the learner's own names."""
    for cell in lesson.of("check"):
        tainted = _names_made(lesson.named("answer", cell.name).text)
        for node in _statements_in_order(cell.text):
            if isinstance(node, ast.Assign) and _names_used(node.value) & tainted:
                made = (part for target in node.targets for part in ast.walk(target))
                tainted |= {part.id for part in made if isinstance(part, ast.Name)}
            for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
                used = _expected_names(call) & tainted
                if used:
                    remedy = "Write a literal, or compute it from names that the answer does not make."
                    wrong = f"This check compares the answer with itself, through '{min(used)}'."
                    yield at(lesson, cell, "S12", wrong, remedy, call.lineno - 1)


def check_names_mistakes(lesson: Lesson) -> Findings:
    """S13: wherever a check can fail, it names the likeliest mistake."""
    for cell in lesson.of("check"):
        for call in (part for part in ast.walk(parse(cell.text)) if isinstance(part, ast.Call)):
            if not (isinstance(call.func, ast.Attribute) and ast.unparse(call.func) in {"check.equal", "check.that"}):
                continue
            if len(call.args) < LIKELY_PLACE and "likely" not in {word.arg for word in call.keywords}:
                remedy = "Say with `likely` what most often leads here."
                yield at(lesson, cell, "S13", "This demand names no likely mistake.", remedy, call.lineno - 1)


def _expected_names(call: ast.Call) -> set[str]:
    """Return the names in the second argument of `check.equal(got, expected, …)`."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "equal"):
        return set()
    if len(call.args) >= 2:
        return _names_used(call.args[1])
    return next((_names_used(word.value) for word in call.keywords if word.arg == "expected"), set())


def _statements_in_order(code: str) -> list[ast.stmt]:
    """Return the simple statements of a cell, those inside `with`, `for` and `if` included."""
    found: list[ast.stmt] = []
    todo: list[ast.stmt] = list(parse(code).body)
    while todo:
        node = todo.pop(0)
        body = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)]
        if body and not isinstance(node, ast.FunctionDef | ast.ClassDef):
            todo = body + todo
        else:
            found.append(node)
    return found


def _names_made(code: str) -> set[str]:
    nodes = list(ast.walk(parse(code)))
    made = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return made | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _names_used(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _comments(lesson: Lesson) -> list[tuple[Cell, int, str]]:
    """Return (answer cell, line from 0, comment) of every comment, marks left out."""
    return [
        (cell, number, text) for cell in lesson.of("answer") for number, text in comment_lines(solution_text(cell.text))
    ]


RULES: tuple[LessonRule, ...] = (
    solution_length,
    same_comments,
    comments_say_what_to_do,
    comments_without_backticks,
    comments_are_short,
    comments_start_with_space,
    sections_are_separated,
    scaffolded,
    check_looks,
    check_is_independent,
    check_names_mistakes,
)
WITHOUT_INSTRUCTIONS = tuple(rule for rule in RULES if rule is not comments_say_what_to_do)
"""The rules that a readiness check, whose cards list no instructions, keeps too."""
