"""Make the learner's version of an answer from the answer itself: blanks, or a stub."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize

BLANK = "____"
_BLANK_MARK = re.compile(r"\s+# blank: (?P<texts>.+?)\s*$")
_MISSPELT_MARK = re.compile(r"#\s*(blank\s*:|blank\s*$|stub\s*$)", re.IGNORECASE)
_STUB_MARK = re.compile(r"\s+# stub\s*$")


def solution_text(answer: str) -> str:
    """Return the reference answer without its marks."""
    lines = answer.splitlines()
    return "\n".join(_STUB_MARK.sub("", _BLANK_MARK.sub("", line)) for line in lines)


def learner_text(answer: str, task: str) -> str:
    """Return what the learner starts from.

    Args:
        answer: The marked reference answer. `# blank: TEXT | TEXT` at a line's end turns each TEXT into `____`;
            `# stub` at the end of a `def` or `class` line keeps signature and docstring and drops the body.
        task: What the stub's exception names, such as `Exercise 2: crossover`.

    Raises:
        ValueError: A mark does not fit its line, or there is no mark at all; says line and remedy.
    """
    lines = [_blank_line(line, number) for number, line in enumerate(answer.splitlines(), 1)]
    text = "\n".join(lines)
    stubbed = _stub(text, task) if any(_STUB_MARK.search(line) for line in lines) else text
    for number, line in enumerate(lines, 1):
        if _MISSPELT_MARK.search(_STUB_MARK.sub("", line)):
            raise ValueError(f"line {number} of the answer: a mark ends its line as '  # blank: TEXT' or '  # stub'.")
    if stubbed == answer:
        raise ValueError("line 1 of the answer: nothing is marked. Add '# blank: …' or '# stub'.")
    return stubbed


def _blank_line(line: str, number: int) -> str:
    match = _BLANK_MARK.search(line)
    if not match:
        return line
    code = line[: match.start()]
    for text in (part.strip() for part in match["texts"].split(" | ")):
        places = _places(code, text)
        if len(places) != 1:
            raise ValueError(
                f"line {number} of the answer: '{text}' stands {len(places)} times in the line. "
                "A blank's text must stand there exactly once, as whole names."
            )
        start = places[0]
        code = code[:start] + BLANK + code[start + len(text) :]
    return code


def _places(code: str, text: str) -> list[int]:
    """Return where a text stands as whole words, so that `a` is not found inside `add`."""
    before = r"(?<![\w])" if re.match(r"\w", text) else ""
    after = r"(?![\w])" if re.search(r"\w$", text) else ""
    return [match.start() for match in re.finditer(before + re.escape(text) + after, code)]


def _stub(text: str, task: str) -> str:
    """Drop the bodies of all functions and classes that are marked; keep signature, docstring and comments."""
    lines = text.splitlines()
    marked = {number for number, line in enumerate(lines, 1) if _STUB_MARK.search(line)}
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno} of the answer: '# stub' needs valid Python around it.") from None
    bodies = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        signature = set(range(node.lineno, node.body[0].lineno))
        if not signature & marked:
            continue
        marked -= signature
        if ast.get_docstring(node) is None:
            raise ValueError(f"line {node.lineno} of the answer: a stub needs a docstring, which stays.")
        if len(node.body) == 1:
            raise ValueError(f"line {node.lineno} of the answer: the function has no body to drop.")
        if any(start < node.lineno <= end for start, end, _ in bodies):
            raise ValueError(f"line {node.lineno} of the answer: it is inside another stub, whose body goes anyway.")
        bodies.append((node.body[0].end_lineno, node.end_lineno, node.body[0].col_offset))
    if marked:
        raise ValueError(f"line {min(marked)} of the answer: '# stub' belongs at the end of a 'def' or 'class' line.")
    quoted = json.dumps(task, ensure_ascii=False)
    for docstring_end, body_end, indent in sorted(bodies, reverse=True):
        pad = " " * indent
        steps = [pad + line.strip() for line in lines[docstring_end:body_end] if line.strip().startswith("#")]
        lines[docstring_end:body_end] = [*steps, f"{pad}raise NotImplementedError({quoted})"]
    return "\n".join(_STUB_MARK.sub("", line) for line in lines)


def comments(code: str) -> list[str]:
    """Return the comments of a cell, marks left out, in order; blanks do not disturb the reading."""
    found = []
    tokens = tokenize.generate_tokens(io.StringIO(solution_text(code) + "\n").readline)
    try:
        found = [token.string for token in tokens if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, IndentationError):
        found = [line.strip() for line in solution_text(code).splitlines() if line.strip().startswith("#")]
    return found
