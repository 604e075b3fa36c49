"""How much memory images may take, and where they go."""

import os
import re

import psutil
import torch

from .errors import DataError
from .images import Split

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
SHARE = 0.5
"""Of the memory that is free now, images may take this much."""


def bytes_of(limit: int | str | None) -> int:
    """Return a memory limit in bytes: as given, or this process's part of half the machine's free memory.

    Args:
        limit: Bytes, or words like "2GB" and "500 MiB".

    Raises:
        DataError: The words say no size.
    """
    if limit is None:
        return int(psutil.virtual_memory().available * SHARE) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", str(limit).strip(), re.IGNORECASE)
    if not found or found[2].upper() not in UNITS or float(found[1]) <= 0:
        raise DataError(f"memory_limit {limit}", "this is no size", "write bytes, or a number with KB, MB or GB")
    return int(float(found[1]) * UNITS[found[2].upper()])


def placed(split: Split, device: torch.device, free: int) -> Split:
    """Return the split with its images in the memory of a device, or of the CPU where they do not fit.

    Args:
        split: Images, which may be memory-mapped.
        device: Where the network is.
        free: Bytes that are free on that device; the network needs some of them.
    """
    if device.type == "cpu" or split.images.nbytes > free * SHARE:
        # Read once and in order, and not whenever the first epoch happens to come by.
        return split if split.file is None else Split(split.images.clone(), split.labels.clone())
    return Split(split.images.to(device), split.labels.to(device))
