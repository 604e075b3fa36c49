# ---
# lesson:
#   id: "1.3"
#   title: Coding with and without PyTorch
#   objective: Compare plain Python, NumPy and PyTorch on the same operations
#   track: essentials
#   minutes: 45
#   functions:
#     - torch.matmul
#     - torch.add
#     - torch.Tensor.mul
#     - torch.from_numpy
#     - numpy.matmul
#     - numpy.multiply
#     - time.perf_counter
#     - statistics.median
#   know:
#     - Load, cost and slope, from lesson 1.1
#     - Tensors with their shape and dtype, from lesson 1.2
#     - List comprehensions, `zip`, and NumPy arrays
#   new:
#     - One operation written three ways, element by element and as matrix multiplication
#     - A fair timer, with a warm-up, repeats and a median
#     - A size sweep, and the crossover where two ways change places
#   glossary: {}
#   misconceptions:
#     - PyTorch is always faster than a Python list
#   analogies:
#     - "Plain Python: building from raw material"
#     - "PyTorch: prefabricated parts"
#     - A toolbox with the right tool for the job
# ---

# %% slide [markdown]
# ## One operation, three ways
#
# - Plain Python: a loop, number by number
# - NumPy: one call for a whole array
# - PyTorch: one call for a whole tensor

# %% fragment
import numpy as np
import torch

first = [1.5, 2.0, 4.5]
second = [0.5, 3.0, 1.5]

print("plain Python:", [x + y for x, y in zip(first, second, strict=True)])
print("NumPy:       ", np.add(np.array(first), np.array(second)))
print("PyTorch:     ", torch.add(torch.tensor(first), torch.tensor(second)))

# %% script [markdown]
# In this lesson we compare plain Python, NumPy and PyTorch on the same operations. It matters because habit can
# cost you either way, with a loop that crawls through a million numbers, or with a tensor library that is called
# for three. You know the picture. Plain Python is building from raw material, where you cut every board yourself.
# NumPy and PyTorch deliver prefabricated parts, so one call puts up a whole wall. On the slide all three add the
# same vectors and give the same numbers. The question is what each way costs, and when.

# %% slide [markdown]
# ## Where the time goes
#
# - Entry fee: paid once for each call
# - Rate: paid for every number
# - Loop: small fee, high rate
# - Tensor call: larger fee, low rate

# %% fragment
for size in [3, 300, 30_000]:
    loop_cost = 0.2 + 0.05 * size
    call_cost = 1.5 + 0.001 * size
    print(f"{size:6} numbers: loop {loop_cost:8.2f}   tensor call {call_cost:6.2f}")

# %% script [markdown]
# Why should a loop ever win? Because prefabricated parts come on a truck. Before the first number is added, a call
# has to look at types, shapes and memory, and that trip costs the same for three numbers as for thirty thousand. A
# loop has hardly any entry fee, but it pays a high rate for every single number. The fees on the slide are
# invented, and they show the pattern. With three numbers the loop is cheaper, and with thirty thousand the call is
# cheaper by far.

# %% slide [markdown]
# ## A fair timer
#
# - Warm up once, unmeasured
# - Repeat, then take the median
# - Same inputs, same dtype, one core for all

# %% fragment
from statistics import median
from time import perf_counter

torch.set_num_threads(1)


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


# %% script [markdown]
# Invented fees prove nothing, so we measure, and one look at the clock is not a measurement. The first call may do
# work that never comes back, such as reserving memory, so we make it once and do not time it. Other programs
# disturb single readings, so we repeat and take the median. Very short calls are run many times inside one reading,
# because the clock itself has a smallest step. And we stay fair, with the same inputs, the same number type, and one
# core for everybody.

# %% slide [markdown]
# ## Sweep the size
#
# - Small sizes show the entry fee
# - Large sizes show the rate
# - Equal ratios from step to step


# %% fragment
def add_lists(a, b):
    return [x + y for x, y in zip(a, b, strict=True)]


