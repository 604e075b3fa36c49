"""Which configurations there are, and what is said when options do not fit."""

import re
from collections.abc import Sequence
from pathlib import Path

from .errors import CapstoneError

UNION = re.compile(r'key "(?P<key>[^"]+)": Does not validate .* Given value: (?P<value>.*?)$')
CONFIGS = Path(__file__).parent / "configs"


class ConfigError(CapstoneError):
    """A configuration that does not exist, or does not fit the processes, told in one sentence."""


class OptionError(ConfigError):
    """An option that is not understood, told in one sentence.

    Args:
        error: The parser's.
    """

    status = 2

    def __init__(self, error: Exception):
        text = " ".join(str(error).split())
        # An option of several types is told with each type's own complaint; the value says enough.
        if found := UNION.search(text):
            text = f"--{found['key']} {found['value']}: this option does not take such a value"
        super().__init__(f"{text}; `scalable-ai capstone fit --help` lists the options.")


def with_config_paths(argv: Sequence[str]) -> list[str]:
    """Let `--config quick` mean the file of that name in this package.

    Raises:
        ConfigError: There is neither such a file nor such a name.
    """
    words, expected = [], False
    for word in argv:
        flag, equals, value = word.partition("=")
        named = flag in ("--config", "-c")
        if expected:
            words.append(_config_path(word))
        elif named and equals:
            words.append(f"{flag}={_config_path(value)}")
        else:
            words.append(word)
        expected = named and not equals
    return words


def _config_path(value: str) -> str:
    if Path(value).is_file():
        return value
    shipped = {path.stem: path for path in sorted(CONFIGS.glob("*.yaml"))}
    if value not in shipped:
        raise ConfigError(f"{value}: there is no such configuration; name a file or one of {', '.join(shipped)}.")
    return str(shipped[value])
