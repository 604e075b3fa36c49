"""What the machine at hand computes with best."""

from importlib.util import find_spec

import torch


def choose_accelerator() -> str:
    """Return "cuda" where there is a GPU of that kind, else "cpu".

    Apple's GPU is left to those who ask for it (`--trainer.accelerator mps`): its results differ from a CPU's.
    """
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_config() -> str:
    """Return the name of the configuration that is taken when none is named."""
    return "gpu94" if choose_accelerator() == "cuda" else "cpu94"


def choose_precision(accelerator: str) -> str:
    """Return "bf16-mixed" where the hardware multiplies bfloat16 natively, else "32-true".

    A CPU without such instructions emulates them, more than ten times slower than float32.
    """
    return "bf16-mixed" if multiplies_bfloat16(accelerator) else "32-true"


def multiplies_bfloat16(accelerator: str) -> bool:
    """Return whether this machine's "cpu", "cuda" or "gpu" has instructions for bfloat16."""
    if accelerator in ("cuda", "gpu"):
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    return accelerator == "cpu" and (_cpu_has("avx512_bf16") or _cpu_has("amx_bf16"))


def choose_compile(accelerator: str) -> bool:
    """Return whether compiling the network pays: on a GPU with Triton; a CPU's own kernels were faster uncompiled."""
    return accelerator in ("cuda", "gpu") and find_spec("triton") is not None


def _cpu_has(feature: str) -> bool:
    if capabilities := getattr(torch.cpu, "get_capabilities", None):
        return bool(capabilities().get(feature, False))
    # Before PyTorch had a public question, these answered it.
    private = {"avx512_bf16": "_is_avx512_bf16_supported", "amx_bf16": "_is_amx_tile_supported"}[feature]
    return bool(getattr(torch.cpu, private, lambda: False)())
