"""A data set decoded once, kept as four uncompressed arrays beside a manifest, and memory-mapped from then on.

A build goes to a folder of its own and is renamed into place, so a reader sees all of it or nothing, and of two
processes that build at once one wins and both read the same files.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from .errors import DataError
from .images import Split
from .locate import user_cache

FORMAT = 1
CACHE_VARIABLE = "SCALABLE_AI_CACHE"
"""Environment variable that names another data folder whose cache may be read."""
PARTS = ("train", "test")

Arrays = dict[str, np.ndarray]
"""train_images and test_images uint8 [N, 3, 32, 32]; train_labels and test_labels int64 [N]."""


def cached(
    root: Path, source: str, identity: dict, build: Callable[[], tuple[Arrays, tuple[str, ...]]]
) -> tuple[Split, Split, tuple[str, ...]]:
    """Open the cache entry of a source, after building it where it is missing, stale or damaged.

    Args:
        root: The data folder; the entry is `.cache/<source>-<digest>` in it, or in the user's cache where that
            cannot be written.
        source: First part of the entry's name.
        identity: What the entry is made of, as JSON; a changed identity is another entry.
        build: Called without arguments, returns the arrays and the class names.
    """
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    name = f"{source}-{digest[:12]}"
    folders = [root / ".cache", user_cache() / ".cache"]
    shared = os.environ.get(CACHE_VARIABLE)
    for folder in [*folders, *([Path(shared) / ".cache"] if shared else [])]:
        if (entry := load(folder / name)) is not None:
            return entry
    arrays, classes = build()
    check_arrays(arrays, classes, source)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save(folder / name, arrays, classes, identity)
        except OSError as error:
            problem = error
            continue
        if (entry := load(folder / name)) is not None:
            return entry
        problem = OSError("what was written cannot be read back")
    raise DataError(
        folders[0],
        f"the decoded images cannot be stored ({problem})",
        "free some disk space or set SCALABLE_AI_DATASETS to a folder you can write",
    )


def save(entry: Path, arrays: Arrays, classes: tuple[str, ...], identity: dict) -> None:
    """Write a cache entry in one step, in place of a damaged one if there is any."""
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=entry.parent))
    try:
        files = {}
        for name, array in arrays.items():
            path = building / f"{name}.npy"
            np.save(path, np.ascontiguousarray(array))
            files[path.name] = {
                "shape": list(array.shape),
                "dtype": str(array.dtype),
                "bytes": path.stat().st_size,
                "sha256": _sha256(path),
            }
        manifest = {"format": FORMAT, "identity": identity, "classes": list(classes), "files": files}
        (building / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        building.chmod(0o755)  # private so far; others of this machine may read the cache, as they may the data
        if entry.exists() and load(entry) is None:
            shutil.rmtree(entry)
        try:
            os.replace(building, entry)
        except OSError:
            if load(entry) is None:
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def load(entry: Path) -> tuple[Split, Split, tuple[str, ...]] | None:
    """Memory-map a cache entry; None where there is none, or its files are not as its manifest says.

    Sizes, types and shapes are compared on every call; `verify` compares the contents too.
    """
    try:
        manifest = json.loads((entry / "manifest.json").read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            return None
        arrays = {}
        for name, expected in manifest["files"].items():
            if (entry / name).stat().st_size != expected["bytes"]:
                return None
            # Copy on write: the tensor may be written to, the file never is, and PyTorch need not warn.
            array = np.load(entry / name, mmap_mode="c", allow_pickle=False)
            if list(array.shape) != expected["shape"] or str(array.dtype) != expected["dtype"]:
                return None
            arrays[Path(name).stem] = torch.from_numpy(array)
        train, test = (
            Split(arrays[f"{part}_images"], arrays[f"{part}_labels"], entry / f"{part}_images.npy") for part in PARTS
        )
        return train, test, tuple(manifest["classes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def verify(entry: Path) -> bool:
    """Compare the contents of a cache entry with the hashes in its manifest."""
    if load(entry) is None:
        return False
    manifest = json.loads((entry / "manifest.json").read_text(encoding="utf-8"))
    return all(_sha256(entry / name) == expected["sha256"] for name, expected in manifest["files"].items())


def check_arrays(arrays: Arrays, classes: tuple[str, ...], source: str) -> None:
    """Hold decoded arrays to the contract of `Arrays` before they are stored."""
    for part in PARTS:
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if images.shape[1:] != (3, 32, 32) or images.dtype != np.uint8 or labels.shape != (len(images),):
            raise DataError(
                source,
                f"the {part} images have shape {images.shape} and type {images.dtype}, not [N, 3, 32, 32] and uint8",
                "use CIFAR-10",
            )
        counts = np.bincount(labels, minlength=len(classes))
        if len(counts) > len(classes) or not counts.all():
            raise DataError(
                source, f"the {part} images do not hold every class ({counts.tolist()})", "use a complete copy"
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
