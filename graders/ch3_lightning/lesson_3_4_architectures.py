"""Hidden checks of lesson 3.4: a network on paper, a row reader repaired, a block that is registered."""

import torch
from torch import nn

from scalable_ai.grading.hidden import compare, hidden

# --- plan_stack ------------------------------------------------------------------------------------------------------


def a_stack(rng):
    """Draw an input and three to six layers that fit it, at least one of them a pool."""
    side, channels = int(rng.integers(60, 120)), int(rng.integers(1, 5))
    layers, left = [], side
    for place in range(int(rng.integers(3, 7))):
        kernel, stride = int(rng.integers(2, 6)), int(rng.integers(1, 3))
        out, padding = int(rng.integers(2, 20)), int(rng.integers(0, 3))
        if place == 1:
            out, kernel, stride, padding = 0, 2, 2, 0
        if (left + 2 * padding - kernel) // stride + 1 < 6:
            break
        left = (left + 2 * padding - kernel) // stride + 1
        layers.append((out, kernel, stride, padding))
    return side, channels, layers


def columns(check, answerer, drawn):
    """Return what an answer says about a stack, as three lists."""
    got = answerer.call("plan_stack", *drawn)
    check.that(isinstance(got, list), "a list of tuples", got=type(got).__name__, likely="Return the whole list.")
    check.that(
        len(got) == len(drawn[2]),
        "one tuple for each layer",
        got=f"{len(got)}",
        likely="Append a tuple for every layer and return them all, not the last one alone.",
    )
    check.that(
        all(isinstance(row, tuple) and len(row) == 3 for row in got),
        "tuples (side, parameters, view)",
        likely="Three whole numbers for each layer, in this order.",
    )
    return [list(column) for column in zip(*got, strict=True)]


def same_column(place, name, likely):
    """Register a check of one of the three numbers."""

    @hidden("plan_stack", f"`{name}` on other stacks")
    def run(check, learner, reference, rng):
        for _ in range(5):
            drawn = a_stack(rng)
            expected = columns(check, reference, drawn)[place]
            check.equal(columns(check, learner, drawn)[place], expected, name, likely=likely)


same_column(0, "side", "Padding counts on both sides, one kernel is taken away, the quotient is rounded down, plus 1.")
same_column(
    1,
    "parameters",
    "Each filter has kernel squared weights for every channel in, and a bias; a pool keeps the channels.",
)
same_column(
    2, "view", "A layer adds (kernel - 1) times the strides before it; its own stride counts only for later layers."
)


# --- read_rows -------------------------------------------------------------------------------------------------------

ROWS = "Step t is row t of all channels: the rows come before the channels, the pictures before both."


def a_reader(rng, count=None):
    """Draw pictures that are not square, and the weights of an LSTM for them."""
    channels, height, width, hidden = (int(rng.integers(low, high)) for low, high in [(2, 4), (3, 7), (8, 12), (4, 9)])
    count = count or int(rng.integers(2, 8))
    pictures = torch.from_numpy(rng.uniform(-1, 1, (count, channels, height, width))).float()
    torch.manual_seed(int(rng.integers(1_000_000)))
    return pictures, dict(nn.LSTM(channels * width, hidden).state_dict())


def last_outputs(check, learner, pictures, weights):
    """Return what the learner's function gives, once it is a tensor of the right shape."""
    got = learner.call("read_rows", pictures, weights)
    check.that(isinstance(got, torch.Tensor), "a tensor", got=type(got).__name__, likely="Return the outputs.")
    shape = (len(pictures), weights["weight_hh_l0"].shape[1])
    likely = "One row of hidden numbers for each picture: pictures come first, and one step is taken."
    check.that(tuple(got.shape) == shape, f"shape {shape}", got=f"{tuple(got.shape)}", likely=likely)
    return got


