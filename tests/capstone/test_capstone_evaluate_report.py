"""The report: all of it in one page, every figure in words, and nothing that a class name could smuggle in."""

import base64
import dataclasses
import html
import io
import json
import re
import tarfile
import zipfile
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from scalable_ai.capstone.cli import main
from scalable_ai.capstone.evaluate import _held_out, data_for, evaluate, measure
from scalable_ai.capstone.evaluation.report import file_kind, markdown, training, write_report
from scalable_ai.capstone.runs import load_network

HOSTILE = ('<script>alert("x")</script>', "a|b $x_{$ `c` [d](http://e)", '" onerror="x', "日本", "x" * 60)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.headings = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "img":
            self.images.append(dict(attrs))


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    options = ["--checkpoint", str(trained.checkpoint), "--report", str(folder), "--robustness-images", "20"]
    assert main(["evaluate", *options]) == 0
    metrics = json.loads((trained.checkpoint.parent / "metrics.json").read_text())
    return folder, metrics


def test_page_holds_everything_it_shows(written):
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    for tag, attrs in page.tags:
        assert tag not in ("script", "link", "iframe")
        for name in ("src", "srcset"):
            if name in attrs:
                assert attrs[name].startswith("data:image/svg+xml;base64,")
    assert "http://" not in text
    assert "https://" not in text


def test_every_figure_says_its_numbers_in_words(written):
    folder, metrics = written
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    alts = [image["alt"] for image in page.images]
    assert len(alts) == 4
    per_class, confusion, reliability, robust = alts
    for name, share in metrics["per_class"].items():
        assert f"{name} {share:.1%}" in per_class
    right = sum(row[place] for place, row in enumerate(metrics["confusion"]))
    assert f"{right:,} lie on the diagonal" in confusion
    assert f"{metrics['calibration']['error_before']:.3f}" in reliability
    assert f"{metrics['robustness']['clean']:.1%}" in robust
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([\w-]+\.png)\)", card):
        assert Image.open(folder / name).format == "PNG"
    assert card.count(".png)") == 4


def test_card_says_what_readers_need(written, trained):
    folder, metrics = written
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    for heading in ("Data", "Intended use", "Limits", "Training configuration", "Figures"):
        assert f"## {heading}" in card
    assert "generated stand-in" in card
    assert f"{100 * metrics['accuracy']:.2f} %" in card
    low, high = metrics["accuracy_interval"]
    assert f"{100 * low:.2f} to {100 * high:.2f} %" in card
    low, high = metrics["top2_interval"]
    assert metrics["top2"] != metrics["accuracy"]
    row = f"| Top-2 accuracy | {100 * metrics['top2']:.2f} % | {100 * low:.2f} to {100 * high:.2f} % |"
    assert row in card.splitlines()
    assert "Wilson" in card
    assert r"| max\_epochs | 2 |" in card
    assert str(trained.checkpoint.parent) not in card
    assert "held-out training images (100)" in card


def test_card_does_not_tell_where_data_lay(trained):
    loaded = load_network(trained.checkpoint)
    moved = dataclasses.replace(loaded, data={**loaded.data, "source": "/home/x/pictures.tar", "root": "/home/x"})
    told = training(moved)
    assert told["batch_size"] == "50"
    assert not [value for value in told.values() if "/home" in value]


@pytest.mark.parametrize("mark", list("\\`*_[]|#!$~"))
def test_marks_of_markdown_are_escaped(mark):
    assert markdown(f"a{mark}b\n c") == f"a\\{mark}b c"


def test_html_in_markdown_is_escaped():
    assert markdown("<b>&") == "&lt;b&gt;&amp;"


def test_hostile_class_names_are_only_text(trained, tmp_path):
    loaded = load_network(trained.checkpoint)
    data = data_for(loaded, None, None, None)
    classes = (*HOSTILE, *loaded.classes[len(HOSTILE) :])
    result = measure(loaded.network, data.test, classes, 100)
    write_report(tmp_path, result, dataclasses.replace(loaded, classes=classes), data)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not any(tag == "script" or "onerror" in attrs for tag, attrs in page.tags)
    assert html.escape(HOSTILE[0], quote=True).replace("&quot;", "&#34;") in text
    assert any(HOSTILE[0] in image["alt"] for image in page.images)
    card = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "<script" not in card
    assert not re.search(r"(?<!\\)\]\(http", card)
    for image in page.images:
        assert b"<script" not in base64.b64decode(image["src"].partition(",")[2])
    rows = [line for line in card.splitlines() if line.startswith("| Accuracy, ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_quick_leaves_second_looks_out(trained, tmp_path, capsys):
    result = evaluate(trained.checkpoint, quick=True, report=tmp_path)
    assert result.augmented == ()
    assert result.robustness is None
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("Left out of this evaluation.") == 2
    assert not (tmp_path / "robustness.png").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"num_corrupted": 1000, "quick": False, "seed": 0, "batch_size": 500, "num_test": None, "report": None}),
        (["--no-robustness"], {"num_corrupted": 0, "quick": False}),
        (["--robustness-images", "70", "--seed", "3"], {"num_corrupted": 70, "seed": 3}),
        (["--quick", "--num_test", "50", "--report", "r"], {"quick": True, "num_test": 50, "report": "r"}),
        (["--runs", "x", "--source", "s", "--root", "d"], {"runs": "x", "source": "s", "root": "d"}),
    ],
)
def test_options_reach_the_evaluation(options, expected, monkeypatch):
    given = {}
    monkeypatch.setattr(import_module("scalable_ai.capstone.evaluate"), "evaluate", lambda **named: given.update(named))
    assert main(["evaluate", *options]) == 0
    assert expected.items() <= given.items()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--batch-size", "0"], "batch_size 0"),
        (["--robustness-images", "3"], "robustness_images 3"),
        (["--robustness-images", "-1"], "robustness_images -1"),
        (["--num-test", "4"], "4 images cannot hold 10 classes"),
        (["--report", "FILE"], "no report can be written here"),
    ],
)
def test_bad_options_get_one_sentence(options, sentence, trained, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    options = [str(tmp_path / "file") if word == "FILE" else word for word in options]
    before = (trained.checkpoint.parent / "metrics.json").exists()
    assert main(["evaluate", "--checkpoint", str(trained.checkpoint), *options]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert (trained.checkpoint.parent / "metrics.json").exists() == before


def test_temperature_is_not_fitted_on_images_that_other_data_may_have_taught(trained, tmp_path):
    saved = load_network(trained.checkpoint)
    assert saved.data["num_val"] == 100
    data = data_for(saved, None, None, None)
    held_out = _held_out(saved, data, None)
    val, rest = data.train.divided(100)
    assert held_out.images.equal(val.images)
    assert len(rest) == 500
    assert _held_out(saved, data, "elsewhere") is None
    assert _held_out(dataclasses.replace(saved, data={"num_val": 0}), data, None) is None


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "JPEG"), (".png", "PNG"), (".txt", None)])
def test_kind_of_file_is_told_from_folder_and_archives(suffix, kind, tmp_path):
    place = tmp_path / "set" / "train" / "cat"
    place.mkdir(parents=True)
    (place / f"0{suffix}").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(place / f"0{suffix}")
    with tarfile.open(tmp_path / "set.tar.xz", "w:xz") as archive:
        info = tarfile.TarInfo(f"train/cat/0{suffix}")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    found = [file_kind(tmp_path / "set"), file_kind(tmp_path / "set.zip"), file_kind(tmp_path / "set.tar.xz")]
    assert found == [kind] * 3
    assert file_kind(Path(tmp_path / "gone")) is None
