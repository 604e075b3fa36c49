# ---
# lesson:
#   id: "capstone_1"
#   kind: capstone
#   title: "Capstone 1: one image classifier, three ways"
#   objective: Build one classifier in plain Python, NumPy and PyTorch, and tell its speed from its scalability
#   track: essentials
#   minutes: 75
#   functions:
#     - torch.Tensor.sub
#     - torch.Tensor.pow
#     - torch.Tensor.div
#     - torch.tensor
#     - torch.Tensor.to
#     - torch.Tensor.mean
#     - torch.matmul
#     - torch.from_numpy
#     - time.perf_counter
#     - statistics.median
#   know:
#     - Slopes, and tuning against scalability, from lesson 1.1
#     - Shapes, dtypes and broadcasting, from lesson 1.2
#     - Fair timing and the crossover, from lesson 1.3
#   new:
#     - The nearest-centroid classifier, a whole model in two short functions
#     - Three ways whose predictions agree image by image
#     - A verdict from your own measurements, faster or more scalable
#   forms:
#     coding: [class_means, crossovers, verdict]
#     iterative: [predict]
#     sequential: [class_means, predict, crossovers, verdict]
#   glossary: {}
#   misconceptions:
#     - PyTorch is always faster than a Python list
#     - Scalability is the same as performance tuning
#   analogies: []
# ---

# %% [markdown]
# ## The goal
#
# You build an image classifier three times, show that all three give the same predictions, measure on your own
# machine where they change places, and end with a verdict that a colleague can check: is the new version faster,
# more scalable, or both? Build the scale model first, then the house: two classes and tiny pictures now, ten
# classes at the end.

# %% [markdown]
# ## The steps
#
# | Step | You write | Form |
# |---|---|---|
# | 1. Fit | the mean picture of each class | one function |
# | 2. Predict | the nearest mean, three ways | one task, repeated with changes |
# | 3. Measure | who is fastest from which size on | one function |
# | 4. Judge | speed-up and slopes | one function |
#
# Each step adds to one script, and the last section runs all of it. If a step does not pass yet, go on: no later step
# is marked down for it.

# %% [markdown]
# ## What you put to the test
#
# | You may have heard | Look at |
# |---|---|
# | Three programs with one formula always agree | step 2 |
# | PyTorch is always faster than a Python list | step 3 |
# | A faster system is a more scalable one | step 4 |

# %% [markdown]
# ## The pictures
#
# CIFAR-10 holds colour pictures of 32 by 32 pixels in ten classes. You take 2,000 to fit and 500 to test. If the
# pictures themselves are not on your machine, a generated stand-in of the same shape takes their place, and the first
# line of the output says so.

# %%
from scalable_ai.data import cifar10

data = cifar10(num_train=2000, num_test=500)
print(data.train.images.shape, data.train.images.dtype, data.classes[:2])

# %% [markdown]
# The scale model keeps the first two classes. It cuts each picture into four square tiles and averages each colour
# over each tile, so a picture becomes a row of 12 numbers in float64. As in lesson 1.3, one core serves everybody.

# %%
import torch

torch.set_num_threads(1)


def tile_means(images, tile):
    """Average each colour over square tiles: uint8 [N, 3, 32, 32] to float64 [N, 3 * (32 // tile) ** 2]."""
    count, side = len(images), 32 // tile
    tiles = images.to(torch.float64).reshape(count, 3, side, tile, side, tile)
    return tiles.mean(dim=(3, 5)).reshape(count, -1)


train_kept, test_kept = data.train.labels < 2, data.test.labels < 2
train_rows, train_labels = tile_means(data.train.images[train_kept], tile=16), data.train.labels[train_kept]
test_rows, test_labels = tile_means(data.test.images[test_kept], tile=16), data.test.labels[test_kept]
print("train:", train_rows.shape, train_rows.dtype, " test:", test_rows.shape)

# %% [markdown]
# The true and false of a comparison picked the pictures, and `reshape` split each side into tiles and pixels within a
# tile. Look at one picture of each class beside its scale model before you trust the rows.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, panels = plt.subplots(2, 2, figsize=(4.2, 4.2), layout="constrained")
for label, pair in enumerate(panels):
    place = train_labels.tolist().index(label)
    pair[0].imshow(data.train.images[train_kept][place].permute(1, 2, 0).numpy())
    pair[1].imshow(train_rows[place].reshape(3, 2, 2).permute(1, 2, 0).numpy() / 255)
    pair[0].set_title(data.classes[label])
    pair[1].set_title("four tiles")
