# ---
# lesson:
#   id: "1.1"
#   title: Overview of scalability in AI systems
#   objective: Say what scalability is and why AI systems need it
#   track: essentials
#   minutes: 40
#   functions:
#     - torch.Tensor.add
#     - torch.Tensor.sub
#     - torch.Tensor.mul
#     - torch.Tensor.div
#     - torch.Tensor.pow
#     - torch.Tensor.dot
#   know:
#     - Python functions, lists and loops
#     - What a vector is, from NumPy or from school
#     - Reading a plot with logarithmic axes
#   new:
#     - Load, cost and slope, the three words behind scalability
#     - Tensors, and six of their methods as a load that can be made larger at will
#     - Counting work exactly, and reading measured seconds with care
#     - Telling a faster system from a more scalable one
#   glossary:
#     scalability: >-
#       How a system's cost grows as its load grows. A system is scalable when that growth
#       stays affordable up to the load you expect.
#     tensor: >-
#       A block of numbers of one type, arranged in any number of dimensions; a vector is
#       a tensor with one dimension, a matrix one with two.
#     element-wise operation: >-
#       An operation in which each element of the result depends only on the elements at
#       the same place in the inputs.
#     distributed computing: >-
#       Sharing one job among several machines that work at the same time and exchange
#       results over a network.
#     load balancing: >-
#       Handing out work so that no worker is overloaded while another one waits.
#     fault tolerance: >-
#       The ability to go on with the right result when a part of the system fails.
#     containerization: >-
#       Packing a program together with everything it needs, so that it runs the same way
#       on any machine.
#     orchestration: >-
#       Software that starts, watches, replaces and stops many programs on many machines.
#   misconceptions:
#     - Scalability is the same as performance tuning
#     - "`.dot` is element-wise"
#   analogies:
#     - Build the scale model first, then the house
# ---

# %% slide [markdown]
# ## One answer, ten million times
#
# - Ten customers: an answer at once
# - Ten million customers: the same answer, what wait?
# - Load grows, budgets seldom keep up

# %% script [markdown]
# In this lesson you learn to say what scalability is and why AI systems need it. A model that answers ten people
# from a notebook is a demonstration. Behind a shop, a clinic or a bank the same model meets growth from every side,
# more people who ask, more examples to learn from, and larger networks that hold what was learned. That is why this
# matters. Load rarely stops at the size you tested with, and a design that is comfortable today can become too slow
# or too expensive without anybody changing a line of its code.

# %% slide [markdown]
# ## Load, cost and slope
#
# - Load: how much work arrives
# - Cost: operations, bytes, seconds, money
# - Slope: how strongly cost answers to load
# - First the scale model, then the house

# %% script [markdown]
# Three words are enough to talk about it. The load is how much arrives, such as products in a catalogue or requests
# in a second. The cost is what the system spends on that load. Scalability is how the cost grows when the load
# grows, and a system is scalable when that growth stays affordable up to the load you expect. Suppose the load
# doubles. If the cost doubles with it, we say the slope is one. If the cost becomes four times as large, the slope
# is two, and then ten times the load costs a hundred times as much. A careful builder makes the scale model first,
# then the house. We do the same. You count the work of a design at small loads, where a mistake costs nothing, you
# read its slope, and you predict what the full size will ask for.

# %% slide [markdown]
# ## Tensors carry the load
#
# - Tensor: a block of numbers with a shape
# - Five methods work element by element
# - The same call serves four numbers or four million

# %% fragment
import torch

a = torch.tensor([1.0, 2.0, 3.0, 4.0])
b = torch.tensor([2.0, 2.0, 4.0, 4.0])
print(a.add(b), a.sub(b), a.mul(b), a.div(b), a.pow(2), sep="\n")

# %% script [markdown]
# To watch cost grow we need work that can be made larger at will, and tensors give us that. A tensor is a block of
# numbers of one type. You see five methods at work on two short ones. Adding, subtracting, multiplying, dividing
# and raising to a power each treat every place by itself, so we call them element-wise operations. A thousand
# results could be worked out by a thousand helpers who never have to speak to each other.

# %% slide [markdown]
# ## The dot product reduces
#
# - Multiply place by place
# - Add all the products up
# - Many numbers in, one number out

# %% fragment
print("mul:", a.mul(b))
print("dot:", a.dot(b))

# %% script [markdown]
# The sixth method is different. The dot product also multiplies place by place, but then it adds everything up, so
# a whole vector is reduced to one number. Now the helpers do have to speak to each other, because somebody must
# collect their products. That small difference decides later how well work can be shared out.

