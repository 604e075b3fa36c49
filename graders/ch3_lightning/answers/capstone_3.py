# %% wrong: image_module - softmax before cross-entropy
# says: which applies softmax itself
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]).softmax(dim=1), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - the loss is not returned
# says: Return the loss
# scores: 0.5
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - Adam in place of SGD
# says: use plain SGD
# scores: 0.5
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - the learning rate of the lesson written into the code
# says: the learning rate of the settings
# scores: 0.5
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - the largest score along the pictures
# says: along dimension 1
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        places = self.network(batch[0]).argmax(dim=0)
        self.log("val_accuracy", (places == batch[1][: len(places)]).float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - right answers counted, not averaged
# says: the mean of what is right
# scores: 0.75
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().sum())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - another name for the accuracy
# says: `val_accuracy` among what is logged
# scores: 0.75
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_acc", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - the loss summed over the batch
# says: train_loss
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1], reduction="sum")
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: image_module - a step of one's own on top of the Trainer's
# says: weights
class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        self.optimizers().zero_grad()
        self.manual_backward(loss)
        self.optimizers().step()
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def validation_step(self, batch, batch_idx):
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% right: image_module - one helper for both steps, names taken from the batch
class ImageModule(Shell):
    def forward(self, images):
        return self.network(images)

    def training_step(self, batch):
        images, targets = batch
        loss = nn.CrossEntropyLoss()(self(images), targets)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch):
        images, targets = batch
        hits = (self(images).max(dim=1).indices == targets).sum()
        self.log_dict({"val_accuracy": hits / len(targets)}, on_epoch=True)

    def configure_optimizers(self):
        return {"optimizer": torch.optim.SGD(self.network.parameters(), lr=self.hparams["lr"])}


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% right: image_module - a dictionary as result, torchmetrics for the accuracy
from torchmetrics.functional.classification import multiclass_accuracy


class ImageModule(Shell):
    def training_step(self, batch, batch_idx):
        loss = nn.functional.nll_loss(self.network(batch[0]).log_softmax(dim=1), batch[1])
        self.log("train_loss", loss.detach(), on_step=True, on_epoch=False)
        return {"loss": loss}

    def validation_step(self, batch, batch_idx):
        scores = self.network(batch[0])
        self.log("val_accuracy", multiclass_accuracy(scores, batch[1], num_classes=10, average="micro"))

    def configure_optimizers(self):
        return [torch.optim.SGD(self.parameters(), lr=self.hparams.lr, momentum=0.0)]


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)


