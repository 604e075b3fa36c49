"""A server in a thread, on a network whose answers are known, for all tests of serving."""

import asyncio
import contextlib
import io
import json
import threading
import time

import httpx
import numpy as np
import onnx
import uvicorn
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from scalable_ai.capstone.serving.app import build_app
from scalable_ai.capstone.serving.server import configure, listen

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PREDICT = "/v1/models/cifar10:predict"


def write_linear(path, classes=CLASSES, outputs=10):
    """Write an ONNX file that answers with a linear map of the pixels, and return the map [3072, outputs]."""
    weights = np.random.default_rng(5).normal(0, 0.05, (3072, outputs)).astype(np.float32)
    shape = ["batch", 3, 32, 32]
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["images"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        ],
        "linear",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if classes:
        helper.set_model_props(model, {"classes": json.dumps(classes), "trained_on": "generated"})
    onnx.save(model, path)
    return weights


def picture(seed=0, size=(32, 32), kind="PNG", mode="RGB"):
    """Return a file's bytes."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


@contextlib.contextmanager
def running(model, limits=None):
    """Run a server in a thread and yield its address and application."""
    app = build_app(model, limits)
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(configure(app))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield address, app
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def metric(address, name):
    """Return the sum of a metric's samples of exactly this name, by label text."""
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)