# %% slide [markdown]
# ## Tuning lowers the line, design tilts it
#
# - Tuning: a smaller cost at every load
# - Same slope, same trouble, somewhat later
# - Scalable design: a smaller slope

# %% fragment
demo_loads = torch.tensor([100.0, 1000.0, 10000.0])
print("before:    ", demo_loads.pow(2).tolist())
print("tuned:     ", demo_loads.pow(2).div(10).tolist())
print("redesigned:", demo_loads.mul(100).tolist())

# %% script [markdown]
# Here is the point that is most often missed. Look at the middle number of each list. Both changes make a load of one
# thousand ten times cheaper, so on that day they look equally good. Now look at the last number. The tuned system still
# multiplies its cost by a hundred when the load grows tenfold. The redesigned one multiplies it by ten. Performance
# tuning lowers the line, and you should be glad of it. Scalability is about the tilt of the line.

# %% slide [markdown]
# ## Many workers
#
# - Scale up: one larger machine
# - Scale out: more machines, working together
# - Element-wise work splits freely
# - A reduction needs one more step

# %% fragment
print("first worker: ", a[:2].dot(b[:2]))
print("second worker:", a[2:].dot(b[2:]))
print("together:     ", a[:2].dot(b[:2]).add(a[2:].dot(b[2:])))

# %% script [markdown]
# When one machine is full you can buy a larger one, or let several machines share the job, which is called
# distributed computing. Sharing brings duties of its own. The work must be spread evenly, the failure of one
# machine must not cost the result, and the parts must be combined. On the slide two workers each hold half of the
# vectors, and one addition joins what they found. By the end of the lesson you can look at a cost curve and say
# whether a system was made faster, more scalable, or both.

# %% [markdown]
# ## The load: numbers that can grow
#
# Our load is a generated shop catalogue. Each product is a vector, that is, a tensor with one dimension, and its 64
# numbers describe the product. A seeded generator makes the catalogue, so yours is the same as everyone's. The next
# cell makes five products and prints the shape of the whole block and of one product.


# %%
def make_catalogue(num_products, num_features=64):
    """Return a float tensor [num_products, num_features] that is the same at every call."""
    generator = torch.Generator().manual_seed(7)
    return torch.rand(num_products, num_features, generator=generator)


catalogue = make_catalogue(5)
print("catalogue:  ", catalogue.shape)
print("one product:", catalogue[0].shape)

# %% [markdown]
# The first number of a shape counts products, the second counts numbers in each. Picking a product with square
# brackets leaves one dimension. Two products of equal shape can meet in any of the six operations. Run them on the
# first two products and compare the shapes of the results, not yet their values.

# %%
left, right = catalogue[0], catalogue[1]
results = {
    "add": left.add(right),
    "sub": left.sub(right),
    "mul": left.mul(right),
    "div": left.div(right),
    "pow": left.pow(2),
    "dot": left.dot(right),
}
for name, result in results.items():
    num_bytes = result.numel() * result.element_size()
    print(f"{name}: {result.numel():2} numbers out, shape {list(result.shape)}, {num_bytes:3} bytes")

# %% [markdown]
# Five results have 64 numbers. The last has one, in four bytes where the others fill 256, and its shape is an empty
# list: no dimension is left to count. So `.dot` is not element-wise. The next cell shows that it equals an
# element-wise product followed by a sum, up to the rounding of the last digits, and that it refuses vectors of
# unequal length.

# %%
print("product, then sum:", left.mul(right).sum().item())
print("dot:              ", left.dot(right).item())
try:
    left.dot(right[:10])
except RuntimeError as error:
    print("RuntimeError:", error)

# %% tip [markdown]
# The operators say the same as the methods: `a + b` is `a.add(b)`, `a ** 2` is `a.pow(2)`, and `a @ b` is
# `a.dot(b)` for two vectors. Beware of names that end in an underscore: `.add_` writes its result over the tensor
# it is called on.

# %% [markdown]
# The first exercise puts the six operations to work on a small week of sales, for four products. Run this cell to
# define the three vectors. Their places belong together: the first number of each vector speaks about the first
# product, and so on.

# %%
last_week = torch.tensor([40.0, 25.0, 10.0, 8.0])
this_week = torch.tensor([50.0, 20.0, 10.0, 12.0])
price = torch.tensor([2.0, 5.0, 8.0, 12.5])