for ax in panels.flat:
    ax.axis("off")
show(
    fig, "Two rows, one for each class: on the left a picture of 32 by 32 pixels, on the right the same as four tiles."
)

# %% [markdown]
# ## Step 1: fit
#
# The centroid of a class is the mean of its rows, number by number. Fitting this classifier means computing one
# centroid for each class and nothing else. Here it is from raw material, and then with NumPy.

# %%
import numpy as np

train_list, labels_list = train_rows.tolist(), train_labels.tolist()
means_list = []
for label in range(2):
    group = [row for row, given in zip(train_list, labels_list, strict=True) if given == label]
    means_list.append([sum(column) / len(group) for column in zip(*group, strict=True)])

train_array, labels_array = train_rows.numpy(), train_labels.numpy()
means_array = np.stack([train_array[labels_array == label].mean(axis=0) for label in range(2)])
print("shape:", means_array.shape, " largest difference:", np.abs(means_array - np.array(means_list)).max())

# %% [markdown]
# The largest difference is zero, or a rounding error where the two add in different orders. There is a third form
# without a loop over classes. Broadcasting compares labels with classes and gives a table with one row for each
# class, 1 where a picture belongs to it. A matrix multiplication with that table adds up what belongs together.

# %%
labels = torch.tensor([1, 0, 1])
rows = torch.tensor([[1.0, 2.0], [30.0, 40.0], [5.0, 6.0]])
members = (torch.arange(2)[:, None] == labels).to(rows.dtype)
print("members:\n", members)
print("sums:\n", torch.matmul(members, rows))

# %% exercise: class_means [markdown]
# title: Mean pictures
# difficulty: 2
# minutes: 12
# points: 4
# task: Write a function that computes the mean row of every class with tensors.
# context: >-
#   You are a machine learning scientist at a retail marketplace. Sellers upload pictures, and a first rough sorter
#   is to suggest a department before anything larger is built. The centroids are refitted every night from all
#   pictures that staff have confirmed, some departments with thousands and some with a dozen. You write the fit
#   once, with tensors, so that the same function serves two classes today and all departments later.
# instructions:
#   - Find out which rows belong to which class.
#   - Add up the rows of each class.
#   - Divide each sum by the number of rows of its own class.
# hints:
#   - The cell above adds up rows; what is missing is the number of members in each class.
#   - "`members.sum(dim=1, keepdim=True)` has shape `[num_classes, 1]`, which broadcasts in a division."
#   - A loop over classes that selects rows with `labels == label` and takes their mean over dimension 0 is right too.
# success: >-
#   These means are the whole fitted model. With a table of members they take one comparison, one matrix multiplication
#   and one division, however many classes there are, and that lets the low rate of a tensor call come to bear.


# %% answer: class_means
# Add up and divide within each class
def class_means(rows: torch.Tensor, labels: torch.Tensor, num_classes: int) -> torch.Tensor:  # stub
    """Return the mean row of every class.

    rows: float64 tensor [N, D]. labels: int64 tensor [N] with values 0 to num_classes - 1, in any
    order, each at least once. Returns a float64 tensor [num_classes, D]; its row k is the mean of
    the rows labelled k.
    """
    members = (torch.arange(num_classes)[:, None] == labels).to(rows.dtype)
    counts = members.sum(dim=1, keepdim=True)
    return torch.matmul(members, rows).div(counts)


# %% check: class_means
from scalable_ai.checks import exercise

with exercise("class_means") as check:
    rows = torch.tensor([[1.0, 2.0], [30.0, 40.0], [5.0, 6.0]], dtype=torch.float64)
    labels = torch.tensor([1, 0, 1])
    expected = torch.tensor([[30.0, 40.0], [3.0, 4.0]], dtype=torch.float64)
    likely = "Divide each row of sums by the number of rows in its own class, a column of shape [num_classes, 1]."
    check.equal(class_means(rows, labels, 2), expected, "class_means of three rows", likely=likely)
    likely = "Take the mean over rows, for each column."
    check.equal(
        class_means(train_rows, train_labels, 2), torch.from_numpy(means_array), "on the pictures", likely=likely
    )

# %% [markdown]
# ## Step 2: predict
#
# A new picture goes to the class whose centroid has the smallest gap to it, the gap being the sum of squared
# differences. Broadcasting lines up every picture with every centroid: shapes [N, 1, D] and [C, D] give [N, C, D].
# The next cell does this for three pictures and keeps the shapes in view.

