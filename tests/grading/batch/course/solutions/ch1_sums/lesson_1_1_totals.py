# ---
# lesson:
#   id: "1.1"
#   title: Totals
#   objective: Add up a load
# ---

# %% [markdown]
# ## Totals

# %%
weights = [1.0, 2.0, 4.0]

# %% exercise: total [markdown]
# title: Total
# difficulty: 1
# minutes: 3
# points: 4
# task: Compute the total weight.
# context: You are a data engineer at a retail company and want to know what a shift carries.
# instructions:
#   - Add the weights up.
# hints:
#   - A function of Python adds up.
# success: A sum turns a whole load into one number.

# %% answer: total
# Add the weights up
heavy = sum(weights)  # blank: sum

# %% check: total
from scalable_ai.checks import exercise

with exercise("total") as check:
    check.equal(heavy, 7.0, "heavy")

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
