# %% wrong: group_cost - pairs of everything
# says: pairs_inside
pairs_inside = comb(len(streets), 2)

# %% wrong: group_cost - streets counted
# says: pairs_inside
pairs_inside = len(set(streets))

# %% wrong: group_cost - copied
# says: pairs_inside
pairs_inside = 1

# %% right: group_cost - formula
pairs_inside = sum(n * (n - 1) // 2 for n in Counter(streets).values())

# %% right: group_cost - loop
pairs_inside = 0
for street in set(streets):
    pairs_inside += comb(streets.count(street), 2)