sizes = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
seconds = {"plain Python": [], "NumPy": [], "PyTorch": []}
for size in sizes:
    array = np.linspace(0.0, 1.0, size)
    tensor, numbers = torch.from_numpy(array), array.tolist()
    loops = max(3, 3_000 // size)
    seconds["plain Python"].append(median_seconds(add_lists, numbers, numbers, loops=loops))
    seconds["NumPy"].append(median_seconds(np.add, array, array, loops=loops))
    seconds["PyTorch"].append(median_seconds(torch.add, tensor, tensor, loops=loops))
    print(f"{size:7} numbers:", *(f"{name} {times[-1] * 1e6:8.2f} µs  " for name, times in seconds.items()))

# %% script [markdown]
# One size would tell us one winner, so we sweep the size, from three numbers to a hundred thousand. Each step is
# about three times the step before, because ratios matter here and differences do not. The small end shows you the
# entry fee and the large end shows you the rate. The table you see was measured on this machine a moment ago. Yours
# will differ, and yours is the one that counts for you.

# %% slide [markdown]
# ## Find the crossover
#
# - Flat line: the entry fee rules
# - Climbing line: the rate rules
# - Crossover: two ways change places

# %% fragment
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for (name, times), style in zip(seconds.items(), ["o-", "s--", "^:"], strict=True):
    ax.loglog(sizes, times, style, label=name)
lost = [n for n, loop, call in zip(sizes, seconds["plain Python"], seconds["PyTorch"], strict=True) if call >= loop]
ax.axvspan(sizes[0], max(lost, default=sizes[0]), alpha=0.15, label="PyTorch not yet faster")
ax.set(xlabel="numbers in each vector", ylabel="seconds for one addition")
ax.legend()
show(
    fig,
    "Seconds for one addition against the length of the vectors, both axes logarithmic: one line each for plain "
    "Python, NumPy and PyTorch. A shaded band ends at the largest size where PyTorch did not beat plain Python.",
)

# %% script [markdown]
# Now the same table, drawn with logarithmic axes. Look first for the flat part of a line, where the entry fee hides
# the numbers. Then look for the climb, where every number costs. Where a flat line meets a climbing one, the two
# ways change places, and we call that size the crossover. The shaded band ends at the last size where PyTorch was
# not yet faster than plain Python. When somebody tells you that PyTorch is always faster than a list, ask on which
# side of the crossover.

# %% slide [markdown]
# ## Matrix multiplication shifts it
#
# - Numbers that go in: n squared, twice
# - Multiplications: n cubed
# - More work for one entry fee


# %% fragment
def matmul_lists(a, b):
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


matrix_sizes = [1, 2, 4, 8, 16, 32, 64]
matrix_seconds = {"plain Python": [], "NumPy": [], "PyTorch": []}
for n in matrix_sizes:
    array = np.linspace(0.0, 1.0, n * n).reshape(n, n)
    tensor, rows = torch.from_numpy(array), array.tolist()
    loops = max(1, 1_000 // n**3)
    matrix_seconds["plain Python"].append(median_seconds(matmul_lists, rows, rows, loops=loops))
    matrix_seconds["NumPy"].append(median_seconds(np.matmul, array, array, loops=loops))
    matrix_seconds["PyTorch"].append(median_seconds(torch.matmul, tensor, tensor, loops=loops))
    print(f"n = {n:2}:", *(f"{name} {times[-1] * 1e6:9.2f} µs  " for name, times in matrix_seconds.items()))

# %% script [markdown]
# Matrix multiplication shifts the crossover. A square matrix with n rows holds n squared numbers, but multiplying
# two of them takes n cubed multiplications. Every number that goes in is used n times, so one call has more work to
# spread its fee over. Read down the columns and see where the order of the three ways changes.

# %% slide [markdown]
# ## Choose by measurement
#
# - A handful of numbers: plain Python will do
# - Large arrays on the processor: NumPy
# - Gradients, other devices: PyTorch
# - In doubt: sweep the sizes you meet

# %% script [markdown]
# So keep a toolbox with the right tool for the job. A handful of numbers, once in a while, needs no library. Large
# arrays on the processor suit NumPy. Tensors bring what NumPy does not have, gradients and a choice of device, and
# that is why the rest of this course builds with them. Whatever you choose, let a measurement decide, at the size
# you really meet. In the exercises you write all three ways, make sense of raw timings, and find the crossover
# yourself.

# %% [markdown]
# ## Agreement comes before speed
#
# Two ways may only be compared when they do the same thing. The same numbers are not enough: look at the type they
# are stored in. The next cell turns one Python list into an array and a tensor and asks each for its dtype and for
# the bytes of one number.

# %%
as_array = np.array(first)
as_tensor = torch.tensor(first)
print("array: ", as_array.dtype, as_array.itemsize, "bytes")
print("tensor:", as_tensor.dtype, as_tensor.element_size(), "bytes")
print("0.1 in the tensor is", torch.tensor(0.1).item())

# %% [markdown]
# Made from the same list, the array uses eight bytes for a number and the tensor uses four. The tensor moves
# half the data and keeps fewer digits, so a race between the two would be unfair and the results would differ. Ask
# for `dtype=torch.float64`, or take over an array with `torch.from_numpy`, which keeps its dtype, as the sweep did.

# %% [markdown]
# The second trap is the word multiply. Element by element, matching places are multiplied and the shape stays.
# Matrix multiplication takes a row and a column, multiplies pairwise and adds up. On square inputs both run without
# complaint, so compare the values.

# %%
square = np.array([[1.0, 2.0], [3.0, 4.0]])
print("np.multiply:", np.multiply(square, square).tolist())
print("np.matmul:  ", np.matmul(square, square).tolist())
print("plain Python:", matmul_lists(square.tolist(), square.tolist()))
print("torch.matmul:", torch.matmul(torch.from_numpy(square), torch.from_numpy(square)).tolist())

# %% [markdown]
# The last three lines agree and the first does not. As operators, `*` is element by element and `@` is matrix
# multiplication, for arrays and for tensors alike. Run the next cell to get the tables of the first exercise:
# orders by plant and product, a recipe by product and material, prices by plant and material.

# %%
orders = [[4.0, 2.0, 5.0], [3.0, 6.0, 1.0]]
recipe = [[0.5, 2.0], [1.5, 1.0], [0.25, 3.0]]
price = [[2.0, 0.4], [2.4, 0.6]]

# %% exercise: three_ways [markdown]
# title: One order book, three ways
# difficulty: 1
# minutes: 8
# points: 3
# task: Compute the material that two plants need, and its cost, in all three ways.
# context: >-
#   You are a data engineer at a furniture manufacturer. Two plants hold orders for three products, and a recipe
#   says how many kilograms of wood and steel each product takes. Multiplying orders by the recipe gives kilograms
#   by plant and material. Prices differ from plant to plant, so the cost comes from multiplying matching places.
#   Before you propose a library to your team, you show that plain Python, NumPy and PyTorch give the same tables.
# instructions:
#   - Complete the loops that multiply the matrices and then the matching places.
#   - Call the NumPy functions for matrix and for element-wise multiplication.
#   - Make tensors of the dtype that the arrays have, then repeat both operations.
# hints:
#   - Orders have a column for each product and the recipe has a row for each product; these meet and are summed.
#   - "`zip(*table)` goes through the columns of a list of rows."
#   - NumPy calls its two functions `matmul` and `multiply`; a tensor has the method `.mul` for matching places.
# success: >-
#   Three ways gave the same tables in the same precision. Only when two ways agree on the operation, the shape and
#   the dtype does a comparison of their speed mean anything.

# %% answer: three_ways
# Loop over rows, columns and places
columns = list(zip(*recipe, strict=True))  # blank: *recipe
material_list = [
    [sum(x * y for x, y in zip(row, column, strict=True)) for column in columns]  # blank: x * y
    for row in orders
]
pairs = zip(material_list, price, strict=True)
cost_list = [[m * p for m, p in zip(*pair, strict=True)] for pair in pairs]  # blank: m * p

# Call NumPy for both multiplications
material_array = np.matmul(np.array(orders), np.array(recipe))  # blank: matmul
cost_array = np.multiply(material_array, np.array(price))  # blank: multiply

# Repeat with tensors of the same dtype
tables = [torch.tensor(table, dtype=torch.float64) for table in (orders, recipe, price)]  # blank: torch.float64
material_tensor = torch.matmul(tables[0], tables[1])  # blank: matmul
cost_tensor = material_tensor.mul(tables[2])  # blank: mul

# %% check: three_ways
from scalable_ai.checks import exercise

with exercise("three_ways") as check:
    material, cost = [[6.25, 25.0], [10.75, 15.0]], [[12.5, 10.0], [25.8, 9.0]]
    check.equal(material_list, material, "material_list", likely="Each row of orders meets each column of recipe.")
    check.equal(cost_list, cost, "cost_list", likely="Matching places of material and price are multiplied.")
    check.equal(material_array, np.array(material), "material_array", likely="This one is the matrix multiplication.")
    check.equal(cost_array, np.array(cost), "cost_array", likely="This one works on matching places.")
    tensors = torch.tensor(material, dtype=torch.float64), torch.tensor(cost, dtype=torch.float64)
    check.equal(material_tensor, tensors[0], "material_tensor", likely="Give torch.tensor the dtype of the arrays.")
    check.equal(cost_tensor, tensors[1], "cost_tensor", likely="`.mul` multiplies matching places.")

# %% [markdown]
# ## From raw readings to a fair number
#
# A timer hands you raw readings. Look at some before you trust any summary. The next cell adds a tensor to itself nine
# times, reads the clock around each addition without a warm-up, and prints all nine readings in microseconds.

# %%
x = torch.linspace(0.0, 1.0, 5_000, dtype=torch.float64)
raw = []
for _ in range(9):
    start = perf_counter()
    torch.add(x, x)
    raw.append((perf_counter() - start) * 1e6)
print("readings:", [round(reading, 1) for reading in raw])

# %% [markdown]
# Nine readings of one thing, and they do not agree. Compare the first with the others, then look for a lone large
# value. What a disturbance does to a summary is easier to see in numbers that stay put. In the next cell six
# readings are alike and one was disturbed.

# %%
disturbed = [2.0, 2.1, 1.9, 2.0, 46.0, 2.0, 2.1]
print("mean:  ", sum(disturbed) / len(disturbed))
print("median:", median(disturbed))

# %% [markdown]
# One disturbed reading in seven quadrupled the mean and left the median where it was. The minimum, which you met in
# lesson 1.1, would not notice either, but it reports the best case and the median the usual one. Below are
# microseconds from a colleague's machine, four readings for each size, the first of them a warm-up. Inside each way
# the lists follow the order of `logged_sizes`.

# %%
logged_sizes = [3, 30, 300, 3_000]
warmup = 1
readings = {
    "list": [[4.1, 0.4, 0.6, 0.4], [5.2, 1.7, 1.5, 9.9], [17.0, 15.2, 15.0, 15.1], [160.0, 150.0, 152.0, 149.0]],
    "tensor": [[90.0, 2.0, 2.1, 1.9], [3.3, 2.0, 14.0, 2.0], [3.1, 2.5, 2.4, 2.6], [6.0, 3.0, 2.9, 3.1]],
}

# %% exercise: speedups [markdown]
# title: Speed-ups from a timing log
# difficulty: 2
# minutes: 10
# points: 4
# task: Turn raw readings into typical times, speed-ups and the sizes where the tensor loses.
# context: >-
#   You are a data scientist at a hospital. The bedside monitors send vectors of readings, some with three numbers
#   and some with thousands, and a small service adds a correction to each vector. A colleague has timed the service
#   with lists and with tensors and concludes that tensors are always faster, because they were for the longest
#   vectors. You go back to the raw log and look at every size before the service is changed.
# instructions:
#   - Leave the warm-up readings out and take the median of the rest, for every way and size.
#   - Divide the time of the list by the time of the tensor at each size.
#   - Collect the sizes where the tensor is slower than the list.
# hints:
#   - A slice such as `runs[2:]` leaves the first two items out; the number of warm-ups has a name of its own.
#   - A speed-up above 1 means that the new way, the tensor, takes less time than the old one.
#   - The speed-up is below 1 where the tensor is slower.
# success: >-
#   A median without warm-ups gave one fair number for each size, and the speed-up fell below 1 for small vectors.
#   Faster is a statement about a size, so a service that meets small sizes has to be measured there.

# %% answer: speedups
# Drop warm-ups and take medians
typical = {
    way: [median(runs[warmup:]) for runs in by_size]  # blank: median | warmup:
    for way, by_size in readings.items()
}

# Divide list time by tensor time
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]  # blank: old / new

# Collect sizes where the tensor is slower
slower_sizes = [size for size, ratio in zip(logged_sizes, speedup, strict=True) if ratio < 1]  # blank: ratio < 1

# %% check: speedups
from scalable_ai.checks import exercise

with exercise("speedups") as check:
    check.equal(
        typical["list"], [0.4, 1.7, 15.1, 150.0], "typical['list']", likely="Warm-up out first, then the median."
    )
    check.equal(
        typical["tensor"], [2.0, 2.0, 2.5, 3.0], "typical['tensor']", likely="Warm-up out first, then the median."
    )
    check.equal(speedup, [0.2, 0.85, 6.04, 50.0], "speedup", likely="Old time divided by new time.")
    check.equal(slower_sizes, [3, 30], "slower_sizes", likely="A speed-up below 1 is a loss.")

# %% [markdown]
# ## What the timer leaves out
#
# The sweep made its tensors before the clock started. If your data arrive as lists, someone pays for turning them
# into tensors. The next cell times an addition of tensors that are ready, and one that converts both lists first.


# %%
def add_converted(a, b):
    return torch.add(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))


