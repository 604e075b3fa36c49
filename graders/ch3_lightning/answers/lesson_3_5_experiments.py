# %% wrong: metric_history - empty cells taken for zeros
# says: Leave the empty cells out
def metric_history(text, metric):
    rows = csv.DictReader(io.StringIO(text))
    return [(int(row["step"]), float(row[metric] or 0)) for row in rows]


# %% wrong: metric_history - empty cells converted
# says: could not convert string to float
def metric_history(text, metric):
    rows = csv.DictReader(io.StringIO(text))
    return [(int(row["step"]), float(row[metric])) for row in rows]


# %% wrong: metric_history - zeros thrown away with the empty cells
# says: The text '0.0' is a value
def metric_history(text, metric):
    history = []
    for row in csv.DictReader(io.StringIO(text)):
        value = float(row[metric] or 0)
        if value:
            history.append((int(row["step"]), value))
    return history


# %% wrong: metric_history - rows counted in place of steps
# says: metric_history
# scores: 0
def metric_history(text, metric):
    values = [row[metric] for row in csv.DictReader(io.StringIO(text)) if row[metric] != ""]
    return [(number, float(value)) for number, value in enumerate(values)]


# %% wrong: metric_history - columns of this lesson's log by their place
# says: metric_history
def metric_history(text, metric):
    names = ["epoch", "step", "train_loss_epoch", "train_loss_step", "val_accuracy", "val_loss"]
    place, history = names.index(metric), []
    for line in text.splitlines()[1:]:
        cells = line.split(",")
        if cells[place] != "":
            history.append((int(cells[1]), float(cells[place])))
    return history


# %% wrong: metric_history - texts left as they are
# says: metric_history
# scores: 0
def metric_history(text, metric):
    rows = csv.DictReader(io.StringIO(text))
    return [(row["step"], row[metric]) for row in rows if row[metric] != ""]


# %% right: metric_history - one expression
def metric_history(text, metric):
    rows = csv.DictReader(text.splitlines())
    return [(int(row["step"]), float(row[metric])) for row in rows if row[metric]]


# %% right: metric_history - places looked up in the first line
def metric_history(text, metric):
    first, *lines = [line.split(",") for line in text.strip().split("\n")]
    history = []
    for cells in lines:
        value = cells[first.index(metric)]
        if len(value) > 0:
            history.append((int(cells[first.index("step")]), float(value)))
    return history


# %% wrong: run_sweep - the seed set once, before the loop
# says: Set the seed again for each run
def run_sweep(rates, seed):
    records = []
    pl.seed_everything(seed, verbose=False)
    for lr in rates:
        logger = CSVLogger(folder, name="sweep")
        train(Experiment(lr=lr), logger)
        records.append(read_log(logger.log_dir))
    return records


# %% wrong: run_sweep - one logger for all runs
# says: runs share a log
def run_sweep(rates, seed):
    records = []
    logger = CSVLogger(folder, name="sweep")
    for lr in rates:
        pl.seed_everything(seed, verbose=False)
        train(Experiment(lr=lr), logger)
        records.append(read_log(logger.log_dir))
    return records


# %% wrong: run_sweep - the rate set after the settings were noted
# says: notes what the constructor is given
def run_sweep(rates, seed):
    records = []
    for lr in rates:
        pl.seed_everything(seed, verbose=False)
        logger = CSVLogger(folder, name="sweep")
        module = Experiment()
        module.optimizer_lr = lr
        module.configure_optimizers = lambda module=module, lr=lr: torch.optim.SGD(module.parameters(), lr=lr)
        train(module, logger)
        records.append(read_log(logger.log_dir))
    return records


# %% wrong: run_sweep - a seed of one's own
# says: starts from the given seed
# scores: 0.8
def run_sweep(rates, seed):
    records = []
    for lr in rates:
        pl.seed_everything(42, verbose=False)
        logger = CSVLogger(folder, name="sweep")
        train(Experiment(lr=lr), logger)
        records.append(read_log(logger.log_dir))
    return records


# %% wrong: run_sweep - the seed set after the module was built
# says: before its module is built
def run_sweep(rates, seed):
    records = []
    for lr in rates:
        module = Experiment(lr=lr)
        pl.seed_everything(seed, verbose=False)
        logger = CSVLogger(folder, name="sweep")
        train(module, logger)
        records.append(read_log(logger.log_dir))
    return records


# %% wrong: run_sweep - only the last log returned
# says: number of logs
# scores: 0.2
def run_sweep(rates, seed):
    for lr in rates:
        pl.seed_everything(seed, verbose=False)
        logger = CSVLogger(folder, name="sweep")
        train(Experiment(lr=lr), logger)
    return [read_log(logger.log_dir)]


