"""Read the Python of a cell, IPython's magic lines allowed."""

from __future__ import annotations

import ast
import io
import re
import tokenize

_MAGIC = re.compile(r"(?m)^(\s*)([!%].*)$")


def parse(code: str) -> ast.Module:
    """Return the syntax tree of a cell; magic lines count as `pass`.

    Raises:
        SyntaxError: It is no Python.
    """
    return ast.parse(_MAGIC.sub(r"\1pass", code))


def parses(code: str) -> bool:
    """Return whether a cell is Python."""
    try:
        parse(code)
    except SyntaxError:
        return False
    return True


def identifiers(code: str) -> set[str]:
    """Return every name, attribute and keyword argument in a cell, and the parts of what it imports."""
    found: set[str] = set()
    for node in ast.walk(parse(code)):
        for value in (getattr(node, key, None) for key in ("id", "attr", "arg", "name", "module", "asname")):
            if isinstance(value, str):
                found.update(value.split("."))
    return found


def imported(code: str) -> set[str]:
    """Return the top-level packages that a cell imports."""
    found: set[str] = set()
    for node in ast.walk(parse(code)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def comment_lines(code: str) -> list[tuple[int, str]]:
    """Return (line from 0, comment) of every comment of a cell that parses."""
    tokens = tokenize.generate_tokens(io.StringIO(_MAGIC.sub(r"\1pass", code) + "\n").readline)
    return [(token.start[0] - 1, token.string) for token in tokens if token.type == tokenize.COMMENT]


def without_texts(code: str) -> str:
    """Return code with its comments and plain texts blanked out; lines stay where they are."""
    lines = code.splitlines()
    tokens = tokenize.generate_tokens(io.StringIO(_MAGIC.sub(r"\1pass", code) + "\n").readline)
    for token in tokens:
        if token.type not in {tokenize.COMMENT, tokenize.STRING}:
            continue
        (first, start), (last, end) = token.start, token.end
        for row in range(first - 1, last):
            left = start if row == first - 1 else 0
            right = end if row == last - 1 else len(lines[row])
            lines[row] = lines[row][:left] + " " * (right - left) + lines[row][right:]
    return "\n".join(lines)