# %%
means_tensor = torch.from_numpy(means_array)
differences = test_rows[:3, None, :].sub(means_tensor)
gaps = differences.pow(2).sum(dim=2)
print(test_rows[:3, None, :].shape, "and", means_tensor.shape, "give", differences.shape)
print("gaps:", gaps.tolist())
print("nearest:", gaps.argmin(dim=1).tolist())

# %% [markdown]
# Summing over dimension 2 leaves one gap for each picture and class, and `argmin` over dimension 1 returns the
# place of the smallest, the first one where two are equal. Before you repeat this three times, decide how precisely
# you add up. The next cell stores two different gaps in two dtypes.

# %%
two_gaps = [16_777_217.0, 16_777_216.0]
for dtype in [torch.float32, torch.float64]:
    stored = torch.tensor(two_gaps, dtype=dtype)
    print(dtype, stored.tolist(), "nearest:", stored.argmin().item())

# %% [markdown]
# In float32 the two gaps become equal, and the answer changes. Plain Python computes in float64, so NumPy and
# PyTorch must do so too if all three are to agree. The next cell prepares the test pictures for each way; the dtype
# survives both conversions.

# %%
test_list, test_array = test_rows.tolist(), test_rows.numpy()
print(type(test_list[0][0]).__name__, test_array.dtype, test_rows.dtype)

# %% exercise: predict [markdown]
# title: One prediction, three ways
# difficulty: 2
# minutes: 15
# points: 6
# task: Complete three functions that assign each row to its nearest centroid.
# context: >-
#   You are a programmer at a manufacturer of kitchen tiles. A camera above the belt sorts tiles by their mean
#   colours. The controller on the belt has nothing but plain Python, the engineers' laptops use NumPy, and the
#   plant's server uses PyTorch. A tile that is accepted in one place and rejected in another would stop the line,
#   so you need three versions of one rule that agree on every tile, ties included.
# instructions:
#   - Square the difference of each number in plain Python, and pick the class with the smallest gap.
#   - Broadcast rows against means in NumPy, and sum over the axis of the numbers.
#   - Repeat with tensor methods, and look for the smallest gap along the classes.
# hints:
#   - All three functions compute gaps of shape [N, C] first, then one place for each row.
#   - Inserting `None` as an index makes a new dimension of length 1, as in the cells above.
#   - In gaps of shape [N, C], dimension 0 counts pictures and dimension 1 counts classes.
# success: >-
#   One formula, three ways, and the same class for every picture, because operation, dtype and the rule for ties
#   are the same. Agreement of this kind is what allows you to swap one way for another when the load grows.


# %% answer: predict
# Loop over rows, means and numbers
def predict_python(rows, means):
    gaps = []
    for row in rows:
        pairs = [zip(row, mean, strict=True) for mean in means]
        gaps.append([sum((x - m) ** 2 for x, m in pair) for pair in pairs])  # blank: (x - m) ** 2
    return [gap.index(min(gap)) for gap in gaps]  # blank: min(gap)


# Broadcast arrays
def predict_numpy(rows, means):
    gaps = np.square(rows[:, None, :] - means).sum(axis=2)  # blank: :, None, : | axis=2
    return gaps.argmin(axis=1)  # blank: argmin


# Repeat with tensor methods
def predict_torch(rows, means):
    gaps = rows[:, None, :].sub(means).pow(2).sum(dim=2)  # blank: sub | pow
    return gaps.argmin(dim=1)  # blank: dim=1


# %% check: predict
from scalable_ai.checks import exercise

with exercise("predict") as check:
    rows, means = torch.tensor([[0.0, 1.0], [9.0, 9.0], [5.0, 5.0]]), torch.tensor([[0.0, 0.0], [10.0, 10.0]])
    likely = "Sum over the numbers, then look for the smallest gap; a tie goes to the first class."
    check.equal(predict_python(rows.tolist(), means.tolist()), [0, 1, 0], "predict_python", likely=likely)
    check.equal(predict_numpy(rows.numpy(), means.numpy()), np.array([0, 1, 0]), "predict_numpy", likely=likely)
    check.equal(predict_torch(rows, means), torch.tensor([0, 1, 0]), "predict_torch", likely=likely)
    nearest = torch.cdist(test_rows, means_tensor).argmin(dim=1)
    likely = "It was right for rows of two numbers: does a size stand in it as a number?"
    check.equal(
        predict_python(test_list, means_list), nearest.tolist(), "predict_python on the pictures", likely=likely
    )
    check.equal(predict_numpy(test_array, means_array), nearest.numpy(), "predict_numpy on the pictures", likely=likely)
    check.equal(predict_torch(test_rows, means_tensor), nearest, "predict_torch on the pictures", likely=likely)

