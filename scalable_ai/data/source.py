"""CIFAR-10 from whichever source there is, behind one function."""

import os

from . import folder, generated, official
from .cache import cached
from .images import Cifar10
from .locate import Found, find

_announced: list[str] = []


def cifar10(
    source: str | os.PathLike | None = None,
    root: str | os.PathLike | None = None,
    num_train: int | None = None,
    num_test: int | None = None,
) -> Cifar10:
    """Return CIFAR-10: the official archive, image files, or a generated stand-in that says so.

    The first call decodes into a cache beside the data; later calls memory-map it.

    Args:
        source: A path to a folder or archive; "official" for the published archive, downloaded where it is
            missing; "generated" for the stand-in. None takes the environment variable SCALABLE_AI_DATA, then what
            is found in the data folder, then the stand-in.
        root: The data folder. None takes SCALABLE_AI_DATASETS, then the nearest `datasets` upward.
        num_train: Use this many training images only, the first of every class in equal number.
        num_test: The same for test images.

    Raises:
        DataError: The source is missing, incomplete or damaged; one sentence says which file and what to do.
    """
    found = find(source, root)
    if found.source == "generated":
        data = _generated(found, num_train, num_test)
        _announce(data)
        return data
    train, test, classes = _decoded(found)
    where = str(found.path or found.root)
    return Cifar10(
        train.balanced(num_train, where),
        test.balanced(num_test, where),
        classes,
        found.source,
        found.path or found.root,
    )


def describe(source: str | os.PathLike | None = None, root: str | os.PathLike | None = None) -> str:
    """Open the data set and describe it in a few lines: source, numbers, classes, cache folder."""
    found = find(source, root)
    data = cifar10(source, root)
    lines = [
        f"Source:  {found}",
        f"Images:  {len(data.train):,} for training, {len(data.test):,} for testing, uint8 [3, 32, 32]",
        f"Classes: {', '.join(data.classes)}",
        f"Cache:   {found.root / '.cache'}",
    ]
    return "\n".join(lines)


def _generated(found: Found, num_train: int | None, num_test: int | None) -> Cifar10:
    sizes = generated.SIZES
    wanted = (
        sizes["train"] if num_train is None else num_train,
        sizes["test"] if num_test is None else num_test,
    )
    identity: dict[str, object] = {"generator": generated.VERSION}
    if wanted != tuple(sizes.values()):
        identity["images"] = wanted
    train, test, _ = cached(found.root, "generated", identity, lambda: generated.draw_arrays(*wanted))
    return Cifar10(train.balanced(num_train), test.balanced(num_test), generated.CLASSES, "generated")


def _decoded(found: Found):
    if found.source == "official":
        identity = {"md5": official.MD5, "reader": 1}
        return cached(found.root, "official", identity, lambda: _official(found))
    return cached(found.root, "folder", folder.identity_of(found.path), lambda: folder.read_images(found.path))


def _official(found: Found):
    return official.read_official(found.path or official.fetch(found.root))


def _announce(data: Cifar10) -> None:
    """Say once a process, and in the first process of a group only, that the data are not CIFAR-10."""
    if not _announced and os.environ.get("LOCAL_RANK", "0") == "0":
        _announced.append(data.source)
        print(data)
