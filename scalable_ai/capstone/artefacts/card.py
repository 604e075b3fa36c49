"""What an exported file says about itself: class names, and which images it takes."""

import json

from ..runs import Loaded

PREPROCESSING = {
    "input": "images",
    "dtype": "float32",
    "layout": "NCHW",
    "shape": ["N", 3, 32, 32],
    "channels": "RGB",
    "range": [0.0, 1.0],
    "normalization": "inside",
}


def card(loaded: Loaded, precision: str = "float32") -> dict[str, str]:
    """Return the texts that every file carries, by key, in the form that all formats can store.

    Args:
        loaded: The network.
        precision: "float32" or "int8".
    """
    return {
        "classes": json.dumps(loaded.classes),
        "trained_on": loaded.source,
        "preprocessing": json.dumps(PREPROCESSING),
        "precision": precision,
    }
