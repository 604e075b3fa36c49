"""The exported network as a server needs it: the ONNX file, its session and what the file says of itself."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from scalable_ai.capstone.errors import CapstoneError

IMAGE_SHAPE = (3, 32, 32)


class ServingError(CapstoneError):
    """A server or load test that cannot start, told in one sentence."""


@dataclass(frozen=True)
class Model:
    """An ONNX file that is ready to answer.

    Attributes:
        path: The file.
        classes: Class names, by position in the output.
        details: What the file says of itself: trained_on, preprocessing, precision.
        digest: The file's SHA-256.
        session: ONNX Runtime's session.
    """

    path: Path
    classes: tuple[str, ...]
    details: dict
    digest: str
    session: object = field(repr=False)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return the logits [N, classes] of float32 images [N, 3, 32, 32], pixels from 0 to 1."""
        return self.session.run([self.session.get_outputs()[0].name], {self.session.get_inputs()[0].name: images})[0]


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits [..., classes]."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def find_model(runs: Path, precision: str = "fp32") -> Path:
    """Return the ONNX file that the newest run below `runs` exported.

    Args:
        runs: The folder of runs.
        precision: "fp32" or "int8".

    Raises:
        ServingError: There is no run, or it was not exported.
    """
    try:
        folder = runs / (runs / "latest").read_text(encoding="utf-8").strip() / "export"
    except (OSError, UnicodeDecodeError):
        raise ServingError(
            f"{runs}: no run is noted here; run `scalable-ai capstone fit` and `export`, or name a file with --model."
        ) from None
    found = [folder / "model.onnx"] if precision == "fp32" else sorted(folder.glob("*int8*.onnx"))
    if not found or not found[0].is_file():
        raise ServingError(
            f"{folder}: the newest run has no {precision} ONNX file; run `scalable-ai capstone export`, "
            "or name a file with --model."
        )
    return found[0]


def load_model(path: Path, threads: int = 0) -> Model:
    """Open an exported ONNX file and try it on one image.

    Args:
        path: The file.
        threads: Threads of one inference; 0 lets ONNX Runtime take one a core.

    Raises:
        ServingError: The file is missing, is no ONNX model, or does not take and give what this server needs.
    """
    import onnxruntime

    path = Path(path)
    if not path.is_file():
        raise ServingError(f"{path}: there is no such model file; run `scalable-ai capstone export` or name another.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Waiting threads would otherwise spin on the cores that read requests and decode pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        content = path.read_bytes()
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common base class
        kind = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ServingError(
            f"{path}: this is no ONNX model that can be run ({kind}); run `scalable-ai capstone export` again."
        ) from None
    properties = session.get_modelmeta().custom_metadata_map
    try:
        classes = tuple(json.loads(properties["classes"]))
        details = {name: properties[name] for name in ("trained_on", "precision") if name in properties}
        if "preprocessing" in properties:
            details["preprocessing"] = json.loads(properties["preprocessing"])
        model = Model(path, classes, details, hashlib.sha256(content).hexdigest(), session)
        shape = model(np.zeros((2, *IMAGE_SHAPE), np.float32)).shape
    except Exception as error:
        kind = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ServingError(
            f"{path}: this ONNX model is none of this capstone's ({kind}); run `scalable-ai capstone export` again."
        ) from None
    if shape != (2, len(classes)):
        raise ServingError(
            f"{path}: the model answers {list(shape)} for 2 images, not [2, {len(classes)}]; export again."
        )
    return model
