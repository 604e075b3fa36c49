"""Plain data as JSON text and back, for what travels between the judge and a learner's kernel.

Numbers, texts, bytes, None, lists, tuples, sets, dicts, NumPy arrays and torch tensors travel by value, with type,
shape and dtype. Nothing is ever unpickled, and size and depth are limited before anything is built.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

MAX_TEXT = 64_000_000
"""Longest message, in characters."""
MAX_DEPTH = 20
MAX_KEYS = 10_000
"""Most numbers, and tuples, in the sets and among the keys of a message: thousands can be made to share one hash."""
MAX_ITEMS = 1_000_000
"""Most items of one container; and a message has at most four times as many brackets and commas."""

_ARRAY_KINDS = "biufc"
_ARRAY_DTYPE = re.compile(rf"[<>|][{_ARRAY_KINDS}][0-9]{{1,2}}")
_TORCH_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128),
    )
}


class WireError(ValueError):
    """A value that is not plain data, or a message that is malformed, too deep or too large."""


def dumps(value: Any) -> str:
    """Return plain data as JSON text.

    Raises:
        WireError: The value holds something else, or is too large.
    """
    try:
        text = json.dumps(_encode(value, 0))
    except (RecursionError, OverflowError):
        raise WireError("the value is nested too deeply, or too large, to look at") from None
    if _is_too_large(text):
        raise WireError(f"the value is too large to look at ({len(text):,} characters as text)")
    return text


def loads(text: str) -> Any:
    """Return the plain data that `dumps` was given.

    Raises:
        WireError: The text is not of that form.
    """
    if not isinstance(text, str) or _is_too_large(text):
        raise WireError("the reply is no text, or too large")
    try:
        data = json.loads(text)
        if sum(_count_keys(data, 0)) > MAX_KEYS:
            raise WireError(f"the reply has too many keys that are no texts, at most {MAX_KEYS:,} can be looked at")
        return _decode(data, 0)
    except WireError:
        raise
    except Exception as error:  # whatever a hostile text makes the decoders raise, it is one thing to the caller
        raise WireError(f"the reply is malformed ({type(error).__name__})") from None


def _is_too_large(text: str) -> bool:
    """Tell before parsing: small texts of many brackets become large objects."""
    return len(text) > MAX_TEXT or sum(text.count(sign) for sign in "[{,") > 4 * MAX_ITEMS


def _encode(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError("the value is nested too deeply to look at")
    kind = type(value)
    if value is None or kind in {bool, int, str}:
        return {"i": hex(value)} if kind is int and abs(value) >= 2**53 else value
    if kind is float:
        return value if math.isfinite(value) else {"f": repr(value)}
    if kind is complex:
        return {"c": [repr(value.real), repr(value.imag)]}
    if kind is bytes:
        return {"b": base64.b64encode(value).decode()}
    if isinstance(value, torch.Tensor):
        return _encode_tensor(value)
    if isinstance(value, np.ndarray | np.generic):
        return _encode_array(np.asarray(value), scalar=isinstance(value, np.generic))
    for name, family in (("l", list), ("t", tuple), ("s", set), ("s", frozenset)):
        if isinstance(value, family):
            return {name: [_encode(item, depth + 1) for item in _limited(value)]}
    if isinstance(value, range):
        return {"l": list(_limited(value))}
    if isinstance(value, dict):
        return {"d": [[_encode(key, depth + 1), _encode(item, depth + 1)] for key, item in _limited(value).items()]}
    raise WireError(f"an object of type {kind.__name__} is no plain data (numbers, texts, lists, arrays, tensors)")


def _limited(value: Any) -> Any:
    if len(value) > MAX_ITEMS:
        raise WireError(f"the value is too large to look at: {len(value):,} items, at most {MAX_ITEMS:,}")
    return value


def _encode_tensor(value: torch.Tensor) -> dict[str, Any]:
    name = str(value.dtype).removeprefix("torch.")
    if name not in _TORCH_DTYPES or value.layout is not torch.strided or value.is_meta:
        where = f"layout {value.layout} on device {value.device}"
        raise WireError(f"a tensor of dtype {value.dtype} and {where} cannot be looked at")
    plain = value.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    data = plain.view(torch.uint8) if plain.dtype != torch.bool else plain.to(torch.uint8)
    return {"torch": [name, list(value.shape), base64.b64encode(data.numpy().tobytes()).decode()]}


def _encode_array(value: np.ndarray, scalar: bool) -> dict[str, Any]:
    if value.dtype.kind == "U":
        return {"l": [_encode(item, 1) for item in value.tolist()]} if value.ndim else str(value)
    if value.dtype.kind not in _ARRAY_KINDS:
        raise WireError(f"an array of dtype {value.dtype} cannot be looked at")
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"scalar" if scalar else "numpy": [value.dtype.str, list(value.shape), data]}


def _count_keys(value: Any, depth: int) -> Iterator[int]:
    """Yield the numbers of set items and dict keys other than texts, container by container."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return
    for tag, body in value.items():
        if tag not in {"l", "t", "s", "d"} or not isinstance(body, list):
            continue
        if tag in {"s", "d"}:
            keys = body if tag == "s" else [pair[0] for pair in body if isinstance(pair, list) and pair]
            yield sum(not isinstance(key, str) for key in keys)
        items = body if tag != "d" else [item for pair in body if isinstance(pair, list) for item in pair]
        for item in items:
            if isinstance(item, dict):
                yield from _count_keys(item, depth + 1)


