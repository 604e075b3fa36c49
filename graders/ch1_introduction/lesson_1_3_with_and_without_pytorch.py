"""Hidden checks of lesson 1.3. Times are made up here, in microseconds; no clock is read."""

import numpy as np

from scalable_ai.grading.hidden import compare, hidden

# Three ways ---------------------------------------------------------------------------------------------------


def tables(rng, shape=None):
    """Draw orders, recipe and price; square ones by default, on which a wrong operation runs and gives other values."""
    plants, products, materials = shape or [rng.integers(2, 6)] * 3
    return {
        "orders": rng.uniform(1, 9, (plants, products)).tolist(),
        "recipe": rng.uniform(0.1, 4, (products, materials)).tolist(),
        "price": rng.uniform(0.1, 4, (plants, materials)).tolist(),
    }


MATRIX = "This is the matrix multiplication of orders and recipe: multiply row by column, then add up."
PLACES = "This multiplies matching places of material and price."
compare(
    "three_ways",
    given=tables,
    want=["material_list", "cost_list", "material_array", "cost_array", "material_tensor", "cost_tensor"],
    likely={
        "material_list": MATRIX,
        "cost_list": PLACES,
        "material_array": MATRIX,
        "cost_array": PLACES,
        "material_tensor": MATRIX + " The dtype is that of the arrays, float64.",
        "cost_tensor": PLACES + " The dtype is that of the arrays, float64.",
    },
)


@hidden("three_ways", "Tables that are not square")
def not_square(check, learner, reference, rng):
    want = ["material_list", "material_array", "material_tensor"]
    for shape in [(2, 5, 3), (4, 3, 2)]:
        inputs = tables(rng, shape)
        got, expected = (answer.rerun("three_ways", inputs, want) for answer in (learner, reference))
        for name in want:
            likely = "Work with the sizes of the given tables: any number of plants, products and materials."
            check.equal(got[name], expected[name], name, likely=likely)


# Speed-ups ----------------------------------------------------------------------------------------------------


def timing_log(rng):
    """Draw a log in which the tensor loses at the small sizes, with slow warm-ups and one disturbed reading each.

    At the largest size both took equally long, so that neither is slower.
    """
    sizes = [int(size) for size in rng.integers(2, 7) * rng.integers(4, 9) ** np.arange(rng.integers(4, 6))]
    warmup, num_timed = int(rng.integers(1, 4)), int(rng.integers(3, 8))

    def runs(typical):
        timed = typical * rng.uniform(0.9, 1.1, num_timed)
        timed[rng.integers(len(timed))] *= 20
        return [*(typical * rng.uniform(3, 9, warmup)), *timed]

    fee, rate = rng.uniform(4, 9), rng.uniform(0.05, 0.1)
    readings = {
        "list": [[float(t) for t in runs(0.3 + rate * size)] for size in sizes],
        "tensor": [[float(t) for t in runs(fee + 0.001 * size)] for size in sizes],
    }
    readings["tensor"][-1] = [*readings["list"][-1]]
    return {"logged_sizes": sizes, "warmup": warmup, "readings": readings}


compare(
    "speedups",
    given=timing_log,
    want=["typical", "speedup", "slower_sizes"],
    likely={
        "typical": "Leave out as many readings as `warmup` says, then take the median of the rest.",
        "speedup": "The speed-up is the list's time divided by the tensor's time, from the medians.",
        "slower_sizes": "Collect sizes, and only those with a speed-up below 1; where both are equally fast, it is 1.",
    },
)

# Crossover ----------------------------------------------------------------------------------------------------


def sweep(rng):
    """Draw sizes and times with one clear crossing, never at the first three or at the last size."""
    sizes = [int(size) for size in rng.integers(1, 4) * 3 ** np.arange(rng.integers(8, 12))]
    rate, place = rng.uniform(0.04, 0.08), int(rng.integers(3, len(sizes) - 1))
    fee = 0.2 + rate * (sizes[place - 1] + sizes[place]) / 2
    loop = [float(0.2 + rate * size) for size in sizes]
    tensor = [float(fee + 0.0001 * rate * size) for size in sizes]
    return sizes, loop, tensor


compare("crossover", call="crossover", args=sweep, likely="Return the smallest size from which the tensor stays ahead.")


def agree(check, learner, reference, cases, likely):
    """Compare both answers on several sweeps."""
    for case in cases:
        check.equal(learner.call("crossover", *case), reference.call("crossover", *case), "crossover(…)", likely=likely)


@hidden("crossover", "An early win that is followed by a loss")
def lucky_win(check, learner, reference, rng):
    cases = [sweep(rng) for _ in range(3)]
    for _, loop, tensor in cases:
        tensor[0] = loop[0] / 2
    agree(check, learner, reference, cases, "A later loss cancels an earlier win, however early it came.")


@hidden("crossover", "A loop that is ahead at the largest size")
def no_crossing(check, learner, reference, rng):
    cases = [sweep(rng) for _ in range(3)]
    for _, loop, tensor in cases[1:]:
        tensor[-1] = loop[-1] * 2
    agree(check, learner, reference, cases, "Return None when the tensor is not faster at the largest size.")


@hidden("crossover", "A tensor that is ahead from the first size on")
def ahead_from_the_start(check, learner, reference, rng):
    cases = [sweep(rng) for _ in range(3)]
    cases[1:] = [(sizes, loop, [time / 3 for time in loop]) for sizes, loop, _ in cases[1:]]
    agree(check, learner, reference, cases, "When the tensor is ahead everywhere, the first size is the answer.")


@hidden("crossover", "Equal times")
def equal_times(check, learner, reference, rng):
    cases = [sweep(rng) for _ in range(3)]
    for sizes, loop, tensor in cases:
        first_win = next(place for place in range(len(sizes)) if tensor[place] < loop[place])
        tensor[first_win] = loop[first_win]
    agree(check, learner, reference, cases, "A tie does not count as faster.")
