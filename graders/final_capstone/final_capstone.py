"""Hidden checks of the final capstone. Nothing is trained here: functions are asked, and the exported file is measured.

The file comes from the hand-in by value and is run in a limited process (`scalable_ai.grading.artefact`). Pictures are
held back: figures are drawn afresh with a secret seed, and photographs are the test images of the set that the judge
finds, or of the one that `SCALABLE_AI_HELD_BACK` names (a path, as in `SCALABLE_AI_DATA`).
"""

import functools
import json
import os

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from scalable_ai.data import cifar10
from scalable_ai.data.generated import CLASSES, draw_held_back
from scalable_ai.data.locate import find
from scalable_ai.grading.answerer import AnswerError
from scalable_ai.grading.artefact import MAX_BYTES, ArtefactError, run_onnx
from scalable_ai.grading.hidden import GraderError, compare, hidden

# Step 1: a network from a configuration ------------------------------------------------------------------------------


def draw_images(rng, count):
    """Draw pictures of noise, float32 [count, 3, 32, 32]."""
    return torch.from_numpy(rng.random((count, 3, 32, 32), dtype=np.float32))


@hidden("build_network", "Logits for other widths, classes and batches")
def logits(check, learner, reference, rng):
    for widths in ([5], [6, 3, 9, 4], [2, 3, 4, 5, 6]):
        classes, count = int(rng.integers(3, 9)), int(rng.integers(10, 14))
        images = draw_images(rng, count)
        facts = learner.call("inspect_network", widths, classes, images)
        likely = "The last layer has as many outputs as classes are asked for, whatever the widths are."
        check.equal(tuple(facts["logits"].shape), (count, classes), "shape of the logits", likely=likely)
        check.that(
            facts["logits"].dtype == torch.float32,
            "float32 logits",
            got=str(facts["logits"].dtype),
            likely="Bytes become float32 first; the network then computes in float32 throughout.",
        )
        likely = "Return logits, numbers of any size and sign; a softmax belongs to the loss."
        sums = facts["logits"].exp().sum(1), facts["logits"].sum(1)
        check.that(
            all(bool((total - 1).abs().max() > 1e-3) for total in sums), "logits, no probabilities", likely=likely
        )


@hidden("build_network", "The configuration decides the size")
def sizes(check, learner, reference, rng):
    images = draw_images(rng, 4)

    def parameters(*widths):
        return learner.call("inspect_network", list(widths), 4, images)["parameters"]

    first, second = (int(width) for width in rng.integers(4, 9, 2))
    start = parameters(first, second)
    likely = "Make one stage for each width of the list, and let the numbers of channels come from it."
    for widths in ((first + 8, second), (first, second + 8), (first, second, second)):
        check.that(parameters(*widths) > start, f"more parameters for widths {list(widths)}", likely=likely)


@hidden("build_network", "A picture's answer is its own")
def one_by_one(check, learner, reference, rng):
    facts = learner.call("inspect_network", [6, 8], 5, draw_images(rng, 9))
    likely = "In evaluation mode an answer must not depend on the other pictures of the batch."
    check.equal(facts["one by one"], facts["logits"], "logits one by one", likely=likely, tolerance=1e-3)
    likely = "A layer that no picture goes through learns nothing."
    check.equal(facts["without gradient"], [], "parameters without a gradient", likely=likely)


