"""Values that have no parts to change, as JSON and back: numbers, texts, dates, ranges, dtypes, tuples."""

from __future__ import annotations

import base64
import datetime
import decimal
import fractions
import math
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from scalable_ai.grading.wire import MAX_ITEMS, WireError

MAX_DEPTH = 40
ARRAY_KINDS = "biufcUSmM"
_DTYPE = re.compile(r"[<>|][biufcUSmM][0-9]{1,6}(\[[a-zA-Z0-9]{1,6}\])?")
_TORCH = {str(kind).removeprefix("torch."): kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)}

Node = Any
"""A piece of JSON that stands for a value: a JSON scalar, or an object of one key, its tag."""


def hexed(number: int) -> str:
    """Return a whole number of any size as text."""
    return hex(number)


def limited(items: Any) -> Any:
    """Return a container.

    Raises:
        WireError: It has too many items.
    """
    if len(items) > MAX_ITEMS:
        raise WireError(f"the value is too large to look at: {len(items):,} items, at most {MAX_ITEMS:,}")
    return items


def pack_bytes(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode()


def unpack_bytes(text: str) -> bytes:
    """Return the bytes that `pack_bytes` was given."""
    return base64.b64decode(text, validate=True)


def _delta(value: datetime.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


_WRITERS: dict[type, Callable[[Any], Node]] = {
    type(None): lambda value: value,
    bool: lambda value: value,
    int: lambda value: value if abs(value) < 2**53 else {"i": hexed(value)},
    float: lambda value: value if math.isfinite(value) else {"f": repr(value)},
    str: lambda value: value if value.isascii() else {"u": pack_bytes(value.encode("utf-8", "surrogatepass"))},
    complex: lambda value: {"c": [repr(value.real), repr(value.imag)]},
    bytes: lambda value: {"b": pack_bytes(value)},
    range: lambda value: {"range": [hexed(value.start), hexed(value.stop), hexed(value.step)]},
    type(...): lambda value: {"one": "Ellipsis"},
    type(NotImplemented): lambda value: {"one": "NotImplemented"},
    datetime.datetime: lambda value: {"datetime": value.isoformat()},
    datetime.date: lambda value: {"date": value.isoformat()},
    datetime.time: lambda value: {"time": value.isoformat()},
    datetime.timedelta: lambda value: {"delta": _delta(value)},
    decimal.Decimal: lambda value: {"decimal": str(value)},
    fractions.Fraction: lambda value: {"fraction": [hexed(value.numerator), hexed(value.denominator)]},
    uuid.UUID: lambda value: {"uuid": value.hex},
    torch.dtype: lambda value: {"tdtype": str(value).removeprefix("torch.")},
    torch.device: lambda value: {"device": str(value)},
    torch.Size: lambda value: {"size": list(value)},
}


def write(value: Any) -> Node | None:
    """Return a value as JSON, or the object itself where it is no value of this kind (`ANOTHER`)."""
    writer = _WRITERS.get(type(value))
    if writer is not None:
        if isinstance(value, datetime.datetime | datetime.time) and not _is_fixed(value.tzinfo):
            return ANOTHER
        return writer(value)
    if isinstance(value, pathlib.PurePath):
        return {"path": str(value)}
    if isinstance(value, np.generic):
        return {"scalar": array_body(np.asarray(value))} if value.dtype.kind in ARRAY_KINDS else ANOTHER
    if isinstance(value, np.dtype) and value.kind in ARRAY_KINDS + "O":
        return {"dtype": value.str}
    return ANOTHER


ANOTHER = object()


def _is_fixed(zone: Any) -> bool:
    return zone is None or type(zone) is datetime.timezone


def array_body(value: np.ndarray) -> list:
    """Return dtype, shape and bytes of an array."""
    return [_dtype_name(value.dtype), list(value.shape), pack_bytes(np.ascontiguousarray(value).tobytes())]


def _dtype_name(dtype: np.dtype) -> str:
    if dtype.kind not in ARRAY_KINDS:
        raise WireError(f"an array of dtype {dtype} cannot be looked at")
    return dtype.str


def read_array(body: list) -> np.ndarray:
    """Return the array of `array_body`."""
    name, shape, text = body
    if not _DTYPE.fullmatch(name):
        raise WireError("the reply is malformed")
    dtype, raw = np.dtype(name), unpack_bytes(text)
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(raw):
        raise WireError("the reply is malformed")
    return np.frombuffer(raw, dtype=dtype).reshape(shape).copy() if raw else np.empty(shape, dtype)


def tensor_body(value: torch.Tensor) -> list:
    """Return dtype, shape and bytes of a tensor."""
    name = str(value.dtype).removeprefix("torch.")
    if value.layout is not torch.strided or value.is_meta or value.is_quantized:
        raise WireError(f"a tensor of layout {value.layout} on device {value.device} cannot be looked at")
    flat = value.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return [name, list(value.shape), pack_bytes(flat.view(torch.uint8).numpy().tobytes())]


def read_tensor(body: list) -> torch.Tensor:
    """Return the tensor of `tensor_body`."""
    name, shape, text = body
    dtype, raw = _TORCH[name], bytearray(unpack_bytes(text))
    size = torch.empty((), dtype=dtype).element_size()
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * size != len(raw):
        raise WireError("the reply is malformed")
    if not raw:
        return torch.empty(shape, dtype=dtype)
    flat = torch.frombuffer(raw, dtype=torch.uint8)
    # A byte that is neither 0 nor 1 is no truth value.
    return (flat != 0 if dtype == torch.bool else flat.view(dtype)).reshape(shape).clone()


def _offset(value: Any) -> Any:
    if not _is_fixed(value.tzinfo):
        raise WireError("the reply is malformed")
    return value


READERS: dict[str, Callable[[Any], Any]] = {
    "i": lambda body: int(body, 16),
    "f": lambda body: float({"nan": "nan", "inf": "inf", "-inf": "-inf"}[body]),
    "u": lambda body: unpack_bytes(body).decode("utf-8", "surrogatepass"),
    "c": lambda body: complex(float(body[0]), float(body[1])),
    "b": unpack_bytes,
    "range": lambda body: range(*(int(part, 16) for part in body)),
    "one": lambda body: {"Ellipsis": ..., "NotImplemented": NotImplemented}[body],
    "datetime": lambda body: _offset(datetime.datetime.fromisoformat(body)),
    "date": datetime.date.fromisoformat,
    "time": lambda body: _offset(datetime.time.fromisoformat(body)),
    "delta": lambda body: datetime.timedelta(*body),
    "decimal": decimal.Decimal,
    "fraction": lambda body: fractions.Fraction(int(body[0], 16), int(body[1], 16)),
    "uuid": lambda body: uuid.UUID(hex=body),
    "path": pathlib.Path,
    "tdtype": _TORCH.__getitem__,
    "device": torch.device,
    "size": torch.Size,
    "scalar": lambda body: read_array([body[0], [], body[2]])[()],
    "dtype": lambda body: np.dtype("O") if body == "|O" else read_array([body, [0], ""]).dtype,
}
