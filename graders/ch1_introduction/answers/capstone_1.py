# %% wrong: class_means - sums without a division
# says: divide
# scores: 0
def class_means(rows, labels, num_classes):
    members = (torch.arange(num_classes)[:, None] == labels).to(rows.dtype)
    return torch.matmul(members, rows)


# %% wrong: class_means - every class taken to be equally large
# says: not by an average
# scores: 0
def class_means(rows, labels, num_classes):
    members = (torch.arange(num_classes)[:, None] == labels).to(rows.dtype)
    return torch.matmul(members, rows).div(len(rows) / num_classes)


# %% wrong: class_means - mean over the columns
# says: shape
# scores: 0
def class_means(rows, labels, num_classes):
    return torch.stack([rows[labels == label].mean(dim=1).mean() for label in range(num_classes)])


# %% wrong: class_means - computed in float32
# says: pass through float32
# scores: 0
def class_means(rows, labels, num_classes):
    members = (torch.arange(num_classes)[:, None] == labels).float()
    means = torch.matmul(members, rows.float()).div(members.sum(dim=1, keepdim=True))
    return means.to(torch.float64)


# %% wrong: class_means - two classes only
# says: shape
def class_means(rows, labels, num_classes):
    return torch.stack([rows[labels == label].mean(dim=0) for label in range(2)])


# %% wrong: class_means - the means of this lesson's pictures
# says: shape
# scores: 0
def class_means(rows, labels, num_classes):
    return torch.from_numpy(means_array)


# %% right: class_means - a loop over classes
def class_means(rows, labels, num_classes):
    return torch.stack([rows[labels == label].mean(dim=0) for label in range(num_classes)])


# %% right: class_means - index_add and bincount
def class_means(rows, labels, num_classes):
    sums = torch.zeros(num_classes, rows.shape[1], dtype=rows.dtype).index_add(0, labels, rows)
    return sums / labels.bincount(minlength=num_classes)[:, None]


# %% wrong: predict - argmin along the pictures
# says: predict_torch
# scores: 0.667
def predict_python(rows, means):
    gaps = [[sum((x - m) ** 2 for x, m in zip(row, mean, strict=True)) for mean in means] for row in rows]
    return [gap.index(min(gap)) for gap in gaps]


def predict_numpy(rows, means):
    return np.square(rows[:, None, :] - means).sum(axis=2).argmin(axis=1)


def predict_torch(rows, means):
    return rows[:, None, :].sub(means).pow(2).sum(dim=2).argmin(dim=0)


# %% wrong: predict - differences not squared
# says: gaps are sums over the numbers of a row
# scores: 0.667
def predict_python(rows, means):
    gaps = [[sum((x - m) for x, m in zip(row, mean, strict=True)) for mean in means] for row in rows]
    return [gap.index(min(gap)) for gap in gaps]


def predict_numpy(rows, means):
    return np.square(rows[:, None, :] - means).sum(axis=2).argmin(axis=1)


def predict_torch(rows, means):
    return rows[:, None, :].sub(means).pow(2).sum(dim=2).argmin(dim=1)


# %% wrong: predict - float32 tensors
# says: predict_torch
# scores: 0.667
def predict_python(rows, means):
    gaps = [[sum((x - m) ** 2 for x, m in zip(row, mean, strict=True)) for mean in means] for row in rows]
    return [gap.index(min(gap)) for gap in gaps]


def predict_numpy(rows, means):
    return np.square(rows[:, None, :] - means).sum(axis=2).argmin(axis=1)


def predict_torch(rows, means):
    return rows.float()[:, None, :].sub(means.float()).pow(2).sum(dim=2).argmin(dim=1)


# %% wrong: predict - the last class in a tie
# says: the first one in a tie
# scores: 0.667
def predict_python(rows, means):
    gaps = [[sum((x - m) ** 2 for x, m in zip(row, mean, strict=True)) for mean in means] for row in rows]
    return [max(k for k in range(len(gap)) if gap[k] == min(gap)) for gap in gaps]


def predict_numpy(rows, means):
    return np.square(rows[:, None, :] - means).sum(axis=2).argmin(axis=1)


def predict_torch(rows, means):
    return rows[:, None, :].sub(means).pow(2).sum(dim=2).argmin(dim=1)


