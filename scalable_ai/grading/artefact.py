"""Exported models that learners hand in: hostile input, so they are run in a limited process of their own.

The judge gets the file's content by value from the learner's kernel (`Answerer.file`): it opens no path that somebody
else could have chosen. The content goes to a process without rights (`onnx_runner`), in the same kind of sandbox as
hand-ins where there is one, and what comes back is numbers and short texts.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from scalable_ai.grading.hidden import GraderError
from scalable_ai.grading.onnx_runner import READY
from scalable_ai.grading.scratch import Scratch

MAX_BYTES = 20_000_000
"""Of a file that is handed in."""
TIME_LIMIT = 60.0
MEMORY = 2 * 2**30
MAX_SAID = 64_000_000
"""Bytes that the process may write."""
RUNNER = "from scalable_ai.grading.onnx_runner import main; main()"


class ArtefactError(Exception):
    """A file whose answers cannot be used; the text says what it is instead, for the learner."""


@dataclass(frozen=True)
class Ran:
    """What a handed-in model answered."""

    outputs: np.ndarray
    """float32 [N, outputs]; for the first quarter of the inputs where the file is slower than it was to be."""
    metadata: dict[str, str]
    """What the file says of itself."""
    ratio: float
    """Median time for one input, in times of the yardstick's; 0 without one."""


def run_onnx(
    content: bytes,
    inputs: np.ndarray,
    outputs: int,
    yardstick: bytes = b"",
    enough: float = 0.0,
    time_limit: float = TIME_LIMIT,
    memory: int = MEMORY,
) -> Ran:
    """Run an ONNX file on inputs, in a process that can be ended and reaches nothing.

    Args:
        content: The file.
        inputs: float32 [N, …]; the file takes them in batches of any size.
        outputs: Numbers that it returns for each input.
        yardstick: Another ONNX file, of one's own, that takes float32 inputs; where it is given, both are timed.
        enough: A ratio of times that needs no second look; a slower file is run on fewer inputs.
        time_limit: Seconds, the start of the process included.
        memory: Bytes.

    Raises:
        ArtefactError: It is no such file, or takes too much.
        GraderError: The process could not be started: no verdict can be given.
    """
    arrays = io.BytesIO()
    np.save(arrays, np.ascontiguousarray(inputs, np.float32), allow_pickle=False)
    head = {"model": len(content), "inputs": arrays.tell(), "yardstick": len(yardstick)}
    head |= {"outputs": outputs, "enough": enough}
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
        asked.write(json.dumps(head).encode() + b"\n" + content + arrays.getvalue() + yardstick)
        asked.seek(0)
        ended = _run(asked, said, time_limit, memory)
        size = os.fstat(said.fileno()).st_size
        said.seek(0)
        reply = said.read(MAX_SAID)
    if not reply.startswith(READY):
        raise GraderError(f"ONNX files cannot be run here: {ended or 'the process for it did not start'}.")
    if ended or size > MAX_SAID:
        raise ArtefactError(f"one that {ended or 'answers without end'}")
    return _read(reply.removeprefix(READY), len(inputs), outputs)


def _run(asked: BinaryIO, said: BinaryIO, time_limit: float, memory: int) -> str:
    """Run the process and return why it did not end well, if so."""
    command = [sys.executable, "-P", "-c", RUNNER]
    environment = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    if "SYSTEMROOT" in os.environ:  # without it, Windows starts no process
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Scratch("artefact"))
        box, files = None, ()
        if sys.platform == "linux":
            from scalable_ai.grading.sandbox import Box, Limits
            from scalable_ai.grading.sandbox.cold import ColdBox

            runtime = str(stack.enter_context(Scratch("run")))
            limits = Limits(
                memory=memory, cpu_seconds=math.ceil(time_limit), processes=32, file_size=MAX_SAID, disk=MAX_SAID
            )
            # Where there is no sandbox, hand-ins are not run at all, unless the instructor has allowed it.
            box = ColdBox(Box(folder, limits=limits, allow_unsandboxed=True), runtime)
            command, files = box.command(command), box.files
        process = subprocess.Popen(
            command, stdin=asked, stdout=said, stderr=subprocess.DEVNULL, cwd=folder, env=environment, pass_fds=files
        )
        try:
            if box is not None:
                from scalable_ai.grading.sandbox import SandboxError

                try:
                    box.started()
                except SandboxError as error:
                    return str(error).rstrip(".")
            status = process.wait(time_limit)
        except subprocess.TimeoutExpired:
            return f"has no answers within {time_limit:g} seconds"
        finally:
            process.kill()
            process.wait()
        if status == 0:
            return ""
        reason = box.reason if box is not None else ""
        return f"ends its process ({reason.rstrip('.')})" if reason else "ends its process"


def _read(reply: bytes, rows: int, outputs: int) -> Ran:
    """Take in what the process said, which may be under the control of the file by now."""
    line, _, raw = reply.partition(b"\n")
    try:
        head = json.loads(line)
        if "refused" in head:
            raise ArtefactError(str(head["refused"])[:300])
        metadata = {str(key): str(text) for key, text in head["metadata"].items()}
        found = np.frombuffer(raw, np.float32).reshape(-1, outputs)
        if not 0 < len(found) <= rows:
            raise ValueError(len(found))
        ratio = float(head["ratio"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ArtefactError("one whose answers cannot be read") from None
    return Ran(found, metadata, ratio)