for size in [3, 300, 30_000]:
    ready = torch.linspace(0.0, 1.0, size, dtype=torch.float64)
    numbers = ready.tolist()
    times = [
        median_seconds(add_lists, numbers, numbers, loops=5),
        median_seconds(torch.add, ready, ready, loops=5),
        median_seconds(add_converted, numbers, numbers, loops=5),
    ]
    print(f"{size:6}: list {times[0] * 1e6:8.1f}   ready {times[1] * 1e6:6.1f}   converted {times[2] * 1e6:8.1f} µs")

# %% [markdown]
# The distance between the last two columns is the price of conversion, and it grows with the size as the loop does.
# Compare the last column with the first before you convert for a single addition. Convert once, keep the tensors, and
# spread the price over many operations.

# %% tip [markdown]
# Say with every speed-up what was inside the timer: conversion or not, one core or all of them, which dtype, which
# size. A speed-up without these is a number that nobody can check.

# %% [markdown]
# ## A definition for the crossover
#
# Reading a crossover off a picture is fine for one picture. A program needs a rule, and measured times can mislead a
# careless one. Here are five made-up sizes, in microseconds.

# %%
demo_sizes = [10, 100, 1_000, 10_000, 100_000]
demo_loop = [1.0, 9.0, 95.0, 900.0, 9_400.0]
demo_tensor = [0.9, 12.0, 20.0, 35.0, 210.0]
for size, loop, call in zip(demo_sizes, demo_loop, demo_tensor, strict=True):
    print(f"{size:7} numbers: {'tensor' if call < loop else 'loop'} is faster")

