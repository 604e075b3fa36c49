# %% wrong: total - the mean
# says: heavy
# scores: 0.75
heavy = weights.mean()
cost = weights.dot(prices)

# %% wrong: total - changed in place
# says: underscore
# scores: 0.5
heavy = weights.sum()
cost = weights.dot(prices)
weights.mul_(2)

# %% wrong: total - copied from the check
# says: cost
heavy, cost = torch.tensor(7.0), torch.tensor(13.0)

# %% right: total - operators
heavy = torch.sum(weights)
cost = (weights * prices).sum()
