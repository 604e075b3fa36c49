"""ONNX in float32 and int8, with a free batch size."""

import json
import logging
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor

from ..errors import CapstoneError
from ..runs import Loaded
from .card import card
from .pytorch import Run


class ExportError(CapstoneError):
    """A file that cannot be written or does not answer as the checkpoint does, told in one sentence."""


def write_onnx(loaded: Loaded, path: Path) -> None:
    """Write the network as one ONNX file with a free batch size, class names and preprocessing inside.

    Raises:
        ExportError: A package that the exporter needs is missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(f"{error.name}: this package is missing; `pip install onnx onnxscript` adds it.") from None
    from .folding import fold_pooled_norms

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            loaded.network,
            (torch.zeros(2, 3, 32, 32),),
            path,
            dynamo=True,
            dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}},
            input_names=["images"],
            output_names=["logits"],
            external_data=False,
            verbose=False,
        )
    model = onnx.load(path)
    fold_pooled_norms(model)
    onnx.helper.set_model_props(model, card(loaded))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_int8(loaded: Loaded, path: Path, calibration: Tensor) -> None:
    """Write the network as ONNX whose convolutions multiply int8, with one scale for each output channel.

    The first convolution has little to compute and sees the pixels themselves, and the head decides between classes:
    both stay float32.

    Args:
        loaded: The network.
        path: The file.
        calibration: float32 training images [N, 3, 32, 32] that show how far activations reach.

    Raises:
        ExportError: A package that the exporter needs is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole, prepared = Path(folder) / "model.onnx", Path(folder) / "prepared.onnx"
        write_onnx(loaded, whole)
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        class Reader(CalibrationDataReader):
            batches = iter(calibration.split(100))

            def get_next(self) -> dict | None:
                batch = next(self.batches, None)
                return None if batch is None else {"images": batch.numpy()}

        logging.disable(logging.WARNING)
        try:
            quant_pre_process(whole, prepared, skip_symbolic_shape=True)
            convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
            quantize_static(
                prepared,
                path,
                Reader(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv", "MaxPool"],
                nodes_to_exclude=convolutions[:1],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                # CPUs without VNNI add two products of bytes in 16 bits: 7-bit weights cannot overflow them.
                reduce_range=True,
            )
        finally:
            logging.disable(logging.NOTSET)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, card(loaded, "int8"))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def read_onnx(loaded: Loaded, path: Path) -> Run:
    """Open an ONNX file with ONNX Runtime on the CPU, with as many threads as PyTorch uses."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


def read_metadata(path: Path) -> dict:
    """Return what a file says about itself: `classes`, `trained_on`, `preprocessing` and `precision`."""
    import onnx

    found = {item.key: item.value for item in onnx.load(path, load_external_data=False).metadata_props}
    return {**found, **{name: json.loads(found[name]) for name in ("classes", "preprocessing") if name in found}}
