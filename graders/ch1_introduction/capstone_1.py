"""Hidden checks of capstone 1. Each step is called with inputs of its own, so none needs an earlier one to be right."""

import numpy as np
import torch

from scalable_ai.grading.hidden import compare, hidden

# Step 1: mean pictures ------------------------------------------------------------------------------------------


def labelled_rows(rng):
    """Draw rows with labels in any order, classes of unequal size."""
    num_classes, width = int(rng.integers(2, 6)), int(rng.integers(2, 8))
    labels = rng.permutation(np.repeat(np.arange(num_classes), rng.integers(1, 12, num_classes)))
    rows = rng.uniform(0, 255, (len(labels), width))
    return torch.from_numpy(rows), torch.from_numpy(labels), num_classes


ROWS = "Row k is the mean, over pictures, of the rows labelled k; classes differ in size, so divide by its own."

compare(
    "class_means",
    call="class_means",
    args=labelled_rows,
    likely=ROWS,
    weight=2,
)


@hidden("class_means", "A class of one picture beside a class of many")
def unequal_classes(check, learner, reference, rng):
    many = int(rng.integers(30, 60))
    labels = torch.tensor([0] * many + [1])
    rows = torch.from_numpy(rng.uniform(0, 255, (many + 1, 4)))
    got = learner.call("class_means", rows, labels, 2)
    expected = torch.stack([rows[:many].mean(dim=0), rows[many]])
    check.equal(got, expected, "class_means(…)", likely="Divide by the number of rows in the class, not by an average.")


@hidden("class_means", "The precision of the result")
def keeps_float64(check, learner, reference, rng):
    rows, labels, num_classes = labelled_rows(rng)
    rows = rows + 1e6
    expected = reference.call("class_means", rows, labels, num_classes)
    got = learner.call("class_means", rows, labels, num_classes)
    is_tensor = isinstance(got, torch.Tensor) and got.shape == expected.shape
    is_near = is_tensor and torch.allclose(got.double(), expected, rtol=1e-5)
    narrowed = "Somewhere the numbers pass through float32; give the table of members the dtype of the rows."
    check.equal(got, expected, "class_means(…)", likely=narrowed if is_near else ROWS)


# Step 2: one prediction, three ways -----------------------------------------------------------------------------


def pictures(rng):
    """Draw rows [N, D] and means [C, D] of whole numbers, so that every gap is exact; many rows have a tie."""
    count, num_classes, width = int(rng.integers(8, 14)), int(rng.integers(4, 7)), int(rng.integers(2, 5))
    rows = 20_000.0 + rng.integers(0, 4, (count, width))
    means = 20_000.0 + rng.integers(0, 4, (num_classes, width))
    means[-1] = means[-2]
    # Far from the others: the first row's gaps are 4096² + 1 and 4096², which float32 cannot tell apart.
    rows[0], means[0], means[1] = 0.0, 0.0, 0.0
    means[0, :2], means[1, 0] = (4096.0, 1.0), 4096.0
    return rows, means


NEAREST = "Gaps are sums over the numbers of a row; the class with the smallest wins, the first one in a tie."
compare(
    "predict",
    call="predict_python",
    args=lambda rng: tuple(table.tolist() for table in pictures(rng)),
    likely=NEAREST,
)
compare("predict", call="predict_numpy", args=pictures, likely=NEAREST)
compare(
    "predict",
    call="predict_torch",
    args=lambda rng: tuple(torch.from_numpy(table) for table in pictures(rng)),
    likely=NEAREST,
)

# Step 3: who leads from which size on ---------------------------------------------------------------------------


def sweep(rng):
    """Draw a sweep of two to five ways with fees that rise and rates that fall, under names in any order."""
    names = rng.permutation(["loop", "array", "tensor", "compiled", "batched"])[: rng.integers(2, 6)]
    sizes = [int(size) for size in rng.integers(1, 4) * 4 ** np.arange(rng.integers(6, 10))]
    fees = np.cumprod(rng.uniform(2, 6, len(names)))
    rates = 1 / np.cumprod(rng.uniform(3, 9, len(names)))
    costs = {
        str(name): [float(fee + rate * size) for size in sizes]
        for name, fee, rate in zip(names, fees, rates, strict=True)
    }
    return sizes, {name: costs[name] for name in rng.permutation(list(costs)).tolist()}


