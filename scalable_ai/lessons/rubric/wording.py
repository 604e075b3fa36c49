"""Read prose as the linter does: words, stems, code left out, sentence case with its allow-list."""

from __future__ import annotations

import re

# The one allow-list of sentence case: names and abbreviations that keep their capitals inside a title.
# Words with a capital inside (DataLoader, PyTorch) are names by their look and need no entry.
_NAMES = """
    AI API APIs CIFAR CLI CNN CNNs CPU CPUs CSV CUDA DDP GPU GPUs HTML HTTP I ID JIT JSON LSTM LSTMs MLP MPS ONNX OS
    RAM REST RNN RNNs SGD SQL SQLite URL YAML
    Adam Apple Docker Fashion Git Jupyter Kubernetes Lightning Linux Module Monday Python Sunday Tensor Trainer Windows
"""
NAMES = frozenset(_NAMES.split())

_FENCE = re.compile(r"^(```+|~~~+)[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_TOKEN = re.compile(r"[^\W_]")

# Names that a reader should see as code: snake_case, a call, an attribute of a module, a method with its dot.
_CODE_LIKE = re.compile(
    r"(?<![\w/`.-])(?:"
    r"(?:collections|functools|itertools|math|nn|np|numpy|onnx|os|pl|plt|pytorch_lightning|random|statistics|sys|time"
    r"|torch|torchmetrics|torchvision)(?:\.[A-Za-z_]\w*)+"
    r"|[A-Za-z_][\w.]*\(\)"
    r"|[A-Za-z]\w*_\w+"
    r"|\.[a-z_]{2,}\b"
    r")"
)

# Words too common to say what a sentence is about.
_COMMON_WORDS = """
    about after again also another because been before both does each every from have here into know more most much
    must only other over says same some such than that their them then there these they this those very what when
    where which will with without your yours
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def blank_out(pattern: re.Pattern[str], text: str) -> str:
    """Replace what a pattern matches by spaces; line ends stay, so that line numbers hold."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def without_fences(text: str) -> str:
    """Return markdown with its fenced code replaced by blank lines."""
    return blank_out(_FENCE, text)


def without_code(text: str) -> str:
    """Return markdown with fenced and inline code replaced by spaces."""
    return blank_out(_INLINE_CODE, without_fences(text))


def fenced_code(text: str) -> list[tuple[int, str, str]]:
    """Return (line from 0, language, code) of each fenced block."""
    blocks = []
    for match in _FENCE.finditer(text):
        first, *body = match[0].splitlines()
        blocks.append((text[: match.start()].count("\n"), first.strip("`~ ").lower(), "\n".join(body[:-1])))
    return blocks


def count_words(text: str) -> int:
    """Return how many words a text has; a sign that stands alone is none."""
    return sum(1 for token in text.split() if _TOKEN.search(token))


def stems(text: str) -> set[str]:
    """Return the beginnings of the words that say what a text is about, so that inflections meet."""
    found = re.findall(r"[^\W\d_]{4,}", text.lower().replace("_", " "))
    return {word[:5] for word in found if word not in _COMMON}


def code_like(text: str) -> list[tuple[int, str]]:
    """Return (line from 0, name) of each name in prose that should stand in backticks."""
    prose = re.sub(r"\]\([^)]*\)|<[^>]*>", lambda match: " " * len(match[0]), without_code(text))
    return [(prose[: match.start()].count("\n"), match[0]) for match in _CODE_LIKE.finditer(prose)]


def wrong_capitals(title: str) -> list[str]:
    """Return the words of a title that break sentence case: one capital at the start, then names only."""
    faults = []
    must_rise, may_rise = True, True
    for token in _INLINE_CODE.sub("`", title).split():
        for part in re.split(r"[-–/]", token.strip("\"'“”‘’()[],.;:?")):
            word = re.sub(r"['’]s$", "", part)
            is_name = word in NAMES or (not word.isupper() and any(letter.isupper() for letter in word[1:]))
            if word[:1].isalpha() and not is_name:
                risen = word[0].isupper()
                shouted = word.isupper() and len(word) > 1
                if shouted or (risen and not may_rise) or (must_rise and not risen):
                    faults.append(word)
            must_rise = may_rise = False
        must_rise = token.endswith((".", "?"))
        may_rise = must_rise or token.endswith(":")
    return faults