# %% exercise: loads [markdown]
# title: Six operations, one load
# difficulty: 1
# minutes: 6
# points: 3
# task: Apply the five element-wise operations and the reduction to a week of sales.
# context: >-
#   You are a data engineer at a retail chain. Every Monday a report compares this week's units sold with last
#   week's, product by product, and states the takings of the whole shop as one amount. The code that writes the
#   report today loops over products. You replace the loop by tensor operations, so that the same lines serve four
#   products here and four hundred thousand in the warehouse.
# instructions:
#   - Add the two weeks, and subtract last week from this week.
#   - Multiply units of this week by price, and divide this week by last week.
#   - Square the change of each product.
#   - Reduce this week and price to the takings, one number for the whole shop.
# hints:
#   - Each blank is the name of one of the six methods, and each method is used once.
#   - Subtraction and division care about order; the tensor before the dot comes first.
#   - The takings are the sum of the revenue of all products, in a single call.
# success: >-
#   Five element-wise operations returned one number for each product, and the reduction returned one number for
#   the shop. Telling the two kinds apart matters because they share out differently over machines.

# %% answer: loads
# Add the weeks, subtract last from this
both_weeks = last_week.add(this_week)  # blank: add
change = this_week.sub(last_week)  # blank: sub

# Multiply by price, divide this by last
revenue = this_week.mul(price)  # blank: mul
growth = this_week.div(last_week)  # blank: div

# Square the change of each product
squared_change = change.pow(2)  # blank: pow

# Reduce to the takings, one number
takings = this_week.dot(price)  # blank: dot

# %% check: loads
from scalable_ai.checks import exercise

with exercise("loads") as check:
    likely = "A method such as `.add_` wrote over it; run the cell that defines the vectors again."
    check.equal(last_week, torch.tensor([40.0, 25.0, 10.0, 8.0]), "last_week", likely=likely)
    check.equal(this_week, torch.tensor([50.0, 20.0, 10.0, 12.0]), "this_week", likely=likely)
    check.equal(both_weeks, torch.tensor([90.0, 45.0, 20.0, 20.0]), "both_weeks", likely="`.add` sums place by place.")
    check.equal(change, torch.tensor([10.0, -5.0, 0.0, 4.0]), "change", likely="Is it this week minus last week?")
    check.equal(
        revenue, torch.tensor([100.0, 100.0, 80.0, 150.0]), "revenue", likely="Units times price, each product."
    )
    check.equal(growth, torch.tensor([1.25, 0.8, 1.0, 1.5]), "growth", likely="Is it this week divided by last week?")
    check.equal(
        squared_change, torch.tensor([100.0, 25.0, 0.0, 16.0]), "squared_change", likely="Raise it to the power 2."
    )
    check.equal(takings, torch.tensor(430.0), "takings", likely="`.dot` multiplies and then adds up: one number.")

# %% [markdown]
# ## The cost: count before you time
#
# How much work is one operation? Counting gives the same answer on every machine, so count first. The next cell
# writes the dot product as a loop that counts its multiplications and additions, and compares the result with
# `.dot`.


# %%
def counted_dot(left, right):
    """Return the dot product of two equally long lists, and the operations it took."""
    total, operations = left[0] * right[0], 1
    for x, y in zip(left[1:], right[1:], strict=True):
        total = total + x * y
        operations += 2
    return total, operations


print("by hand:", counted_dot(a.tolist(), b.tolist()), " by tensor:", a.dot(b))

# %% [markdown]
# Four places took seven operations: four multiplications and three additions. For n places it is n and n minus 1,
# together 2n − 1. An element-wise operation takes n. So `.dot` does about twice the work of `.add` at every load,
# and its line lies higher. But when the load doubles, n doubles and 2n − 1 does so all but exactly. The slope of
# both is one.

# %% [markdown]
# Seconds are what a user feels, so measure them too. The next cell times two of the operations at seven loads and
# keeps the smallest of several readings, since other programs can only add time. The cell after it draws them
# beside the counted operations. With logarithmic axes, slope one climbs one decade for each decade of load.

# %%
import timeit


def best_seconds(operation, size):
    """Return the smallest measured seconds of one call on two vectors of a size."""
    x, y = torch.ones(size), torch.ones(size)
    return min(timeit.repeat(lambda: operation(x, y), number=5, repeat=5)) / 5


