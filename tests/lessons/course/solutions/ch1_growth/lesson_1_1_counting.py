# ---
# lesson:
#   id: "1.1"
#   title: Counting work with Python
#   objective: Count the work of a program and predict how it grows
#   track: essentials
#   minutes: 20
#   functions: [itertools.combinations, math.comb]
#   know:
#     - Python functions and lists
#     - Reading a plot
#   new:
#     - Load and cost
#     - Counting pairs without running through them
#   glossary:
#     load: How much work arrives at a system, such as requests or parcels.
#   misconceptions:
#     - Twice the parcels need twice the comparisons
#   analogies:
#     - Build the scale model first, then the house
# ---

# %% slide [markdown]
# ## A depot that grows
#
# - Ten parcels: done before lunch
# - A thousand parcels: what then?

# %% script [markdown]
# In this lesson you learn to count the work of a program and to predict how it grows. That matters because a program
# is written on a quiet day and judged on a busy one. Picture a depot in which every parcel is compared with every
# other one, and parcels for the same street travel together. With ten parcels nobody notices the comparisons. With
# a thousand of them the night shift waits for the program, and with ten thousand the vans leave half empty. Nothing in
# the code has changed in the meantime. Only the load has grown, and the cost has grown with it, faster than anybody
# had expected.

# %% slide [markdown]
# ## Load and cost
#
# - Load: how much arrives
# - Cost: what it takes to answer

# %% fragment
parcels = ["oak", "elm", "oak", "ash"]
print("load:", len(parcels))

# %% script [markdown]
# Two words are enough to begin with. The load is how much arrives, here the number of parcels on the belt. The cost is
# what the program spends on that load, here the number of comparisons. We do not speak of seconds yet, since seconds
# belong to one machine and one afternoon, while a count belongs to the program itself. On the slide the load is four,
# and it is written down before anything else is done.

# %% slide [markdown]
# ## The scale model first
#
# - Small loads are cheap to count
# - Then the house

# %% fragment
from itertools import combinations

pairs = list(combinations(parcels, 2))
print("cost:", len(pairs))

# %% script [markdown]
# A careful builder makes the scale model first, then the house. We do the same here. At a load of four we can afford
# to write every pair down and to count them one by one. There are six of them, and you can check each with your own
# eyes. Once the count is right at the small size, we look for the rule behind it, and the rule then tells us about
# sizes that we would never want to run through by hand.

# %% slide [markdown]
# ## From a list to a rule
#
# - The list grows with the pairs
# - The rule is one multiplication

# %% fragment
from math import comb

print("by rule:", comb(len(parcels), 2))

# %% script [markdown]
# The rule for pairs is old and short. Each of the parcels meets every other one, and each meeting would be counted
# twice, so we halve the product. The standard library knows this rule under the name of a combination. The rule and
# the list agree at four parcels, and that agreement is our reason to trust the rule at four thousand. The list would
# fill the memory of a small machine at that size, while the rule still is a single multiplication and a single
# division, whatever the load may be.

# %% slide [markdown]
# ## What growth looks like
#
# - Twice the load: about four times the cost
# - Ask early, not at night

# %% script [markdown]
# Now compare two loads. Twice the parcels do not need twice the comparisons, they need about four times as many. People
# often expect the first and are surprised by the second. When you can count, you are not surprised, and you can choose
# another design before the depot is full. By the end of the lesson you will have counted pairs in two ways, drawn how
# they grow, and said what the growth means for the night shift.

# %% [markdown]
# ## Pairs of parcels
#
# The next cell draws the rule for several loads. Look at the bend of the line: a straight line would mean that twice
# the load costs twice as much. The function `comb` does the counting.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

loads = [10, 20, 40, 80]
fig, ax = plt.subplots()
ax.plot(loads, [comb(load, 2) for load in loads], "o-")
ax.set(xlabel="parcels", ylabel="comparisons")
show(fig, "Comparisons against parcels, from ten to eighty. The line bends upwards: cost grows faster than load.")

# %% note [markdown]
# The function `comb` returns a whole number, whatever the size.

# %% exercise: count_pairs [markdown]
# title: Count the pairs
# difficulty: 1
# minutes: 5
# points: 2
# task: Compute the pairs of parcels by list and by rule.
# context: >-
#   You are a data engineer at a retail company. The depot compares each parcel with each other one before the vans are
#   loaded, and the shift leader wants to know how many comparisons tonight's parcels will take. You count them in a list
#   first and then by rule, so that both can be compared.
# instructions:
#   - List the pairs of the parcels and count them.
#   - Count the pairs by rule.
# hints:
#   - The list of pairs comes from the fragment on the third slide.
#   - The rule takes the number of parcels and the size of a group.
# success: The list and the rule agree, so that the cost of a load can be predicted without running through its pairs.

# %% answer: count_pairs
# List the pairs and count them
listed = len(list(combinations(parcels, 2)))  # blank: combinations

# Count the pairs by rule
by_rule = comb(len(parcels), 2)  # blank: comb

# %% check: count_pairs
from scalable_ai.checks import exercise

with exercise("count_pairs") as check:
    check.equal(listed, 6, "listed", likely="Each pair counts once, whichever of the two comes first.")
    check.equal(by_rule, 6, "by_rule", likely="A group has two parcels.")

# %% exercise: growth_factor [markdown]
# title: How the cost grows
# difficulty: 2
# minutes: 8
# points: 3
# task: Write a function that predicts how much the cost grows with the load.
# context: >-
#   You are a programmer in the manufacturing of furniture. A robot arm checks every board against every other board of
#   a delivery. Next year deliveries will be larger, and your manager asks by how much the checking will grow. You
#   write a function that gives the factor for any two loads, so that nobody has to guess.
# instructions:
#   - Count the pairs of both loads by rule.
#   - Divide the larger cost by the smaller one.
# hints:
#   - Both costs come from the same rule.
#   - The factor is larger than the ratio of the loads.
# success: The factor of the cost is larger than the factor of the load, and that is what makes a design hard to scale.


# %% answer: growth_factor
def growth_factor(small: int, large: int) -> float:  # stub
    """Return how many times more pairs a larger load has.

    Args:
        small: Number of parts, 2 or more.
        large: Number of parts, at least `small`.
    """
    # Count the pairs of both loads
    before, after = comb(small, 2), comb(large, 2)

    # Divide the larger cost by the smaller
    return after / before


# %% check: growth_factor
from scalable_ai.checks import exercise

with exercise("growth_factor") as check:
    check.equal(growth_factor(2, 4), 6.0, "growth from 2 to 4", likely="Compare counts of pairs, not the loads.")
    check.that(
        growth_factor(10, 20) > 2,
        "more than twice the cost",
        got=growth_factor(10, 20),
        likely="Is it the loads' own factor?",
    )

# %% quiz: twice [markdown]
# question: A depot gets twice the parcels. About how many comparisons does it need?
# options:
#   - text: Twice as many
#     why: Twice is right for work that meets each parcel once, and here each parcel meets every other.
#   - text: Four times as many
#     right: true
#     why: Each of twice as many parcels meets about twice as many others.
#   - text: As many as before
#     why: New parcels are compared too, so the count cannot stay where it was.

# %% recap [markdown]
# - Load is what arrives, cost is what it takes.
# - Pairs grow about fourfold when the load doubles.
