"""The cache: whole or absent, checked when opened, never in the way."""

import json
import os

import numpy as np
import pytest
import torch
from picture_trees import tree, write_folder

from scalable_ai.data import DataError, cifar10
from scalable_ai.data import cache as cache_module
from scalable_ai.data import folder as folder_module


@pytest.fixture
def pictures(tmp_path):
    return write_folder(tmp_path / "pictures", tree())


def entry_of(root):
    (entry,) = (root / ".cache").iterdir()
    return entry


def test_the_second_opening_reads_the_cache_only(pictures, tmp_path, monkeypatch):
    first = cifar10(pictures, root=tmp_path)
    monkeypatch.setattr(folder_module, "read_images", None)
    second = cifar10(pictures, root=tmp_path)
    assert torch.equal(first.train.images, second.train.images)
    assert second.classes == first.classes


def test_writing_to_the_tensor_leaves_the_file_alone(pictures, tmp_path):
    data = cifar10(pictures, root=tmp_path)
    data.train.images.zero_()
    assert cifar10(pictures, root=tmp_path).train.images.any()
    assert cache_module.verify(entry_of(tmp_path))


@pytest.mark.parametrize("damage", ["short", "long", "missing", "manifest", "format", "wrong shape"])
def test_a_damaged_entry_is_built_again(damage, pictures, tmp_path):
    good = cifar10(pictures, root=tmp_path).train.images.clone()
    entry = entry_of(tmp_path)
    file, manifest = entry / "train_images.npy", entry / "manifest.json"
    if damage == "short":
        os.truncate(file, file.stat().st_size - 1)
    elif damage == "long":
        file.write_bytes(file.read_bytes() + b"x")
    elif damage == "missing":
        (entry / "test_labels.npy").unlink()
    elif damage == "manifest":
        manifest.write_text("{", encoding="utf-8")
    elif damage == "format":
        manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 0'))
    else:
        np.save(file, np.load(file).reshape(30, 32, 3, 32))
    assert cache_module.load(entry) is None
    assert torch.equal(cifar10(pictures, root=tmp_path).train.images, good)
    assert [path.name for path in (tmp_path / ".cache").iterdir()] == [entry.name]


def test_verify_sees_a_changed_byte(pictures, tmp_path):
    cifar10(pictures, root=tmp_path)
    entry = entry_of(tmp_path)
    assert cache_module.verify(entry)
    with (entry / "train_images.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    assert cache_module.load(entry) is not None
    assert not cache_module.verify(entry)


def test_a_build_that_is_interrupted_leaves_nothing(pictures, tmp_path, monkeypatch):
    def interrupted(path, array):
        if "test_labels" in str(path):
            raise KeyboardInterrupt
        path.write_bytes(b"half")

    monkeypatch.setattr(cache_module.np, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cifar10(pictures, root=tmp_path)
    assert list((tmp_path / ".cache").iterdir()) == []


def test_the_user_cache_takes_over_where_the_root_cannot_be_written(pictures, tmp_path):
    (tmp_path / "file").write_text("a file, so no folder can be made in it")
    root = tmp_path / "file" / "datasets"
    data = cifar10(pictures, root=root)
    assert len(data.train) == 30
    assert len(list((tmp_path / "user-cache").rglob("manifest.json"))) == 1


def test_no_place_to_write_is_one_sentence(pictures, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot be stored"):
        cifar10(pictures, root=tmp_path / "file" / "datasets")


def test_a_build_that_loses_the_race_uses_the_winner(pictures, tmp_path, monkeypatch):
    cifar10(pictures, root=tmp_path)
    entry = entry_of(tmp_path)
    arrays = {path.stem: np.load(path) for path in entry.glob("*.npy")}
    manifest = json.loads((entry / "manifest.json").read_text())
    before = (entry / "manifest.json").stat().st_mtime_ns
    cache_module.save(entry, arrays, tuple(manifest["classes"]), manifest["identity"])
    assert (entry / "manifest.json").stat().st_mtime_ns == before
    assert len(list((tmp_path / ".cache").iterdir())) == 1
