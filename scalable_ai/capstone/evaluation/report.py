"""The report: one HTML page that holds all it shows, and a model card in Markdown with its figures beside it."""

import html
import platform
import re
import time
from pathlib import Path

import torch
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from scalable_ai.data import Cifar10

from ..runs import Loaded
from .corruption import CORRUPTIONS
from .figures import Evaluation
from .interval import METHOD
from .plots import Plot, confusion_plot, per_class_plot, reliability_plot, robustness_plot

PAGE, CARD = "report.html", "MODEL_CARD.md"
SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP"}
# Places on the disk of who trained it, and what is told elsewhere.
UNTOLD = {"root", "source", "num_classes", "default_root_dir"}


def write_report(folder: Path, result: Evaluation, loaded: Loaded, data: Cifar10) -> tuple[Path, Path]:
    """Write `report.html`, `MODEL_CARD.md` and the card's figures into a folder that exists.

    Args:
        folder: Where to.
        result: The figures.
        loaded: The network, for its settings.
        data: What it was tested on.

    Returns:
        The page and the card.
    """
    facts = {
        "result": result,
        "classes": loaded.classes,
        "plots": plots(result, loaded.classes),
        "data": describe(data),
        "trained_on": KINDS.get(loaded.source, loaded.source),
        "training": training(loaded),
        "parameters": sum(parameter.numel() for parameter in loaded.network.parameters()),
        "corruptions": CORRUPTIONS,
        "method": METHOD,
        "stands_in": data.stands_in,
        "date": time.strftime("%Y-%m-%d"),
        "versions": f"PyTorch {torch.__version__}, Python {platform.python_version()}",
    }
    page, card = folder / PAGE, folder / CARD
    page.write_text(_environment(True).get_template(f"{PAGE}.jinja").render(facts), encoding="utf-8")
    for plot in facts["plots"]:
        plot.save(folder)
    card.write_text(_environment(False).get_template(f"{CARD}.jinja").render(facts), encoding="utf-8")
    return page, card


def plots(result: Evaluation, classes: tuple[str, ...]) -> list[Plot]:
    """Return the figures that the results allow."""
    found = [
        per_class_plot(result.confusion, classes),
        confusion_plot(result.confusion, classes),
        reliability_plot(result.calibration),
    ]
    return [*found, robustness_plot(result.robustness)] if result.robustness else found


KINDS = {
    "generated": "a generated stand-in for CIFAR-10: drawn figures, not photographs",
    "official": "CIFAR-10's published archive, original pixels",
    "folder": "CIFAR-10 as image files",
}


def describe(data: Cifar10) -> str:
    """Say what the images are, and whether they were compressed with loss, as far as that is known."""
    said = KINDS[data.source]
    if data.source != "folder" or data.location is None:
        return said
    kind = file_kind(data.location)
    more = {
        "JPEG": "JPEG, compressed with loss, on which accuracy is lower than on the original pixels",
        None: "of a kind that cannot be told any more",
    }.get(kind, f"{kind}; whether they were compressed before is not known")
    return f"{said} ({more})"


def file_kind(location: Path) -> str | None:
    """Return "JPEG", "PNG" or "BMP" by the first image's name in a folder or archive, None where there is none."""
    import tarfile
    import zipfile

    try:
        if location.is_dir():
            names = (path.name for path in location.rglob("*"))
            return _first_kind(names)
        if zipfile.is_zipfile(location):
            with zipfile.ZipFile(location) as archive:
                return _first_kind(iter(archive.namelist()))
        with tarfile.open(location, "r|*") as archive:
            return _first_kind(member.name for member in archive)
    except (OSError, tarfile.TarError, zipfile.BadZipFile):
        return None


def _first_kind(names) -> str | None:
    return next((SUFFIXES[Path(name).suffix.lower()] for name in names if Path(name).suffix.lower() in SUFFIXES), None)


def training(loaded: Loaded) -> dict[str, str]:
    """Return how the network was trained, by setting: the checkpoint's own, and the Trainer's where it was kept."""
    settings = {**loaded.hparams, **loaded.data}
    try:
        kept = yaml.safe_load((loaded.path.parent / "config.yaml").read_text(encoding="utf-8"))
        trainer = {key: kept["trainer"].get(key) for key in ("max_epochs", "precision", "accumulate_grad_batches")}
        settings = {"seed": kept.get("seed_everything"), **trainer, **settings}
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        pass
    return {key: str(value) for key, value in settings.items() if key not in UNTOLD and value is not None}


def _environment(escaped: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("scalable_ai.capstone.evaluation", "templates"),
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = lambda share, digits=2: f"{100 * share:.{digits}f} %"
    environment.filters["between"] = lambda ends, digits=2: (
        f"{100 * ends[0]:.{digits}f} to {100 * ends[1]:.{digits}f} %"
    )
    environment.filters["plain"] = markdown
    return environment


def markdown(text: object) -> str:
    """Return text that Markdown, in a table too, takes for nothing but text."""
    return re.sub(r"([\\`*_\[\]|#!$~])", r"\\\1", html.escape(" ".join(str(text).split()), quote=False))