# %% [markdown]
# How good is it? Accuracy is the share of test pictures that got their own class. The cell also counts the pictures
# of each class; where the two counts are equal, guessing reaches about a half.

# %%
predicted = predict_torch(test_rows, means_tensor)
print("pictures of each class: ", test_labels.bincount().tolist())
print("accuracy on two classes:", (predicted == test_labels).to(torch.float64).mean().item())

# %% [markdown]
# ## Step 3: measure
#
# Now the load grows. The timer is the one of lesson 1.3, and the sweep runs your three functions on 1 to 32,768
# pictures. The 2,000 pictures are repeated to fill the largest load, since the time does not depend on what they
# show.

# %%
from statistics import median
from time import perf_counter


def median_seconds(function, *inputs, repeats=5, loops=1):
    """Return the median time of one call, in seconds; a reading averages `loops` calls."""
    function(*inputs)
    readings = []
    for _ in range(repeats):
        start = perf_counter()
        for _ in range(loops):
            function(*inputs)
        readings.append((perf_counter() - start) / loops)
    return median(readings)


# %% [markdown]
# The next cell takes a few seconds. Each way gets the pictures in its own form, lists, arrays or tensors, made before
# the clock starts, and each row of its output is one size of the load.

# %%
sizes = [1, 2, 4, 8, 16, 32, 128, 512, 4_096, 32_768]
stream = tile_means(data.train.images, tile=16).repeat(17, 1)
seconds = {"plain Python": [], "NumPy": [], "PyTorch": []}
for size in sizes:
    load, loops = stream[:size], max(1, 256 // size)
    seconds["plain Python"].append(median_seconds(predict_python, load.tolist(), means_list, loops=loops))
    seconds["NumPy"].append(median_seconds(predict_numpy, load.numpy(), means_array, loops=loops))
    seconds["PyTorch"].append(median_seconds(predict_torch, load, means_tensor, loops=loops))
    print(f"load {size:6}:", *(f"{name} {times[-1] * 1e6:9.1f} µs  " for name, times in seconds.items()))

# %% [markdown]
# Read the first rows and the last rows, and who is fastest in each. With three ways there can be more than one
# crossover. So this time you report every change of the leader, and you see at once whether a short lead was only a
# lucky reading.

# %% exercise: crossovers [markdown]
# title: Who leads from which size on
# difficulty: 2
# minutes: 12
# points: 4
# task: Write a function that lists every change of the fastest way in a size sweep.
# context: >-
#   You are a data engineer at a technology company whose photo service sorts single uploads as well as whole
#   albums. The service can call any of several versions of the sorter. A nightly job measures all of them at a
#   range of sizes and writes a routing table: from which number of pictures on to use which version. The table has
#   to hold for whatever versions were measured, two or five, under whatever names.
# instructions:
#   - Find the fastest way at each size.
#   - Begin the list with the first size and its fastest way.
#   - Add an entry only where the fastest way differs from the one before.
# hints:
#   - Loop over the places of the sizes, and compare the times of all ways at one place.
#   - The call `min(here, key=here.get)` returns the key with the smallest value, the first one where values are equal.
#   - The last entry of the list holds the way that leads so far; compare its name with the fastest way.
# success: >-
#   Your routing table names the leader for every range of sizes. Which way is faster has no answer without a size,
#   and with the sweep of your own machine you can give one.


# %% answer: crossovers
# List each change of the fastest way
def crossovers(sizes: list, times: dict) -> list:  # stub
    """Return who is fastest, and from which size on.

    sizes: k whole numbers, ascending. times: the name of each way with its list of k times, all
    in one unit. Returns a list of tuples (size, name): the first size with its fastest way, then
    one tuple for each size at which another way takes over. Of equal times, the way listed
    first in times counts as the faster one.
    """
    changes = []
    for place, size in enumerate(sizes):
        here = {name: measured[place] for name, measured in times.items()}
        fastest = min(here, key=here.get)
        if not changes or changes[-1][1] != fastest:
            changes.append((size, fastest))
    return changes


# %% check: crossovers
from scalable_ai.checks import exercise

with exercise("crossovers") as check:
    example = {"loop": [1, 2, 4, 8, 16], "array": [3, 3, 3, 4, 9], "tensor": [5, 5, 5, 5, 6]}
    got = crossovers([1, 2, 4, 8, 16], example)
    check.equal(got, [(1, "loop"), (4, "array"), (16, "tensor")], "three ways", likely="One tuple for each change.")
    got = crossovers([1, 10], {"loop": [2, 3], "tensor": [2, 4]})
    check.equal(got, [(1, "loop")], "a tie, then no change", likely="No new entry while the leader stays.")
    check.equal(crossovers([7], {"tensor": [1.0]}), [(7, "tensor")], "one way, one size", likely="It leads from there.")

# %% [markdown]
# Apply it to your own measurements, first to all three ways, then to plain Python and PyTorch alone, which is the
# comparison that the misconception is about.

# %%
for size, name in crossovers(sizes, seconds):
    print(f"from load {size:6}: {name}")
pair = {name: seconds[name] for name in ["plain Python", "PyTorch"]}
print("these two alone:", crossovers(sizes, pair))

# %% [markdown]
# In the last line, an entry for PyTorch after one for plain Python is your crossover. A single entry means that it
# lies at one picture or below, or beyond 32,768. Entries that flicker within neighbouring sizes mean that two ways
# are about equally fast there: repeat the sweep before you believe them.

# %% [markdown]
# ## Step 4: judge
#
# Is the faster way the more scalable one? Lesson 1.1 answers with the slope: the logarithm of the cost ratio
# divided by the logarithm of the load ratio. Measured slopes need care. The next cell computes them for PyTorch at
# the small and at the large end of your sweep.

# %%
import math

tensor_times = seconds["PyTorch"]
small_end = math.log(tensor_times[1] / tensor_times[0]) / math.log(sizes[1] / sizes[0])
large_end = math.log(tensor_times[-1] / tensor_times[-2]) / math.log(sizes[-1] / sizes[-2])
print(f"slope from {sizes[0]} to {sizes[1]} pictures: {small_end:.2f}")
print(f"slope from {sizes[-2]} to {sizes[-1]} pictures: {large_end:.2f}")

# %% [markdown]
# Where the entry fee rules, the line is flat for a simple reason: the load hardly shows in it yet. Only the large end
# tells how the cost will grow, so a verdict uses the last two sizes. For contrast, here is a rival that keeps
# every picture and compares a new one with all of them, while its collection grows with the load. Count its work.

# %%
loads = [1_000, 2_000, 4_000, 8_000]
rival = [load * load * 12 for load in loads]
centroids = [load * 2 * 12 for load in loads]
for load, many, few in zip(loads, rival, centroids, strict=True):
    print(f"{load} pictures, squared differences: rival {many:11,}   centroids {few:9,}")

# %% [markdown]
# Doubling the load doubles the work of the centroids and quadruples that of the rival. That difference lies in the
# design and would be there in any language. Your function now has to tell this kind of gain from the other kind.

# %% exercise: verdict [markdown]
# title: Faster or more scalable
# difficulty: 3
# minutes: 15
# points: 4
# task: Write a function that tells a gain in speed from a gain in scalability.
# context: >-
#   You are a data scientist in the technology group of a bank that reads scanned cheques. Two proposals lie on the
#   table, and each comes with costs at several loads, before and after. The board wants to know which of them helps
#   now and which of them still helps when the number of cheques has doubled three times. Measured costs carry
#   noise, so a slope only counts as smaller when it is lower by more than 0.25.
# instructions:
#   - Compute both slopes from the last two sizes.
#   - Divide the cost before by the cost after, at the largest size.
#   - Call the new system more scalable only if its slope fell by more than 0.25.
# hints:
#   - The slope is a logarithm of a cost ratio divided by the logarithm of the load ratio, as in the cell above.
#   - The index -1 picks the last size and -2 the one before.
#   - A speed-up, however large, must not enter the decision about scalability.
# success: >-
#   Your verdict keeps two things apart: the speed-up at a load, and the slope that says what the next doubling
#   costs. Tuning moves the first, design moves the second, and a plan for growth needs to know which one it buys.


# %% answer: verdict
# Compare slopes at the large end
def verdict(sizes: list, before: list, after: list) -> dict:  # stub
    """Tell a gain in speed from a gain in scalability.

    sizes: k whole numbers, ascending, k at least 2. before, after: k positive costs each, in one
    unit. Returns a dict of "speedup" (cost before / cost after at the largest size),
    "slope_before" and "slope_after" (between the last two sizes), all floats, and
    "more_scalable" (True or False: the slope fell by more than 0.25).
    """
    log_load_ratio = math.log(sizes[-1] / sizes[-2])
    old = math.log(before[-1] / before[-2]) / log_load_ratio
    new = math.log(after[-1] / after[-2]) / log_load_ratio
    speedup, better = before[-1] / after[-1], old - new > 0.25
    return {"speedup": speedup, "slope_before": old, "slope_after": new, "more_scalable": better}


# %% check: verdict
from scalable_ai.checks import exercise

with exercise("verdict") as check:
    got = verdict([1, 10, 100], [5.0, 10.0, 100.0], [5.0, 5.0, 5.0])
    expected = {"speedup": 20.0, "slope_before": 1.0, "slope_after": 0.0, "more_scalable": True}
    check.equal(got, expected, "a redesign", likely="Two logarithms for each slope, of ratios of the last two sizes.")
    got = verdict([1, 10, 100], [1.0, 10.0, 100.0], [0.5, 5.0, 50.0])
    expected = {"speedup": 2.0, "slope_before": 1.0, "slope_after": 1.0, "more_scalable": False}
    check.equal(got, expected, "a tuning", likely="Twice as fast at every size leaves the slope as it was.")

# %% [markdown]
# ## The whole script
#
# Two verdicts: PyTorch in place of plain Python, from your measurements, and centroids in place of the rival, from
# counted work.

# %%
changes = {
    "plain Python to PyTorch": verdict(sizes, seconds["plain Python"], seconds["PyTorch"]),
    "rival to centroids": verdict(loads, rival, centroids),
}
for name, found in changes.items():
    print(f"{name}: speed-up {found['speedup']:.2f}, more scalable: {bool(found['more_scalable'])},")
    print(f"    slope {found['slope_before']:.2f} before, {found['slope_after']:.2f} after")

# %% [markdown]
# The second verdict is a gain in scalability: the slope fell from 2 to 1. For the first, remember that both
# versions do the same squared differences, so the design did not change: the speed-up lowers the line. If your
# measured slopes are still more than 0.25 apart, a remainder of the entry fee, memory or a disturbance is in them;
# measure again, with larger loads.

# %% [markdown]
# Last, from the scale model to the house. The same two functions, without a change, now fit and predict all ten
# classes on finer tiles of 8 by 8 pixels. Guessing would reach about 0.1.

# %%
fine_train, fine_test = tile_means(data.train.images, tile=8), tile_means(data.test.images, tile=8)
fine_means = class_means(fine_train, data.train.labels, 10)
fine_predicted = predict_torch(fine_test, fine_means)
agree = fine_predicted.tolist() == predict_python(fine_test.tolist(), fine_means.tolist())
print("rows:", fine_test.shape, " centroids:", fine_means.shape)
print("accuracy on ten classes:", (fine_predicted == data.test.labels).to(torch.float64).mean().item())
print("same predictions in plain Python:", agree)

# %% [markdown]
# Compare this accuracy with 0.1 and with what two classes gave, and read in the last line whether the ways still
# agree on every picture. The next cell draws what you measured beside what you counted.

# %%
fig, (measured, counted) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
for (name, times), style in zip(seconds.items(), ["o-", "s--", "^:"], strict=True):
    measured.loglog(sizes, times, style, label=name)
for size, _ in crossovers(sizes, seconds)[1:]:
    measured.axvline(size, color="grey", linewidth=1)
measured.set(title="Measured: height is speed", xlabel="pictures", ylabel="seconds")
measured.legend()
counted.loglog(loads, rival, "D-", loads, centroids, "o-")
counted.set(title="Counted: slope is scalability", xlabel="pictures", ylabel="squared differences")
counted.legend(["rival: slope 2", "centroids: slope 1"])
show(
    fig,
    "Two log-log plots against the number of pictures. Left: measured seconds of plain Python, NumPy and PyTorch, with "
    "grey lines where the fastest way changes. Right: counted work of the rival, slope 2, and of centroids, slope 1.",
)

# %% [markdown]
# ## What you have shown
#
# Three ways of one classifier gave the same class for every test picture, because operation, dtype and the rule for
# ties were the same. Who was fastest depended on the size, and your sweep found from which size on. Far to the
# right the lines differ in height: that is speed. Only another design changed the slope: that is scalability.

# %% recap [markdown]
# - Make ways agree first, in operation, dtype and ties; then compare their cost.
# - Each way leads on its own range of sizes; measure the crossovers on the machine that does the work.
# - Speed is the height of a cost curve, scalability its slope at the large end.
