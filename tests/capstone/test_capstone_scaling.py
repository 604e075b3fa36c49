"""The scaling report: the cost model's arithmetic, what a report says, and a measured run of two processes."""

import html
import json
import math
import re
from dataclasses import astuple, replace

import pytest

from scalable_ai.capstone.cli import main
from scalable_ai.capstone.scaling import ScaleError, available_cores, default_processes
from scalable_ai.capstone.scaling.assumption import Assumptions
from scalable_ai.capstone.scaling.costmodel import (
    SMALL,
    Cluster,
    Compute,
    Link,
    Traffic,
    buckets,
    fit_compute,
    fit_link,
    predict,
)
from scalable_ai.capstone.scaling.measurement import measure, summary
from scalable_ai.capstone.scaling.page import as_markdown
from scalable_ai.capstone.scaling.report import make_report
from scalable_ai.capstone.scaling.section import sections
from scalable_ai.capstone.scaling.setup import WHOLE, Setup, setups
from scalable_ai.capstone.scaling.spans import covered, merged, total

# Spans


def test_time_in_all_reduce_is_a_union_and_hidden_time_an_intersection():
    sent, work = [(0, 4), (2, 6), (10, 12)], [(5, 11), (20, 30)]
    assert merged(sent) == [(0, 6), (10, 12)]
    assert total(sent) == 8
    assert covered(sent, work) == 2
    assert covered(sent, []) == 0


# Which runs


def test_two_processes_are_compared_with_one_that_has_their_cores():
    found = setups([1, 2], cores=2, gpus=0)
    assert found[0] == Setup(1, 1, WHOLE)
    assert {Setup(2, 1, WHOLE), Setup(2, 1, 2 * WHOLE), Setup(1, 2, WHOLE)} <= set(found)
    assert len(found) == len(set(found)) == 6
    assert Setup(2, 1, WHOLE).shares([4, 7]) == [[4], [7]]
    assert setups([2], cores=8, gpus=0)[0].cores == 4
    assert all(setup.cores == 0 for setup in setups([1, 2], cores=8, gpus=2))


def test_default_processes_go_up_to_what_is_there():
    assert default_processes(1, 0) == [1]
    assert default_processes(64, 0) == [1, 2]
    assert default_processes(64, 6) == [1, 2, 4, 6]


# The cost model


def test_a_ring_costs_what_the_textbook_says():
    link = Link(latency=1e-3, bandwidth=1e6)
    assert link.ring(4e6, 4) == pytest.approx(6 * (1e-3 + 1))
    assert link.ring(4e6, 1) == 0
    inside, between = Link(1e-5, 1e9), Link(1e-4, 1e8)
    cluster = Cluster(2, 4, inside, between)
    assert cluster.all_reduce(4e6) == pytest.approx(inside.ring(4e6, 4) + between.ring(1e6, 2))


def test_fits_give_back_the_numbers_that_made_the_points():
    compute, link = Compute(0.03, 2e-3), Link(2e-4, 5e8)
    computed = fit_compute([(n, compute.seconds(n)) for n in (100, 200, 800)])
    assert astuple(computed) == pytest.approx(astuple(compute))
    linked = fit_link([(m, link.ring(m, 4)) for m in (1e3, 1e5, 1e7)], 4)
    assert astuple(linked) == pytest.approx(astuple(link))


def test_fits_never_turn_negative():
    steeper = fit_compute([(100, 0.1), (200, 0.25)])
    assert steeper.fixed == 0
    assert 0.1 / 100 < steeper.per_image < 0.25 / 200
    assert fit_link([(1e3, 2e-3), (1e6, 1e-3)], 2).bandwidth < math.inf


def test_gradients_hide_behind_the_last_backward_pass_and_small_messages_never():
    link, compute = Link(1e-4, 1e9), Compute(0.01, 1e-3)
    cluster = Cluster(1, 2, link, link)
    traffic = Traffic(gradient_bytes=8_000_000, small_messages=10, portions=4)
    strong = predict("", compute, traffic, cluster, images=80, weak=False, backward_share=0.5)
    small, gradients = 10 * link.ring(SMALL, 2), link.ring(8e6, 2)
    assert strong.images == 80
    assert strong.computing == pytest.approx(0.05)
    assert strong.slow == pytest.approx(0.05 + small + gradients)
    assert strong.slow - strong.quick == pytest.approx(40e-3 * 0.5 / 4)
    low, high = strong.efficiency
    assert low < high < 1
    weak = predict("", compute, traffic, cluster, images=80, weak=True, backward_share=0.5)
    assert (weak.images, weak.computing) == (160, pytest.approx(0.09))
    # However long the computing, the last bucket is sent when it is over.
    long = predict("", Compute(0.01, 1.0), traffic, cluster, images=80, weak=True, backward_share=1.0)
    assert long.quick == pytest.approx(long.computing + small + link.ring(2**20, 2))


