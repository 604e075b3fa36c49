# ---
# lesson:
#   id: "1.1"
#   title: Totals
#   objective: Add up a load
# ---

# %% [markdown]
# ## Totals
#
# The parcels of a shift, by weight.

# %%
import torch

weights = torch.tensor([1.0, 2.0, 4.0])
prices = torch.tensor([3.0, 1.0, 2.0])

# %% exercise: total [markdown]
# title: Total and cost
# difficulty: 1
# minutes: 3
# points: 4
# task: Compute the total weight and the cost.
# context: You are a data engineer at a retail company and want to know what a shift carries.
# instructions:
#   - Add the weights up.
#   - Multiply weights and prices and add up.
# hints:
#   - A reduction adds up.
#   - The second hint names no method.
# success: A reduction turns a whole load into one number, and so the load can be told in one word.

# %% answer: total
# Add the weights up
heavy = weights.sum()  # blank: sum

# Multiply and add up
cost = weights.dot(prices)  # blank: dot

# %% check: total
from scalable_ai.checks import exercise

with exercise("total") as check:
    check.equal(heavy, torch.tensor(7.0), "heavy", likely="Add up, do not average.")
    check.equal(cost, torch.tensor(13.0), "cost", likely="Pairs are multiplied first.")

# %% quiz: doubling [markdown]
# question: All weights double. What happens to the total?
# options:
#   - text: It stays
#     why: A sum follows its parts.
#   - text: It doubles
#     right: true
#     why: A factor can be taken out of a sum.
#   - text: It becomes four times as large
#     why: That would be a square.
# points: 1
