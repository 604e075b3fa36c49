# ---
# lesson:
#   id: capstone_1
#   kind: capstone
#   title: "Capstone 1: a depot that scales"
#   objective: Replace comparisons by groups and show that the cost grows less
#   functions: [math.comb, collections.Counter]
#   forms:
#     coding: [group_cost]
#     iterative: [group_cost]
#     sequential: [group_cost]
# ---

# %% [markdown]
# ## The task
#
# Compare parcels only inside their street, and count again.

# %%
from collections import Counter
from math import comb

streets = ["oak", "elm", "oak", "ash"]

# %% exercise: group_cost [markdown]
# title: Count inside groups
# difficulty: 2
# minutes: 10
# points: 4
# task: Compute the pairs of parcels inside each street.
# context: >-
#   You are a machine learning scientist at a technology company that sorts parcels by street. Comparing all parcels with
#   all others was too slow, so parcels are first put into groups. You count the comparisons that remain inside
#   the groups, and you repeat the count for other evenings.
# instructions:
#   - Count the parcels of each street.
#   - Add the pairs of all streets.
# hints:
#   - A counter holds one number for each street.
# success: Counting inside groups shows how a design with fewer comparisons lowers the cost of the same load.

# %% answer: group_cost
# Count the parcels of each street
sizes = Counter(streets)  # blank: Counter

# Add the pairs of all streets
pairs_inside = sum(comb(size, 2) for size in sizes.values())  # blank: size, 2

# %% check: group_cost
from scalable_ai.checks import exercise

with exercise("group_cost") as check:
    check.equal(pairs_inside, 1, "pairs_inside", likely="Only the two parcels for oak meet.")