sizes = [4**k for k in range(4, 11)]
seconds = {
    "add": [best_seconds(torch.Tensor.add, size) for size in sizes],
    "dot": [best_seconds(torch.Tensor.dot, size) for size in sizes],
}
print(f"{sizes[-1]:,} elements: add {seconds['add'][-1] * 1e6:.1f} µs, dot {seconds['dot'][-1] * 1e6:.1f} µs")

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, (counted, measured) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name, work, style in [("add", sizes, "o-"), ("dot", [2 * size - 1 for size in sizes], "s-")]:
    counted.loglog(sizes, work, style, label=name)
    measured.loglog(sizes, seconds[name], style, label=name)
counted.set(title="Counted", xlabel="load (elements)", ylabel="operations")
measured.set(title="Measured here", xlabel="load (elements)", ylabel="seconds")
counted.legend()
measured.legend()
show(
    fig,
    "Logarithmic axes, load from 256 to about a million elements. Left: counted operations of add and dot, two "
    "parallel straight lines of slope one. Right: measured seconds of the same two, as this machine gave them.",
)

# %% [markdown]
# On the left you see two parallel lines. On the right, look for regions. Where a line is nearly flat, the fixed
# price of a call hides the elements; where it climbs as on the left, the elements are the price. If you see a jump,
# the call may be shared among processor cores from there on, or another program got in the way. All this is a matter
# of your machine, so slopes are computed from counted work and only read from seconds.

# %% [markdown]
# ## The slope: how cost answers to load
#
# The shop wants to show similar products beside each product. The plainest design compares every product with every
# product, with one `.dot` for each pair. The next cell runs that design and counts the multiplications as they
# happen.


# %%
def compare_all(products):
    """Return the similarities of all pairs of products, and the multiplications they took."""
    similarities, multiplications = [], 0
    for this in products:
        for other in products:
            similarities.append(this.dot(other))
            multiplications += this.numel()
    return similarities, multiplications


small_loads = [8, 16, 32, 64]
small_costs = [compare_all(make_catalogue(load))[1] for load in small_loads]
for load, cost in zip(small_loads, small_costs, strict=True):
    print(f"{load:3} products: {cost:8,} multiplications; load squared times 64 is {load**2 * 64:8,}")

# %% [markdown]
# Twice the products means four times the multiplications, because pairs are counted, not products. The scale model
# gave a formula, load squared times 64, that we can trust at loads we would rather not run. The slope puts it in
# one number: the logarithm of the cost ratio divided by the logarithm of the load ratio.

# %%
loads = torch.tensor([250.0, 500.0, 1000.0, 2000.0, 4000.0])
cost_all = loads.pow(2).mul(64)

rise = cost_all[-1].div(cost_all[0]).log()
run = loads[-1].div(loads[0]).log()
print("load ratio:", loads[-1].div(loads[0]).item(), " cost ratio:", cost_all[-1].div(cost_all[0]).item())
print("slope:     ", rise.div(run).item())

# %% [markdown]
# Sixteen times the load costs 256 times as much: slope two. An index of -1 takes the last element, 0 the first; on
# a straight line any two points would do. Before you compute slopes yourself, look at the three rows of the slide
# about tuning, drawn as lines.

# %%
line_loads = torch.tensor([30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0, 30000.0])
fig, ax = plt.subplots(figsize=(6, 3.8), layout="constrained")
ax.loglog(line_loads, line_loads.pow(2), "o-", label="before: slope 2")
ax.loglog(line_loads, line_loads.pow(2).div(10), "s-", label="tuned: slope 2")
ax.loglog(line_loads, line_loads.mul(100), "^-", label="redesigned: slope 1")
ax.axvline(1000, color="gray", linestyle=":")
ax.set(xlabel="load", ylabel="cost (operations)")
ax.legend()
show(
    fig,
    "Cost against load with logarithmic axes. The lines before and tuned are parallel with slope two. The line "
    "redesigned has slope one; it meets the tuned line at a load of 1000, is above it to the left, below to the right.",
)

# %% [markdown]
# At the dotted line the tuned and the redesigned system cost the same, ten times less than before. To its left
# tuning is the better buy, to its right redesign is, and the gap keeps widening. So a speed-up at one load says
# nothing about the slope. Now show that for the shop. `loads` and `cost_all` are ready; the next cell adds a number of
# groups, and the place of today's load.

# %%
num_groups = 250
today = 2
print("load today:", loads[today].item(), " cost today:", cost_all[today].item())

