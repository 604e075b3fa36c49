"""What an evaluation finds, and how a terminal shows it."""

from dataclasses import dataclass

from rich.table import Table

from .calibration import Calibration
from .robustness import Robustness


@dataclass(frozen=True)
class Augmented:
    """Accuracy with test-time augmentation.

    Attributes:
        kind: "mirror" or "moves".
        weights: What is looked at, with which weight.
        accuracy: From 0 to 1.
        interval: 95 %, Wilson.
        gain: Against the accuracy without, on the same images.
        gain_interval: 95 %, paired.
    """

    kind: str
    weights: str
    accuracy: float
    interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]


@dataclass(frozen=True)
class Evaluation:
    """Figures of one network on one set of test images.

    Attributes:
        accuracy: Share of images classified rightly, from 0 to 1.
        per_class: The same for each class, by name.
        confusion: Counts, row = true class, column = predicted class.
        calibration_error: Expected gap between the confidence of an answer and its accuracy, 15 bins, from 0 to 1.
        loss: Mean cross-entropy, without label smoothing.
        num_images: Test images.
        seconds: Time for the forward passes without test-time augmentation, or with it where that was asked for.
        source: Kind of data: "official", "folder" or "generated".
        checkpoint: The file evaluated.
        accuracy_interval: 95 %, Wilson.
        top2: Share of images whose class is among the two likeliest.
        top2_interval: 95 %, Wilson.
        per_class_interval: 95 %, Wilson, by name.
        loss_interval: 95 %, normal.
        calibration: Before and after temperature scaling.
        augmented: With test-time augmentation; empty where it was left out.
        robustness: On corrupted images; None where it was left out.
    """

    accuracy: float
    per_class: dict[str, float]
    confusion: list[list[int]]
    calibration_error: float
    loss: float
    num_images: int
    seconds: float
    source: str
    checkpoint: str
    accuracy_interval: tuple[float, float]
    top2: float
    top2_interval: tuple[float, float]
    per_class_interval: dict[str, tuple[float, float]]
    loss_interval: tuple[float, float]
    calibration: Calibration
    augmented: tuple[Augmented, ...] = ()
    robustness: Robustness | None = None

    def table(self) -> Table:
        """Return the figures as a table for a terminal, with each class's most frequent mistake."""
        low, high = self.accuracy_interval
        title = (
            f"{self.num_images:,} test images ({self.source}): accuracy {self.accuracy:.2%} ({low:.1%} to {high:.1%})"
        )
        table = Table(title=title)
        table.add_column("class")
        table.add_column("accuracy", justify="right")
        table.add_column("most often taken for")
        names = list(self.per_class)
        for row, (name, accuracy) in enumerate(self.per_class.items()):
            wrong = [0 if column == row else count for column, count in enumerate(self.confusion[row])]
            worst = max(range(len(wrong)), key=wrong.__getitem__)
            table.add_row(name, f"{accuracy:.1%}", f"{names[worst]} ({wrong[worst]})" if wrong[worst] else "-")
        found = self.calibration
        lines = [
            f"top-2 {self.top2:.2%}, loss {self.loss:.3f}",
            f"calibration error {self.calibration_error:.3f}, "
            f"{found.error_after:.3f} with temperature {found.temperature:.2f}",
            *(f"with test-time augmentation ({one.kind}) {one.accuracy:.2%}" for one in self.augmented),
        ]
        if self.robustness:
            means = ", ".join(f"{self.robustness.mean(severity):.1%}" for severity in (1, 2, 3))
            lines.append(f"corrupted at severity 1, 2, 3: {means} (as they are: {self.robustness.clean:.1%})")
        table.caption = "\n".join(lines)
        return table
