"""CIFAR-10 as its authors publish it: five pickled training batches, one test batch, and their checksums.

torchvision reads the batches. They are pickles, which run code when opened, so nothing is opened before its
checksum is that of the published file.
"""

import os
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .cache import Arrays
from .download import download, md5_of
from .errors import DataError
from .locate import OFFICIAL_ARCHIVE, OFFICIAL_FOLDER

MD5 = "c58f30108f718f92721af3b95e74349a"
URL_VARIABLE = "SCALABLE_AI_CIFAR10_URL"
URLS = ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",)
FETCH_AGAIN = "delete it and set SCALABLE_AI_DATA=official to download it again"


def fetch(root: Path, echo: Callable[[str], None] = print) -> Path:
    """Download the archive into `root`, from SCALABLE_AI_CIFAR10_URL (comma-separated) or the authors' server."""
    override = [url.strip() for url in os.environ.get(URL_VARIABLE, "").split(",") if url.strip()]
    return download(override or URLS, root / OFFICIAL_ARCHIVE, MD5, echo=echo)


def read_official(path: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Read the archive, or the folder of batches that it unpacks to.

    Returns:
        The arrays (50,000 and 10,000 images) and the ten class names.

    Raises:
        DataError: A file is missing or is not the published one.
    """
    if path.is_dir():
        return _read_batches(path)
    if (found := md5_of(path)) != MD5:
        size = path.stat().st_size
        raise DataError(path, f"this is not the published archive (checksum {found}, {size:,} bytes)", FETCH_AGAIN)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise DataError(path, f"it cannot be unpacked ({error})", FETCH_AGAIN) from None
        return _read_batches(Path(folder) / OFFICIAL_FOLDER)


def published_files() -> tuple[tuple[str, str], ...]:
    """Return name and MD5 of each file in the folder of batches, as torchvision lists them."""
    from torchvision.datasets import CIFAR10

    meta = (CIFAR10.meta["filename"], CIFAR10.meta["md5"])
    return (*map(tuple, CIFAR10.train_list), *map(tuple, CIFAR10.test_list), meta)


def _read_batches(folder: Path) -> tuple[Arrays, tuple[str, ...]]:
    from torchvision.datasets import CIFAR10

    files = published_files()
    for name, expected in files:
        if not (folder / name).is_file():
            raise DataError(
                folder / name, "this batch is missing", FETCH_AGAIN.replace("delete it", f"delete {folder}")
            )
        if md5_of(folder / name) != expected:
            raise DataError(folder / name, "this is not the published batch (its checksum differs)", FETCH_AGAIN)
    lists = {"train_list": list(files[:-2]), "test_list": [files[-2]]}
    meta = CIFAR10.meta | {"filename": files[-1][0], "md5": files[-1][1]}
    reader = type("CIFAR10", (CIFAR10,), {"base_folder": folder.name, "meta": meta} | lists)
    parts = {name: reader(folder.parent, train=name == "train") for name in ("train", "test")}
    arrays: Arrays = {}
    for name, part in parts.items():
        arrays[f"{name}_images"] = np.ascontiguousarray(part.data.transpose(0, 3, 1, 2))
        arrays[f"{name}_labels"] = np.array(part.targets, dtype=np.int64)
    return arrays, tuple(parts["train"].classes)