# %% [markdown]
# The tensor wins at 10, loses at 100, and wins from 1,000 on. A single lucky reading made the first win. So we
# define: the crossover is the smallest measured size from which the tensor is faster there and at every larger
# size. Here it is 1,000. There may be none, when the loop still keeps up at the largest size.

# %% exercise: crossover [markdown]
# title: Find the crossover
# difficulty: 2
# minutes: 12
# points: 4
# task: Write a function that finds the crossover in a size sweep.
# context: >-
#   You are a programmer at a bank. A pricing service answers requests for three prices and overnight batches of a
#   hundred thousand. It may use a loop or a tensor call for each, and the switch-over size is a setting. On every
#   new server a script repeats the sweep and writes that setting, with nobody there to look at a plot. So the rule
#   has to survive a lucky reading, and a server on which the loop wins throughout.
# instructions:
#   - Go through the sizes together with both lists of times.
#   - Forget a candidate whenever the tensor is not faster at a later size.
#   - Return the size, or None when no candidate is left.
# hints:
#   - Keep one candidate, None at the start, and decide at every size whether it stays.
#   - A win only sets the candidate when there is none yet; a loss or a tie removes it.
#   - Going through the sizes from the largest to the smallest works too; stop at the first loss.
# success: >-
#   Your rule finds the size from which the tensor stays ahead, and admits when there is none. PyTorch is faster on
#   one side of the crossover only, and each machine has its own, which is why it is measured and not remembered.


