"""Handed-in models: what they answer, and one sentence for each that is missing, too much, or no model."""

from __future__ import annotations

import os

import numpy as np
import onnx
import pytest
from onnx import helper

from scalable_ai.grading import artefact as artefact_module
from scalable_ai.grading import onnx_runner
from scalable_ai.grading.answerer import Answerer, AnswerError
from scalable_ai.grading.artefact import ArtefactError, run_onnx
from scalable_ai.grading.channel import LocalChannel
from scalable_ai.grading.hidden import GraderError
from tests.grading import onnx_files

INPUTS = np.random.default_rng(1).random((203, 3, 8, 8), dtype=np.float32)


def inner_refusal(content: bytes) -> str:
    """Return what the program of the limited process says, asked without one."""
    with pytest.raises(onnx_runner.RefusedError) as raised:
        onnx_runner._answers(onnx, content, INPUTS, 10, b"", 0.0)
    return str(raised.value)


def refusal(content: bytes, **more) -> str:
    with pytest.raises(ArtefactError) as raised:
        run_onnx(content, INPUTS, 10, **more)
    text = str(raised.value)
    assert "\n" not in text
    assert len(text) <= 300
    return text


def test_a_model_answers_with_its_numbers_and_what_it_says_of_itself():
    ran = run_onnx(onnx_files.linear({"accuracy": "0.5"}), INPUTS, 10)
    rng = np.random.default_rng(0)
    weights = (rng.normal(size=(192, 10)) / 10).astype(np.float32)
    np.testing.assert_allclose(ran.outputs, INPUTS.reshape(203, -1) @ weights, rtol=1e-4, atol=1e-5)
    assert ran.metadata == {"accuracy": "0.5"}
    assert ran.ratio == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no model", b"\x08\x0a", os.urandom(5000), b"<html></html>"])
def test_what_is_no_model_is_refused(content):
    assert "no ONNX model" in inner_refusal(content)


@pytest.mark.parametrize("content", [onnx_files.external(), onnx_files.external_in_a_branch()])
def test_weights_in_other_files_are_refused(content):
    assert "keeps its weights in another file" in inner_refusal(content)


def test_custom_operators_are_refused():
    node = helper.make_node("Evil", ["raw"], ["logits"], domain="my.own")
    assert "my.own::Evil" in refusal(onnx_files.linear(last=[node], domains=["my.own"]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (onnx_files.linear(inputs=("N", 3, 9, 9)), "it takes [N, 3, 8, 8]"),
        (onnx_files.linear(inputs=("N", 192)), "it takes [N, 3, 8, 8]"),
        (onnx_files.linear(inputs=(1, 3, 8, 8)), "batches of 1 only"),
        (onnx_files.linear(outputs=7), "[1, 7]"),
        (onnx_files.linear(kind=11), "tensor(double)"),
    ],
)
def test_wrong_shapes_and_types_are_told(content, said):
    assert said in inner_refusal(content)


def test_answers_that_are_no_numbers_are_refused():
    assert "no finite numbers" in inner_refusal(onnx_files.linear(last=[helper.make_node("Log", ["raw"], ["logits"])]))


def test_answers_that_depend_on_the_rest_of_the_batch_are_refused():
    nodes = [
        helper.make_node("ReduceMean", ["raw", "rows"], ["mean"]),
        helper.make_node("Sub", ["raw", "mean"], ["logits"]),
    ]
    content = onnx_files.linear(last=nodes, weights=[(np.array([0]), "rows")])
    assert "changes with the other pictures" in inner_refusal(content)


def test_a_model_without_end_is_stopped():
    assert "no answers within 6 seconds" in refusal(onnx_files.slow(10**15), time_limit=6)


def test_a_model_that_takes_too_much_memory_is_stopped():
    said = refusal(onnx_files.hungry(4 * 10**9))
    assert "fails" in said or "ends its process" in said


def test_a_model_is_timed_against_a_yardstick():
    yardstick = onnx_files.convolution(32, 32)
    quick = run_onnx(onnx_files.linear(), INPUTS, 10, yardstick, enough=1)
    assert 0 < quick.ratio < 1
    slow = run_onnx(onnx_files.slow(20_000), INPUTS[:40], 10, yardstick, enough=1)
    assert slow.ratio > 2
    assert len(slow.outputs) == 10  # it is not waited for on all inputs


