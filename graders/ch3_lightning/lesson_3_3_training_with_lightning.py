"""Hidden checks of lesson 3.3: helpers around a run, shards and batches, one gradient from several shards, scaling."""

import torch
from torch.utils.data import DistributedSampler

from scalable_ai.grading.hidden import compare, hidden

# --- watch -----------------------------------------------------------------------------------------------------------


def replayed(rng):
    """Draw a history that rises to a peak and then stays below it, dips on the way, and a patience."""
    patience = int(rng.integers(1, 4))
    rise = 0.3 + 0.04 * torch.arange(int(rng.integers(2, 5)))
    tail = 0.2 + 0.01 * torch.from_numpy(rng.permutation(10))[: patience + int(rng.integers(0, 3))]
    late = [0.9] if len(tail) > patience else []
    history = [round(float(value), 2) for value in torch.cat([rise, tail])] + late
    return {"history": history, "patience": patience}


compare(
    "watch",
    given=replayed,
    want=["kept_after", "best_accuracy", "logged"],
    repeats=4,
    tolerance=1e-4,
    likely={
        "kept_after": "The checkpoint watches `val_accuracy`, and high is good.",
        "best_accuracy": "The checkpoint watches `val_accuracy`, and high is good.",
        "logged": "Early stopping counts epochs without a rise, up to `patience`, and then ends the run.",
    },
)


@hidden("watch", "A run that ends before patience does")
def rises_to_the_end(check, learner, reference, rng):
    history = [round(0.2 + 0.05 * step, 2) for step in range(int(rng.integers(4, 8)))]
    given = {"history": history, "patience": int(rng.integers(1, 4))}
    got = learner.rerun("watch", given, ["logged", "kept_after"])
    likely = (
        "Where the accuracy rises to the end, nothing stops the run before the last epoch, and that one is the best."
    )
    check.equal(got["logged"], history, "logged", likely=likely, tolerance=1e-4)
    check.equal(got["kept_after"], float(len(history)), "kept_after", likely=likely)


# --- shards ----------------------------------------------------------------------------------------------------------


def deal(rng):
    """Draw a number of samples, of ranks, and one of the ranks."""
    world_size = int(rng.integers(2, 7))
    return int(rng.integers(world_size, 40)), world_size, int(rng.integers(world_size))


IN_TURN = "Deal in turn: start at the rank, jump by the world size, and begin again from 0 past the last sample."
compare("shards", call="shard", args=deal, repeats=6, likely=IN_TURN, weight=2)


@hidden("shards", "All shards together, as PyTorch deals them")
def all_shards(check, learner, reference, rng):
    for num_samples in (12, 13, 17):
        for rank in range(4):
            expected = list(DistributedSampler(range(num_samples), num_replicas=4, rank=rank, shuffle=False))
            got = learner.call("shard", num_samples, 4, rank)
            check.that(
                isinstance(got, list),
                "a list of sample numbers",
                got=type(got).__name__,
                likely="Return a list of whole numbers, one for each sample.",
            )
            likely = "Shards are equally long, so that all ranks take equally many steps."
            check.that(len(got) == len(expected), f"shards of {len(expected)} samples", got=len(got), likely=likely)
            check.equal(got, expected, f"shard({num_samples}, 4, {rank})", likely=IN_TURN)


compare(
    "shards",
    call="effective_batch_size",
    args=lambda rng: tuple(int(number) for number in rng.integers(2, 9, 4)),
    likely="Batch size, devices, machines and accumulated batches multiply.",
)
compare(
    "shards",
    call="scaled_lr",
    args=lambda rng: (float(rng.uniform(0.01, 1)), int(rng.integers(8, 65)), int(rng.integers(65, 2000))),
    likely="The rate grows by the factor by which the effective batch size has grown.",
)


# --- gradients -------------------------------------------------------------------------------------------------------