# %% wrong: predict - the prediction of the lesson's pictures
# says: predict_numpy
# scores: 0.333
def predict_python(rows, means):
    gaps = [[sum((x - m) ** 2 for x, m in zip(row, mean, strict=True)) for mean in means] for row in rows]
    return [gap.index(min(gap)) for gap in gaps]


def predict_numpy(rows, means):
    return np.array([0, 1, 0]) if len(rows) == 3 else torch.cdist(test_rows, means_tensor).argmin(dim=1).numpy()


def predict_torch(rows, means):
    return torch.tensor([0, 1, 0]) if len(rows) == 3 else torch.cdist(test_rows, means_tensor).argmin(dim=1)


# %% wrong: predict - the gap in place of the class
# says: predict_python
# scores: 0.667
def predict_python(rows, means):
    gaps = [[sum((x - m) ** 2 for x, m in zip(row, mean, strict=True)) for mean in means] for row in rows]
    return [min(gap) for gap in gaps]


def predict_numpy(rows, means):
    return np.square(rows[:, None, :] - means).sum(axis=2).argmin(axis=1)


def predict_torch(rows, means):
    return rows[:, None, :].sub(means).pow(2).sum(dim=2).argmin(dim=1)


# %% right: predict - loops, operators and cdist
def predict_python(rows, means):
    nearest = []
    for row in rows:
        gaps = []
        for mean in means:
            gaps.append(sum((x - m) * (x - m) for x, m in zip(row, mean, strict=True)))
        nearest.append(min(range(len(gaps)), key=gaps.__getitem__))
    return nearest


def predict_numpy(rows, means):
    return np.argmin(((rows[:, np.newaxis] - means[np.newaxis]) ** 2).sum(-1), axis=-1)


def predict_torch(rows, means):
    difference = rows.unsqueeze(1) - means
    return (difference * difference).sum(-1).argmin(-1)


# %% right: predict - the square multiplied out
def predict_python(rows, means):
    def score(row, mean):
        return sum(m * m - 2 * x * m for x, m in zip(row, mean, strict=True))

    return [min(range(len(means)), key=lambda k: score(row, means[k])) for row in rows]


def predict_numpy(rows, means):
    return np.argmin((means**2).sum(axis=1) - 2 * rows @ means.T, axis=1)


def predict_torch(rows, means):
    return means.pow(2).sum(dim=1).sub(torch.matmul(rows, means.T).mul(2)).argmin(dim=1)


# %% wrong: crossovers - one entry for every size
# says: items
# scores: 0
def crossovers(sizes, times):
    return [(size, min(times, key=lambda name: times[name][place])) for place, size in enumerate(sizes)]


# %% wrong: crossovers - the slowest way
# says: crossovers
# scores: 0
def crossovers(sizes, times):
    changes = []
    for place, size in enumerate(sizes):
        slowest = max(times, key=lambda name: times[name][place])
        if not changes or changes[-1][1] != slowest:
            changes.append((size, slowest))
    return changes


# %% wrong: crossovers - the last lost size of the leader before
# says: begin with the first size
def crossovers(sizes, times):
    changes = []
    for place in range(len(sizes)):
        fastest = min(times, key=lambda name: times[name][place])
        if not changes or changes[-1][1] != fastest:
            changes.append((sizes[max(place - 1, 0)], fastest))
    return changes


# %% wrong: crossovers - a way may lead only once
# says: a way may take the lead more than once
# scores: 0.5
def crossovers(sizes, times):
    changes = {}
    for place, size in enumerate(sizes):
        fastest = min(times, key=lambda name: times[name][place])
        changes.setdefault(fastest, size)
    return [(size, name) for name, size in changes.items()]


# %% wrong: crossovers - the first leader left out
# says: items
# scores: 0
def crossovers(sizes, times):
    leaders = [min(times, key=lambda name: times[name][place]) for place in range(len(sizes))]
    return [(sizes[i], leaders[i]) for i in range(1, len(sizes)) if leaders[i] != leaders[i - 1]]


# %% wrong: crossovers - ties in alphabetical order
# says: listed first
# scores: 0.75
def crossovers(sizes, times):
    changes = []
    for place, size in enumerate(sizes):
        fastest = min((times[name][place], name) for name in times)[1]
        if not changes or changes[-1][1] != fastest:
            changes.append((size, fastest))
    return changes


