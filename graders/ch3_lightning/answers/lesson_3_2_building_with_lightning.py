# %% wrong: rebuild - the loss is logged and not returned
# says: Return the
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", accuracy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


rebuilt = trial(Classifier, case)


# %% wrong: rebuild - the learning rate of the lesson written down
# says: take the rate from
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", accuracy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.3)


rebuilt = trial(Classifier, case)


# %% wrong: rebuild - only one of the hyperparameters is saved
# says: remembers all arguments
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters("lr")
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", accuracy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


rebuilt = trial(Classifier, case)


# %% wrong: rebuild - the rate kept as an attribute, no hyperparameters saved
# says: remembers all arguments
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.lr = lr
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", accuracy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


rebuilt = trial(Classifier, case)


# %% wrong: rebuild - the validation loss logged under the name of the accuracy
# says: val_accuracy
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", functional.cross_entropy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


rebuilt = trial(Classifier, case)


# %% wrong: rebuild - softmax before a loss that contains one
# says: Return the cross-entropy
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]).softmax(dim=1), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", accuracy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


rebuilt = trial(Classifier, case)


# %% right: rebuild - unpacked batches, forward, accuracy written out
class Classifier(pl.LightningModule):
    def __init__(self, hidden, lr):
        super().__init__()
        self.save_hyperparameters("hidden", "lr")
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def forward(self, rows):
        return self.network(rows)

    def training_step(self, batch, batch_idx):
        rows, labels = batch
        loss = nn.CrossEntropyLoss()(self(rows), labels)
        self.log("train_loss", loss, prog_bar=True)
        return {"loss": loss}

    def validation_step(self, batch, batch_idx):
        rows, labels = batch
        right = self(rows).argmax(dim=1) == labels
        self.log("val_accuracy", right.float().mean(), on_epoch=True, on_step=False)

    def configure_optimizers(self):
        return torch.optim.SGD(self.network.parameters(), lr=self.hparams["lr"])


rebuilt = trial(Classifier, case)


# %% right: rebuild - accuracy counted over the epoch, logged at its end
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))
        self.right = []

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log_dict({"train_loss": loss})
        return loss

    def validation_step(self, batch, batch_idx):
        self.right.append(self.network(batch[0]).argmax(dim=1) == batch[1])

    def on_validation_epoch_end(self):
        self.log("val_accuracy", torch.cat(self.right).float().mean())
        self.right = []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


rebuilt = trial(Classifier, case)


# %% wrong: mend - only the return is mended
# says: the rate of
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - the gaps are never cleared
# says: have to be cleared
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - cleared before anything is logged, so only one batch counts
# says: worst gap
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.gaps.clear()
        super().validation_step(batch, batch_idx)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - the batches' worst gaps are averaged
# says: worst gap
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_worst_gap", (self.network(batch[0]) - batch[1]).abs().max())

    def on_validation_epoch_end(self):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - the optimizer steps by hand and the Trainer gets nothing
# says: Return the mean squared difference
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        self.log("train_loss", functional.mse_loss(self.network(batch[0]), batch[1]))

    def on_validation_epoch_end(self):
        super().on_validation_epoch_end()
        self.gaps.clear()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - the rate of the lesson written down
# says: the rate of
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def on_validation_epoch_end(self):
        super().on_validation_epoch_end()
        self.gaps.clear()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - a number is returned, without a way back to the weights
# says: RuntimeError
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss.detach()

    def on_validation_epoch_end(self):
        super().on_validation_epoch_end()
        self.gaps.clear()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% right: mend - the list is renewed when a validation starts
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def on_validation_epoch_start(self):
        self.gaps = []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])


mended = hospital_run(MendedModel, ward)


# %% right: mend - a running maximum in place of a list, written anew
class MendedModel(pl.LightningModule):
    def __init__(self, lr):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Linear(6, 1)
        self.worst = torch.tensor(0.0)

    def training_step(self, batch, batch_idx):
        loss = (self.network(batch[0]) - batch[1]).pow(2).mean()
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.worst = torch.maximum(self.worst, (self.network(batch[0]) - batch[1]).abs().max())

    def on_validation_epoch_end(self):
        self.log("val_worst_gap", self.worst)
        self.worst = torch.tensor(0.0)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% right: mend - Lightning's own reduction of logged values
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_worst_gap", (self.network(batch[0]) - batch[1]).abs().max(), reduce_fx="max")

    def on_validation_epoch_end(self):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)


# %% wrong: mend - the loss returned and no longer logged
# says: call self.log with the name train_loss
class MendedModel(StayModel):
    def training_step(self, batch, batch_idx):
        return functional.mse_loss(self.network(batch[0]), batch[1])

    def on_validation_epoch_end(self):
        super().on_validation_epoch_end()
        self.gaps.clear()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)