def order_of_use(pictures, weights):
    """Return the last output of an LSTM that reads by rows."""
    lstm = nn.LSTM(pictures.shape[1] * pictures.shape[3], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    with torch.no_grad():
        return lstm(torch.cat([pictures[:, channel] for channel in range(pictures.shape[1])], dim=2))[0][:, -1]


@hidden("read_rows", "Other pictures and other weights", weight=2)
def other_pictures(check, learner, reference, rng):
    for _ in range(3):
        pictures, weights = a_reader(rng)
        got = last_outputs(check, learner, pictures, weights)
        check.equal(got, order_of_use(pictures, weights), "read_rows(…)", likely=ROWS, tolerance=1e-4)


@hidden("read_rows", "Each picture for itself")
def own_picture(check, learner, reference, rng):
    for _ in range(3):
        pictures, weights = a_reader(rng, count=6)
        whole = last_outputs(check, learner, pictures, weights)
        changed = pictures.clone()
        changed[0] = -changed[0]
        after = last_outputs(check, learner, changed, weights)
        moved = ((after - whole).abs().amax(dim=1) > 1e-6).tolist()
        likely = "The first dimension was read as steps; `batch_first=True` says that it counts pictures."
        check.that(moved == [True] + [False] * 5, "a change in result 0 alone", got="others too", likely=likely)


@hidden("read_rows", "The last row reaches the result")
def last_row(check, learner, reference, rng):
    pictures, weights = a_reader(rng, count=4)
    whole = last_outputs(check, learner, pictures, weights)
    for row in (0, pictures.shape[2] - 1):
        changed = pictures.clone()
        changed[:, :, row] = 2
        after = last_outputs(check, learner, changed, weights)
        moved = bool(((after - whole).abs().amax(dim=1) > 1e-6).all())
        likely = "Only the output after the last step has seen every row."
        check.that(moved, "a result that every row can change", got="one that some row cannot", likely=likely)
    check.equal(whole, order_of_use(pictures, weights), "read_rows(…)", likely=ROWS, tolerance=1e-4)


# --- block -----------------------------------------------------------------------------------------------------------


def a_block(rng):
    """Draw channels, a depth and inputs of another size."""
    channels, depth = int(rng.integers(2, 7)), int(rng.integers(3, 6))
    shape = (int(rng.integers(2, 5)), channels, int(rng.integers(5, 9)), int(rng.integers(9, 12)))
    return {"channels": channels, "depth": depth, "inputs": torch.from_numpy(rng.uniform(-1, 1, shape)).float()}


def examined(check, learner, given):
    """Return the learner's report on a block."""
    report = learner.rerun("block", given, ["report"])["report"]
    check.that(
        isinstance(report, dict),
        "the report of `examine`",
        got=type(report).__name__,
        likely="Leave the call of `examine` as it is given.",
    )
    return report


@hidden("block", "Everything is registered, once", weight=2)
def registered(check, learner, reference, rng):
    for _ in range(3):
        given = a_block(rng)
        numbers = given["depth"] * (9 * given["channels"] ** 2 + given["channels"]) + given["channels"]
        report = examined(check, learner, given)
        likely = "A bare list, or a plain tensor, is not registered; and each convolution has weights of its own."
        check.equal(report.get("parameters"), numbers, "numbers that can be learned", likely=likely)
        likely = "A parameter is saved once; a tensor that is no parameter is not."
        check.equal(report.get("saved"), numbers, "numbers in the state dict", likely=likely)


@hidden("block", "A new block changes nothing")
def starts_as_identity(check, learner, reference, rng):
    for _ in range(3):
        # In a shallow block ReLU leaves something of the branch, whatever the first weights are.
        given = {**a_block(rng), "depth": 1}
        report = examined(check, learner, given)
        likely = "The scale starts at zero, multiplies the branch and not the input, and the input is added."
        check.equal(report.get("new"), given["inputs"], "output of a new block", likely=likely)
        check.that(report.get("parameters", 0) > 0, "a block with parameters", got="none", likely="Register them.")


@hidden("block", "The forward pass with known parameters")
def forward_pass(check, learner, reference, rng):
    for _ in range(3):
        given = a_block(rng)
        expected = reference.rerun("block", given, ["report"])["report"]["set"]
        likely = "The branch is, depth times, a convolution and then ReLU; scaled, it is added to the input."
        check.equal(examined(check, learner, given).get("set"), expected, "output", likely=likely, tolerance=1e-4)
