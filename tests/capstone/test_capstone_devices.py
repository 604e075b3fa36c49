"""Precision follows what the hardware multiplies natively."""

import pytest
import torch

from scalable_ai.capstone import devices


@pytest.mark.parametrize(
    ("features", "expected"),
    [({}, "32-true"), ({"avx512_bf16": True}, "bf16-mixed"), ({"amx_bf16": True}, "bf16-mixed")],
)
def test_a_cpu_uses_bfloat16_only_where_it_is_native(features, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features, raising=False)
    assert devices.choose_precision("cpu") == expected


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), "32-true"), ((8, 0), "bf16-mixed"), ((9, 0), "bf16-mixed")]
)
def test_a_gpu_uses_bfloat16_from_ampere_on(capability, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert devices.choose_accelerator() == "cuda"
    assert devices.choose_precision("cuda") == expected


def test_without_a_gpu_it_is_the_cpu_and_apples_gpu_computes_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_accelerator() == "cpu"
    assert devices.choose_precision("mps") == "32-true"


@pytest.mark.parametrize(("has_triton", "expected"), [(True, True), (False, False)])
def test_only_a_gpu_with_triton_compiles(has_triton, expected, monkeypatch):
    monkeypatch.setattr(devices, "find_spec", lambda name: object() if has_triton and name == "triton" else None)
    assert devices.choose_compile("cuda") is expected
    assert devices.choose_compile("cpu") is False


@pytest.mark.parametrize(("is_there", "expected"), [(True, "gpu94"), (False, "cpu94")])
def test_the_device_decides_the_configuration_that_nobody_named(is_there, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: is_there)
    assert devices.choose_config() == expected
