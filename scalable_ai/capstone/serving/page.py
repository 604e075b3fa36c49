"""The page where a person drops a picture, and the policy that lets it run its own script and nothing else."""

import base64
import hashlib
from html import escape
from pathlib import Path

from .model import Model

_FOLDER = Path(__file__).parent / "front"
_STYLE, _SCRIPT, _FRAME = (
    (_FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js", "page.html")
)


def _allowed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src {_allowed(_SCRIPT)}",
        f"style-src {_allowed(_STYLE)}",
        "img-src blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""The Content-Security-Policy: this page's own style and script by their hashes, requests to this server alone."""


def render(model: Model, max_body: int) -> str:
    """Return the page.

    Args:
        model: The network, for its class names and origin.
        max_body: Bytes of the largest picture.
    """
    origin = str(model.details.get("trained_on", "unknown data"))
    facts = {
        "STYLE": _STYLE,
        "SCRIPT": _SCRIPT,
        "CLASSES": escape(", ".join(model.classes)),
        "ORIGIN": escape(origin),
        "MAX_BYTES": str(max_body),
        "MAX_MIB": f"{max_body / 2**20:.3g}",
    }
    html = _FRAME
    for name, value in facts.items():
        html = html.replace("{{" + name + "}}", value)
    return html
