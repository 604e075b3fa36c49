"""Small image folders and archives, written by the tests themselves."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = tuple("abcdefghij")


def picture(shade: int, size: tuple[int, int] = (32, 32), format: str = "PNG") -> bytes:
    """Return an encoded image whose every pixel is (shade, shade + 1, shade + 2)."""
    pixels = np.empty((size[1], size[0], 3), dtype=np.uint8)
    pixels[:] = (shade, shade + 1, shade + 2)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format)
    return buffer.getvalue()


def tree(num_train: int = 3, num_test: int = 2) -> dict[str, bytes]:
    """Return files of a proper image folder by name; the shade of an image tells its class and number."""
    files = {}
    for part, count in (("train", num_train), ("test", num_test)):
        for label, name in enumerate(CLASSES):
            for number in range(count):
                files[f"{part}/{name}/{number}.png"] = picture(label * 10 + number)
    return files


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], extra: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    compression = path.suffix.lstrip(".").replace("tar", "").replace("tgz", "gz")
    with tarfile.open(path, f"w:{compression}") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return path
