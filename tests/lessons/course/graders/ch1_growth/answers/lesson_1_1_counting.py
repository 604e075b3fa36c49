# %% wrong: count_pairs - numbers copied from the check
# says: another value
# scores: 0
listed = 6
by_rule = 6

# %% wrong: count_pairs - ordered pairs
# says: listed
listed = len(parcels) * (len(parcels) - 1)
by_rule = comb(len(parcels), 2)

# %% wrong: count_pairs - groups of three
# says: by_rule
# scores: 0.5
listed = len(list(combinations(parcels, 2)))
by_rule = comb(len(parcels), 3)

# %% right: count_pairs - a loop
listed = 0
for place in range(len(parcels)):
    listed += place
by_rule = comb(len(parcels), 2)

# %% right: count_pairs - the formula
by_rule = len(parcels) * (len(parcels) - 1) // 2
listed = by_rule


# %% wrong: growth_factor - ratio of loads
# says: growth_factor
def growth_factor(small, large):
    return large / small


# %% wrong: growth_factor - upside down
# says: growth_factor
def growth_factor(small, large):
    return comb(small, 2) / comb(large, 2)


# %% wrong: growth_factor - squares
# says: growth_factor
def growth_factor(small, large):
    return large**2 / small**2


# %% right: growth_factor - by formula
def growth_factor(small, large):
    return large * (large - 1) / (small * (small - 1))


# %% right: growth_factor - by lists
def growth_factor(small, large):
    return len(list(combinations(range(large), 2))) / len(list(combinations(range(small), 2)))