# %% exercise: same_speedup [markdown]
# title: Same speed-up, different slope
# difficulty: 2
# minutes: 10
# points: 4
# task: Compute speed-up and slope of two proposals for the similar-products service.
# context: >-
#   You are a machine learning scientist at an online shop in retail. The service that compares every product with
#   every product is four times too expensive at today's 1000 products. A colleague proposes shorter descriptions, 16
#   numbers in place of 64. You propose to compare each product with the centres of 250 fixed groups, which gives up
#   a little accuracy. The head of the shop sees that both are four times cheaper today and asks why the choice should
#   matter, since next year's catalogue will only be four times as large.
# instructions:
#   - Count the multiplications of both proposals at every load.
#   - Divide the cost of the present design by that of each proposal, both at today's load.
#   - Divide the logarithm of each cost ratio, last to first, by the logarithm of the load ratio.
# hints:
#   - Shorter descriptions cost a quarter of `cost_all`; groups cost `loads` times `num_groups` times 64.
#   - The index `today` picks the same place from every cost curve.
#   - A slope needs `.log()` of both ratios; without it you get a ratio of ratios.
# success: >-
#   Both proposals give the same speed-up today, yet one keeps slope 2 and the other has slope 1. At four times the
#   load the first bill grows sixteenfold and the second fourfold. Tuning lowers a cost curve, scalable design tilts it.

# %% answer: same_speedup
# Count multiplications at every load
cost_short = cost_all.div(4)  # blank: div
cost_grouped = loads.mul(num_groups).mul(64)  # blank: num_groups

# Divide present by proposed cost, both at today
speedup_short = cost_all[today].div(cost_short[today])  # blank: cost_short[today]
speedup_grouped = cost_all[today].div(cost_grouped[today])  # blank: cost_grouped[today]

# Divide logarithms: cost ratio by load ratio
log_load_ratio = loads[-1].div(loads[0]).log()
slope_short = cost_short[-1].div(cost_short[0]).log().div(log_load_ratio)  # blank: log
rise_grouped = cost_grouped[-1].div(cost_grouped[0]).log()  # blank: cost_grouped[-1].div(cost_grouped[0]).log()
slope_grouped = rise_grouped.div(log_load_ratio)

# %% check: same_speedup
from scalable_ai.checks import exercise

with exercise("same_speedup") as check:
    check.equal(cost_short[0], torch.tensor(1_000_000.0), "cost_short at 250 products", likely="A quarter of cost_all.")
    check.equal(cost_grouped[0], torch.tensor(4_000_000.0), "cost_grouped at 250 products", likely="250 · 250 · 64.")
    for name, got in {"speedup_short": speedup_short, "speedup_grouped": speedup_grouped}.items():
        count = torch.as_tensor(got).numel()
        likely = "Take both costs at today's place, with `[today]`."
        check.that(count == 1, f"one number as {name}", got=f"{count} numbers", likely=likely)
        check.equal(float(got), 4.0, name, likely="Old cost divided by new cost, both today.")
    check.equal(float(slope_short), 2.0, "slope_short", tolerance=1e-4, likely="Logarithms before the division.")
    check.equal(float(slope_grouped), 1.0, "slope_grouped", tolerance=1e-4, likely="Logarithms before the division.")

# %% [markdown]
# ## More workers: scaling out
#
# A smaller slope is the best remedy, but even a slope of one outgrows a single machine in the end. Distributed
# computing then shares the job among several workers. An element-wise operation makes this easy: cut the inputs,
# work on the parts, lay the results side by side. Nothing else is exchanged.

# %%
long_left, long_right = make_catalogue(2, num_features=1000)
parts = [long_left[:600].add(long_right[:600]), long_left[600:].add(long_right[600:])]
print("equal to one machine:", torch.equal(torch.cat(parts), long_left.add(long_right)))
print("elements for each worker:", [part.numel() for part in parts])

# %% [markdown]
# Right, but 600 and 400 is a poor division: one worker computes while the other waits. Load balancing hands out
# work so that this does not happen. Fault tolerance means surviving a lost worker. A partial dot product depends
# only on one shard, which is a worker's part of the data. So the next cell can lose one, compute it again and keep
# the other.

# %%
shards = [slice(0, 500), slice(500, 1000)]
partials = [long_left[shard].dot(long_right[shard]) for shard in shards]
partials[1] = None
print("worker that failed:", partials.index(None))

partials[1] = long_left[shards[1]].dot(long_right[shards[1]])
print("repaired:", partials[0].add(partials[1]), " one machine:", long_left.dot(long_right))

# %% [markdown]
# Two more words complete the picture. Containerization packs a program with everything it needs, so that a new
# worker behaves like the old one. Orchestration is the software that starts such packed programs on many machines,
# watches them and replaces the ones that fail. You meet both again when you deploy a model in chapter 4.