# %% wrong: crossovers - PyTorch believed to lead everywhere
# says: crossovers
# scores: 0
def crossovers(sizes, times):
    return [(sizes[0], list(times)[-1])]


# %% right: crossovers - leaders first, changes after
def crossovers(sizes, times):
    leaders = [min(times, key=lambda name: times[name][place]) for place in range(len(sizes))]
    return [(sizes[i], leaders[i]) for i in range(len(sizes)) if i == 0 or leaders[i] != leaders[i - 1]]


# %% right: crossovers - groupby
def crossovers(sizes, times):
    from itertools import groupby

    names = list(times)
    table = np.array([times[name] for name in names]).argmin(axis=0)
    return [
        (next(group)[0], names[place])
        for place, group in groupby(zip(sizes, table.tolist(), strict=True), key=lambda x: x[1])
    ]


# %% wrong: verdict - slopes over the whole range
# says: last two sizes
def verdict(sizes, before, after):
    run = math.log(sizes[-1] / sizes[0])
    old, new = math.log(before[-1] / before[0]) / run, math.log(after[-1] / after[0]) / run
    return {
        "speedup": before[-1] / after[-1],
        "slope_before": old,
        "slope_after": new,
        "more_scalable": old - new > 0.25,
    }


# %% wrong: verdict - a speed-up taken for scalability
# says: leaves the slope as it was
def verdict(sizes, before, after):
    run = math.log(sizes[-1] / sizes[-2])
    old, new = math.log(before[-1] / before[-2]) / run, math.log(after[-1] / after[-2]) / run
    speedup = before[-1] / after[-1]
    return {"speedup": speedup, "slope_before": old, "slope_after": new, "more_scalable": speedup > 1}


# %% wrong: verdict - after divided by before
# says: speedup
# scores: 0.2
def verdict(sizes, before, after):
    run = math.log(sizes[-1] / sizes[-2])
    old, new = math.log(before[-1] / before[-2]) / run, math.log(after[-1] / after[-2]) / run
    return {
        "speedup": after[-1] / before[-1],
        "slope_before": old,
        "slope_after": new,
        "more_scalable": old - new > 0.25,
    }


# %% wrong: verdict - ratios without logarithms
# says: logarithm of the cost ratio
def verdict(sizes, before, after):
    run = sizes[-1] / sizes[-2]
    old, new = before[-1] / before[-2] / run, after[-1] / after[-2] / run
    return {
        "speedup": before[-1] / after[-1],
        "slope_before": old,
        "slope_after": new,
        "more_scalable": old - new > 0.25,
    }


# %% wrong: verdict - any smaller slope counts
# says: only a fall of more than 0.25 counts
# scores: 0.8
def verdict(sizes, before, after):
    run = math.log(sizes[-1] / sizes[-2])
    old, new = math.log(before[-1] / before[-2]) / run, math.log(after[-1] / after[-2]) / run
    better = new < old - 1e-9
    return {"speedup": before[-1] / after[-1], "slope_before": old, "slope_after": new, "more_scalable": better}


# %% wrong: verdict - more scalable only when faster too
# says: may scale better and still be slower
def verdict(sizes, before, after):
    run = math.log(sizes[-1] / sizes[-2])
    old, new = math.log(before[-1] / before[-2]) / run, math.log(after[-1] / after[-2]) / run
    speedup = before[-1] / after[-1]
    better = old - new > 0.25 and speedup > 1
    return {"speedup": speedup, "slope_before": old, "slope_after": new, "more_scalable": better}


# %% right: verdict - differences of logarithms
def verdict(sizes, before, after):
    def slope(costs):
        return (math.log(costs[-1]) - math.log(costs[-2])) / (math.log(sizes[-1]) - math.log(sizes[-2]))

    found = dict(speedup=before[-1] / after[-1], slope_before=slope(before), slope_after=slope(after))
    found["more_scalable"] = found["slope_before"] > found["slope_after"] + 0.25
    return found


# %% right: verdict - NumPy and base ten
def verdict(sizes, before, after):
    run = np.diff(np.log10(sizes[-2:]))[0]
    old, new = (float(np.diff(np.log10(costs[-2:]))[0] / run) for costs in (before, after))
    return {
        "more_scalable": bool(old - new > 0.25),
        "slope_after": new,
        "slope_before": old,
        "speedup": before[-1] / after[-1],
    }
