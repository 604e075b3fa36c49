# ---
# lesson:
#   id: "1.2"
#   title: Scales
#   objective: Bring a load to a scale
# ---

# %%
import warnings

import torch

values = torch.tensor([2.0, 4.0, 6.0])

# %%
with open("left-by-the-lesson.txt", "w") as file:
    file.write("a lesson may write where it runs")

# %% exercise: centered [markdown]
# title: Center the values
# difficulty: 1
# minutes: 3
# points: 2
# task: Subtract the mean.
# context: You are a programmer in manufacturing and compare the deviations of two machines.
# instructions:
#   - Subtract the mean from each value.
# hints:
#   - The mean is one number.
# success: Centered values say how far each one is from the middle, whatever the scale was.

# %% answer: centered
# Subtract the mean
centered = values - values.mean()  # blank: mean

# %% check: centered
from scalable_ai.checks import exercise

with exercise("centered") as check:
    check.equal(centered, torch.tensor([-2.0, 0.0, 2.0]), "centered", likely="Subtract the mean, do not divide.")

# %% exercise: clip [markdown]
# title: Clip the values
# difficulty: 2
# minutes: 5
# points: 3
# task: Write a function that keeps values between two limits.
# context: You are a machine learning scientist in healthcare and keep readings in range.
# instructions:
#   - Clip below and above.
# hints:
#   - One method does both.
# success: Clipped readings cannot blow up what comes after them.


# %% answer: clip
def clip(values: list[float], low: float, high: float) -> list[float]:  # stub
    """Return the values, each brought into [low, high]."""
    # Clip below and above
    return [min(max(value, low), high) for value in values]


# %% check: clip
from scalable_ai.checks import exercise

with exercise("clip") as check:
    check.equal(clip([1.0, 5.0], 2.0, 3.0), [2.0, 3.0], "clip([1, 5], 2, 3)", likely="Both limits hold.")
