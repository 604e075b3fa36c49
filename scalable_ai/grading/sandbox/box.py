"""What a kernel may see and use: one folder to work in, data to read, and limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

GIGABYTE = 2**30


class SandboxError(Exception):
    """A process could not be boxed; the message is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Limits:
    """What a box may use.

    Memory and processor time count over all its processes. The box ends when they are used up, which is looked at five
    times a second: what its processes take in between, they have had. A single process that asks for more memory than
    `memory`, a file that grows beyond `file_size`, and a process or an open file too many are refused with an error
    that the learner's code sees.

    Attributes:
        memory: Bytes of memory, of each process and of all together, its private /tmp and /dev/shm included; what a
            warm kernel was given by its fork comes on top, once.
        cpu_seconds: Seconds of processor time of all its processes.
        processes: Processes and threads at a time.
        file_size: Bytes of one file.
        disk: Bytes in the working folder and the runtime folder.
        files: Files and folders in them.
        open_files: Open files of each process.
    """

    memory: int = 4 * GIGABYTE
    cpu_seconds: int = 3600
    processes: int = 256
    file_size: int = GIGABYTE
    disk: int = 2 * GIGABYTE
    files: int = 20_000
    open_files: int = 1024


@dataclass(frozen=True)
class Box:
    """A place for one kernel.

    Attributes:
        folder: Working folder, the only one that outlives the box; inside it has the same absolute path.
        readable: Other folders or files that it may read, such as data sets.
        limits: What it may use.
        allow_unsandboxed: Whether to go on without a box where this machine offers none.
    """

    folder: Path
    readable: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)
    allow_unsandboxed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        paths = [str(Path(path).absolute()) for path in self.readable]
        return {**asdict(self), "folder": str(Path(self.folder).absolute()), "readable": paths}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Box:
        """Return the box that `to_dict` wrote."""
        readable = tuple(map(Path, data["readable"]))
        folder, limits = Path(data["folder"]), Limits(**data["limits"])
        return cls(folder, readable, limits, data["allow_unsandboxed"])