def _decode(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError("the reply is nested too deeply")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise WireError("the reply is malformed")
    ((tag, body),) = value.items()
    if tag in {"l", "t", "s", "d"}:
        if not isinstance(body, list) or len(body) > MAX_ITEMS:
            raise WireError("the reply is malformed or too large")
        if tag == "d":
            pairs = [pair if isinstance(pair, list) else () for pair in body]
            return {_decode(key, depth + 1): _decode(item, depth + 1) for key, item in pairs}
        items = [_decode(item, depth + 1) for item in body]
        return {"l": list, "t": tuple, "s": set}[tag](items)
    if tag in _SCALARS:
        return _SCALARS[tag](body)
    raise WireError("the reply is malformed")


def _decode_tensor(body: list) -> torch.Tensor:
    name, shape, data = body
    dtype, raw = _TORCH_DTYPES[name], bytearray(base64.b64decode(data, validate=True))
    shape = _shape(shape, len(raw), torch.empty((), dtype=dtype).element_size())
    if not raw:
        return torch.empty(shape, dtype=dtype)
    flat = torch.frombuffer(raw, dtype=torch.uint8 if dtype == torch.bool else dtype)
    return flat.to(dtype).reshape(shape).clone()


def _decode_array(body: list) -> np.ndarray:
    name, shape, data = body
    if not _ARRAY_DTYPE.fullmatch(name):
        raise WireError("the reply is malformed")
    dtype = np.dtype(name)
    raw = base64.b64decode(data, validate=True)
    shape = _shape(shape, len(raw), dtype.itemsize)
    return np.frombuffer(raw, dtype=dtype).reshape(shape).copy() if raw else np.empty(shape, dtype)


def _shape(shape: list, size: int, itemsize: int) -> tuple[int, ...]:
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * itemsize != size:
        raise WireError("the reply is malformed")
    return tuple(shape)


_SCALARS = {
    "i": lambda body: int(body, 16),
    "f": lambda body: float({"nan": "nan", "inf": "inf", "-inf": "-inf"}[body]),
    "c": lambda body: complex(float(body[0]), float(body[1])),
    "b": lambda body: base64.b64decode(body, validate=True),
    "torch": _decode_tensor,
    "numpy": _decode_array,
    "scalar": lambda body: _decode_array(body)[()],
}
