"""Hidden checks of lesson 1.1: six operations, slopes of cost curves, a shared dot product."""

import torch

from scalable_ai.grading.hidden import AnswerError, compare, hidden

# --- loads -----------------------------------------------------------------------------------------------------------


def sales(rng):
    """Draw two weeks of units sold and the prices, for a new number of products."""
    num_products = int(rng.integers(5, 10))
    return {
        "last_week": torch.tensor(rng.integers(1, 60, num_products), dtype=torch.float32),
        "this_week": torch.tensor(rng.integers(1, 60, num_products), dtype=torch.float32),
        "price": torch.tensor(rng.integers(2, 40, num_products) / 2, dtype=torch.float32),
    }


compare(
    "loads",
    given=sales,
    want=["both_weeks", "change", "revenue", "growth", "squared_change"],
    likely={
        "both_weeks": "`.add` sums the two weeks place by place.",
        "change": "This week comes first and last week is subtracted from it.",
        "revenue": "Units of this week times price, one number for each product.",
        "growth": "This week comes first and is divided by last week.",
        "squared_change": "`.pow(2)` squares the change, which is not twice the change.",
    },
)
compare(
    "loads",
    given=sales,
    want=["takings"],
    likely="`.dot` multiplies and adds up, so it reduces two vectors to one number.",
    weight=2,
)


@hidden("loads", "The inputs stay as they were")
def inputs_unchanged(check, learner, reference, rng):
    given = sales(rng)
    after = learner.rerun("loads", given=given, want=[*given, "growth"])
    for name, before in given.items():
        check.equal(after[name], before, name, likely="A method that ends in an underscore writes over its tensor.")


# --- same_speedup ----------------------------------------------------------------------------------------------------


def catalogue(rng):
    """Draw other loads, another number of groups and another place for today."""
    loads = torch.tensor([1.0, 3.0, 9.0, 27.0]) * float(rng.integers(50, 400))
    return {
        "loads": loads,
        "cost_all": loads.pow(2).mul(64),
        "num_groups": int(rng.integers(20, 300)),
        "today": int(rng.integers(1, 3)),
    }


compare(
    "same_speedup",
    given=catalogue,
    want=["cost_short", "cost_grouped"],
    likely={
        "cost_short": "A description of 16 numbers costs a quarter of one of 64, at every load.",
        "cost_grouped": "Each product meets `num_groups` centres, with 64 multiplications for each.",
    },
)


def same_number(check, got, expected, name, likely):
    """Demand one number, be it a Python number or a tensor of one element."""
    if isinstance(got, torch.Tensor) and got.numel() == 1:
        got = got.item()
    check.equal(got, float(expected), name, likely=likely, tolerance=1e-4)


def number_check(name, what, likely):
    """Register a check that re-runs the answer on three other catalogues and looks at one number."""

    @hidden("same_speedup", what)
    def run(check, learner, reference, rng):
        for _ in range(3):
            given = catalogue(rng)
            expected = reference.rerun("same_speedup", given, [name])[name]
            same_number(check, learner.rerun("same_speedup", given, [name])[name], expected, name, likely)


number_check(
    "speedup_short",
    "`speedup_short` on new inputs",
    "It is the old cost divided by the new cost, both at `today`.",
)
number_check(
    "speedup_grouped",
    "`speedup_grouped` on new inputs",
    "It is the old cost divided by the new cost, both at `today`.",
)
SLOPE = "A slope is the logarithm of the cost ratio divided by the logarithm of the load ratio."
WRITTEN_DOWN = "Compute the slope from the first and last cost; do not write down the number you expect."


@hidden("same_speedup", "`slope_short` of its cost curve")
def slope_of_short(check, learner, reference, rng):
    names = ["cost_short", "slope_short"]
    given = catalogue(rng)
    got = learner.rerun("same_speedup", given, names)
    same_number(check, got["slope_short"], 2.0, "slope_short", SLOPE)
    # Now the plain design has another growth, so a slope of 2 that was written down is found out.
    given["cost_all"] = given["loads"].pow(float(rng.choice([0.5, 1.5, 2.5])))
    got = learner.rerun("same_speedup", given, names)
    expected = reference.rerun("same_speedup", given, names)["slope_short"]
    # An answer that counts short descriptions from `loads` alone has slope 2 here, and is right in that.
    counted_afresh = close(got["cost_short"], given["loads"].pow(2).mul(16))
    same_number(check, got["slope_short"], 2.0 if counted_afresh else expected, "slope_short", WRITTEN_DOWN)


