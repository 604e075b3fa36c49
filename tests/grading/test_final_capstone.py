"""The final capstone's hand-in: what is run at grading, and what a file beside the notebook earns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from scalable_ai.course import Course
from scalable_ai.data.generated import CLASSES, draw, draw_held_back
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.judge import Bench
from scalable_ai.grading.needed import names_asked, what_to_run
from scalable_ai.lessons.source import read_lesson
from tests.grading import onnx_files

COURSE = Course(Path(__file__).parents[2])
CHAPTER = NAME = "final_capstone"
HAND_IN = 'artefact = "design.onnx"'


@pytest.fixture(scope="module")
def lesson():
    return read_lesson(COURSE.solutions / CHAPTER / f"{NAME}.py")


@pytest.fixture(scope="module")
def to_run(lesson):
    """Return the code that is run at grading, cell by cell."""
    cells = [cell for cell in lesson.cells if cell.type == "code" and cell.mark != "check"]
    asked = names_asked((COURSE.graders / CHAPTER / f"{NAME}.py").read_text(encoding="utf-8"))
    texts = [cell.text for cell in cells]
    return what_to_run(texts, [number for number, cell in enumerate(cells) if cell.mark == "answer"], asked)


def test_grading_neither_trains_nor_starts_processes_nor_exports(to_run):
    text = "\n".join(to_run)
    assert "def inspect_network" in text
    assert "def try_module" in text
    for left_out in ("train(Design", "subprocess.run", "cifar10(", "export_design(design", "sign(path", "subplots"):
        assert left_out not in text


@pytest.fixture(scope="module")
def bench(lesson):
    """Return the judge's bench without a reference: files are judged without one."""
    return Bench(COURSE, CHAPTER, NAME, run=lambda lesson: {})


def judged(bench, namespace: dict, seed: int = 7):
    return bench.judge("hand_in", LocalChannel(namespace), {"hand_in": HAND_IN}, seed)


def claims(accuracy: float | str, **more: str) -> dict[str, str]:
    return {"accuracy": str(accuracy), "trained_on": "generated", "classes": json.dumps(CLASSES), **more}


@pytest.fixture(scope="module")
def half_good() -> bytes:
    """Return a file of moderate accuracy on figures: the nearest of many remembered pictures, coarse."""
    return fitted(claims("nan"))


def fitted(metadata: dict[str, str]) -> bytes:
    """Return a classifier with random features of small patches and a fitted linear layer; a second to make."""
    rng = np.random.default_rng(0)
    split = draw("train", 5000)
    filters = rng.normal(size=(64, 3, 5, 5)).astype(np.float32)
    filters -= filters.mean((1, 2, 3), keepdims=True)

    def model(weights, bias):
        make = onnx.helper.make_node
        nodes = [
            make("Conv", ["images", "filters"], ["maps"], strides=[2, 2]),
            make("Relu", ["maps"], ["positive"]),
            make("AveragePool", ["positive"], ["pooled"], kernel_shape=[4, 4], strides=[3, 3]),
            make("Flatten", ["pooled"], ["flat"]),
            make("Gemm", ["flat", "weights", "bias"], ["logits"]),
        ]
        tensors = [(filters, "filters"), (weights, "weights"), (bias, "bias")]
        return onnx_files.file(nodes, tensors, ("N", 3, 32, 32), metadata=metadata)

    import torch

    maps = torch.relu(torch.nn.functional.conv2d(split.images / 255, torch.from_numpy(filters), stride=2))
    flat = torch.nn.functional.avg_pool2d(maps, 4, 3).flatten(1).double()
    centre = flat.mean(0)
    wanted = torch.nn.functional.one_hot(split.labels, 10).double()
    inner = (flat - centre).T @ (flat - centre)
    ridge = inner.trace() / len(inner) * 0.3
    weights = torch.linalg.solve(inner + ridge * torch.eye(len(inner)), (flat - centre).T @ wanted)
    return model(weights.float().numpy(), -(centre @ weights).float().numpy())


def test_a_file_earns_form_claim_and_time_where_its_claim_holds(bench, half_good):
    Path("design.onnx").write_bytes(half_good)
    first = judged(bench, {"artefact": "design.onnx"})
    found = next(finding.got for finding in first.findings if "an accuracy of at least" in finding.expected)
    measured = float(found.rpartition(" ")[2])
    assert 0.25 < measured < 0.85
    assert [finding.expected for finding in first.findings if f"{measured:.2f}" in finding.expected] == []
    model = onnx.load_model_from_string(half_good)
    onnx.helper.set_model_props(model, claims(measured))
    Path("design.onnx").write_bytes(model.SerializeToString())
    honest = judged(bench, {"artefact": "design.onnx"})
    assert (first.score, honest.score) == (2, 4)
    assert not honest.flag
    assert "an accuracy of at least 0.85" in honest.findings[0].expected
    proud = judged(bench, {"artefact": "design.onnx"}, seed=8)
    assert proud.score == 4


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, "`trained_on` is none of"),
        ({"trained_on": "x" * 999}, "`trained_on` is none of"),
        ({"trained_on": "generated"}, "the ten names"),
        ({"trained_on": "generated", "classes": "[1, 2"}, "the ten names"),
        ({"trained_on": "generated", "classes": "[" * 9999}, "the ten names"),
        ({"note": "x" * 30_000}, "more than 20,000 characters"),
    ],
    ids=["nothing", "a long word", "no classes", "no JSON", "deep JSON", "too much"],
)
def test_what_a_file_says_of_itself_is_looked_at(bench, metadata, said):
    Path("design.onnx").write_bytes(onnx_files.linear(metadata, inputs=("N", 3, 32, 32)))
    verdict = judged(bench, {"artefact": "design.onnx"})
    assert verdict.score == 0
    assert said in verdict.findings[0].got


def test_guessing_honestly_and_fast_earns_nothing(bench):
    Path("design.onnx").write_bytes(onnx_files.linear(claims(0.1), inputs=("N", 3, 32, 32)))
    assert judged(bench, {"artefact": "design.onnx"}).score == 0


def test_nothing_handed_in_earns_nothing_and_is_told_in_one_sentence(bench):
    for namespace in ({}, {"artefact": "design.onnx"}, {"artefact": None}):
        verdict = judged(bench, namespace)
        assert verdict.score == 0
        assert not verdict.flag
        assert len(verdict.findings) == 4
    assert "hand it in together" in judged(bench, {"artefact": "missing.onnx"}).findings[0].got


def test_photographs_without_a_set_to_measure_with_get_no_verdict(bench, monkeypatch):
    monkeypatch.setenv("SCALABLE_AI_DATA", "generated")
    Path("design.onnx").write_bytes(onnx_files.linear(claims(0.6, trained_on="official"), inputs=("N", 3, 32, 32)))
    verdict = judged(bench, {"artefact": "design.onnx"}, seed=9)
    assert "SCALABLE_AI_HELD_BACK" in verdict.flag


def test_held_back_figures_are_in_no_part_and_differ_by_seed():
    first, again, other = draw_held_back(1, 500), draw_held_back(1, 500), draw_held_back(2, 500)
    assert (first.images == again.images).all()
    assert not (first.images == other.images).flatten(1).all(1).any()
    for part in ("train", "test"):
        assert not (first.images[:250] == draw(part, 250).images).flatten(1).all(1).any()
    assert first.labels.bincount().tolist() == [50] * 10
