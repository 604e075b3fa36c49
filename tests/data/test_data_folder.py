"""Image folders and archives: what is read, and what is refused in one sentence."""

import tarfile

import pytest
import torch
from picture_trees import CLASSES, picture, tree, write_folder, write_tar, write_zip

from scalable_ai.data import DataError, cifar10
from scalable_ai.data import folder as folder_module


def make(kind, tmp_path, files):
    if kind == "folder":
        return write_folder(tmp_path / "pictures", files)
    if kind == "zip":
        return write_zip(tmp_path / "pictures.zip", files)
    return write_tar(tmp_path / f"pictures.{kind}", files)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz", "tar.xz"])
def test_every_kind_gives_each_picture_with_its_label(kind, tmp_path):
    data = cifar10(make(kind, tmp_path, tree()), root=tmp_path)
    assert data.source == "folder"
    assert not data.stands_in
    assert data.classes == CLASSES
    for split, count in ((data.train, 3), (data.test, 2)):
        assert split.images.shape == (count * 10, 3, 32, 32)
        assert split.images.dtype == torch.uint8
        assert split.labels.dtype == torch.int64
        shades = split.images[:, 0, 0, 0].long()
        assert torch.equal(shades // 10, split.labels)
        assert sorted(shades.tolist()) == [label * 10 + number for label in range(10) for number in range(count)]
        assert torch.equal(split.images[:, 2], split.images[:, 0] + 2)
    assert data.train.labels.tolist() != sorted(data.train.labels.tolist())


def test_all_kinds_agree_and_a_folder_above_is_allowed(tmp_path):
    plain = cifar10(make("folder", tmp_path, tree()), root=tmp_path)
    nested = {f"cifar/{name}": content for name, content in tree().items()} | {
        "cifar/README.txt": b"hello",
        "__MACOSX/train/a/._0.png": b"junk",
        "cifar/train/a/.DS_Store": b"junk",
    }
    packed = cifar10(make("tar.xz", tmp_path, nested), root=tmp_path)
    assert torch.equal(plain.train.images, packed.train.images)
    assert torch.equal(plain.test.labels, packed.test.labels)


def without(prefix):
    return {name: content for name, content in tree().items() if not name.startswith(prefix)}


BAD_TREES = {
    "no test part": (without("test/"), "no images in test"),
    "nothing at all": ({"notes.txt": b"x"}, "no images in train"),
    "class missing in test": (without("test/c/"), "class 'c' has images in train but none in test"),
    "class missing in train": (without("train/c/"), "class 'c' has images in test but none in train"),
    "nine classes": ({k: v for k, v in tree().items() if "/j/" not in k}, "9 classes, not ten"),
    "not an image": (tree() | {"train/a/x.png": b"not a picture"}, "train/a/x.png: this file cannot be decoded"),
    "cut short": (tree() | {"train/a/x.png": picture(3)[:60]}, "train/a/x.png: this file cannot be decoded"),
    "another kind of file": (tree() | {"train/a/x.exe": b"MZ"}, "train/a/x.exe: this is not an image file"),
    "wrong size": (tree() | {"test/b/x.png": picture(3, (40, 32))}, "test/b/x.png: this image is 40x32 pixels"),
    "huge file": (tree() | {"test/b/x.png": bytes((1 << 20) + 1)}, "too large"),
}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
@pytest.mark.parametrize("case", BAD_TREES)
def test_bad_trees_are_refused_in_one_sentence_and_leave_nothing(case, kind, tmp_path):
    files, expected = BAD_TREES[case]
    path = make(kind, tmp_path, files)
    with pytest.raises(DataError) as caught:
        cifar10(path, root=tmp_path / "root")
    message = str(caught.value)
    assert expected in message
    assert path.name in message
    assert message.endswith(".")
    assert "\n" not in message
    assert not list((tmp_path / "root").rglob("*.npy"))


@pytest.mark.parametrize("name", ["../train/a/9.png", "/train/a/9.png", "x/../../a/9.png", "C:/train/a/9.png"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_out_of_an_archive_are_refused(kind, name, tmp_path):
    with pytest.raises(DataError, match="leads out of it"):
        cifar10(make(kind, tmp_path, tree() | {name: picture(1)}), root=tmp_path)


@pytest.mark.parametrize("type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(type_, tmp_path):
    member = tarfile.TarInfo("train/a/9.png")
    member.type, member.linkname = type_, "train/a/0.png"
    with pytest.raises(DataError, match="link or device"):
        cifar10(write_tar(tmp_path / "x.tar", tree(), (member,)), root=tmp_path)


@pytest.mark.parametrize("limit", ["MAX_MEMBERS", "MAX_TOTAL_BYTES"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_archives_beyond_the_limits_are_refused(kind, limit, tmp_path, monkeypatch):
    path = make(kind, tmp_path, tree())
    monkeypatch.setattr(folder_module, limit, 40)
    with pytest.raises(DataError, match="holds more than"):
        cifar10(path, root=tmp_path)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz"])
@pytest.mark.parametrize("keep", [0.5, 0.8])
def test_an_archive_cut_short_is_refused(kind, keep, tmp_path):
    path = make(kind, tmp_path, tree())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(DataError) as caught:
        cifar10(path, root=tmp_path)
    assert path.name in str(caught.value)


def test_a_changed_folder_is_decoded_again(tmp_path):
    path = make("folder", tmp_path, tree())
    assert len(cifar10(path, root=tmp_path).train) == 30
    write_folder(path, {"train/a/9.png": picture(9)})
    assert len(cifar10(path, root=tmp_path).train) == 31
