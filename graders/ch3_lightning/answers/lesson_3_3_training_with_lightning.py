# %% wrong: watch - both modes those of a loss
# says: high is good
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="min")
stop_early = EarlyStopping(monitor="val_accuracy", mode="min", patience=patience)
logger = CSVLogger(mkdtemp())
trainer = pl.Trainer(max_epochs=len(history), callbacks=[keep_best, stop_early], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% wrong: watch - the checkpoint keeps the lowest accuracy
# says: high is good
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="min")
stop_early = EarlyStopping(monitor="val_accuracy", mode="max", patience=patience)
logger = CSVLogger(mkdtemp())
trainer = pl.Trainer(max_epochs=len(history), callbacks=[keep_best, stop_early], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% wrong: watch - early stopping waits for a fall
# says: counts epochs without a rise
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="max")
stop_early = EarlyStopping(monitor="val_accuracy", mode="min", patience=patience)
logger = CSVLogger(mkdtemp())
trainer = pl.Trainer(max_epochs=len(history), callbacks=[keep_best, stop_early], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% wrong: watch - the lesson's patience written down
# says: counts epochs without a rise
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="max")
stop_early = EarlyStopping(monitor="val_accuracy", mode="max", patience=3)
logger = CSVLogger(mkdtemp())
trainer = pl.Trainer(max_epochs=len(history), callbacks=[keep_best, stop_early], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% wrong: watch - early stopping not handed to the Trainer
# says: counts epochs without a rise
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="max")
stop_early = EarlyStopping(monitor="val_accuracy", mode="max", patience=patience)
logger = CSVLogger(mkdtemp())
trainer = pl.Trainer(max_epochs=len(history), callbacks=[keep_best], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% right: watch - callbacks added one by one, all checkpoints of the top kept
keep_best = ModelCheckpoint(mkdtemp(), monitor="val_accuracy", mode="max", save_top_k=2, filename="best-{epoch}")
callbacks = [keep_best]
callbacks.append(EarlyStopping("val_accuracy", mode="max", patience=patience, min_delta=0.0))
logger = CSVLogger(save_dir=mkdtemp(), name="letters")
trainer = pl.Trainer(max_epochs=len(history), callbacks=callbacks, logger=[logger], **calm)
trainer.fit(Replay(history), train_dataloaders=one_batch, val_dataloaders=one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% right: watch - restored through the module, log read as text
stop_early = EarlyStopping(monitor="val_accuracy", mode="max", patience=patience)
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="max")
logger = CSVLogger(mkdtemp(), name="", version="replay")
trainer = pl.Trainer(max_epochs=len(history), callbacks=[stop_early, keep_best], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
header, *lines = Path(logger.log_dir, "metrics.csv").read_text().split()
logged = [float(line.split(",")[header.split(",").index("val_accuracy")]) for line in lines]
kept_after = Replay.load_from_checkpoint(keep_best.best_model_path, history=history).epochs.item()
best_accuracy = float(keep_best.best_model_score)


# %% wrong: shards - stretches in place of dealing in turn
# says: Deal in turn
def shard(num_samples, world_size, rank):
    length = -(-num_samples // world_size)
    return [place % num_samples for place in range(rank * length, (rank + 1) * length)]


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% wrong: shards - the shards do not come out even
# says: equally long
def shard(num_samples, world_size, rank):
    return list(range(rank, num_samples, world_size))


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% wrong: shards - what is left over is dropped
# says: equally long
def shard(num_samples, world_size, rank):
    return list(range(rank, num_samples - num_samples % world_size, world_size))


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% wrong: shards - every rank sees everything
# says: shards of
def shard(num_samples, world_size, rank):
    return list(range(num_samples))


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% wrong: shards - machines forgotten
# says: multiply
# scores: 0.8
def shard(num_samples, world_size, rank):
    length = -(-num_samples // world_size)
    return [place % num_samples for place in range(rank, length * world_size, world_size)]


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% wrong: shards - accumulating taken for a division
# says: multiply
def shard(num_samples, world_size, rank):
    length = -(-num_samples // world_size)
    return [place % num_samples for place in range(rank, length * world_size, world_size)]


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes // accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% wrong: shards - the rate lowered when the batch grows
# says: the rate grows
# scores: 0.8
def shard(num_samples, world_size, rank):
    length = -(-num_samples // world_size)
    return [place % num_samples for place in range(rank, length * world_size, world_size)]


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr * old_batch / new_batch


# %% wrong: shards - the rate left as it was
# says: the rate grows
def shard(num_samples, world_size, rank):
    length = -(-num_samples // world_size)
    return [place % num_samples for place in range(rank, length * world_size, world_size)]


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    return lr


# %% right: shards - PyTorch's own sampler
def shard(num_samples, world_size, rank):
    return list(DistributedSampler(range(num_samples), num_replicas=world_size, rank=rank, shuffle=False))


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    world_size = devices * num_nodes
    return world_size * (batch_size * accumulate)


def scaled_lr(lr, old_batch, new_batch):
    return lr * new_batch / old_batch


# %% right: shards - a list made longer, then every so manyth
def shard(num_samples, world_size, rank):
    numbers = list(range(num_samples))
    missing = (world_size - num_samples % world_size) % world_size
    return (numbers + numbers[:missing])[rank::world_size]


def effective_batch_size(batch_size, devices, num_nodes, accumulate):
    return batch_size * devices * num_nodes * accumulate


def scaled_lr(lr, old_batch, new_batch):
    factor = new_batch / old_batch
    return factor * lr


# %% wrong: gradients - gradients added up and not averaged
# says: mean, over all ranks
# scores: 0.67
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.sum(dim=0)

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - one number, the mean over everything
# says: shape
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean()

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - the exchanged gradient copied from the report
# says: mean, over all ranks
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = torch.tensor(report["ranks"][0]["shared_gradient"])

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - two ranks assumed
# says: mean, over all ranks
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = (own[0] + own[1]) / 2

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - the last step in place of the first
# says: first step
# scores: 0.67
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)

first = [number for rank in report["ranks"] for number in rank["batches"][-1]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - only what rank 0 saw
# says: first step
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)

first = [number for rank in report["ranks"] for number in report["ranks"][0]["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - the loss summed over the batch
# says: whole
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first], reduction="sum").backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - no step of the optimizer is a gradient, the weight returned
# says: whole
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.detach()

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))

# %% wrong: gradients - disjoint taken for granted
# says: Count every sample
# scores: 0.67
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = True

# %% wrong: gradients - only the first step looked at
# says: Count every sample
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)

first = [number for rank in report["ranks"] for number in rank["batches"][0]]

weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()
whole = weight.grad

seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(first) == len(set(first))

# %% right: gradients - a loop over ranks and autograd by name
averaged = sum(torch.tensor(rank["own_gradient"]) for rank in report["ranks"]) / len(report["ranks"])

first = []
for rank in report["ranks"]:
    first += rank["batches"][0]

weight = torch.tensor(report["weight"]).requires_grad_()
loss = nn.CrossEntropyLoss()(functional.linear(readings[first], weight), labels[first])
(whole,) = torch.autograd.grad(loss, weight)

seen = torch.tensor([rank["batches"] for rank in report["ranks"]]).flatten()
disjoint = bool(len(seen.unique()) == len(seen))

# %% right: gradients - a network, and sets that do not meet
stacked = torch.stack([torch.tensor(rank["own_gradient"]) for rank in report["ranks"]])
averaged = torch.mean(stacked, 0)

first = sum([rank["batches"][0] for rank in report["ranks"]], [])
weight = torch.tensor(report["weight"])
layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
layer.load_state_dict({"weight": weight})
functional.cross_entropy(layer(readings[first]), labels[first]).backward()
whole = layer.weight.grad

shards = [sum(rank["batches"], []) for rank in report["ranks"]]
disjoint = len(set().union(*shards)) == sum(len(shard) for shard in shards)


# %% wrong: scaling - the fraction upside down
# says: time of one device over
def scaling(seconds):
    return {devices: (time / seconds[1], time / seconds[1] / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    return max(devices for devices, (_, efficiency) in scaling(seconds).items() if efficiency >= least)


# %% wrong: scaling - efficiency multiplied by the devices
# says: divided by the devices
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time * devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    return max(devices for devices, (_, efficiency) in scaling(seconds).items() if efficiency >= least)


# %% wrong: scaling - more machines make it simply faster, as many times as there are
# says: divided by the devices
def scaling(seconds):
    return {devices: (float(devices), 1.0) for devices in seconds}


def devices_worth(seconds, least):
    return max(devices for devices, (_, efficiency) in scaling(seconds).items() if efficiency >= least)


# %% wrong: scaling - the fastest number of devices in place of an efficient one
# says: return the largest
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    return min(seconds, key=seconds.get)


# %% wrong: scaling - the most efficient number in place of the largest efficient enough
# says: return the largest
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    return max(seconds, key=lambda devices: scaling(seconds)[devices][1])


# %% wrong: scaling - the bar of the lesson written down
# says: return the largest
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    return max(devices for devices, (_, efficiency) in scaling(seconds).items() if efficiency >= 0.8)


# %% wrong: scaling - stops at the first number that falls short
# says: in any order
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    best = 1
    for devices in sorted(seconds):
        if scaling(seconds)[devices][1] < least:
            break
        best = devices
    return best


# %% right: scaling - loops and a list
def scaling(seconds):
    alone = seconds[1]
    found = {}
    for devices in seconds:
        speedup = alone / seconds[devices]
        found[devices] = (speedup, speedup / devices)
    return found


def devices_worth(seconds, least):
    enough = [devices for devices in seconds if seconds[1] / (devices * seconds[devices]) >= least]
    return sorted(enough)[-1]


# %% right: scaling - device-seconds compared
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    paid = {devices: devices * time for devices, time in seconds.items()}
    return max(devices for devices in paid if paid[devices] * least <= seconds[1])


# %% wrong: watch - a loss is watched that nobody logs
# says: val_loss
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_loss", mode="max")
stop_early = EarlyStopping(monitor="val_loss", mode="max", patience=patience)
logger = CSVLogger(mkdtemp())
trainer = pl.Trainer(max_epochs=len(history), callbacks=[keep_best, stop_early], logger=logger, **calm)
trainer.fit(Replay(history), one_batch, one_batch)
with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()


# %% wrong: scaling - more than the asked efficiency
# says: an equal one is enough
def scaling(seconds):
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


def devices_worth(seconds, least):
    return max(devices for devices, (_, efficiency) in scaling(seconds).items() if efficiency > least)
