"""The mutants of an answer: the same text with one small fault."""

from __future__ import annotations

import ast
import io
import random
import textwrap
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scalable_ai.grading.mutation import calls, constants, containers, operators, statements
from scalable_ai.grading.mutation.places import Place, places

RULES: tuple[Callable[[Place], Iterator[ast.AST]], ...] = (
    constants.numbers,
    constants.flags,
    constants.texts,
    operators.arithmetic,
    operators.comparisons,
    operators.logic,
    operators.conditions,
    calls.other_functions,
    calls.forgotten_calls,
    calls.arguments,
    containers.slices,
    containers.indices,
    containers.parts,
    statements.dropped,
    statements.without_context,
    statements.jumps,
    statements.decorators,
    statements.reordered,
)


NOTHING = "(nothing)"
"""What is made of lines that are left out."""


@dataclass(frozen=True)
class Mutant:
    """An answer with one small fault."""

    text: str
    """The whole answer cell."""
    line: int
    """Of the cell, from 1, where the fault begins."""
    before: str
    """The lines that it changes, in one."""
    after: str
    """What it makes of them."""
    nth: int = 1
    """Which one it is of those with the same `before` and `after`."""


def make_mutants(answer: str) -> list[Mutant]:
    """Return all mutants of an answer, each once, in the order of its text.

    Args:
        answer: Valid Python, without marks.
    """
    tree = ast.parse(answer)
    seen = {ast.dump(tree)}
    found = []
    for place in list(places(tree)):
        for rule in RULES:
            for changed in rule(place):
                place.put(changed)
                meant = ast.dump(tree)
                if meant not in seen and (text := _written(answer, place.node, changed, tree, meant)):
                    seen.add(meant)
                    found.append(_described(answer, text))
                place.put(place.node)
    return _numbered(sorted(found, key=lambda mutant: mutant.line))


def draw(mutants: Sequence[Mutant], count: int | None, seed: str) -> list[Mutant]:
    """Return `count` mutants at random, in order; the same for the same seed. All of them where it is None."""
    if count is None or count >= len(mutants):
        return list(mutants)
    return [mutants[index] for index in sorted(random.Random(seed).sample(range(len(mutants)), count))]


def _written(answer: str, old: ast.AST, new: ast.AST, tree: ast.Module, meant: str) -> str:
    """Return the answer's text with one node changed, or nothing where that is no Python."""
    if hasattr(new, "swapped"):
        (a, b), (c, d) = (_span(answer, node) for node in new.swapped)
        return answer[:a] + answer[c:d] + answer[b:c] + answer[a:b] + answer[d:]
    if hasattr(old, "lineno"):
        start, end = _span(answer, old)
        indent = " " * old.col_offset
        written = textwrap.indent(_unparsed(new), indent).strip()
        for text in (written, f"({written})"):
            changed = answer[:start] + text + answer[end:]
            if _dumped(changed) == meant:
                return changed
    # What stands in no place of its own is found in a text that is written anew.
    changed = _unparsed(tree)
    return changed if _dumped(changed) == meant else ""


def _unparsed(node: ast.AST) -> str:
    """Return a node's text, with quotes as the course has them."""
    text = ast.unparse(ast.fix_missing_locations(node))
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):  # a part that is no program of its own
        return text
    lines = text.splitlines(keepends=True)
    for token in reversed(tokens):
        row, start = token.start
        if token.type == tokenize.STRING and token.string[0] == "'" and '"' not in token.string:
            line = lines[row - 1]
            lines[row - 1] = f'{line[:start]}"{token.string[1:-1]}"{line[token.end[1] :]}'
    return "".join(lines)


def _span(text: str, node: ast.AST) -> tuple[int, int]:
    """Return where a node begins and ends in a text; Python counts the bytes of a line."""
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    start = offset(node.lineno, node.col_offset) if first == node.lineno else offset(first, node.col_offset)
    return start, offset(node.end_lineno, node.end_col_offset)


def _dumped(text: str) -> str:
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return ""


def _described(answer: str, text: str) -> Mutant:
    """Return a mutant with the lines that differ."""
    old, new = answer.splitlines(), text.splitlines()
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    before, after = (" ".join(" ".join(lines[first : len(lines) - last]).split()) for lines in (old, new))
    return Mutant(text, first + 1, before, after or NOTHING)


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    counts: Counter[tuple[str, str]] = Counter()
    numbered = []
    for mutant in mutants:
        key = (mutant.before, mutant.after)
        counts[key] += 1
        numbered.append(Mutant(mutant.text, mutant.line, mutant.before, mutant.after, counts[key]))
    return numbered