@hidden("build_network", "The whole picture counts, and not only in straight lines")
def whole_picture(check, learner, reference, rng):
    plain = draw_images(rng, 1)
    changed = [plain]
    for top in (0, 16):
        for left in (0, 16):
            for _ in range(3):
                one = plain.clone()
                one[..., top : top + 16, left : left + 16] = draw_images(rng, 1)[..., :16, :16].round() * 3
                changed.append(one)
    mixed = [plain, changed[1], (plain + changed[1]) / 2]
    found = learner.call("inspect_network", [12, 12], 6, torch.cat(changed + mixed))["logits"]
    check.that(
        isinstance(found, torch.Tensor) and len(found) == 16,
        "logits of every picture",
        likely="One row of logits for each picture of the batch.",
    )
    gaps = (found[1:13] - found[0]).abs().amax(1).reshape(4, 3).amax(1)
    likely = "Pool over the whole picture; some part of it never reaches the linear layer."
    check.that(bool((gaps > 1e-6).all()), "logits that change with each quarter of the picture", likely=likely)
    first, second, middle = found[13:]
    bend = (middle - (first + second) / 2).abs().max() / (first - second).abs().max().clamp_min(1e-12)
    likely = "Without a nonlinearity, such as ReLU, all stages together are one linear layer."
    check.that(bool(bend > 1e-3), "a network that is not linear", likely=likely)


# Step 2: a module that carries its settings --------------------------------------------------------------------------


def try_module(learner, rng, steps):
    """Ask for the facts of one module, and return what went in beside them."""
    widths, lr = [int(width) for width in rng.integers(3, 9, 2)], float(rng.uniform(0.01, 0.2))
    images = torch.from_numpy(rng.integers(0, 256, (16, 3, 32, 32), dtype=np.uint8))
    labels = torch.from_numpy(rng.permutation(np.arange(16) % 10))
    return learner.call("try_module", widths, lr, images, labels, steps), widths, lr, labels


@hidden("module", "The loss of a batch")
def loss(check, learner, reference, rng):
    facts, _, _, labels = try_module(learner, rng, 3)
    expected = torch.nn.functional.cross_entropy(facts["logits"], labels)
    likely = (
        "The mean cross-entropy takes the logits of the module, which expects bytes, and the labels, in this order."
    )
    check.equal(facts["loss"], expected, "loss", likely=likely, tolerance=1e-4)


@hidden("module", "Settings that travel in the checkpoint")
def settings(check, learner, reference, rng):
    facts, widths, lr, _ = try_module(learner, rng, 3)
    kept = facts["settings"]
    check.that(
        isinstance(kept, dict),
        "settings by name",
        got=type(kept).__name__,
        likely="`save_hyperparameters()` keeps them by name under `self.hparams`.",
    )
    likely = "One call in `__init__` keeps all arguments under `self.hparams`, and with them in every checkpoint."
    check.equal({name: kept.get(name) for name in ("widths", "lr")}, {"widths": widths, "lr": lr}, "settings", likely)
    more = learner.call("try_module", [widths[0], widths[1] + 8], lr, *some_batch(rng), 3)
    likely = "Build the network from the widths that the module was given."
    check.that(more["parameters"] > facts["parameters"], "a larger network for larger widths", likely=likely)


def some_batch(rng):
    """Draw a batch of bytes and labels."""
    return torch.from_numpy(rng.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)), torch.arange(12) % 10


@hidden("module", "Learning rates that follow the length of the run", weight=2)
def rates(check, learner, reference, rng):
    for steps in (int(rng.integers(9, 14)), int(rng.integers(20, 30))):
        facts, _, lr, _ = try_module(learner, rng, steps)
        found = [float(rate) for rate in facts["rates"]]
        check.that(
            len(found) == steps,
            "one learning rate a step",
            got=len(found),
            likely="The schedule has one rate for each step: set its interval to `step`.",
        )
        likely = "Lightning changes the rate after each epoch unless the interval says 'step'."
        check.that(len(set(found)) >= steps - 1, "a rate that changes after every step", likely=likely)
        likely = "The rate rises to the one that was asked for, and has come down at the end of the run."
        check.that(0.8 * lr <= max(found) <= 1.01 * lr, "a highest rate close to the one asked for", likely=likely)
        likely = "The length of the schedule is the number of steps of the whole run, which the trainer estimates."
        check.that(found[-1] < max(found) / 4, "a low rate in the last step", likely=likely)


# Step 3: evidence ----------------------------------------------------------------------------------------------------


