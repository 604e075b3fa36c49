"""CIFAR-10 from its sources, and batches of it at memory speed."""

from .errors import DataError
from .locate import Found, find

__all__ = [
    "Cifar10",
    "DataError",
    "Found",
    "Loader",
    "Shards",
    "Split",
    "StoredSplit",
    "StreamLoader",
    "cifar10",
    "describe",
    "find",
]


def __getattr__(name: str):
    # `find` must answer without importing PyTorch, so what needs it is imported on first use.
    if name in ("cifar10", "describe"):
        from . import source as module

        globals().update(cifar10=module.cifar10, describe=module.describe)
    elif name in ("Loader", "Shards"):
        from . import loader as module

        globals().update(Loader=module.Loader, Shards=module.Shards)
    elif name in ("StoredSplit", "StreamLoader"):
        from . import stream as module

        globals().update(StoredSplit=module.StoredSplit, StreamLoader=module.StreamLoader)
    elif name in ("Cifar10", "Split"):
        from . import images as module

        globals().update(Cifar10=module.Cifar10, Split=module.Split)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]