# %% answer: crossover
# Keep a size only while the tensor stays ahead
def crossover(sizes: list, loop_times: list, tensor_times: list) -> int | None:  # stub
    """Return the smallest size from which the tensor stays faster, or None.

    sizes: k whole numbers, ascending. loop_times, tensor_times: k numbers each, in one unit of
    time, such as microseconds; equal times do not count as faster. Returns one of the sizes,
    or None when the tensor is not faster at the largest size (or there are no sizes).
    """
    candidate = None
    for size, loop, tensor in zip(sizes, loop_times, tensor_times, strict=True):
        if tensor >= loop:
            candidate = None
        elif candidate is None:
            candidate = size
    return candidate


# %% check: crossover
from scalable_ai.checks import exercise

with exercise("crossover") as check:
    check.equal(crossover([10, 100, 1000], [1, 9, 90], [5, 6, 7]), 100, "one clear crossing", likely="Return the size.")
    lucky = crossover(demo_sizes, demo_loop, demo_tensor)
    check.equal(lucky, 1_000, "a lucky win first", likely="A later loss cancels an earlier win.")
    check.equal(crossover([3, 30], [1, 2], [4, 5]), None, "no crossing", likely="None when the largest size is lost.")
    check.equal(crossover([3, 30], [4, 5], [1, 2]), 3, "ahead from the start", likely="Then it is the first size.")

