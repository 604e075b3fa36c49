"""Pack a quiz's explanations so that a page does not give them away before an answer."""

from __future__ import annotations

import base64
import json

Options = dict[str, tuple[bool, str]]
"""Letter -> whether it is right, and why or why not."""


def pack(options: Options) -> str:
    """Return the options as one line of text."""
    return base64.b64encode(json.dumps(options, sort_keys=True).encode()).decode()


def unpack(packed: str) -> Options:
    """Return what `pack` was given."""
    return {letter: tuple(value) for letter, value in json.loads(base64.b64decode(packed)).items()}
