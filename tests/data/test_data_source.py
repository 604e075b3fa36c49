"""Which source is chosen, and what it says of itself."""

import functools
import operator
import subprocess
import sys

import pytest
from picture_trees import tree, write_folder, write_tar

from scalable_ai.data import DataError, cifar10, describe, find


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A course folder with an empty `datasets`, two levels above the working directory."""
    (tmp_path / "datasets").mkdir()
    deep = tmp_path / "chapters" / "one"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    return tmp_path


def test_nothing_found_is_the_stand_in(here):
    found = find()
    assert found.source == "generated"
    assert found.root == here / "datasets"
    assert "stand-in" in str(found)
    assert "SCALABLE_AI_DATA=official" in str(found)


def test_an_argument_beats_the_environment_which_beats_what_is_found(here, monkeypatch):
    found_one = write_folder(here / "datasets" / "cifar10", tree())
    other = write_tar(here / "other.tar", tree())
    assert find().path == found_one
    monkeypatch.setenv("SCALABLE_AI_DATA", str(other))
    assert find().path == other
    assert "SCALABLE_AI_DATA" in find().reason
    assert find("generated").source == "generated"
    monkeypatch.setenv("SCALABLE_AI_DATA", "generated")
    assert find().source == "generated"
    assert find(other).path == other


def test_the_root_comes_from_argument_then_environment_then_upward_then_the_users_cache(here, monkeypatch, tmp_path):
    monkeypatch.setenv("SCALABLE_AI_DATASETS", str(tmp_path / "elsewhere"))
    assert find().root == tmp_path / "elsewhere"
    assert find(root=tmp_path / "given").root == tmp_path / "given"
    monkeypatch.delenv("SCALABLE_AI_DATASETS")
    (here / "datasets").rmdir()
    assert find().root == tmp_path / "user-cache" / "scalable-ai" / "datasets"


@pytest.mark.parametrize("name", ["cifar-10-batches-py", "cifar-10-python.tar.gz", "CIFAR10-jpeg.zip", "cifar_10.tar"])
def test_what_lies_in_datasets_is_found_by_name(here, name):
    (here / "datasets" / name).mkdir() if name.endswith("py") else (here / "datasets" / name).touch()
    expected = "official" if "python" in name or name.endswith("py") else "folder"
    assert (find().source, find().path) == (expected, here / "datasets" / name)


def test_other_files_in_datasets_are_passed_over(here):
    for name in ("mnist.zip", "cifar10.md", "notes"):
        (here / "datasets" / name).touch()
    assert find().source == "generated"


def test_official_may_be_downloaded(here):
    found = find("official")
    assert (found.source, found.path) == ("official", None)
    assert "downloaded" in str(found)


@pytest.mark.parametrize(("name", "wrong"), [("gone.zip", "no such file"), ("notes.txt", "neither a folder nor")])
def test_a_path_that_cannot_be_is_one_sentence(here, name, wrong):
    (here / "notes.txt").touch()
    with pytest.raises(DataError, match=wrong) as caught:
        find(here / name)
    assert name in str(caught.value)


def test_finding_imports_no_torch(here):
    code = "import sys; from scalable_ai.data import find; print(find()); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "stand-in" in done.stdout


def test_the_stand_in_announces_itself_once_and_on_standard_output(here, capsys):
    cifar10(num_train=20, num_test=10)
    cifar10(num_train=30, num_test=10)
    out, err = capsys.readouterr()
    assert out.count("stand-in for CIFAR-10") == 1
    assert out.count("\n") == 1
    assert err == ""


def test_other_processes_of_a_group_stay_silent(here, capsys, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    cifar10(num_train=20, num_test=10)
    assert capsys.readouterr().out == ""


def test_data_say_what_they_are(here, capsys):
    data = cifar10(num_train=20, num_test=10)
    assert data.stands_in
    assert "stand-in" in repr(data)
    assert "20 training and 10 test" in repr(data)
    path = write_folder(here / "pictures", tree())
    real = cifar10(path)
    assert not real.stands_in
    assert str(path) in repr(real)
    assert "stand-in" not in repr(real)
    assert "30 for training" in describe(path)


@pytest.mark.parametrize(("train", "message"), [(5, "cannot hold 10 classes"), (40, "ask for at most 30")])
def test_impossible_subsets_are_one_sentence(here, train, message):
    path = write_folder(here / "pictures", tree())
    with pytest.raises(DataError, match=message):
        cifar10(path, num_train=train)


def test_a_subset_takes_the_first_of_each_class_in_their_order(here):
    path = write_folder(here / "pictures", tree())
    whole, part = cifar10(path).train, cifar10(path, num_train=12, num_test=10).train
    assert part.labels.bincount().tolist() == [2, 2] + [1] * 8
    firsts = [(whole.labels == label).nonzero()[: 1 + (label < 2)].flatten().tolist() for label in range(10)]
    places = sorted(functools.reduce(operator.iadd, firsts, []))
    assert part.labels.tolist() == whole.labels[places].tolist()
    assert (part.images == whole.images[places]).all()