# %% [markdown]
# ## Your machine's crossovers
#
# Apply your function to the sweeps from the lecture, which were measured on your machine. The next cell marks the
# crossover of PyTorch against plain Python for both operations.

# %%
fig, panels = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
sweeps = {"Addition": (sizes, seconds), "Matrix multiplication": (matrix_sizes, matrix_seconds)}
for ax, (title, (loads, times)) in zip(panels, sweeps.items(), strict=True):
    for (name, line), style in zip(times.items(), ["o-", "s--", "^:"], strict=True):
        ax.loglog(loads, line, style, label=name)
    found = crossover(loads, times["plain Python"], times["PyTorch"])
    if found is not None:
        ax.axvline(found, color="grey", linewidth=1, label="crossover")
    ax.set(title=f"{title}: crossover {found}", xlabel="size", ylabel="seconds for one call")
    ax.legend(fontsize="small")
show(
    fig,
    "Two log-log plots of seconds for one call against size, for addition and for matrix multiplication, with one line "
    "for each of the three ways. A vertical line marks the size from which PyTorch stays faster than plain Python.",
)

# %% [markdown]
# Read both titles. On the left the size counts numbers, on the right it counts rows, so square it before you
# compare. A crossover equal to the first size means that it lies there or below, and None means beyond the sweep.
# Sizes between two measured ones are unknown; sweep more finely where it matters.

# %% note [markdown]
# Expect other crossovers on another machine, with several cores, with a graphics processor, or with float32. The
# method carries over, the number does not.

# %% quiz: small_loss [markdown]
# question: >-
#   A fair measurement finds that adding two ready tensors of three numbers takes longer than adding two lists of
#   three. Both run on the processor. What is the best explanation?
# options:
#   - text: The tensor call has an entry fee, and three numbers are too few to make up for it
#     right: true
#     why: >-
#       Looking at types, shapes and memory costs the same for any size. The low rate only pays off once there are
#       enough numbers, which is beyond the crossover.
#   - text: The measurement must be wrong, because PyTorch is always faster than a Python list
#     why: >-
#       It is faster on one side of the crossover only. The sweep in this lesson shows where that side begins on your
#       machine.
#   - text: PyTorch adds each number more slowly than Python does
#     why: >-
#       Its rate for each number is far lower, as the large sizes of the sweep show. What is higher is the fixed fee
#       of a call.
#   - text: The lists had to be converted to tensors first
#     why: >-
#       Conversion does cost time, but these tensors were ready before the clock started. The fee of the call itself
#       remains.
# points: 1

# %% recap [markdown]
# - Compare ways only when operation, inputs and dtype agree; then warm up, repeat, and take the median.
# - A call costs an entry fee and a rate: the fee decides small sizes, the rate decides large ones.
# - The crossover is found by a size sweep on the machine in question, and PyTorch wins beyond it.
