"""The published format: read from files of that format that the test writes, and never before their checksums agree."""

import hashlib
import pickle
import tarfile

import numpy as np
import pytest
import torch

from scalable_ai.data import DataError, cifar10, official

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
BATCHES = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Write a small archive and folder in CIFAR-10's format and make their checksums the published ones."""
    folder = tmp_path / "source" / official.OFFICIAL_FOLDER
    folder.mkdir(parents=True)
    for number, name in enumerate(BATCHES):
        pixels = np.zeros((20, 3, 32, 32), dtype=np.uint8)
        pixels[:, 0], pixels[:, 1, 4, 7] = number, np.arange(20)
        batch = {"data": pixels.reshape(20, 3072), "labels": [place % 10 for place in range(20)]}
        (folder / name).write_bytes(pickle.dumps(batch))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": NAMES}))
    files = tuple((name, md5(folder / name)) for name in [*BATCHES, "batches.meta"])
    monkeypatch.setattr(official, "published_files", lambda: files)
    archive = tmp_path / "source" / official.OFFICIAL_ARCHIVE
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, official.OFFICIAL_FOLDER)
    monkeypatch.setattr(official, "MD5", md5(archive))
    return tmp_path / "source"


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", [official.OFFICIAL_FOLDER, official.OFFICIAL_ARCHIVE, ""])
def test_folder_archive_and_the_folder_around_them_are_read(name, published, tmp_path):
    data = cifar10(published / name, root=tmp_path / "root")
    assert data.source == "official"
    assert data.classes == tuple(NAMES)
    assert data.train.images.shape == (100, 3, 32, 32)
    assert data.train.images.dtype == torch.uint8
    assert data.train.images[:, 0, 31, 0].tolist() == [number for number in range(5) for _ in range(20)]
    assert data.train.images[:, 1, 4, 7].tolist() == list(range(20)) * 5
    assert data.test.labels.tolist() == [place % 10 for place in range(20)]
    assert set(data.test.images[:, 0].flatten().tolist()) == {5}


def test_what_lies_in_datasets_is_used_without_being_named(published):
    assert cifar10(root=published).source == "official"


class Trap:
    """Unpickling this creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("packed", [False, True])
def test_a_changed_pickle_is_never_opened(packed, published, tmp_path):
    folder, trap = published / official.OFFICIAL_FOLDER, tmp_path / "sprung"
    (folder / "data_batch_3").write_bytes(pickle.dumps(Trap(trap)))
    path = folder
    if packed:
        path = published / official.OFFICIAL_ARCHIVE
        with tarfile.open(path, "w:gz") as tar:
            tar.add(folder, official.OFFICIAL_FOLDER)
    with pytest.raises(DataError, match=r"not the published (batch|archive)"):
        cifar10(path, root=tmp_path / "root")
    assert not trap.exists()
    pickle.loads((folder / "data_batch_3").read_bytes()).close()
    assert trap.exists(), "the trap does not work, so this test shows nothing"


def test_a_missing_batch_is_named(published, tmp_path):
    (published / official.OFFICIAL_FOLDER / "data_batch_2").unlink()
    with pytest.raises(DataError, match="data_batch_2: this batch is missing"):
        cifar10(published / official.OFFICIAL_FOLDER, root=tmp_path / "root")


def test_a_short_archive_is_refused_with_its_size(published, tmp_path):
    archive = published / official.OFFICIAL_ARCHIVE
    archive.write_bytes(archive.read_bytes()[:-10])
    with pytest.raises(DataError, match=f"{archive.stat().st_size:,} bytes"):
        cifar10(archive, root=tmp_path / "root")
    assert not list((tmp_path / "root").rglob("*"))


def test_the_checksums_are_those_of_torchvision():
    from torchvision.datasets import CIFAR10

    assert CIFAR10.tgz_md5 == official.MD5
    assert len(official.published_files()) == 7
    assert official.published_files()[-1] == ("batches.meta", "5ff9c542aee3614f3951f8cda6e48888")
