# %% wrong: first_module - the predictions are returned in place of their loss
# says: RuntimeError
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return self.network(inputs)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% wrong: first_module - the return is forgotten, so nothing moves
# says: Is the loss returned
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        functional.mse_loss(self.network(inputs), targets)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% wrong: first_module - absolute in place of squared differences
# says: mean of the squared differences
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return functional.l1_loss(self.network(inputs), targets)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% wrong: first_module - an ordinary module, which a Trainer does not take
# says: TypeError
class WearModel(nn.Module):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return functional.mse_loss(self.network(inputs), targets)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% wrong: first_module - only the weight is with the optimizer, not the bias
# says: the bias among them
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return functional.mse_loss(self.network(inputs), targets)

    def configure_optimizers(self):
        return torch.optim.SGD([self.network.weight], lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% wrong: first_module - the lesson's number of epochs written down
# says: how often the Trainer goes through
# scores: 0.5
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return functional.mse_loss(self.network(inputs), targets)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=1 if len(readings) <= 16 else 2, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% right: first_module - a loss object, a dictionary as return, and the network's own parameters
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network = network
        self.lr = lr
        self.loss = nn.MSELoss()

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return {"loss": self.loss(self.network(inputs), targets)}

    def configure_optimizers(self):
        return torch.optim.SGD(self.network.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% right: first_module - the loss written out, forward defined, keywords to fit
class WearModel(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def forward(self, inputs):
        return self.network(inputs)

    def training_step(self, batch, batch_idx):
        return (self(batch[0]) - batch[1]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)
trainer.fit(model=module, train_dataloaders=DataLoader(TensorDataset(readings, wear), batch_size=16))
weights = module.network.state_dict()


# %% wrong: plain_loop - gradients are never cleared
# says: cleared in every step
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64):
            functional.cross_entropy(network(inputs), targets).backward()
            optimizer.step()
    return network.state_dict()


# %% wrong: plain_loop - the first weights are not loaded
# says: Begin with the given weights
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64):
            loss = functional.cross_entropy(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.state_dict()


# %% wrong: plain_loop - the rows are shuffled
# says: given order
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64, shuffle=True):
            loss = functional.cross_entropy(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.state_dict()


# %% wrong: plain_loop - gradients cleared between backward and step
# says: take one step against the gradient
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64):
            loss = functional.cross_entropy(network(inputs), targets)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
    return network.state_dict()


# %% wrong: plain_loop - the small last batch is dropped
# says: small last batch
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64, drop_last=True):
            loss = functional.cross_entropy(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.state_dict()


# %% wrong: plain_loop - one epoch, whatever is asked for
# says: after two epochs
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64):
        loss = functional.cross_entropy(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.state_dict()


# %% right: plain_loop - slices in place of a loader, gradients cleared last
def plain_loop(start, rows, labels, lr, epochs):
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in zip(rows.split(64), labels.split(64), strict=True):
            nn.CrossEntropyLoss()(network(inputs), targets).backward()
            optimizer.step()
            optimizer.zero_grad()
    return network.state_dict()


# %% right: plain_loop - without an optimizer, from autograd alone
def plain_loop(start, rows, labels, lr, epochs):
    weight = start["weight"].clone().requires_grad_()
    bias = start["bias"].clone().requires_grad_()
    for _ in range(epochs):
        for place in range(0, len(rows), 64):
            scores = rows[place : place + 64] @ weight.T + bias
            loss = functional.cross_entropy(scores, labels[place : place + 64])
            slopes = torch.autograd.grad(loss, [weight, bias])
            with torch.no_grad():
                weight -= lr * slopes[0]
                bias -= lr * slopes[1]
    return {"weight": weight.detach(), "bias": bias.detach()}
