"""Show a figure together with a text description, so that every reader gets what it says."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHORTEST_DESCRIPTION = 40


def show(figure: Figure, description: str) -> None:
    """Display a matplotlib figure with a text description.

    In a notebook the figure is an image whose alternative text is the description, with the description folded
    below it. In a plain script the description is all there is to see, and is left out.

    Args:
        figure: The figure; it is closed afterwards, so that it is not shown twice.
        description: What is drawn and what it shows, at least 40 characters.

    Raises:
        ValueError: The description is missing or too short to stand for the picture.
    """
    if len(description.strip()) < SHORTEST_DESCRIPTION:
        raise ValueError(
            f"A figure needs a description of at least {SHORTEST_DESCRIPTION} characters: what is drawn, what it shows."
        )
    import matplotlib.pyplot as plt
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display(DescribedImage(figure, description))
    plt.close(figure)


class DescribedImage:
    """A figure as PNG with its description, for display."""

    def __init__(self, figure: Figure, description: str) -> None:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight", facecolor="white")
        self.png = base64.b64encode(buffer.getvalue()).decode()
        self.description = " ".join(description.split())

    def __repr__(self) -> str:
        return f"Figure: {self.description}"

    def _repr_html_(self) -> str:
        text = html.escape(self.description)
        return (
            f'<figure style="margin:0"><img alt="{text}" style="max-width:100%" src="data:image/png;base64,{self.png}">'
            f"<figcaption><details><summary>Description of this figure</summary>{text}</details></figcaption></figure>"
        )