def test_one_process_sends_nothing():
    cluster = Cluster(1, 1, Link(1, 1), Link(1, 1))
    alone = predict("", Compute(1, 1), Traffic(10**6, 5, 1), cluster, 10, weak=False, backward_share=0.5)
    assert alone.quick == alone.slow == alone.computing == 11
    assert alone.efficiency == (1, 1)


def test_gradients_are_cut_into_buckets():
    assert [buckets(size) for size in (10**5, 2**20, 2**21, 60 * 2**20)] == [1, 1, 2, 4]


# Reports


def record(rank, step, link=(), **profile):
    shares = {"seconds": step, "all_reduce_seconds": 0.0, "hidden_seconds": 0.0, "messages": 0} | profile
    return {
        **{"rank": rank, "device": "cpu", "precision": "32-true", "torch": "2.0"},
        **{"gradient_bytes": 4_000_000, "shared_norms": 6, "portions": 2, "link": list(link), "profile": shares},
        "steps": [step * share for share in (0.9, 1.0, 1.1, 1.0, 5.0)],
    }


def made_up(setup):
    """Return the measurement that a machine would give which is exactly as the model says."""
    link, images = Link(1e-4, 1e9), 100 * setup.parts
    step = 0.02 + 1e-3 * images / setup.processes / (setup.cores or 1)
    if setup.processes == 1:
        records = [record(0, step)]
    else:
        sent = 24 * link.ring(SMALL, 2) + link.ring(4_000_000, 2)
        points = [[size, link.ring(size, 2)] for size in (1e3, 1e5, 1e7)]
        profile = {"messages": 24 + buckets(4_000_000), "hidden_seconds": 0.0}
        records = [
            record(0, step + sent, points, all_reduce_seconds=sent + 0.01, **profile),
            record(1, (step + sent) * 0.99, points, all_reduce_seconds=sent, **profile),
        ]
    busy = [0.95 * (setup.cores or 1) * records[0]["steps"][1]] * 5
    return summary(setup, [values | {"images": images, "busy": busy} for values in records])


@pytest.fixture(scope="module")
def report():
    runs = [made_up(setup) for setup in setups([1, 2], cores=2, gpus=0)]
    about = {"made": "today", "machine": "a <small> machine", "pinned": True, "command": "--config quick"}
    return make_report(runs, Assumptions(), **about)


def test_a_measurement_takes_the_slowest_process_and_the_shortest_all_reduce():
    run = made_up(Setup(2, 1, WHOLE))
    assert run.seconds == pytest.approx(record(0, run.seconds)["steps"][1])
    assert run.waiting_seconds == pytest.approx(0.01)
    assert run.images_per_second == pytest.approx(400 / run.seconds)
    with pytest.raises(ScaleError, match="no whole step was timed"):
        summary(Setup(1, 1, WHOLE), [record(0, 1.0) | {"images": 400, "steps": [], "busy": []}])


def test_a_report_tells_efficiencies_and_the_error_of_its_model(report):
    strong = {line.processes: line for line in report.lines if line.kind == "strong"}
    single, double = report.runs[0], made_up(Setup(2, 1, WHOLE))
    assert strong[1].efficiency == 1
    assert strong[2].efficiency == pytest.approx(single.seconds / double.seconds / 2)
    assert strong[2].against_one == pytest.approx(made_up(Setup(1, 2, WHOLE)).seconds / double.seconds)
    weak = {line.processes: line for line in report.lines if line.kind == "weak"}
    assert weak[2].images == 2 * weak[1].images
    assert report.model.compute.fixed == pytest.approx(0.02)
    assert report.model.traffic.small_messages == 24
    assert {check.fitted for check in report.model.checks} == {True, False}
    assert max(abs(check.error) for check in report.model.checks) < 1e-6


def test_a_report_predicts_eight_and_sixty_four(report):
    found = {row.name: row for row in report.predictions}
    assert {"8 processes, strong", "8 GPUs, weak", "8 machines of 8 GPUs, strong"} <= found.keys()
    assert found["8 machines of 8 GPUs, weak"].processes == 64
    assert found["8 machines of 8 GPUs, weak"].images == 64 * found["8 GPUs, strong"].images
    for row in report.predictions:
        low, high = row.efficiency
        assert 0 < low <= high <= 1
    slower = Assumptions().changed(["fabric_bandwidth=1e6"])
    again = make_report(report.runs, slower, made="", machine="", pinned=True, command="")
    changed = {row.name: row for row in again.predictions}
    assert changed["8 machines of 8 GPUs, weak"].slow > 2 * found["8 machines of 8 GPUs, weak"].slow
    assert changed["8 GPUs, weak"] == found["8 GPUs, weak"]