@hidden("same_speedup", "`slope_grouped` of its cost curve")
def slope_of_grouped(check, learner, reference, rng):
    names = ["cost_grouped", "slope_grouped"]
    given = catalogue(rng)
    got = learner.rerun("same_speedup", given, names)
    same_number(check, got["slope_grouped"], 1.0, "slope_grouped", SLOPE)
    # Now the number of groups grows with the load, so a slope of 1 that was written down is found out.
    given["num_groups"] = given["loads"].pow(float(rng.choice([0.5, 0.75])))
    expected = reference.rerun("same_speedup", given, names)
    try:
        got = learner.rerun("same_speedup", given, names)
    except AnswerError:  # an answer may well need one number of groups for all loads
        return
    if close(got["cost_grouped"], expected["cost_grouped"]):
        same_number(check, got["slope_grouped"], expected["slope_grouped"], "slope_grouped", WRITTEN_DOWN)


def close(got, expected):
    """Return whether the learner's value is a float tensor near the expected one."""
    return (
        isinstance(got, torch.Tensor)
        and got.is_floating_point()
        and got.shape == expected.shape
        and torch.allclose(got.float(), expected, rtol=1e-4)
    )


# --- partial_dots ----------------------------------------------------------------------------------------------------


def shares_of(check, learner, a, b, num_workers):
    """Return what the learner's function gives, as a float tensor [num_workers]."""
    shares = learner.call("partial_dots", a, b, num_workers)
    check.that(
        isinstance(shares, torch.Tensor) and shares.is_floating_point(),
        "one float tensor that holds all shares",
        got=type(shares).__name__,
        likely="`torch.stack` makes one tensor of a list of one-number tensors.",
    )
    check.that(
        tuple(shares.shape) == (num_workers,),
        f"one share for each of {num_workers} workers",
        got=f"shape {tuple(shares.shape)}",
        likely="Reduce every shard with `.dot` to one number, and make one for every worker; `chunk` may make fewer.",
    )
    return shares


@hidden("partial_dots", "The shares add up to the dot product", weight=2)
def shares_add_up(check, learner, reference, rng):
    for _ in range(5):
        num_workers = int(rng.integers(1, 7))
        length = num_workers * int(rng.integers(2, 9)) + int(rng.integers(0, num_workers))
        a = torch.tensor(rng.integers(-9, 10, length), dtype=torch.float32)
        b = torch.tensor(rng.integers(-9, 10, length), dtype=torch.float32)
        shares = shares_of(check, learner, a, b, num_workers)
        likely = "Every place belongs to exactly one worker, the remainder of the division too."
        check.equal(float(shares.sum()), float(a.dot(b)), f"sum of {num_workers} shares", likely=likely)


@hidden("partial_dots", "Every place goes to one worker, and the work is balanced", weight=2)
def shards_are_balanced(check, learner, reference, rng):
    # Powers of two tell which places a share was made of: each place is one bit of it.
    for _ in range(5):
        num_workers = int(rng.integers(3, 7))
        length = 3 * num_workers + int(rng.integers(2, num_workers))
        a = 2.0 ** torch.arange(length, dtype=torch.float32)
        shares = shares_of(check, learner, a, torch.ones(length), num_workers).tolist()
        whole = all(0 <= share < 2**length and share == int(share) for share in shares)
        places = [{i for i in range(length) if int(share) >> i & 1} for share in shares] if whole else []
        likely = "Each share is the dot product of that worker's own shard, and shards do not overlap."
        complete = whole and sum(map(len, places)) == length and set().union(*places) == set(range(length))
        check.that(complete, "shards that hold every place once", got="other shards", likely=likely)
        lengths = [len(shard) for shard in places]
        likely = "Spread the remainder, one place for each worker, in place of giving all of it to one."
        check.that(
            max(lengths) - min(lengths) <= 1, "shard lengths that differ by at most 1", got=lengths, likely=likely
        )


@hidden("partial_dots", "More workers than places")
def idle_workers(check, learner, reference, rng):
    length = int(rng.integers(2, 5))
    a = torch.tensor(rng.integers(1, 10, length), dtype=torch.float32)
    num_workers = length + int(rng.integers(1, 4))
    shares = shares_of(check, learner, a, torch.ones(length), num_workers)
    likely = "A worker without elements has the share 0."
    check.equal(shares.sort().values[: num_workers - length], torch.zeros(num_workers - length), "idle shares", likely)
    check.equal(float(shares.sum()), float(a.sum()), "sum of the shares", likely=likely)
