# %% wrong: follow_schedules - the schedule moves first
# says: Update first, then move the schedule
# scores: 0
def follow(schedule, **settings):
    optimizer = NotingSGD(base_lr)
    scheduler = schedule(optimizer, **settings)
    for _ in range(num_steps):
        scheduler.step()
        optimizer.step()
    return optimizer.used


dropping = follow(StepLR, step_size=drop_every, gamma=drop_by)
cosine = follow(CosineAnnealingLR, T_max=num_steps, eta_min=lowest_lr)
cycle = follow(OneCycleLR, max_lr=peak_lr, total_steps=num_steps)


# %% wrong: follow_schedules - the schedule never moves
# says: items
# scores: 0
def follow(schedule, **settings):
    optimizer = NotingSGD(base_lr)
    scheduler = schedule(optimizer, **settings)
    for _ in range(num_steps):
        optimizer.step()
        optimizer.step()
    return optimizer.used


dropping = follow(StepLR, step_size=drop_every, gamma=drop_by)
cosine = follow(CosineAnnealingLR, T_max=num_steps, eta_min=lowest_lr)
cycle = follow(OneCycleLR, max_lr=peak_lr, total_steps=num_steps)


# %% wrong: follow_schedules - the wave too short, the peak at the base rate
# says: The cycle peaks at
# scores: 0.5
def follow(schedule, **settings):
    optimizer = NotingSGD(base_lr)
    scheduler = schedule(optimizer, **settings)
    for _ in range(num_steps):
        optimizer.step()
        scheduler.step()
    return optimizer.used


dropping = follow(StepLR, step_size=drop_every, gamma=drop_by)
cosine = follow(CosineAnnealingLR, T_max=drop_every, eta_min=lowest_lr)
cycle = follow(OneCycleLR, max_lr=base_lr, total_steps=num_steps)


# %% wrong: follow_schedules - the lesson's numbers written out
# says: multiply by
# scores: 0
def follow(schedule, **settings):
    optimizer = NotingSGD(0.1)
    scheduler = schedule(optimizer, **settings)
    for _ in range(12):
        optimizer.step()
        scheduler.step()
    return optimizer.used


dropping = follow(StepLR, step_size=4, gamma=0.5)
cosine = follow(CosineAnnealingLR, T_max=12, eta_min=0.01)
cycle = follow(OneCycleLR, max_lr=0.4, total_steps=12)


