# %% wrong: assemble_step - gradients never cleared
# says: clear the gradients in every step
# scores: 0.8
def train_step(model, optimizer, rows, labels):
    model.train()
    loss = nn.functional.cross_entropy(model(rows), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - cleared between backward and update
# says: No weight moved
# scores: 0.4
def train_step(model, optimizer, rows, labels):
    model.train()
    loss = nn.functional.cross_entropy(model(rows), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - update before the backward pass
# says: not yet computed
# scores: 0.4
def train_step(model, optimizer, rows, labels):
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(rows), labels)
    optimizer.step()
    loss.backward()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - softmax before the loss
# says: logits as they are
# scores: 0.2
def train_step(model, optimizer, rows, labels):
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(rows).softmax(dim=1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - the loss with its history
# says: plain number
# scores: 0.8
def train_step(model, optimizer, rows, labels):
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(rows), labels)
    loss.backward()
    optimizer.step()
    return loss


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - the loss after the update
# says: from before the update
# scores: 0.8
def train_step(model, optimizer, rows, labels):
    model.train()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(rows), labels).backward()
    optimizer.step()
    return nn.functional.cross_entropy(model(rows), labels).item()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - the loss summed over the batch
# says: mean cross-entropy
# scores: 0.2
def train_step(model, optimizer, rows, labels):
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(rows), labels, reduction="sum")
    loss.backward()
    optimizer.step()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: assemble_step - evaluation mode left on
# says: training mode
# scores: 0.8
def train_step(model, optimizer, rows, labels):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(rows), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)


