"""What a scaling report says, section by section, before it is Markdown or HTML."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from .assumption import Assumptions
from .costmodel import SMALL

if TYPE_CHECKING:
    from .report import Report

ENOUGH = 0.9
"""Share of its cores' time below which a measurement is not to be trusted."""


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs and a table, or the place of the picture."""

    title: str
    paragraphs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: bool = False


def sections(report: "Report") -> list[Section]:
    """Return the sections of a report, the first of which is its title."""
    return [_head(report), _scaling(report), _runs(report), _model(report), _predictions(report), _assumptions(report)]


def _head(report: "Report") -> Section:
    run = report.runs[0]
    where = "Each process was kept to cores of its own, one thread on each." if report.pinned else ""
    if not run.setup.cores:
        where = "Each process had one GPU."
    elif not report.pinned:
        where = "Each process had as many threads as cores; this system cannot keep a process to cores."
    alone = [run.busy_share for run in report.runs if run.setup.processes == 1 and run.setup.cores]
    warning = ()
    if alone and min(alone) < ENOUGH:
        warning = (
            f"*The machine was busy with other work*: a process that runs alone had {min(alone):.0%} of its cores' "
            "time, so absolute times are too long, and ratios of them uncertain.",
        )
    return Section(
        "Scaling of the training",
        (
            *warning,
            f"{report.machine}; {run.device}, precision {run.precision}, PyTorch {run.torch}; {report.made}. {where}",
            f"Every run is `scalable-ai capstone fit {report.command}` with its own number of processes and batch; "
            f"a step is {run.images:,} images in {run.portions} "
            f"{'portion' if run.portions == 1 else 'portions'}. Times are medians of {run.steps} steps of the slowest "
            "process, after two steps that are not counted; loading is included, validation is not.",
        ),
    )


def _scaling(report: "Report") -> Section:
    rows = [
        (
            line.kind,
            str(line.processes),
            f"{line.images:,}",
            f"{line.images_per_second:,.0f}",
            f"{line.efficiency:.2f}",
            "–" if line.against_one is None else f"{line.against_one:.2f}",
            f"{line.all_reduce_share:.1%}",
        )
        for line in report.lines
    ]
    return Section(
        "Measured scaling",
        (
            "Strong scaling keeps the global batch, weak scaling the batch of each process. Efficiency is the "
            "throughput as a share of so many times one process with one process's share of the machine. The column "
            "beside it compares with one process that has all of these cores, at the same global batch.",
        ),
        ("kind", "processes", "images a step", "images/s", "efficiency", "against one process", "in all-reduce"),
        tuple(rows),
        picture=True,
    )


def _runs(report: "Report") -> Section:
    rows = [
        (
            str(run.setup),
            f"{run.images:,}",
            f"{_ms(run.seconds)} ± {_ms(run.seconds * run.spread)}",
            f"{run.images_per_second:,.0f}",
            "–" if run.busy_share is None else f"{run.busy_share:.0%}",
            _ms(run.profiled_seconds),
            _ms(run.all_reduce_seconds),
            _ms(run.hidden_seconds),
            _ms(run.waiting_seconds),
            f"{run.messages:.0f}",
        )
        for run in report.runs
    ]
    columns = ("run", "images a step", "ms a step", "images/s", "processor")
    return Section(
        "All runs, and the time in all-reduce",
        (
            "Time in all-reduce comes from `torch.profiler` in two further steps of the same run: the union of all "
            "spans named `gloo:all_reduce` (on GPUs, of NCCL's all-reduce kernels), from a message's start to its end, "
            "in the process where it is shortest. *Hidden* is how much of it the same process computed meanwhile; "
            "*waiting* how much longer it is in the process that waits most for the others. The spread is half the "
            "distance between the quartiles; *processor* is the processor time as a share of what the cores offer.",
        ),
        (*columns, "ms a step, profiled", "in all-reduce, ms", "hidden, ms", "waiting, ms", "all-reduces a step"),
        tuple(rows),
    )


def _model(report: "Report") -> Section:
    model = report.model
    told = [
        f"Computing: {_ms(model.compute.fixed)} ms a step and {model.compute.per_image * 1e6:,.1f} µs an image of a "
        "process, a line fitted to the single processes by least squares of relative errors.",
    ]
    if model.link:
        sizes = next(run.link for run in report.runs if run.link)
        told += [
            f"Sending: a ring of p processes takes 2 (p - 1) (latency + bytes / p / bandwidth), with "
            f"{model.link.latency * 1e6:,.0f} µs and {model.link.bandwidth / 1e9:,.2f} GB/s fitted to all-reduces "
            f"alone of {len(sizes)} sizes from {sizes[0][0]:,.0f} to {sizes[-1][0]:,.0f} bytes; the fit is off by up "
            f"to {model.link_error:.0%} of a size's time.",
            f"A step sends {model.traffic.gradient_bytes:,} bytes of gradients once, and "
            f"{model.traffic.small_messages:.0f} small messages ({SMALL:,} bytes are reckoned), for which the "
            f"computing stops: the statistics of batch normalization over all processes. Of the all-reduce time, "
            f"{model.hidden:.0%} was hidden behind computing.",
        ]
    tests = [abs(check.error) for check in model.checks if not check.fitted]
    if tests:
        told.append(f"On the runs it was not fitted to, the model is off by up to {max(tests):.0%}.")
    rows = [
        (
            check.setup,
            f"{check.images:,}",
            _ms(check.measured),
            _ms(check.modelled),
            f"{check.error:+.1%}",
            "yes" if check.fitted else "no",
        )
        for check in model.checks
    ]
    columns = ("run", "images a step", "measured, ms", "model, ms", "error", "fitted to it")
    return Section("Cost model", tuple(told), columns, tuple(rows))


def _predictions(report: "Report") -> Section:
    rows = [
        (
            row.name,
            f"{row.images / row.processes:,.0f}",
            f"{row.images:,}",
            _span(row.quick * 1e3, row.slow * 1e3, 1),
            _span(*row.throughput, 0),
            _span(*row.efficiency, 2),
            _span(1 - row.computing / row.quick, 1 - row.computing / row.slow, 2),
        )
        for row in report.predictions
    ]
    columns = ("cluster, scaling", "images a process", "images a step", "ms a step", "images/s", "efficiency")
    return Section(
        "Predicted",
        (
            "Each range goes from gradients that are hidden behind the last backward pass, as far as it lasts, to "
            "gradients that are not hidden at all. Small messages are never hidden.",
        ),
        (*columns, "share of a step in all-reduce"),
        tuple(rows),
    )


def _assumptions(report: "Report") -> Section:
    measured = "" if report.runs[0].setup.cores else " The GPU's own speed was measured; `gpu_*_second*` are not used."
    rows = [
        (f"`{field.name}`", f"{getattr(report.assumptions, field.name):g}", field.metadata["why"])
        for field in fields(Assumptions)
    ]
    return Section(
        "Assumptions and limits",
        (
            "`--assume NAME=VALUE` changes a number: bandwidths are bytes a second, latencies seconds." + measured,
            "An all-reduce over machines is a ring inside each machine and one between machines for each process's "
            "part of the data. Every process is as fast as the one measured, also when eight share a machine: "
            "memory bandwidth, clock speed and heat are left out, and so are slow processes, other traffic on the "
            "network, and loading from a shared disk. A process's compute time is a line in its images; far below the "
            "smallest batch measured it is carried on without evidence. An image costs a GPU as much as in the "
            "published record, whatever the network; accuracy at a larger global batch is another question.",
        ),
        ("name", "value", "why"),
        tuple(rows),
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}"


def _span(low: float, high: float, digits: int) -> str:
    first, last = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
    return first if first == last else f"{first} to {last}"
