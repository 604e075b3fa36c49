"""TensorFlow Serving's JSON: from a request's text to images, and from logits to an answer."""

import json

import numpy as np

from .model import IMAGE_SHAPE, Model, probabilities

NAME = "cifar10"
VERSION = 1
SIGNATURE = "serving_default"
CONVENTION = "float32 [N, 3, 32, 32]: red, green, blue planes, rows from the top, pixels from 0 to 1 (divide by 255)"


class TensorError(ValueError):
    """A request that is not understood, told in one sentence."""


def parse(body: bytes, max_images: int) -> tuple[np.ndarray, bool]:
    """Return the images [N, 3, 32, 32] of a predict request, and whether it came row by row (`instances`).

    Args:
        body: JSON as UTF-8 text.
        max_images: The most images of one request.

    Raises:
        TensorError: The body is no such request.
    """
    request = _load(body)
    if not isinstance(request, dict):
        raise TensorError('The body must be a JSON object such as {"instances": [...]}.')
    if request.get("signature_name", SIGNATURE) not in (SIGNATURE, ""):
        raise TensorError(f'signature_name: this model has only "{SIGNATURE}".')
    rows = "instances" in request
    if rows == ("inputs" in request):
        raise TensorError('The body must have either "instances" (row format) or "inputs" (columnar format).')
    values = request["instances"] if rows else request["inputs"]
    if rows and isinstance(values, list):
        values = [_named(value, "instances") if isinstance(value, dict) else value for value in values]
    elif not rows and isinstance(values, dict):
        values = _named(values, "inputs")
    key = "instances" if rows else "inputs"
    if not isinstance(values, list) or not values:
        raise TensorError(f'"{key}" must be a list of at least one image, {CONVENTION}.')
    if len(values) > max_images:
        raise TensorError(f'"{key}" has {len(values)} images; send at most {max_images} at once.')
    return _images(values, key), rows


def _load(body: bytes) -> object:
    if not body.strip():
        raise TensorError('The body is empty; send JSON such as {"instances": [...]}.')
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError:
        raise TensorError("The body is no UTF-8 text.") from None
    except RecursionError:
        raise TensorError("The JSON is nested too deeply.") from None
    except ValueError as error:
        raise TensorError(f"The body is no valid JSON ({str(error)[:200]}).") from None


def _named(value: dict, key: str) -> object:
    if set(value) != {"images"}:
        raise TensorError(f'"{key}" names {", ".join(sorted(value))[:200] or "nothing"}; the one input is "images".')
    return value["images"]


def _images(values: list, key: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except (ValueError, OverflowError, RecursionError):
        raise TensorError(f'"{key}" is no regular array; expected {CONVENTION}.') from None
    if array.shape[1:] != IMAGE_SHAPE:
        raise TensorError(f'"{key}" has the shape {list(array.shape)}; expected {CONVENTION}.')
    if array.dtype.kind not in "iuf":
        raise TensorError(f'"{key}" holds something other than numbers; expected {CONVENTION}.')
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= 1):  # written so that NaN fails too
        raise TensorError(f'"{key}" has pixels from {low:g} to {high:g}; expected {CONVENTION}.')
    return array.astype(np.float32)


def answer(logits: np.ndarray, rows: bool) -> dict:
    """Return what a predict request is answered, in the format that it came in."""
    columns = {"logits": logits.tolist(), "probabilities": probabilities(logits).tolist()}
    if not rows:
        return {"outputs": columns}
    names = columns.keys()
    return {"predictions": [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]}


def status() -> dict:
    """Return what TensorFlow Serving says of a loaded model."""
    ready = {"version": str(VERSION), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [ready]}


def metadata(model: Model) -> dict:
    """Return TensorFlow Serving's metadata of a model, with classes, pixel convention and origin added."""
    outputs = {name: _tensor(name, (-1, len(model.classes))) for name in ("logits", "probabilities")}
    signature = {
        "inputs": {"images": _tensor("images", (-1, *IMAGE_SHAPE))},
        "outputs": outputs,
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": NAME, "signature_name": "", "version": str(VERSION)},
        "metadata": {
            "signature_def": {"signature_def": {SIGNATURE: signature}},
            "classes": list(model.classes),
            "pixels": CONVENTION,
            **model.details,
        },
    }


def _tensor(name: str, shape: tuple[int, ...]) -> dict:
    dim = [{"size": str(size), "name": ""} for size in shape]
    return {"dtype": "DT_FLOAT", "tensor_shape": {"dim": dim, "unknown_rank": False}, "name": f"{name}:0"}
