"""CIFAR-10 as image files: `train/<class>/*.jpg` and `test/<class>/*.jpg`, in a folder or an archive of one.

An archive is decoded as it streams by; none of it is written to disk, so a hostile name in it has nowhere to go.
"""

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from .cache import PARTS, Arrays
from .errors import DataError
from .generated import random_words

MAX_MEMBERS = 200_000
MAX_TOTAL_BYTES = 2 << 30
MAX_IMAGE_BYTES = 1 << 20
NUM_CLASSES = 10
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
LAYOUT = "lay it out as train/<class>/*.jpg and test/<class>/*.jpg, or .png, with 32x32 images in ten classes"
FRESH_COPY = "use a fresh copy of the archive"
TOO_LARGE = "this file is too large for a 32x32 image"
DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, LZMAError, zlib.error, EOFError, OSError),
    *(RuntimeError, NotImplementedError),  # an encrypted member, an unknown compression
)

Member = tuple[str, int, bool, Callable[[], bytes]]
"""Name, size in bytes, whether it is a plain file, and how to read it."""


def read_images(path: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Decode a folder or an archive of images.

    One folder above `train` and `test` is allowed, and hidden files are passed over. Classes are sorted by name;
    images come in one fixed shuffled order, for any slice to hold every class.

    Returns:
        The arrays and the ten class names.

    Raises:
        DataError: A file cannot be decoded or is not 32x32, a class or a part is missing, or the archive is unsafe.
    """
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for name, content in _members(path):
        place = PurePosixPath(name)
        if place.name.startswith((".", "Thumbs.db")) or "__MACOSX" in place.parts:
            continue
        if len(place.parts) not in (3, 4) or place.parts[-3] not in PARTS:
            continue
        part, label, file = place.parts[-3:]
        images = found.setdefault((part, label), {})
        if file in images:
            raise DataError(f"{path}/{name}", "two images have this name", "keep one tree of train and test folders")
        images[file] = _decode(f"{path}/{name}", content)
    classes = _classes(path, found)
    arrays: Arrays = {}
    for part in PARTS:
        pixels = [found[part, name][file] for name in classes for file in sorted(found[part, name])]
        labels = np.repeat(np.arange(len(classes)), [len(found[part, name]) for name in classes])
        order = np.argsort(random_words("folder", part, 0, len(labels)), kind="stable")
        arrays[f"{part}_images"] = np.stack(pixels)[order].transpose(0, 3, 1, 2)
        arrays[f"{part}_labels"] = labels[order].astype(np.int64)
    return arrays, classes


def identity_of(path: Path) -> dict:
    """Describe a folder or archive by what changes when it changes: sizes, times and counts, no contents."""
    if path.is_file():
        facts = path.stat()
        return {"path": str(path), "bytes": facts.st_size, "modified": facts.st_mtime_ns}
    folders = {str(folder): folder.stat().st_mtime_ns for folder in sorted(path.glob("*/*")) if folder.is_dir()}
    return {"path": str(path), "folders": folders}


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        return _folder_members(path)
    return _checked(path, _zip_members(path) if path.name.lower().endswith(".zip") else _tar_members(path))


def _folder_members(path: Path) -> Iterator[tuple[str, bytes]]:
    for part in PARTS:
        for file in sorted((path / part).glob("*/*")):
            if file.is_file():
                if file.stat().st_size > MAX_IMAGE_BYTES:
                    raise DataError(file, TOO_LARGE, LAYOUT)
                yield file.relative_to(path).as_posix(), file.read_bytes()


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if not member.isdir():
                yield member.name, member.size, member.isfile(), partial(_read_tar, archive, member)


def _read_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    return archive.extractfile(member).read()


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                plain = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
                yield member.filename, member.file_size, plain, partial(archive.read, member)


def _checked(path: Path, members: Iterator[Member]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member that lies where an image would, within the limits above."""
    total = 0
    try:
        for count, (name, size, plain, read) in enumerate(members, start=1):
            place = PurePosixPath(name.replace("\\", "/"))
            if place.is_absolute() or ".." in place.parts or ":" in name:
                wrong = f"the archive holds a name that leads out of it ({name!r})"
                raise DataError(path, wrong, "do not use this archive")
            if not plain:
                raise DataError(path, f"the archive holds a link or device ({name!r})", "pack plain files only")
            total += size
            if count > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
                wrong = f"the archive holds more than {MAX_MEMBERS:,} files or {MAX_TOTAL_BYTES:,} bytes"
                raise DataError(path, wrong, "use an archive of CIFAR-10 only")
            if len(place.parts) in (3, 4) and place.parts[-3] in PARTS:
                if size > MAX_IMAGE_BYTES:
                    raise DataError(f"{path}/{name}", TOO_LARGE, LAYOUT)
                yield str(place), read()
    except DAMAGE as error:
        raise DataError(path, f"this archive is damaged or cut short ({error})", FRESH_COPY) from None


def _decode(name: str, content: bytes) -> np.ndarray:
    if not name.lower().endswith(SUFFIXES):
        raise DataError(name, "this is not an image file by its name", LAYOUT)
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.size != (32, 32):
                raise DataError(name, f"this image is {image.size[0]}x{image.size[1]} pixels, not 32x32", LAYOUT)
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise DataError(name, "this file cannot be decoded as an image", "replace or remove it") from None


def _classes(path: Path, found: dict[tuple[str, str], dict]) -> tuple[str, ...]:
    by_part = {part: sorted(name for folder, name in found if folder == part) for part in PARTS}
    for part, names in by_part.items():
        if not names:
            raise DataError(path, f"there are no images in {part}/<class>/", LAYOUT)
    for part, other in (PARTS, PARTS[::-1]):
        if missing := sorted(set(by_part[other]) - set(by_part[part])):
            raise DataError(path, f"class {missing[0]!r} has images in {other} but none in {part}", LAYOUT)
    if len(by_part["train"]) != NUM_CLASSES:
        raise DataError(path, f"there are {len(by_part['train'])} classes, not ten", LAYOUT)
    return tuple(by_part["train"])
