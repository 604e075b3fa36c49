"""No test of this folder sees the environment or the caches of whoever runs it."""

import pytest

from scalable_ai.data import source as source_module


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in ("SCALABLE_AI_DATA", "SCALABLE_AI_DATASETS", "SCALABLE_AI_CIFAR10_URL", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "user-cache"))
    monkeypatch.setattr(source_module, "_announced", [])