FIRST = "Begin with the first size and its fastest way, then add (size, name) wherever another way takes over."
compare("crossovers", call="crossovers", args=sweep, likely=FIRST, weight=2)


@hidden("crossovers", "A lead that changes hands and comes back")
def back_and_forth(check, learner, reference, rng):
    sizes = sorted(rng.choice(np.arange(1, 500), 6, replace=False).tolist())
    low, high = rng.uniform(1, 2, 6), rng.uniform(3, 4, 6)
    swap = np.array([False, True, True, False, False, True])
    times = {"first": np.where(swap, high, low).tolist(), "second": np.where(swap, low, high).tolist()}
    expected = [(sizes[0], "first"), (sizes[1], "second"), (sizes[3], "first"), (sizes[5], "second")]
    likely = "Compare with the leader of the size before; a way may take the lead more than once."
    check.equal(learner.call("crossovers", sizes, times), expected, "crossovers(…)", likely=likely)


@hidden("crossovers", "Equal times")
def equal_times(check, learner, reference, rng):
    sizes, cost = [2, 4, 8, 16], rng.uniform(1, 9, 4).tolist()
    times = {"zeta": cost, "alpha": [cost[0], cost[1] / 2, cost[2], cost[3] * 2]}
    likely = "Of equal times the way listed first in the dictionary is the faster one."
    expected = [(2, "zeta"), (4, "alpha"), (8, "zeta")]
    check.equal(learner.call("crossovers", sizes, times), expected, "crossovers(…)", likely=likely)


# Step 4: faster or more scalable --------------------------------------------------------------------------------


def costs(rng):
    """Draw two systems with a fee, a rate and an exponent each; the exponents are equal or far apart."""
    sizes = [int(size) for size in np.cumsum(rng.integers(2, 50, 4)) * 50]
    steep = rng.uniform(1.5, 2.2)
    systems = []
    for exponent in (steep, steep - rng.integers(2) * rng.uniform(0.5, 1)):
        # The fee is small beside the cost of the last two sizes, and rules the first one.
        cost = [rng.uniform(0.5, 2) + rng.uniform(0.9, 1.1) * 0.001 * size**exponent for size in sizes]
        cost[-1] = cost[-2] * (sizes[-1] / sizes[-2]) ** exponent
        systems.append([float(value) for value in cost])
    scale = float(rng.uniform(0.1, 3))
    return sizes, systems[0], [scale * value for value in systems[1]]


LARGE_END = "Slopes come from the last two sizes: logarithm of the cost ratio over logarithm of the load ratio."
compare("verdict", call="verdict", args=costs, likely=LARGE_END, weight=2)


@hidden("verdict", "A large speed-up with an unchanged slope")
def speed_alone(check, learner, reference, rng):
    sizes, before, _ = costs(rng)
    got = learner.call("verdict", sizes, before, [value / 50 for value in before])
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    check.equal(got.get("speedup"), 50.0, "speedup", likely="Cost before divided by cost after, at the largest size.")
    likely = "Fifty times faster at every load leaves the slope as it was: faster, not more scalable."
    check.equal(got.get("more_scalable"), False, "more_scalable", likely=likely)


@hidden("verdict", "A smaller slope without a speed-up")
def scalability_alone(check, learner, reference, rng):
    sizes = [10, 100, 1000]
    unit = float(rng.uniform(1, 5))
    before, after = [unit, 10 * unit, 100 * unit], [150 * unit, 160 * unit, 200 * unit]
    got = learner.call("verdict", sizes, before, after)
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "A system may scale better and still be slower at the largest size measured; the slope decides."
    check.equal(got.get("more_scalable"), True, "more_scalable", likely=likely)
    check.equal(got.get("speedup"), 0.5, "speedup", likely="Cost before divided by cost after, at the largest size.")


@hidden("verdict", "A slope that fell by less than 0.25")
def within_noise(check, learner, reference, rng):
    sizes, unit = [50, 100, 800], float(rng.uniform(1, 5))
    before, after = [unit, unit, unit * 8], [unit, unit, unit * 8**0.85]
    got = learner.call("verdict", sizes, before, after)
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "Measured slopes carry noise, so only a fall of more than 0.25 counts."
    check.equal(got.get("more_scalable"), False, "more_scalable", likely=likely)
