"""What the steps of a run take, seen from inside a process: on the clock first, then under the profiler."""

import json
import time
from pathlib import Path

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from ..batchnorm import SharedBatchNorm2d
from .spans import covered, total
from .worker import FILE

MESSAGES = tuple(4**power for power in range(5, 13))
"""Bytes of the messages that the link is tried with: 1 KiB to 16 MiB."""


class Clock(pl.Callback):
    """Time optimizer steps, then profile some more, then try the link between the processes; write it all down.

    The timed steps run without the profiler, which slows them; it only says what share of a step is what. Time in
    all-reduce is the union of the profiler's spans named `gloo:all_reduce` (on a GPU: of NCCL's all-reduce kernels),
    from a message's start to its end, so it holds the wait for a slower process.

    Args:
        folder: Where the file goes.
        warmup: Steps that are not counted.
        steps: Timed steps.
        profiled: Steps under the profiler.
    """

    def __init__(self, folder: Path, warmup: int, steps: int, profiled: int):
        self.folder, self.warmup, self.steps, self.profiled = folder, warmup, steps, profiled
        self.timed: list[float] = []
        self.busy: list[float] = []
        self.portions = 0
        self._on_gpu = False
        self._since = self._busy_since = self._profiled_since = 0.0
        self._images = self._portions = self._updates = self._done = self._whole = 0
        self._profile: profile | None = None
        self._shares: dict = {}

    @property
    def num_steps(self) -> int:
        """Whole steps of the run."""
        return self.warmup + self.steps + self.profiled

    def on_train_start(self, trainer, pl_module) -> None:
        """Start the counts where the run does."""
        self._updates = trainer.global_step
        self._on_gpu = pl_module.device.type == "cuda"

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        """Leave out what happened since the last step: checkpoint, validation."""
        self._since, self._busy_since = _now(pl_module.device), time.process_time()

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        """Start the profiler once the timed steps are over."""
        if self._done == self.warmup + self.steps and self._profile is None:
            activities = [ProfilerActivity.CPU]
            if self._on_gpu:
                activities.append(ProfilerActivity.CUDA)
            self._profile = profile(activities=activities)
            self._profile.__enter__()
            self._since = self._profiled_since = _now(pl_module.device)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        """Count a portion; where the weights have changed, a step is over."""
        self._images += len(batch[1]) * trainer.world_size
        self._portions += 1
        if trainer.global_step == self._updates:
            return
        now = _now(pl_module.device)
        self._step_over(trainer, now)
        self._updates, self._since, self._images, self._portions = trainer.global_step, now, 0, 0
        self._busy_since = time.process_time()

    def _step_over(self, trainer, now: float) -> None:
        self._whole = max(self._whole, self._images)
        if self._images < self._whole:
            # The rest of an epoch.
            return
        self.portions = self._portions
        if self.warmup <= self._done < self.warmup + self.steps:
            self.timed.append(now - self._since)
            self.busy.append(time.process_time() - self._busy_since)
        self._done += 1
        if self._done == self.num_steps:
            self._stop_profiler()
            trainer.should_stop = True

    def on_train_end(self, trainer, pl_module) -> None:
        """Try the link and write the file."""
        trained = [p for p in pl_module.parameters() if p.requires_grad]
        record = {
            "rank": trainer.global_rank,
            "processes": trainer.world_size,
            "threads": torch.get_num_threads(),
            "device": device_name(pl_module.device),
            "backend": dist.get_backend() if dist.is_initialized() else "",
            "precision": str(trainer.precision),
            "torch": torch.__version__,
            "gradient_bytes": sum(p.numel() * p.element_size() for p in trained),
            "portions": self.portions,
            "shared_norms": sum(isinstance(module, SharedBatchNorm2d) for module in pl_module.modules()),
            "images": self._whole,
            "steps": self.timed,
            "busy": self.busy,
            "profile": self._shares,
            "link": try_link(pl_module.device) if trainer.world_size > 1 else [],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record) + "\n"
        (self.folder / FILE.format(rank=trainer.global_rank)).write_text(text, encoding="utf-8")

    def _stop_profiler(self) -> None:
        seconds = time.perf_counter() - self._profiled_since
        self._profile.__exit__(None, None, None)
        events = self._profile.events()
        sent = [event for event in events if _is_all_reduce(event.name)]
        spans = [(event.time_range.start, event.time_range.end) for event in sent]
        work = [(e.time_range.start, e.time_range.end) for e in events if _is_work(e, self._on_gpu)]
        microseconds = 1e6 * self.profiled
        self._shares = {
            "seconds": seconds / self.profiled,
            "all_reduce_seconds": total(spans) / microseconds,
            "hidden_seconds": covered(spans, work) / microseconds,
            "messages": len(sent) / self.profiled,
        }


def try_link(device: torch.device, repeats: int = 20) -> list[list[float]]:
    """Return [bytes, seconds] of an all-reduce alone for messages of several sizes, the median of some."""
    found = []
    for num_bytes in MESSAGES:
        message, times = torch.zeros(num_bytes // 4, device=device), []
        for _ in range(repeats):
            dist.barrier()
            start = _now(device)
            dist.all_reduce(message)
            times.append(_now(device) - start)
        found.append([num_bytes, sorted(times)[repeats // 2]])
    return found


def device_name(device: torch.device) -> str:
    """Name a GPU as its maker does; the processor is named by the program that started this one."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _is_all_reduce(name: str) -> bool:
    return name == "gloo:all_reduce" or (name.startswith("nccl") and "AllReduce" in name)


def _is_work(event, on_gpu: bool) -> bool:
    if on_gpu:
        return event.device_type == DeviceType.CUDA and not event.name.startswith("nccl")
    # No operator of this kind waits for a message; those that do have names of their own.
    return event.name.startswith("aten::")