# %% right: follow_schedules - the rates read from the schedule
def follow(schedule, **settings):
    optimizer = NotingSGD(base_lr)
    scheduler = schedule(optimizer, **settings)
    rates = []
    for _ in range(num_steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


dropping = follow(StepLR, step_size=drop_every, gamma=drop_by)
cosine = follow(CosineAnnealingLR, T_max=num_steps, eta_min=lowest_lr)
cycle = follow(OneCycleLR, max_lr=peak_lr, total_steps=num_steps)

# %% right: follow_schedules - formulas
half = [(1 + math.cos(math.pi * step / num_steps)) / 2 for step in range(num_steps)]
dropping = [base_lr * drop_by ** (step // drop_every) for step in range(num_steps)]
cosine = [lowest_lr + (base_lr - lowest_lr) * share for share in half]

optimizer = NotingSGD(peak_lr)
scheduler = OneCycleLR(optimizer, peak_lr, epochs=1, steps_per_epoch=num_steps)
for _ in range(num_steps):
    optimizer.step()
    scheduler.step()
cycle = optimizer.used


# %% wrong: fair_search - one network for all
# says: carried over from run to run
# scores: 0
def search(configs, seed):
    torch.manual_seed(seed)
    model = make_model()
    log = []
    for config in configs:
        fit(model, config["lr"], config["momentum"])
        log.append({**config, "seed": seed, "val_accuracy": accuracy(model, val_rows, val_labels)})
    return log


# %% wrong: fair_search - the seed set once
# says: state of the random numbers
# scores: 0
def search(configs, seed):
    torch.manual_seed(seed)
    log = []
    for config in configs:
        model = make_model()
        fit(model, config["lr"], config["momentum"])
        log.append({**config, "seed": seed, "val_accuracy": accuracy(model, val_rows, val_labels)})
    return log


# %% wrong: fair_search - the seed set after the network was made
# says: begins with the given seed
# scores: 0
def search(configs, seed):
    log = []
    for config in configs:
        model = make_model()
        torch.manual_seed(seed)
        fit(model, config["lr"], config["momentum"])
        log.append({**config, "seed": seed, "val_accuracy": accuracy(model, val_rows, val_labels)})
    return log


# %% wrong: fair_search - chosen by the test pictures
# says: scored on the validation pictures
# scores: 0.333
def search(configs, seed):
    log = []
    for config in configs:
        torch.manual_seed(seed)
        model = make_model()
        fit(model, config["lr"], config["momentum"])
        log.append({**config, "seed": seed, "val_accuracy": accuracy(model, test_rows, test_labels)})
    return log


# %% wrong: fair_search - chosen by the training pictures
# says: scored on the validation pictures
# scores: 0.333
def search(configs, seed):
    log = []
    for config in configs:
        torch.manual_seed(seed)
        model = make_model()
        fit(model, config["lr"], config["momentum"])
        log.append({**config, "seed": seed, "val_accuracy": accuracy(model, train_rows, train_labels)})
    return log


# %% wrong: fair_search - another seed for every run
# says: begins with the given seed
# scores: 0
def search(configs, seed):
    log = []
    for place, config in enumerate(configs):
        torch.manual_seed(seed + place)
        model = make_model()
        fit(model, config["lr"], config["momentum"])
        log.append({**config, "seed": seed, "val_accuracy": accuracy(model, val_rows, val_labels)})
    return log


# %% right: fair_search - copies of one start
def search(configs, seed):
    import copy

    torch.manual_seed(seed)
    start = make_model()
    log = []
    for config in configs:
        model = copy.deepcopy(start)
        fit(model, **config)
        log.append(dict(config, seed=seed, val_accuracy=accuracy(model, val_rows, val_labels)))
    return log


# %% right: fair_search - a function for one run
def search(configs, seed):
    def run(lr, momentum):
        torch.manual_seed(seed)
        model = make_model()
        torch.manual_seed(seed)
        fit(model, lr=lr, momentum=momentum)
        return accuracy(model, val_rows, val_labels)

    return [config | {"seed": seed, "val_accuracy": run(config["lr"], config["momentum"])} for config in configs]


# %% wrong: read_log - chosen by the test column
# says: test has no vote
# scores: 0
def choose(log):
    runs, tests = {}, {}
    for line in log:
        runs.setdefault((line["lr"], line["momentum"]), []).append(line["val_accuracy"])
        tests.setdefault((line["lr"], line["momentum"]), []).append(line["test_accuracy"])
    means = {pair: sum(values) / len(values) for pair, values in runs.items()}
    whole = {pair: sum(tests[pair]) for pair, mean in means.items() if not math.isnan(mean)}
    lr, momentum = max(whole, key=whole.get)
    return {"lr": lr, "momentum": momentum, "val_mean": means[lr, momentum]}


# %% wrong: read_log - the best single run
# says: mean of
def choose(log):
    whole = [line for line in log if not math.isnan(line["val_accuracy"])]
    best = max(whole, key=lambda line: line["val_accuracy"])
    return {"lr": best["lr"], "momentum": best["momentum"], "val_mean": best["val_accuracy"]}


# %% wrong: read_log - runs that blew up are passed over
# says: a pair with a `nan` is out
# scores: 0.4
def choose(log):
    runs = {}
    for line in log:
        if not math.isnan(line["val_accuracy"]):
            runs.setdefault((line["lr"], line["momentum"]), []).append(line["val_accuracy"])
    means = {pair: sum(values) / len(values) for pair, values in runs.items()}
    lr, momentum = max(means, key=means.get)
    return {"lr": lr, "momentum": momentum, "val_mean": means[lr, momentum]}


# %% wrong: read_log - nan left to the comparison
# says: leave such pairs out first
def choose(log):
    runs = {}
    for line in log:
        runs.setdefault((line["lr"], line["momentum"]), []).append(line["val_accuracy"])
    means = {pair: sum(values) / len(values) for pair, values in runs.items()}
    lr, momentum = max(means, key=means.get)
    return {"lr": lr, "momentum": momentum, "val_mean": means[lr, momentum]}


# %% wrong: read_log - sums in place of means
# says: favours pairs with more seeds
def choose(log):
    runs = {}
    for line in log:
        pair = (line["lr"], line["momentum"])
        runs[pair] = runs.get(pair, 0.0) + line["val_accuracy"]
    whole = {pair: total for pair, total in runs.items() if not math.isnan(total)}
    lr, momentum = max(whole, key=whole.get)
    return {"lr": lr, "momentum": momentum, "val_mean": whole[lr, momentum] / 3}


# %% wrong: read_log - of equal means the smallest rate
# says: first in the log wins
# scores: 0.8
def choose(log):
    runs = {}
    for line in log:
        runs.setdefault((line["lr"], line["momentum"]), []).append(line["val_accuracy"])
    means = [(-sum(values) / len(values), *pair) for pair, values in runs.items()]
    mean, lr, momentum = min(entry for entry in means if not math.isnan(entry[0]))
    return {"lr": lr, "momentum": momentum, "val_mean": -mean}


# %% wrong: read_log - the answer of this log
# says: the highest mean
# scores: 0
def choose(log):
    return {"lr": 0.03, "momentum": 0.9, "val_mean": 0.418}


# %% right: read_log - pairs one by one
def choose(log):
    best = None
    for lr, momentum in dict.fromkeys((line["lr"], line["momentum"]) for line in log):
        values = [line["val_accuracy"] for line in log if (line["lr"], line["momentum"]) == (lr, momentum)]
        if any(value != value for value in values):
            continue
        mean = sum(values) / len(values)
        if best is None or mean > best["val_mean"]:
            best = {"lr": lr, "momentum": momentum, "val_mean": mean}
    return best


# %% right: read_log - sorted by NumPy's mean
def choose(log):
    pairs = list(dict.fromkeys((line["lr"], line["momentum"]) for line in log))
    means = [
        np.mean([line["val_accuracy"] for line in log if line["lr"] == lr and line["momentum"] == momentum])
        for lr, momentum in pairs
    ]
    place = int(np.nanargmax(means))
    return {"lr": pairs[place][0], "momentum": pairs[place][1], "val_mean": float(means[place])}
