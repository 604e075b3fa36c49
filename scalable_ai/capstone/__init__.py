"""The final capstone: train, evaluate and export an image classifier that scales from one CPU to several GPUs."""

from importlib import import_module

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
    # Set every name of the module at once, since importing `fit` also binds the module under the function's name.
    home = import_module(f".{_HOME[name]}", __name__)
    globals().update({public: getattr(home, public) for public, module in _HOME.items() if module == _HOME[name]})
    return globals()[name]
