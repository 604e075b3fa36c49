"""Runs one ONNX file that somebody handed in; this is the whole program of the process that `artefact` starts.

Whatever the file does to this process, it is nobody else's: it reads its inputs from standard input, writes what came
of them to standard output, and is ended when it takes too much. Nothing of PyTorch or of the course is imported.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

READY = b"ready\n"
"""Said once what is needed is there: what goes wrong afterwards is the file's doing."""
STANDARD = {"", "ai.onnx", "ai.onnx.ml"}
"""Domains of the operators that a file may use; others are not the same wherever the file is run."""
BATCH = 100
ALONE = 8
"""Inputs that are run one by one too."""
ROUNDS, READINGS = 3, 15
"""A file is timed in up to so many rounds of so many readings."""
FEWER = 4
"""A file that is slower than enough is run on the first of so many parts of the inputs."""
MAX_METADATA = 20_000
"""Characters of all that a file says of itself."""


class RefusedError(Exception):
    """A file that is not run, or whose answers cannot be used; the text is for the learner."""


def main() -> None:
    """Answer one request; what libraries print goes nowhere."""
    said = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    import onnx
    import onnxruntime  # noqa: F401

    said.write(READY)
    said.flush()
    model, inputs, outputs, yardstick, enough = _asked(sys.stdin.buffer)
    try:
        head, logits = _answers(onnx, model, inputs, outputs, yardstick, enough)
    except RefusedError as error:
        head, logits = {"refused": str(error)}, np.empty(0, np.float32)
    except Exception as error:  # ONNX Runtime raises many kinds, all of them the file's doing
        first = next(iter(str(error).splitlines()), "")[:160]
        head, logits = {"refused": f"one that fails: {type(error).__name__}: {first}"}, np.empty(0, np.float32)
    said.write(json.dumps(head).encode() + b"\n" + np.ascontiguousarray(logits, np.float32).tobytes())
    said.flush()
    os._exit(0)  # destructors of what the file made are not waited for


def _asked(stream: BinaryIO) -> tuple[bytes, np.ndarray, int, bytes, float]:
    head = json.loads(stream.readline())
    model, inputs, yardstick = (stream.read(head[part]) for part in ("model", "inputs", "yardstick"))
    return model, np.load(io.BytesIO(inputs), allow_pickle=False), head["outputs"], yardstick, head["enough"]