def draw_records(rng):
    """Draw the records of a sound run, in any order of ranks."""
    processes, steps, share = int(rng.integers(2, 6)), int(rng.integers(3, 7)), int(rng.integers(2, 5))
    places = rng.permutation(3 * processes * steps * share)[: processes * steps * share]
    places = places.reshape(processes, steps, share)
    norms = rng.uniform(0.1, 5, steps)
    records = [
        {
            "rank": rank,
            "steps": places[rank].tolist(),
            "gradients": (norms * (1 + rng.uniform(-1e-7, 1e-7, steps))).tolist(),
            "lines": 3 if rank == 0 else 0,
        }
        for rank in range(processes)
    ]
    return [records[place] for place in rng.permutation(processes)]


def expect(check, learner, records, name, value, likely):
    """Demand one of the three findings."""
    found = learner.call("ddp_evidence", records)
    check.that(
        isinstance(found, dict),
        "a dictionary",
        got=type(found).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    check.equal(found.get(name), value, f'"{name}"', likely=likely)


def pick(records, rank):
    """Return the record of one process."""
    return next(record for record in records if record["rank"] == rank)


@hidden("ddp_evidence", "Shards that overlap, and shards that do not")
def disjoint(check, learner, reference, rng):
    for _ in range(4):
        records = draw_records(rng)
        likely = "Different pictures in all steps of all processes are disjoint shards, whatever is left over."
        expect(check, learner, records, "disjoint", True, likely)
        records[0]["steps"][-1][0] = records[-1]["steps"][0][-1]
        likely = "Compare all processes with one another, and all of their steps."
        expect(check, learner, records, "disjoint", False, likely)
        records = draw_records(rng)
        records[1]["steps"][-1][-1] = records[1]["steps"][0][0]
        likely = "One process may take a picture twice too, in different steps."
        expect(check, learner, records, "disjoint", False, likely)


@hidden("ddp_evidence", "Gradients that are equal, and gradients that part")
def gradients(check, learner, reference, rng):
    for _ in range(4):
        records = draw_records(rng)
        likely = "The last digits of floats may differ between processes; compare within a share of 1e-5."
        expect(check, learner, records, "equal_gradients", True, likely)
        last = records[-1]["gradients"]
        last[-1] *= 1.001
        likely = "Compare every step of every process; they may part in the last one, and by a little."
        expect(check, learner, records, "equal_gradients", False, likely)
        records = draw_records(rng)
        own = records[-1]["gradients"]
        own[0], own[1] = own[1], own[0] + 1
        expect(
            check, learner, records, "equal_gradients", False, "Compare step by step; a sum or a set hides an order."
        )
        records = draw_records(rng)
        records[-1]["gradients"].pop()
        expect(check, learner, records, "equal_gradients", False, "A process that stopped early has fewer steps.")
    alone = [pick(draw_records(rng), 0)]
    expect(check, learner, alone, "equal_gradients", True, "One process alone has nothing to differ from.")


@hidden("ddp_evidence", "Who speaks")
def speakers(check, learner, reference, rng):
    likely = "Rank 0, and nobody else, is to have printed lines; the first record need not be that of rank 0."
    for _ in range(4):
        records = draw_records(rng)
        expect(check, learner, records, "rank_0_speaks", True, likely)
        pick(records, 1)["lines"] = int(rng.integers(1, 4))
        expect(check, learner, records, "rank_0_speaks", False, likely)
        pick(records, 0)["lines"] = 0
        expect(check, learner, records, "rank_0_speaks", False, likely)
        pick(records, 1)["lines"] = 0
        expect(check, learner, records, "rank_0_speaks", False, likely)


# Step 4: a forecast --------------------------------------------------------------------------------------------------


def draw_plan(rng):
    """Draw a number of processes, a batch that they can share, a data set that it does not divide, and costs."""
    processes = int(rng.integers(2, 12))
    batch = processes * int(rng.integers(3, 60))
    images = batch * int(rng.integers(2, 90)) + int(rng.integers(1, batch))
    return processes, batch, images, float(rng.uniform(0.001, 0.1)), float(rng.uniform(0.01, 0.5))


MODEL = "A step costs share times compute, plus the exchange for each process beyond the first; whole batches only."
compare("plan", call="plan", args=draw_plan, likely=MODEL, tolerance=1e-6, weight=2)


@hidden("plan", "One process, and one too many")
def alone_and_uneven(check, learner, reference, rng):
    _, batch, images, compute, exchange = draw_plan(rng)
    found = learner.call("plan", 1, batch, images, compute, exchange)
    check.that(
        isinstance(found, dict),
        "a dictionary",
        got=type(found).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "One process exchanges nothing, so its efficiency is 1.0."
    check.equal(found.get("efficiency"), 1.0, "efficiency of one process", likely=likely, tolerance=1e-9)
    refused = raises_value_error(learner, batch - 1, batch, images, compute, exchange)
    likely = "Look at the remainder of the division first."
    check.that(refused, "a ValueError where processes cannot share the batch equally", likely=likely)


def raises_value_error(learner, *arguments):
    """Tell whether a plan is refused, as the answer says of itself."""
    try:
        learner.call("plan", *arguments)
    except (AnswerError, GraderError) as error:  # the latter where the reference answer is asked
        return "ValueError" in str(error)
    return False


@hidden("plan", "More processes that are slower")
def turning_point(check, learner, reference, rng):
    compute = float(rng.uniform(0.01, 0.02))
    exchange = compute * 1024 / float(rng.uniform(40, 90))
    seconds = []
    for processes in (1, 4, 128):
        found = learner.call("plan", processes, 1024, 20_480, compute, exchange)
        check.that(
            isinstance(found, dict) and "seconds" in found,
            "a dictionary with seconds",
            got=type(found).__name__,
            likely="Return one dictionary with the keys that the task names.",
        )
        seconds.append(float(found["seconds"]))
    likely = "Compute shrinks with the number of processes and exchange grows with it; add both."
    check.that(seconds[1] < seconds[0], "four processes that are faster than one", likely=likely)
    check.that(seconds[2] > seconds[1], "128 processes that are slower than four", likely=likely)


# Step 5: the file ----------------------------------------------------------------------------------------------------

NUM_IMAGES = 2000
FLOORS = {"generated": 0.85, "photographs": 0.50}
SOURCES = ("generated", "official", "folder")
TOLERANCE = 0.05
BUDGET = 4.0
BLIND = 0.25
"""Claims and times of a file that is no better than this are worth nothing: guessing is honest and fast."""


def yardstick():
    """Return one convolution from 64 to 64 channels as an ONNX file, as the lesson writes it."""
    weights = numpy_helper.from_array(np.zeros((64, 64, 3, 3), np.float32), "weights")
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64, 32, 32]) for name in ("x", "y")]
    node = helper.make_node("Conv", ["x", "weights"], ["y"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "yardstick", ports[:1], ports[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return model.SerializeToString()


@functools.lru_cache(2)
def held_back(kind, seed):
    """Return (float32 images, labels) that no hand-in has seen, and the names of the classes."""
    if kind == "generated":
        split, classes = draw_held_back(seed, NUM_IMAGES), CLASSES
    else:
        source = os.environ.get("SCALABLE_AI_HELD_BACK")
        if find(source).source == "generated":
            raise GraderError(
                "this hand-in was trained on photographs, and this machine has none to measure it with; "
                "set SCALABLE_AI_DATA or SCALABLE_AI_HELD_BACK to a copy of CIFAR-10 and grade again"
            )
        data = cifar10(source)
        split, classes = data.test, data.classes
    count = min(NUM_IMAGES, len(split))
    places = torch.from_numpy(np.random.default_rng(seed).permutation(len(split))[:count])
    return split.images[places].float().numpy() / 255, split.labels[places].numpy(), classes


@functools.lru_cache(4)
def measured(content, seed):
    """Return (accuracy, ratio, metadata) of a file, or the sentence that says what is wrong with it.

    What the file says it was trained on decides which pictures it is measured with.
    """
    try:
        # A first look, at the pictures that are always at hand, tells what the file says of itself.
        images, labels, classes = held_back("generated", seed)
        ran = run_onnx(content, images, len(classes), yardstick(), enough=BUDGET)
        if ran.metadata.get("trained_on") not in SOURCES:
            return f"one whose `trained_on` is none of {', '.join(SOURCES)}"
        if ran.metadata["trained_on"] != "generated":
            images, labels, classes = held_back("photographs", seed)
            ran = run_onnx(content, images, len(classes), yardstick(), enough=BUDGET)
    except ArtefactError as error:
        return str(error)
    try:
        ours = json.loads(ran.metadata.get("classes", "null"))
    except (ValueError, RecursionError):
        ours = None
    if ours != list(classes):
        return "one whose `classes` are not the ten names of its data set, in order, as JSON"
    accuracy = float((ran.outputs.argmax(1) == labels[: len(ran.outputs)]).mean())
    return accuracy, ran.ratio, ran.metadata


def look(check, learner, rng):
    """Return (accuracy, ratio, metadata) of the file that was handed in."""
    found = measured(learner.file("artefact", MAX_BYTES), int(rng.integers(2**62)))
    wanted = "an ONNX file that takes float32 [N, 3, 32, 32] and returns logits [N, 10]"
    check.that(
        not isinstance(found, str), wanted, got=found, likely="Export it as step 5 says, and run the check there."
    )
    return found


@hidden("hand_in", "The form of the file", group=0, control=False)
def form(check, learner, reference, rng):
    accuracy, _, _ = look(check, learner, rng)
    check.that(
        accuracy > BLIND,
        "a file that tells pictures apart",
        got=f"an accuracy of {accuracy:.2f}",
        likely="The file answers nearly the same for every picture: export the trained network, with its weights.",
    )


@hidden("hand_in", "Accuracy on pictures that were held back", weight=4, group=0, control=False)
def accuracy(check, learner, reference, rng):
    found, _, said = look(check, learner, rng)
    floor = FLOORS["generated" if said["trained_on"] == "generated" else "photographs"]
    likely = (
        "Train on more pictures, for more epochs or with wider stages, and watch the accuracy on held-out pictures."
    )
    check.that(found >= floor, f"an accuracy of at least {floor}", got=f"{found:.3f}", likely=likely)


@hidden("hand_in", "The claim", weight=2, group=0, control=False)
def claim(check, learner, reference, rng):
    found, _, said = look(check, learner, rng)
    check.that(
        found > BLIND,
        "a file that tells pictures apart",
        got=f"an accuracy of {found:.2f}",
        likely="The file answers nearly the same for every picture: export the trained network, with its weights.",
    )
    try:
        claimed = float(said.get("accuracy", "nan"))
    except ValueError:
        claimed = float("nan")
    likely = "Claim the accuracy of this very file on test pictures, as a number from 0 to 1 under the name `accuracy`."
    # The measured accuracy itself is not said: a claim is to be measured, not copied from the feedback.
    wanted, place = f"a claim within {TOLERANCE} of the measured accuracy", "more" if claimed > found else "less"
    got = f"a claim of {claimed:g}" + ("" if np.isnan(claimed) else f", which is {place}")
    check.that(abs(claimed - found) <= TOLERANCE, wanted, got=got, likely=likely)


@hidden("hand_in", "The time for one picture", group=0, control=False)
def latency(check, learner, reference, rng):
    found, ratio, _ = look(check, learner, rng)
    check.that(
        found > BLIND,
        "a file that tells pictures apart",
        got=f"an accuracy of {found:.2f}",
        likely="The file answers nearly the same for every picture: export the trained network, with its weights.",
    )
    wanted = f"at most {BUDGET:g} times the time of the yardstick for one picture"
    likely = "Lower the widths, above all those of the first stages, where pictures are large."
    check.that(ratio <= BUDGET, wanted, got=f"{ratio:.1f} times", likely=likely)