# %% wrong: two_networks - the batch read as steps
# says: says that it counts pictures
# scores: 0.333
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=False)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - the last picture taken for the last row
# says: ten scores for each picture
# scores: 0.333
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[-1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - the first row in place of the last
# says: the last step is taken
# scores: 0.667
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, 0])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - pixels of a row before its channels
# says: row t of all three channels
# scores: 0.667
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 3, 1).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - columns read as steps
# says: row t of all three channels
# scores: 0.667
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 3, 1, 2).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - pooling forgotten in the count
# says: mat1 and mat2
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(2048 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - the width of the lesson written into the code
# says: mat1 and mat2
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(512, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: two_networks - the second stage not widened
# says: to twice the width
# scores: 0.667
def make_cnn(width):
    stages = [stage(3, width), stage(width, width)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(64 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% right: two_networks - layers one by one, the hidden state as result
def make_cnn(width):
    first, second = stage(3, width), stage(width, width * 2)
    numbers = second(first(torch.zeros(1, 3, 32, 32))).numel()
    return nn.Sequential(first, second, nn.Flatten(), nn.Linear(numbers, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.reader = nn.LSTM(input_size=3 * 32, hidden_size=hidden, batch_first=True)
        self.scores = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = torch.cat([images[:, 0], images[:, 1], images[:, 2]], dim=2)
        _, (state, _) = self.reader(rows)
        return self.scores(state[-1])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% right: two_networks - steps first, said and meant
def make_cnn(width):
    return nn.Sequential(stage(3, width), stage(width, 2 * width), nn.Flatten(1), nn.Linear(8 * 8 * 2 * width, 10))


class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.head = nn.Linear(hidden, 10)
        self.lstm = nn.LSTM(96, hidden)

    def forward(self, images):
        steps = images.transpose(1, 2).reshape(len(images), 32, 96).transpose(0, 1)
        return self.head(self.lstm(steps)[0][31])


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% wrong: track_run - no metric to monitor, so the last epoch stays
# says: the last epoch is not the best one
# scores: 0.5
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(save_top_k=1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - the smallest accuracy taken for the best
# says: large values are good
# scores: 0.5
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="min", save_top_k=1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - the training loss monitored
# says: Monitor `val_accuracy`
# scores: 0.5
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="train_loss", mode="min", save_top_k=1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - every epoch kept
# says: Only the best one stays
# scores: 0.5
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="max", save_top_k=-1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - a second copy kept, and returned
# says: Only the best one stays
# scores: 0.5
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="max", save_last=True)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.last_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - the same name for every run
# says: takes it as `name=…`
# scores: 0.75
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name="rehearsal")
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="max", save_top_k=1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - always three epochs
# says: as many epochs as asked
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="max", save_top_k=1)
    trainer = pl.Trainer(max_epochs=3, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: track_run - the folder of the checkpoints returned for the file
# says: KeyError
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="max", save_top_k=1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], log_every_n_steps=1, **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.dirpath}


seen = rehearse(track_run, script, run_name)


# %% right: track_run - a folder of its own for the checkpoints, loaders by name
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(save_dir=folder, name=name)
    place = Path(logger.log_dir, "best")
    keeper = ModelCheckpoint(dirpath=place, filename="{epoch:02d}", monitor="val_accuracy", mode="max")
    options = {"logger": [logger], "callbacks": keeper, "max_epochs": epochs, "log_every_n_steps": 1}
    pl.Trainer(**options, **quiet).fit(module, train_dataloaders=train_data, val_dataloaders=val_data)
    return {"checkpoint": str(keeper.best_model_path), "log": str(logger.log_dir)}


seen = rehearse(track_run, script, run_name)


# %% right: track_run - values ranked from the top, paths asked of the Trainer
def track_run(module, name, epochs, train_data, val_data):
    trainer = pl.Trainer(
        max_epochs=epochs,
        logger=CSVLogger(folder, name),
        callbacks=[ModelCheckpoint(monitor="val_accuracy", mode="max", save_weights_only=False)],
        log_every_n_steps=1,
        **quiet,
    )
    trainer.fit(module, train_data, val_data)
    return {"log": trainer.logger.log_dir, "checkpoint": trainer.checkpoint_callback.best_model_path}


seen = rehearse(track_run, script, run_name)


# %% wrong: choose_run - only the last epoch of each run
# says: over all epochs of all runs
def choose_run(runs, most):
    found = []
    for run in runs:
        rows = [row for row in csv.DictReader(io.StringIO(run["log"])) if row["val_accuracy"]]
        value = float(rows[-1]["val_accuracy"])
        if run["parameters"] <= most and not math.isnan(value):
            found.append((-value, run["parameters"], int(rows[-1]["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], best[2], -best[0])


# %% wrong: choose_run - the budget left out
# says: one more is too many
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if not math.isnan(value):
                found.append((-value, run["parameters"], int(row["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], best[2], -best[0])


# %% wrong: choose_run - a run as large as the budget shut out
# says: exactly as many parameters
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] < most and not math.isnan(value):
                found.append((-value, run["parameters"], int(row["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], best[2], -best[0])


# %% wrong: choose_run - nan takes part
# says: leave nan out first
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] <= most and row["val_accuracy"]:
                found.append((-value, run["parameters"], int(row["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], best[2], -best[0])


# %% wrong: choose_run - equals decided by the name
# says: fewer parameters counts
# scores: 0.8
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] <= most and not math.isnan(value):
                found.append((-value, run["name"], int(row["epoch"])))
    best = min(found, default=None)
    return best and (best[1], best[2], -best[0])


# %% wrong: choose_run - of equals the later epoch
# says: the earlier epoch
# scores: 0.8
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] <= most and not math.isnan(value):
                found.append((-value, run["parameters"], -int(row["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], -best[2], -best[0])


# %% wrong: choose_run - the lowest accuracy
# says: The highest accuracy
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] <= most and not math.isnan(value):
                found.append((value, run["parameters"], int(row["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], best[2], best[0])


# %% wrong: choose_run - an error where nothing fits
# says: ValueError
# scores: 0.6
def choose_run(runs, most):
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] <= most and not math.isnan(value):
                found.append((-value, run["parameters"], int(row["epoch"]), run["name"]))
    best = min(found)
    return best and (best[3], best[2], -best[0])


# %% right: choose_run - nested loops and a best so far
def choose_run(runs, most):
    best = None
    for run in sorted(runs, key=lambda run: run["parameters"]):
        if run["parameters"] > most:
            break
        for row in csv.DictReader(run["log"].splitlines()):
            if row["val_accuracy"] in ("", "nan"):
                continue
            accuracy = float(row["val_accuracy"])
            if best is None or accuracy > best[2]:
                best = (run["name"], int(row["epoch"]), accuracy)
    return best


# %% right: choose_run - one list and a key
def choose_run(runs, most):
    moments = [
        (run, int(row["epoch"]), float(row["val_accuracy"]))
        for run in runs
        if run["parameters"] <= most
        for row in csv.DictReader(io.StringIO(run["log"]))
        if row["val_accuracy"]
    ]
    moments = [moment for moment in moments if moment[2] == moment[2]]
    if not moments:
        return None
    run, epoch, accuracy = max(moments, key=lambda moment: (moment[2], -moment[0]["parameters"], -moment[1]))
    return run["name"], epoch, accuracy


# %% right: track_run - checkpoints in a folder of the run's name
def track_run(module, name, epochs, train_data, val_data):
    logger = CSVLogger(folder, name=name)
    place = Path(folder, "kept", name)
    keeper = ModelCheckpoint(dirpath=place, filename="best", monitor="val_accuracy", mode="max")
    pl.Trainer(max_epochs=epochs, logger=logger, callbacks=keeper, **quiet).fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)