def test_a_broken_model_costs_its_process_only():
    """Whatever the content is, the judge reads one sentence."""
    assert "no ONNX model" in refusal(os.urandom(3000))
    node = helper.make_node("Evil", ["raw"], ["logits"])
    assert "one that fails" in refusal(onnx_files.linear(last=[node]))


def test_what_reaches_for_the_judge_finds_an_empty_folder(monkeypatch, tmp_path):
    """A file that took its process over would hold this program's rights: those of a sandbox."""
    (tmp_path / "secret").write_text("the key")
    seen = tmp_path / "seen"
    program = (
        "import json, os, sys\n"
        f"found = [os.listdir('.'), os.path.exists({str(tmp_path / 'secret')!r}), sorted(os.environ)]\n"
        "sys.stdout.write('ready\\n' + json.dumps({'refused': repr(found)}) + '\\n')\n"
    )
    monkeypatch.setattr(artefact_module, "RUNNER", program)
    monkeypatch.setenv("SECRET_TOKEN", "x")
    said = refusal(b"")
    assert "SECRET_TOKEN" not in said
    from scalable_ai.grading.sandbox import NAMESPACES, level

    if level() == NAMESPACES:
        assert said.startswith("[[], False")
    assert not seen.exists()


@pytest.mark.parametrize(
    "reply",
    ["[]", "{}", '{"rows": 203, "metadata": [], "ratio": 1}', '{"rows": 203, "metadata": {}, "ratio": "x"}', "x" * 999],
)
def test_what_a_taken_over_process_says_is_not_believed(monkeypatch, reply):
    monkeypatch.setattr(artefact_module, "RUNNER", f"import sys; sys.stdout.write('ready\\n' + {reply!r})")
    assert "cannot be read" in refusal(b"")


def test_a_flood_of_answers_is_stopped(monkeypatch):
    monkeypatch.setattr(artefact_module, "MAX_SAID", 100_000)
    program = "import sys; sys.stdout.write('ready\\n' + 'x' * 10**6); sys.stdout.flush()"
    monkeypatch.setattr(artefact_module, "RUNNER", program)
    assert "answers without end" in refusal(b"") or "ends its process" in refusal(b"")


def test_a_machine_that_cannot_run_models_gives_no_verdict(monkeypatch):
    monkeypatch.setattr(artefact_module, "RUNNER", "raise ImportError('onnxruntime')")
    with pytest.raises(GraderError, match="cannot be run here"):
        run_onnx(onnx_files.linear(), INPUTS, 10)


# The way of the file from the learner's kernel -----------------------------------------------------------------------


def asked(value: object, limit: int = 100) -> bytes:
    return Answerer(LocalChannel({"artefact": value}), {}, 10, 0).file("artefact", limit)


def told(value: object, limit: int = 100) -> str:
    with pytest.raises(AnswerError) as raised:
        asked(value, limit)
    return raised.value.got


def test_a_file_beside_the_notebook_comes_by_value(tmp_path):
    (tmp_path / "design.onnx").write_bytes(b"\x00\xff" * 50)
    assert asked("design.onnx") == asked(tmp_path / "design.onnx") == b"\x00\xff" * 50


def test_a_missing_file_a_large_one_and_what_is_no_file_are_told(tmp_path):
    (tmp_path / "large.onnx").write_bytes(b"x" * 101)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.onnx").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "hand it in together with the notebook" in told("design.onnx")
    assert "more than 0.0001 MB" in told("large.onnx")
    for name in ("folder", "link.onnx", "pipe.onnx"):
        assert "not a plain file" in told(name)
    for value in (None, 3, b"", "", ["design.onnx"]):
        assert "no name of a file" in told(value)
    assert "no file" in told("a\x00b")


def test_a_missing_name_is_told():
    with pytest.raises(AnswerError, match="`artefact`"):
        Answerer(LocalChannel({}), {}, 10, 0).file("artefact", 100)


@pytest.mark.parametrize("reply", ['{"ok": "\\"text\\""}', '{"ok": "{\\"b\\": \\"' + "QUFB" * 99 + '\\"}"}'])
def test_a_kernel_that_answers_with_something_else_is_not_believed(reply):
    class Liar:
        def request(self, request: str, timeout: float) -> str:
            return reply

    with pytest.raises(AnswerError, match="a file of at most"):
        Answerer(Liar(), {}, 10, 0).file("artefact", 100)
