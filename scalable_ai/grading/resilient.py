"""Runs a notebook's cells in a sandboxed kernel; one that ends its kernel or takes too long costs itself alone."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Bool, Dict, Float, List, default

from scalable_ai.grading.clock import Clock
from scalable_ai.grading.sandbox import Box, Limits, SandboxError, refusal
from scalable_ai.grading.workplace import Workplace

Result = tuple[NotebookNode, dict[str, Any]]
MAX_OUTPUT = 5_000_000
"""Characters that one cell may put out."""
MAX_NOTEBOOK_OUTPUT = 50_000_000
MIN_SECONDS = 0.01
TRIES = 3
"""How often a cell is run, or judged, whose kernel is killed by nobody knows whom: its own code may have done it, or a
machine that is short of memory. Each other way to end a kernel is the cell's own, and costs it at once."""


class ResilientExecute(Execute):
    """nbgrader's execution of notebooks, in a sandbox, that goes on after whatever a cell does to its kernel."""

    notebook_timeout = Float(300.0, help="Seconds for a whole notebook, its judging included.").tag(config=True)
    limits = Dict(help="What a notebook may use: memory, disk, processes …, as in sandbox.Limits.").tag(config=True)
    allow_unsandboxed = Bool(
        False, help="Whether to run hand-ins with your own rights where this machine has no sandbox."
    ).tag(config=True)
    environment = List(
        ["PATH", "LANG", "LC_*", "TZ", "SCALABLE_AI_DATA*", "NBGRADER_*", "MPLBACKEND"],
        help="Environment variables that reach a hand-in's code; yours may hold what is not for learners.",
    ).tag(config=True)

    @default("shutdown_kernel")
    def _shutdown_at_once(self) -> str:
        return "immediate"

    @default("iopub_timeout")
    def _patient(self) -> int:
        return 20  # a busy machine may take longer than nbclient's 4 seconds from a cell's end to the word of it

    @default("timeout_func")
    def _time_left_too(self) -> Any:
        return self._begin

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if sys.platform == "linux":
            from scalable_ai.grading.provisioner import WarmKernelManager

            kwargs.setdefault("kernel_manager_class", WarmKernelManager)
        super().__init__(*args, **kwargs)

    def run_in(
        self,
        workplace: Workplace,
        nb: NotebookNode,
        resources: dict[str, Any],
        km: Any = None,
        readable: tuple[Path, ...] = (),
        variables: dict[str, str] | None = None,
    ) -> Result:
        """Run a notebook's cells.

        Args:
            workplace: The folder that its code works in.
            nb: The notebook; it is changed.
            resources: nbconvert's.
            km: A manager of a running kernel, if it is to be used.
            readable: Other folders that its code may read.
            variables: Environment variables beside those of `environment`.
        """
        self.workplace, self._readable, self._variables = workplace, readable, variables or {}
        self._deadline = time.monotonic() + self.notebook_timeout
        self._done: list[tuple[NotebookNode, int]] = []
        self._put_out: dict[int, int] = {}
        self._cut: set[int] = set()
        self._killed: Counter[int | str] = Counter()
        self.doubt = ""
        return super().preprocess(nb, resources, km)

    doubt = ""
    """Why what is missing in this notebook may not be the learner's doing."""

    def _begin(self, cell: NotebookNode) -> float:
        """Start the clock of a cell, and return the seconds that it has."""
        self._clock = Clock(getattr(self.km.provisioner, "pid", None))
        return self.limit(cell)[0]

    async def _async_handle_timeout(self, timeout: float, cell: NotebookNode | None = None) -> dict[str, Any] | None:
        """Stop a cell for its time, unless this machine kept half of it to itself: then it has as much once more."""
        if self._clock() < timeout / 2 and time.monotonic() < self._deadline:
            self.log.warning("This machine is busy: a cell that waited for a processor has more time.")
            return None
        return await super()._async_handle_timeout(timeout, cell)

    def stopped(self, cell: NotebookNode, why: str) -> None:
        """Be told of a cell that did not run to its end."""

    def limit(self, cell: NotebookNode | None = None) -> tuple[float, str]:
        """Return the seconds that a cell has, and in words what it gave within them."""
        left = self._deadline - time.monotonic()
        if self.timeout is None or left < self.timeout:
            return max(left, MIN_SECONDS), f"none: the {self.notebook_timeout:g} seconds for the whole notebook ran out"
        return self.timeout, f"none within {self.timeout:g} seconds; it was stopped"

    def start_new_kernel(self, **kwargs: Any) -> None:
        """Start a kernel of one thread: spinning barriers of several make cells tens of times slower side by side."""
        known = {name: text for name, text in os.environ.items() if any(fnmatch(name, p) for p in self.environment)}
        folder = self.workplace.folder
        kwargs |= {"env": {**self._variables, **known, "OMP_NUM_THREADS": "1"}, "cwd": str(folder)}
        try:
            if sys.platform == "linux":
                kwargs["box"] = Box(folder, self._readable, Limits(**self.limits), self.allow_unsandboxed)
            elif not self.allow_unsandboxed:
                raise SandboxError(refusal(f"there is none for {sys.platform}"))
            super().start_new_kernel(**kwargs)
        except SandboxError as error:
            # It would be the same for every hand-in: end the batch.
            self.log.critical(str(error))
            raise SystemExit(1) from None

    def set_widgets_metadata(self) -> None:
        """Keep the state of widgets, where what the learner's kernel sent is of that form."""
        with contextlib.suppress(Exception):
            super().set_widgets_metadata()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Take what a kernel says of a cell, unless the cell or the notebook has put out enough."""
        if msg["msg_type"] in {"status", "execute_input", "clear_output"}:
            return super().process_message(msg, cell, cell_index)
        size = len(str(msg["content"])) + sum(map(len, msg.get("buffers", ())))
        before = self._put_out.get(cell_index, 0)
        self._put_out[cell_index] = before + size
        if before + size <= MAX_OUTPUT and sum(self._put_out.values()) <= MAX_NOTEBOOK_OUTPUT:
            return super().process_message(msg, cell, cell_index)
        if cell_index not in self._cut:
            self._cut.add(cell_index)
            text = f"This cell put out more than {MAX_OUTPUT // 10**6} MB; the rest is left out.\n"
            cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=text))
        return None

    def run_cell(self, cell: NotebookNode, index: int) -> bool:
        """Run one cell and return whether it ran to its end or raised; if not, `stopped` was told."""
        while True:
            seconds, words = self.limit(cell)
            if seconds <= MIN_SECONDS:
                cell.outputs = []
                self.stopped(cell, self.doubt or words)
                return False
            self.ensure_kernel()
            if hasattr(self.kc, "drop_outputs"):
                self.kc.drop_outputs()  # of what was judged, and of threads that earlier cells left
            try:
                super().preprocess_cell(cell, self.resources, index)
                break
            except Exception as error:  # what a hostile kernel makes nbclient raise, it is lost all the same
                if getattr(self, "_async_cleanup_kernel_future", None) is not None:
                    raise KeyboardInterrupt from None  # nbclient has ended the kernel for it
                is_over = not self.in_doubt(index)
                if is_over:
                    self._lose(cell, index, self._what_happened(error))
                self.revive()
                if is_over:
                    return False
        if any(out.get("ename") == "CellTimeoutError" for out in cell.outputs):
            self.stopped(cell, words)
            return False
        self._done.append((cell, index))
        return True

    def in_doubt(self, what: int | str) -> bool:
        """Tell whether the kernel was killed by nobody knows whom, and what ran in it is to be tried again.

        Args:
            what: What ran in it.
        """
        if not getattr(self.km.provisioner, "was_killed", lambda: True)():
            return False
        self._killed[what] += 1
        if self._killed[what] < TRIES:
            self.log.warning("A kernel was killed; what ran in it is run again.")
            return True
        self.doubt = f"its kernel was killed {TRIES} times, by its own code or because this machine is short of memory"
        return False

    def _what_happened(self, error: Exception) -> str:
        reason = self._reason()
        ended = f"ended its kernel: {reason}" if reason else "ended its kernel"
        return ended if isinstance(error, DeadKernelError) else "could not be stopped"

    def _reason(self) -> str:
        """Return which limit of its sandbox the kernel was ended for."""
        return getattr(getattr(self.km.provisioner, "process", None), "reason", "") or ""

    def _lose(self, cell: NotebookNode, index: int, what: str) -> None:
        self.log.error("A cell %s; going on with a new kernel", what)
        self.stopped(cell, f"none: the cell {what}")
        message = f"This cell {what}. The cells before it were run again, and grading went on."
        self.clear_display_id_mapping(index)
        cell.outputs = [nbformat.v4.new_output("error", ename="KernelEnded", evalue=message, traceback=[message])]

    def ensure_kernel(self) -> None:
        """Have a kernel that runs."""
        if not run_sync(self.km.is_alive)():
            self.revive()

    def revive(self) -> None:
        """Start another kernel and bring it to where the last one was, without what ends it this time."""
        failures = 0
        while True:
            if self._reason():
                # A limit was reached, perhaps by files that are still there.
                self.workplace.restore()
            self._cleanup_kernel()
            self.km = self.create_kernel_manager()
            try:
                self.start_new_kernel()
                self.start_new_kernel_client()
            except Exception as error:
                self.log.error("no kernel could be started again: %s", error)
                failures += 1
                if failures < TRIES:
                    continue
                # What was judged so far keeps its marks.
                self.doubt = f"no kernel could be started again ({error})"
                self.km, self._deadline = self.create_kernel_manager(), 0.0
                return
            if self._replayed():
                return

    def _replayed(self) -> bool:
        """Run again what the last kernel ran; False where a cell ended this one too."""
        for cell, index in self._done:
            kept = cell.outputs, cell.execution_count
            try:
                super().preprocess_cell(cell, self.resources, index)
            except Exception:
                if not self.in_doubt(index):
                    self._done.remove((cell, index))
                    self._lose(cell, index, "ended its kernel")
                return False
            self.clear_display_id_mapping(index)
            cell.outputs, cell.execution_count = kept
        return True