# %% exercise: partial_dots [markdown]
# title: Share a dot product among workers
# difficulty: 3
# minutes: 12
# points: 4
# task: Write a function that splits one dot product into balanced partial dot products.
# context: >-
#   You are a programmer at a bank in finance. The risk of a portfolio is a dot product: the amount of each position
#   times its risk weight, added up. Over all positions and scenarios these are hundreds of billions of numbers, more
#   than one machine holds, so each worker gets a shard of both vectors and sends back one number. The night run adds
#   those numbers. Workers are rented by the minute, so none of them may wait for a colleague who was given much more.
# instructions:
#   - Cut both vectors into one shard for each worker, with lengths that differ by at most one.
#   - Compute the dot product of each pair of shards.
#   - Return the partial results as one tensor, one number for each worker.
# hints:
#   - The length need not be a multiple of `num_workers`, so a fixed shard length loses or overloads somebody.
#   - The method `.tensor_split(n)` cuts a tensor into n balanced parts; slices with a step of n do it too.
#   - The function `torch.stack` turns a list of one-number tensors into one tensor.
# success: >-
#   Each worker reduced its shard to one number, so only that number has to travel. Balanced shards and small
#   messages are what make distributed computing pay when the load outgrows a machine.


# %% answer: partial_dots
def partial_dots(a: torch.Tensor, b: torch.Tensor, num_workers: int) -> torch.Tensor:  # stub
    """Return the share of each worker in the dot product of a and b.

    Args:
        a, b: float tensors of shape [N]; RuntimeError when their lengths differ.
        num_workers: 1 or more, and it may exceed N; a worker without elements has the share 0.

    Returns:
        Float tensor [num_workers]. The shares add up to a.dot(b); shard lengths differ by at most 1.
    """
    shards = zip(a.tensor_split(num_workers), b.tensor_split(num_workers), strict=True)
    return torch.stack([left.dot(right) for left, right in shards])


# %% check: partial_dots
from scalable_ai.checks import exercise

with exercise("partial_dots") as check:
    ones = torch.ones(10)
    shares = partial_dots(ones, ones, 4)
    check.that(
        isinstance(shares, torch.Tensor),
        "one tensor that holds all shares",
        got=type(shares).__name__,
        likely="`torch.stack` makes a tensor of a list of tensors.",
    )
    check.that(
        tuple(shares.shape) == (4,),
        "one number for each of 4 workers",
        got=f"shape {tuple(shares.shape)}",
        likely="Reduce each pair of shards with `.dot`, and keep the results apart.",
    )
    check.equal(
        float(shares.sum()), 10.0, "sum over 10 ones", likely="Ten places among four workers leave a remainder."
    )
    check.that(
        float(shares.max() - shares.min()) <= 1.0,
        "shard lengths that differ by at most 1",
        got=shares.tolist(),
        likely="With ones in both vectors each share is the length of its shard; balance them.",
    )
    check.equal(
        float(partial_dots(price, this_week, 3).sum()), 430.0, "takings from 3 workers", likely="Add up shares."
    )

# %% quiz: fraud [markdown]
# question: >-
#   A bank's fraud check compares every payment of a day with every other. After a rewrite it is three times as fast at
#   every load measured. Ten times the payments still take a hundred times as long. What did the rewrite improve?
# options:
#   - text: Both, because a faster system is a more scalable one
#     why: >-
#       Speed is the height of the cost curve at one load, scalability its slope. Here the height changed and the
#       slope did not.
#   - text: Its scalability, since it can now handle more payments in a day
#     why: >-
#       It does handle more before it is too slow, about 1.7 times as many, and then meets the same wall. How cost
#       grows with load has not changed.
#   - text: Its performance, while its scalability stayed as it was
#     right: true
#     why: >-
#       A factor of three at every load lowers the cost curve. Ten times the load for a hundred times the cost is
#       slope 2, before and after.
#   - text: Neither, because only the slope counts
#     why: >-
#       Three times as fast is a real gain for today's customers. It is a gain in performance, and tuning is worth
#       having.
# points: 1

# %% recap [markdown]
# - Scalability is how cost grows with load; tuning lowers that curve, scalable design reduces its slope.
# - `.add`, `.sub`, `.mul`, `.div` and `.pow` are element-wise; `.dot` reduces two vectors to one number.
# - Count work to compute a slope; measure seconds to see where a fixed price hides it.
