# %% wrong: centered - divided
# says: centered
# scores: 0
centered = values / values.mean()

# %% right: centered - in two steps
middle = values.sum() / values.numel()
centered = values - middle


# %% wrong: clip - only above
# says: clip
def clip(values, low, high):
    return [min(value, high) for value in values]


# %% right: clip - with torch
def clip(values, low, high):
    return torch.tensor(values, dtype=torch.float64).clamp(low, high).tolist()
