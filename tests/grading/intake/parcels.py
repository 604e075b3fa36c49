"""Archives as platforms, people and enemies make them."""

from __future__ import annotations

import copy
import io
import json
import tarfile
import zipfile
from pathlib import Path

import nbformat


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive; names are taken as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo("x", (2030, 1, 2, 3, 4, 6))
            info.filename, info.compress_type = name, method
            archive.writestr(info, content)
    return buffer.getvalue()


def with_raw_names(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Return an archive in which a name's bytes are others, of the same length, and UTF-8 is not announced."""
    assert len(old) == len(new)
    return raw.replace(old, new)


def linked(name: str, target: str) -> bytes:
    """Return a zip archive that holds a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o120777 << 16
        archive.writestr(info, target)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz", links: dict[str, str] | None = None) -> bytes:
    """Return a tar archive, with links too."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def put(path: Path, content: bytes) -> Path:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def raw(notebook: nbformat.NotebookNode, version: int = 4) -> bytes:
    """Return a notebook as a file's content."""
    if version == 3:
        return nbformat.writes(nbformat.convert(copy.deepcopy(notebook), 3), version=3).encode()
    return nbformat.writes(notebook).encode()


def bare(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook as some programs store it: cells without metadata and ids, another kernel."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict({"kernelspec": {"name": "my-old-env", "display_name": "Python 3.6"}})
    notebook.nbformat_minor = 2
    for cell in notebook.cells:
        cell.pop("id", None)
        cell.metadata = nbformat.from_dict({})
    return notebook


def from_windows(notebook: nbformat.NotebookNode) -> bytes:
    """Return a notebook whose lines end as they do on Windows, within cells too."""
    data = json.loads(raw(notebook))
    for cell in data["cells"]:
        text = "".join(cell["source"]) if isinstance(cell["source"], list) else cell["source"]
        cell["source"] = text.replace("\n", "\r\n")
    return b"\xef\xbb\xbf" + json.dumps(data, indent=1).replace("\n", "\r\n").encode()


def loud(notebook: nbformat.NotebookNode, size: int) -> bytes:
    """Return a notebook with that many bytes of output."""
    notebook = copy.deepcopy(notebook)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs = [nbformat.v4.new_output("stream", text="all work and no play\n" * (size // 21))]
    return raw(notebook)
