"""A scaling report as a value, and as the files that keep it: JSON, Markdown, HTML and a picture."""

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .assumption import Assumptions
from .costmodel import Prediction
from .line import Line, lines
from .measurement import Measurement
from .model import Model, fit_model, predictions
from .page import as_html, as_markdown
from .plot import description, plot
from .section import sections


@dataclass(frozen=True)
class Report:
    """All that a report says.

    Attributes:
        made: When, as text.
        machine: Processor and cores, as text.
        pinned: Whether each process was kept to cores of its own.
        command: Options of `fit` that all runs share.
        runs: What was measured.
        lines: Strong and weak scaling.
        model: The cost model.
        assumptions: What it takes for granted.
        predictions: What it says of larger clusters.
    """

    made: str
    machine: str
    pinned: bool
    command: str
    runs: list[Measurement]
    lines: list[Line]
    model: Model
    assumptions: Assumptions
    predictions: list[Prediction]

    def write(self, folder: Path) -> list[Path]:
        """Write `scaling.json`, `scaling.md`, `scaling.html` and `scaling.png`, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        picture = io.BytesIO()
        plot(self.lines, self.predictions).savefig(picture, format="png", dpi=110)
        text, parts = description(self.lines, self.predictions), sections(self)
        inline = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
        files = {
            "scaling.json": json.dumps(self.record(), indent=2, allow_nan=False) + "\n",
            "scaling.md": as_markdown(parts, "scaling.png", text),
            "scaling.html": as_html(parts, inline, text),
        }
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        (folder / "scaling.png").write_bytes(picture.getvalue())
        return [folder / name for name in (*files, "scaling.png")]

    def record(self) -> dict:
        """Return the report as plain values, with the rates and errors that follow from it."""
        record = asdict(self)
        for run, values in zip(self.runs, record["runs"], strict=True):
            values |= {"images_per_second": run.images_per_second, "busy_share": run.busy_share}
        for check, values in zip(self.model.checks, record["model"]["checks"], strict=True):
            values["error"] = check.error
        for row, values in zip(self.predictions, record["predictions"], strict=True):
            values |= {"images_per_second": row.throughput, "efficiency": row.efficiency}
        return record


def make_report(
    runs: Sequence[Measurement], assumed: Assumptions, *, made: str, machine: str, pinned: bool, command: str
) -> Report:
    """Work out a report from its measurements; the arguments are named as the attributes of `Report`."""
    model = fit_model(runs, assumed.backward_share)
    predicted = predictions(model, runs[0], assumed)
    return Report(made, machine, pinned, command, list(runs), lines(runs), model, assumed, predicted)