def test_a_report_from_a_busy_machine_says_so(report):
    assert "busy with other work" not in as_markdown(sections(report), "", "")
    runs = [replace(run, processor_seconds=run.processor_seconds / 2) for run in report.runs]
    slow = make_report(runs, Assumptions(), made="", machine="", pinned=True, command="")
    assert "had 48% of its cores' time" in as_markdown(sections(slow), "", "")


def test_gpus_that_were_measured_take_the_place_of_assumed_ones():
    runs = [made_up(setup) for setup in setups([1, 2], cores=2, gpus=2)]
    about = {"made": "", "machine": "", "pinned": True, "command": ""}
    both = make_report(runs, Assumptions(), **about)
    one = make_report(runs[:3], Assumptions(), **about)
    for found in (both, one):
        assert [row.name.split(",")[0] for row in found.predictions[::2]] == ["8 GPUs", "8 machines of 8 GPUs"]
        assert found.predictions[1].computing == pytest.approx(runs[0].seconds)
        assert all(line.against_one is None for line in found.lines)
        # Where only one process ran, messages are counted from the layers.
        assert found.model.traffic.small_messages == 24
    assert both.model.link.latency == pytest.approx(1e-4)
    assert one.model.link is None


def test_the_files_hold_the_same_and_the_picture_is_described(report, tmp_path):
    report.write(tmp_path)
    kept = json.loads((tmp_path / "scaling.json").read_text())
    assert kept["lines"][1]["processes"] == 2
    assert kept["assumptions"]["fabric_bandwidth"] == 25e9
    assert kept["runs"][0]["images_per_second"] == pytest.approx(report.runs[0].images_per_second)
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")
    text, page = ((tmp_path / f"scaling.{kind}").read_text() for kind in ("md", "html"))
    (alternative,) = re.findall(r"!\[(.+)\]\(scaling.png\)", text)
    assert html.escape(alternative) in page
    assert f"2: {report.lines[1].images_per_second:,.0f}" in alternative
    assert "a &lt;small&gt; machine" in page
    for name in ("fabric_latency", "gpu_images_per_second", "8 machines of 8 GPUs, weak"):
        assert name in text
        assert name in page
    widths = [{row.count("|") for row in block.splitlines()} for block in text.split("\n\n") if block.startswith("|")]
    assert len(widths) == 5
    assert all(len(width) == 1 for width in widths)


# Two processes, measured


@pytest.fixture(scope="module")
def two(tiny):
    """Measure two processes, on a core each where there are two."""
    cores = available_cores()
    options = [*tiny[: tiny.index("--trainer.max_epochs")], "--data.num_train", "230"]
    # An epoch of five portions: two whole steps, and half a one that must not count.
    options += ["--data.batch_size", "48", "--data.portion", "24"]
    return measure(Setup(2, 1, WHOLE), [cores[0], cores[-1]], options, steps=5)


def test_a_measured_run_counts_whole_steps_and_sees_its_messages(two):
    assert (two.images, two.portions, two.steps) == (48, 2, 5)
    assert two.seconds > 0
    # Batch normalization of six layers: forward and backward, in two portions; the gradients come on top.
    assert two.messages >= 6 * 2 * 2 + 1
    assert 0 < two.all_reduce_share < 1
    assert 0 <= two.hidden_seconds <= 1.001 * two.all_reduce_seconds
    assert 0 < two.busy_share < 1.1
    assert (two.shared_norms, two.gradient_bytes > 10_000) == (6, True)
    sizes = [size for size, _ in two.link]
    assert sizes == sorted(sizes)
    assert all(seconds > 0 for _, seconds in two.link)


BAD = {
    "processes": (["--processes", "1,4096"], "--processes 4096: each needs its own"),
    "none": (["--processes", "0"], "--processes 0: name whole numbers from 1 up"),
    "steps": (["--steps", "0"], "--steps 0: at least one step"),
    "name": (["--assume", "speed=3"], "there is no assumption 'speed'; choose of gpu_images_per_second"),
    "value": (["--assume", "fabric_latency=-1"], "--assume fabric_latency=-1: the value must be a number above 0."),
    "run": (["--data.source", "/nowhere.zip", "--processes", "1"], "/nowhere.zip: there is no such file or folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_one_sentence(case, tmp_path, capsys):
    options, message = BAD[case]
    assert main(["scale", "--trainer.accelerator", "cpu", "--output", str(tmp_path / "out"), *options]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
