"""Which source of CIFAR-10 would be used, decided from names alone.

Nothing is opened, decoded or downloaded here, and PyTorch is not imported, so an installer can ask.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError

SOURCE_VARIABLE = "SCALABLE_AI_DATA"
ROOT_VARIABLE = "SCALABLE_AI_DATASETS"
OFFICIAL_FOLDER = "cifar-10-batches-py"
OFFICIAL_ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz")

GET_THE_REAL_ONE = "set SCALABLE_AI_DATA=official to download it, or to the path of a copy you have"


@dataclass(frozen=True)
class Found:
    """The source that would be used.

    Attributes:
        source: "official", "folder" or "generated".
        path: The archive or folder to read; None when it is generated or would be downloaded.
        reason: Why this source: the argument, the environment variable, what lies in `datasets/`, or nothing.
        root: The folder that holds data sets and their cache.
    """

    source: str
    path: Path | None
    reason: str
    root: Path

    def __str__(self) -> str:
        if self.source == "generated":
            return f"generated stand-in for CIFAR-10 ({self.reason}); {GET_THE_REAL_ONE}"
        if self.path is None:
            return f"official CIFAR-10, to be downloaded into {self.root} ({self.reason})"
        kind = "official CIFAR-10" if self.source == "official" else "CIFAR-10 as image files"
        return f"{kind} in {self.path} ({self.reason})"


def find(source: str | os.PathLike | None = None, root: str | os.PathLike | None = None) -> Found:
    """Say which source `cifar10(source, root)` would use, without opening it.

    Args:
        source: A path to a folder or archive, or the word "official" or "generated"; None asks the environment
            variable SCALABLE_AI_DATA and then looks into the data folder.
        root: The data folder; None asks SCALABLE_AI_DATASETS, then looks for `datasets` upward from here.

    Raises:
        DataError: The path named does not exist, or is of no known kind.
    """
    folder = data_root(root)
    reason = "as asked"
    if source is None and os.environ.get(SOURCE_VARIABLE, "").strip():
        source, reason = os.environ[SOURCE_VARIABLE].strip(), f"from {SOURCE_VARIABLE}"
    if source is None:
        return _look_in(folder)
    if str(source) == "generated":
        return Found("generated", None, reason, folder)
    if str(source) == "official":
        return Found("official", _official_in(folder), reason, folder)
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(
            path, "there is no such file or folder", 'give a path that exists, or the word "official" or "generated"'
        )
    return Found(*_kind(path.resolve()), reason, folder)


def data_root(root: str | os.PathLike | None = None) -> Path:
    """Return the folder for data sets: argument, SCALABLE_AI_DATASETS, `datasets/` upward, or the user's cache."""
    chosen = root if root is not None else os.environ.get(ROOT_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "datasets").is_dir():
            return folder / "datasets"
    return user_cache()


def user_cache() -> Path:
    """Return the user's own cache folder for this course; it need not exist yet."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "scalable-ai" / "datasets"


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file is an archive that can be read."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def _kind(path: Path) -> tuple[str, Path]:
    if path.name in (OFFICIAL_FOLDER, OFFICIAL_ARCHIVE):
        return "official", path
    if path.is_dir():
        if (inside := _official_in(path)) is not None:
            return "official", inside
        return "folder", path
    if is_archive(path):
        return "folder", path
    raise DataError(
        path,
        "this is neither a folder nor an archive",
        f"give a folder or a file that ends in {_list(ARCHIVE_SUFFIXES)}",
    )


def _official_in(folder: Path) -> Path | None:
    for name in (OFFICIAL_FOLDER, OFFICIAL_ARCHIVE):
        if (folder / name).exists():
            return folder / name
    return None


def _look_in(folder: Path) -> Found:
    if (official := _official_in(folder)) is not None:
        return Found("official", official, f"found in {folder}", folder)
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            named = path.name.lower().replace("-", "").replace("_", "").startswith("cifar10")
            if named and (is_archive(path) or (path / "train").is_dir()):
                return Found(*_kind(path), f"found in {folder}", folder)
    return Found("generated", None, f"no CIFAR-10 in {folder}", folder)


def _list(words) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"