# %% right: assemble_step - cleared after the update, with a loss object
def train_step(model, optimizer, rows, labels):
    model.train()
    optimizer.zero_grad()
    logits = model(rows)
    loss = nn.CrossEntropyLoss()(logits, labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return float(loss)


stepped = run_steps(train_step, start, *step_case)


# %% right: assemble_step - cleared between forward and backward
def train_step(model, optimizer, rows, labels):
    model.train()
    log_probabilities = torch.log_softmax(model(rows), dim=1)
    loss = nn.functional.nll_loss(log_probabilities, labels)
    for parameter in model.parameters():
        parameter.grad = None
    loss.backward()
    optimizer.step()
    return loss.detach().numpy().tolist()


stepped = run_steps(train_step, start, *step_case)


# %% wrong: score_model - evaluation mode forgotten
# says: before the loop
# scores: 0.25
def evaluate(model, loader):
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows, labels in loader:
            logits = model(rows)
            loss += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
    return {"loss": loss / len(loader.dataset), "accuracy": correct / len(loader.dataset)}


scored = run_evaluation(evaluate, known, *known_case)


# %% wrong: score_model - evaluation mode taken to stop the gradients
# says: does not stop the recording
# scores: 0.75
def evaluate(model, loader):
    model.eval()
    loss, correct = 0.0, 0
    for rows, labels in loader:
        logits = model(rows)
        loss += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
        correct += (logits.argmax(dim=1) == labels).sum().item()
    return {"loss": loss / len(loader.dataset), "accuracy": correct / len(loader.dataset)}


scored = run_evaluation(evaluate, known, *known_case)


# %% wrong: score_model - mean of the batch means
# says: divide once by the number of images
# scores: 0.5
def evaluate(model, loader):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows, labels in loader:
            logits = model(rows)
            loss += nn.functional.cross_entropy(logits, labels).item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
    return {"loss": loss / len(loader), "accuracy": correct / len(loader.dataset)}


scored = run_evaluation(evaluate, known, *known_case)


# %% wrong: score_model - softmax before the loss
# says: on the logits
# scores: 0.5
def evaluate(model, loader):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows, labels in loader:
            probabilities = model(rows).softmax(dim=1)
            loss += nn.functional.cross_entropy(probabilities, labels, reduction="sum").item()
            correct += (probabilities.argmax(dim=1) == labels).sum().item()
    return {"loss": loss / len(loader.dataset), "accuracy": correct / len(loader.dataset)}


scored = run_evaluation(evaluate, known, *known_case)


# %% wrong: score_model - the last batch alone
# says: accuracy
# scores: 0.5
def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        for rows, labels in loader:
            logits = model(rows)
            loss = nn.functional.cross_entropy(logits, labels).item()
            accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
    return {"loss": loss, "accuracy": accuracy}


scored = run_evaluation(evaluate, known, *known_case)


# %% right: score_model - all logits laid side by side
@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    pairs = [(model(rows), labels) for rows, labels in loader]
    logits, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    accuracy = (logits.argmax(dim=1) == labels).double().mean().item()
    return {"loss": nn.functional.cross_entropy(logits, labels).item(), "accuracy": accuracy}


scored = run_evaluation(evaluate, known, *known_case)


# %% right: score_model - means weighted by the size of the batch, mode restored
def evaluate(model, loader):
    was_training = model.training
    model.train(False)
    loss = correct = count = 0
    with torch.inference_mode():
        for rows, labels in loader:
            logits = model(rows)
            loss += nn.CrossEntropyLoss()(logits, labels) * len(labels)
            correct += (logits.argmax(dim=1) == labels).float().mean() * len(labels)
            count += len(labels)
    model.train(was_training)
    return {"loss": float(loss / count), "accuracy": float(correct / count)}


scored = run_evaluation(evaluate, known, *known_case)


# %% wrong: mend_training - cleared once an epoch
# says: Clear the gradients for every batch
# scores: 0.5
def train_epoch(model, optimizer, loader):
    model.train()
    total = 0.0
    optimizer.zero_grad()
    for rows, labels in loader:
        loss = nn.functional.cross_entropy(model(rows), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


mended = run_epochs(train_epoch, fresh, *heart_case)


# %% wrong: mend_training - the second softmax stays
# says: contains softmax already
# scores: 0.25
def train_epoch(model, optimizer, loader):
    model.train()
    total = 0.0
    for rows, labels in loader:
        optimizer.zero_grad()
        probabilities = torch.softmax(model(rows), dim=1)
        loss = nn.functional.cross_entropy(probabilities, labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


mended = run_epochs(train_epoch, fresh, *heart_case)


# %% wrong: mend_training - the mode left as it comes
# says: leaves evaluation mode on
# scores: 0.75
def train_epoch(model, optimizer, loader):
    total = 0.0
    for rows, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(rows), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


mended = run_epochs(train_epoch, fresh, *heart_case)


# %% wrong: mend_training - one update an epoch
# says: weights
# scores: 0.5
def train_epoch(model, optimizer, loader):
    model.train()
    total = 0.0
    optimizer.zero_grad()
    for rows, labels in loader:
        loss = nn.functional.cross_entropy(model(rows), labels)
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total / len(loader)


mended = run_epochs(train_epoch, fresh, *heart_case)


# %% wrong: mend_training - cleared right before the update
# says: then update
# scores: 0.25
def train_epoch(model, optimizer, loader):
    model.train()
    total = 0.0
    for rows, labels in loader:
        loss = nn.functional.cross_entropy(model(rows), labels)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


mended = run_epochs(train_epoch, fresh, *heart_case)


# %% right: mend_training - a list of losses, cleared after the update
def train_epoch(model, optimizer, loader):
    model.train()
    optimizer.zero_grad()
    losses = []
    for rows, labels in loader:
        loss = nn.CrossEntropyLoss()(model(rows), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return sum(losses) / len(losses)


mended = run_epochs(train_epoch, fresh, *heart_case)


# %% right: mend_training - mean over images, batches being of equal size
def train_epoch(model, optimizer, loader):
    total, count = 0.0, 0
    for rows, labels in loader:
        model.train(True)
        loss = -torch.log_softmax(model(rows), dim=1)[torch.arange(len(labels)), labels].mean()
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(labels), count + len(labels)
    return total / count


mended = run_epochs(train_epoch, fresh, *heart_case)