# %% wrong: run_sweep - all runs with the default rate
# says: Use the rate
def run_sweep(rates, seed):
    records = []
    for _ in rates:
        pl.seed_everything(seed, verbose=False)
        logger = CSVLogger(folder, name="sweep")
        train(Experiment(), logger)
        records.append(read_log(logger.log_dir))
    return records


# %% wrong: run_sweep - the log named after the rate, so that equal rates share it
# says: write over the log
# scores: 0.8
def run_sweep(rates, seed):
    records = []
    for lr in rates:
        pl.seed_everything(seed, verbose=False)
        logger = CSVLogger(folder, name="sweep", version=f"lr_{lr}")
        train(Experiment(lr=lr), logger)
        records.append(read_log(logger.log_dir))
    return records


# %% right: run_sweep - a version for each place in the list
def run_sweep(rates, seed):
    loggers = [CSVLogger(folder, name=f"sweep_{seed}", version=f"run_{place}") for place in range(len(rates))]
    for lr, logger in zip(rates, loggers, strict=True):
        torch.manual_seed(seed)
        train(Experiment(lr), logger, epochs=2)
    return [read_log(logger.log_dir) for logger in loggers]


# %% right: run_sweep - one run as a function
def run_one(lr, seed):
    logger = CSVLogger(folder, name=f"lr_{lr}")
    pl.seed_everything(seed, verbose=False)
    module = Experiment(lr=lr)
    train(module, [logger])
    return read_log(logger.log_dir)


def run_sweep(rates, seed):
    return [run_one(lr, seed) for lr in rates]


# %% wrong: best_run - only the last value of each run
# says: need not be its best
import math


def best_run(histories, mode):
    sign = 1 if mode == "min" else -1
    ends = {name: history[-1] for name, history in histories.items() if not math.isnan(history[-1][1])}
    name = min(ends, key=lambda name: sign * ends[name][1])
    return (name, *ends[name])


# %% wrong: best_run - nan takes part
# says: nan must be left out
import math


def best_run(histories, mode):
    candidates = [(name, step, value) for name, history in histories.items() for step, value in history]
    choose = min if mode == "min" else max
    return choose(candidates, key=lambda candidate: candidate[2])


# %% wrong: best_run - always the smallest value
# says: in the direction that the mode says
import math


def best_run(histories, mode):
    candidates = [(n, s, v) for n, history in histories.items() for s, v in history if not math.isnan(v)]
    return min(candidates, key=lambda candidate: candidate[2])


# %% wrong: best_run - equal values decided by the name
# says: the first in the given order
# scores: 0.8
import math


def best_run(histories, mode):
    sign = 1 if mode == "min" else -1
    candidates = [(sign * v, n, s) for n, history in histories.items() for s, v in history if not math.isnan(v)]
    value, name, step = min(candidates)
    return name, step, sign * value


# %% wrong: best_run - runs that hold a nan left out as a whole
# says: best_run
import math


def best_run(histories, mode):
    sound = {n: h for n, h in histories.items() if not any(math.isnan(v) for _, v in h)}
    candidates = [(n, s, v) for n, history in sound.items() for s, v in history]
    choose = min if mode == "min" else max
    return choose(candidates, key=lambda candidate: candidate[2])


# %% wrong: best_run - the place in the history returned for the step
# says: best_run
import math


def best_run(histories, mode):
    candidates = [(n, i, h[1]) for n, history in histories.items() for i, h in enumerate(history)]
    choose = min if mode == "min" else max
    return choose([c for c in candidates if not math.isnan(c[2])], key=lambda candidate: candidate[2])


# %% right: best_run - nested loops
import math


def best_run(histories, mode):
    best = None
    for name, history in histories.items():
        for step, value in history:
            if math.isnan(value):
                continue
            if best is None or (value < best[2] if mode == "min" else value > best[2]):
                best = (name, step, value)
    return best


# %% right: best_run - sorted, nan told by not being equal to itself
def best_run(histories, mode):
    candidates = [(name, step, value) for name in histories for step, value in histories[name] if value == value]
    sign = {"min": 1.0, "max": -1.0}[mode]
    return sorted(candidates, key=lambda candidate: sign * candidate[2])[0]


# %% right: best_run - a loop that knows nan by its difference from itself
def best_run(histories, mode):
    best = None
    for run, history in histories.items():
        for step, value in history:
            better = best is None or (value < best[2] if mode == "min" else value > best[2])
            if value == value and better:
                best = (run, step, value)
    return best