def noted(rng, again=False):
    """Draw the report of three or four ranks, with other data; `again` deals one sample twice."""
    world_size, steps, size = int(rng.integers(3, 5)), int(rng.integers(2, 4)), int(rng.integers(2, 5))
    total, width, classes = world_size * steps * size, int(rng.integers(2, 6)), int(rng.integers(2, 5))
    order = rng.permutation(total)
    if again:
        # Not in the first step, and on another rank.
        order[-1] = order[size]
    batches = order.reshape(world_size, steps, size)

    def numbers():
        return rng.normal(size=(classes, width)).tolist()

    ranks = [
        {
            **{"rank": rank, "batches": batches[rank].tolist(), "losses": rng.uniform(1, 2, steps).tolist()},
            **{"own_gradient": numbers(), "shared_gradient": numbers()},
        }
        for rank in range(world_size)
    ]
    report = {"recorded": False, "world_size": world_size, "weight": numbers(), "ranks": ranks}
    report |= {"seconds": {"1": 1.0, "2": 2.0}, "logged": ranks[0]["losses"]}
    return {
        "report": report,
        "readings": torch.from_numpy(rng.normal(size=(total, width))).float(),
        "labels": torch.from_numpy(rng.integers(0, classes, total)),
    }


compare(
    "gradients",
    given=noted,
    want=["averaged", "whole"],
    repeats=3,
    tolerance=1e-4,
    likely={
        "averaged": "It is the mean, over all ranks, of the gradients before the exchange.",
        "whole": "The whole batch is what all ranks saw in their first step; take the gradient at the first weights.",
    },
)


@hidden("gradients", "`disjoint`, for shards that are and shards that are not")
def tells_disjoint(check, learner, reference, rng):
    likely = "Count every sample that any rank saw in any step, once in a list and once in a set."
    for again in (False, True, False):
        got = learner.rerun("gradients", noted(rng, again), ["disjoint"])["disjoint"]
        check.equal(got, not again, "disjoint", likely=likely)


# --- scaling ---------------------------------------------------------------------------------------------------------


def times(rng):
    """Draw the times of a job with a fixed overhead for 1, 2, 4, 8 and 16 devices."""
    work, overhead = float(rng.uniform(50, 500)), float(rng.uniform(1, 20))
    return {devices: work / devices + (overhead if devices > 1 else 0) for devices in (1, 2, 4, 8, 16)}


compare(
    "scaling",
    call="scaling",
    args=lambda rng: (times(rng),),
    likely="Speed-up is the time of one device over the measured one; divided by the devices it is the efficiency.",
)
compare(
    "scaling",
    call="devices_worth",
    args=lambda rng: (times(rng), float(rng.uniform(0.3, 0.95))),
    likely="Of all numbers of devices with enough efficiency, return the largest.",
)


@hidden("scaling", "A job that more devices make slower")
def slower_job(check, learner, reference, rng):
    alone = float(rng.uniform(10, 30))
    seconds = {1: alone, 2: alone * 1.2, 4: alone * 1.5}
    likely = "No machine more is worth it when the time has grown; one device has the efficiency 1."
    check.equal(learner.call("devices_worth", seconds, 0.7), 1, "devices_worth(…)", likely=likely)
    found = learner.call("scaling", seconds)
    check.that(
        isinstance(found, dict) and 2 in found,
        "a dictionary by number of devices",
        got=type(found).__name__,
        likely="One entry for each number of devices, with the number as its key.",
    )
    check.equal(found[2], (1 / 1.2, 1 / 2.4), "scaling(…)[2]", likely="A speed-up may be smaller than 1.")


@hidden("scaling", "Efficiency that falls and rises again")
def listed_in_any_order(check, learner, reference, rng):
    alone = float(rng.uniform(100, 200))
    seconds = {8: alone / 7.5, 4: alone / 2, 1: alone, 2: alone / 1.9}
    likely = "Look at all numbers of devices; the dictionary may list them in any order."
    check.equal(learner.call("devices_worth", seconds, 0.9), 8, "devices_worth(…)", likely=likely)
    equal = {1: 64.0, 2: 40.0, 4: 32.0, 8: 64.0}
    likely = "At least this efficiency means that an equal one is enough."
    check.equal(learner.call("devices_worth", equal, 0.5), 4, "devices_worth(…)", likely=likely)