def _answers(
    onnx: Any, raw: bytes, inputs: np.ndarray, outputs: int, yardstick: bytes, enough: float
) -> tuple[dict[str, Any], np.ndarray]:
    _inspect(_parsed(onnx, raw), onnx)
    session = _session(raw)
    name = _check_ports(session, inputs.shape[1:])
    _run(session, name, inputs[:1], outputs)
    ratio = _ratio(session, name, inputs[:1], yardstick, enough) if yardstick else 0.0
    if ratio > enough:
        inputs = inputs[: max(ALONE, len(inputs) // FEWER)]
    batches = [_run(session, name, inputs[start : start + BATCH], outputs) for start in range(0, len(inputs), BATCH)]
    logits = np.concatenate(batches)
    alone = np.concatenate([_run(session, name, one[None], outputs) for one in inputs[:ALONE]])
    scale = max(1.0, float(np.abs(alone).max()))
    if not np.abs(alone - logits[:ALONE]).max() <= 1e-2 * scale:
        raise RefusedError("one whose answer for a picture changes with the other pictures of its batch")
    said = session.get_modelmeta().custom_metadata_map
    if sum(len(key) + len(text) for key, text in said.items()) > MAX_METADATA:
        raise RefusedError(f"one that says more than {MAX_METADATA:,} characters of itself")
    return {"rows": len(logits), "metadata": said, "ratio": ratio}, logits


def _parsed(onnx: Any, raw: bytes) -> Any:
    try:
        model = onnx.load_model_from_string(raw)
    except Exception:
        model = None
    # Almost any bytes are a message of some kind.
    if model is None or not model.ir_version or not model.graph.node:
        raise RefusedError("no ONNX model")
    return model


def _inspect(model: Any, onnx: Any) -> None:
    """Refuse what reaches for other files, or for operators that are not ONNX's own."""
    own = {function.domain for function in model.functions}
    for graph in _graphs(model):
        for tensor in _tensors(graph):
            if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
                raise RefusedError("one that keeps its weights in another file")
        for node in graph.node:
            if node.domain not in STANDARD | own:
                kind = f"{node.domain}::{node.op_type}"[:80]
                raise RefusedError(f"one with the operator {kind}, which is not one of ONNX's own")


def _graphs(model: Any) -> Iterator[Any]:
    """Yield the graph, local functions, and every graph inside a node."""
    todo = [model.graph, *model.functions]
    while todo:
        graph = todo.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                todo += [attribute.g] if attribute.HasField("g") else []
                todo += attribute.graphs


def _tensors(graph: Any) -> Iterator[Any]:
    yield from getattr(graph, "initializer", ())
    sparse = list(getattr(graph, "sparse_initializer", ()))
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    for one in sparse:
        yield one.values
        yield one.indices


def _session(raw: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])


def _check_ports(session: Any, shape: tuple[int, ...]) -> str:
    """Return the name of the input, after a look at its type and shape."""
    ports = session.get_inputs()
    if len(ports) != 1 or len(session.get_outputs()) != 1:
        raise RefusedError(f"one with {len(ports)} inputs and {len(session.get_outputs())} outputs")
    port, wanted = ports[0], f"[N, {', '.join(map(str, shape))}]"
    if port.type != "tensor(float)":
        raise RefusedError(f"one whose input is {port.type[:40]}; it takes float32 {wanted}")
    found = list(port.shape)
    fits = len(found) == 1 + len(shape) and all(
        not isinstance(size, int) or size == need for size, need in zip(found[1:], shape, strict=True)
    )
    if not fits:
        raise RefusedError(f"one whose input has the shape {str(found)[:60]}; it takes {wanted}")
    if isinstance(found[0], int):
        raise RefusedError(f"one that takes batches of {found[0]} only; leave the batch size free when you export")
    return port.name


def _run(session: Any, name: str, inputs: np.ndarray, outputs: int) -> np.ndarray:
    (found,) = session.run(None, {name: inputs})
    if not isinstance(found, np.ndarray) or found.dtype != np.float32 or found.shape != (len(inputs), outputs):
        shape = list(getattr(found, "shape", ()))
        kind = getattr(found, "dtype", type(found).__name__)
        wanted = f"float32 [{len(inputs)}, {outputs}]"
        raise RefusedError(f"one that answers {len(inputs)} pictures with {kind} {shape}; it returns {wanted}")
    if not np.isfinite(found).all():
        raise RefusedError("one with answers that are no finite numbers")
    return found


def _ratio(session: Any, name: str, one: np.ndarray, yardstick: bytes, enough: float) -> float:
    """Return the median time for one input, in times of the yardstick's on the same machine at the same time.

    Readings alternate, so that a busy machine slows both; another round is taken while the ratio is above `enough`.
    """
    rival = _session(yardstick)
    (port,) = rival.get_inputs()
    zeros = np.zeros([size if isinstance(size, int) else 1 for size in port.shape], np.float32)
    best = float("inf")
    for _ in range(ROUNDS):
        ours, theirs = [], []
        for _ in range(READINGS):
            theirs.append(_seconds(rival, port.name, zeros))
            ours.append(_seconds(session, name, one))
        best = min(best, statistics.median(ours) / statistics.median(theirs))
        if best <= enough:
            break
    return best


def _seconds(session: Any, name: str, inputs: np.ndarray) -> float:
    start = time.perf_counter()
    session.run(None, {name: inputs})
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
