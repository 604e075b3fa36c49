"""The final capstone: train, evaluate and export an image classifier that scales from one CPU to several GPUs."""

import sys
from importlib import import_module
from types import ModuleType

_HOME = {
    "fit": "fit",
    "FitResult": "fit",
    "train": "fit",
    "Evidence": "evidence",
    "read_evidence": "evidence",
    "evaluate": "evaluate",
    "Evaluation": "evaluate",
    "export": "export",
    "Artifact": "export",
    "load_network": "runs",
    "CheckpointError": "runs",
    "Network": "model",
    "Classifier": "module",
    "Cifar10Data": "datamodule",
}

__all__ = [
    "Artifact",
    "CheckpointError",
    "Cifar10Data",
    "Classifier",
    "Evaluation",
    "Evidence",
    "FitResult",
    "Network",
    "evaluate",
    "export",
    "fit",
    "load_network",
    "read_evidence",
    "train",
]


def __getattr__(name: str):
    # PyTorch and Lightning take seconds to import; a command line's help should not wait for them.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return globals()[name]


class _Package(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        # Importing a module binds it here under its name, but `fit`, `evaluate` and `export` mean the functions.
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
