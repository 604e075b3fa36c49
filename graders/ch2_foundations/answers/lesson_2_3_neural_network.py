# %% wrong: count_parameters - biases forgotten
# says: one bias for each output
def count_parameters(widths):
    return sum(inputs * outputs for inputs, outputs in zip(widths[:-1], widths[1:], strict=True))


# %% wrong: count_parameters - a bias for each input
# says: one bias for each output
def count_parameters(widths):
    return sum(inputs * outputs + inputs for inputs, outputs in zip(widths[:-1], widths[1:], strict=True))


# %% wrong: count_parameters - one bias for each layer
# says: one bias for each output
def count_parameters(widths):
    return sum(inputs * outputs + 1 for inputs, outputs in zip(widths[:-1], widths[1:], strict=True))


# %% wrong: count_parameters - first and last width only
# says: add up all layers
# scores: 0.33
def count_parameters(widths):
    return widths[0] * widths[-1] + widths[-1]


# %% wrong: count_parameters - always three widths
# says: not enough values
def count_parameters(widths):
    inputs, hidden, outputs = widths
    return inputs * hidden + hidden + hidden * outputs + outputs


# %% wrong: count_parameters - the last layer left out
# says: add up all layers
def count_parameters(widths):
    total = 0
    for place in range(len(widths) - 2):
        total += widths[place] * widths[place + 1] + widths[place + 1]
    return total


# %% wrong: count_parameters - printed and not returned
# says: None
def count_parameters(widths):
    print(sum(inputs * outputs + outputs for inputs, outputs in zip(widths[:-1], widths[1:], strict=True)))


# %% right: count_parameters - built and asked
def count_parameters(widths):
    layers = [nn.Linear(widths[place], widths[place + 1], device="meta") for place in range(len(widths) - 1)]
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())


# %% right: count_parameters - a loop that remembers the width before
def count_parameters(widths):
    total, before = 0, widths[0]
    for width in widths[1:]:
        total += (before + 1) * width
        before = width
    return total


# %% wrong: build - super().__init__() forgotten
# says: AttributeError
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.activation = nn.ReLU()
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images):
        return self.output(self.activation(self.hidden(images.flatten(1))))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - no ReLU
# says: worth one
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images):
        return self.output(self.hidden(images.flatten(1)))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - a second ReLU at the end
# says: Nothing comes after the last layer
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.activation = nn.ReLU()
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images):
        return self.activation(self.output(self.activation(self.hidden(images.flatten(1)))))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - probabilities in place of logits
# says: they do not add up to 1
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images):
        return self.output(torch.relu(self.hidden(images.flatten(1)))).softmax(dim=1)


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - all images in one row
# says: RuntimeError
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images):
        return self.output(torch.relu(self.hidden(images.flatten())))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - the lesson's sizes written into the layers
# says: the network should have
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(3072, 4)
        self.output = nn.Linear(4, 10)

    def forward(self, images):
        return self.output(torch.relu(self.hidden(images.flatten(1))))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - inputs and outputs of the layers swapped
# says: the network should have
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(num_hidden, num_inputs)
        self.output = nn.Linear(num_classes, num_hidden)

    def forward(self, images):
        return self.output(torch.relu(self.hidden(images.flatten(1))))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - ReLU in front of the first layer
# says: worth one
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images):
        return self.output(self.hidden(torch.relu(images.flatten(1))))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% wrong: build - layers in a plain list, where PyTorch does not find them
# says: stored as attributes of `self`
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.layers = [nn.Linear(num_inputs, num_hidden), nn.ReLU(), nn.Linear(num_hidden, num_classes)]

    def forward(self, images):
        values = images.flatten(1)
        for layer in self.layers:
            values = layer(values)
        return values


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% right: build - parts in a Sequential
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(num_inputs, num_hidden), nn.ReLU(), nn.Linear(num_hidden, num_classes)
        )

    def forward(self, images):
        return self.layers(images)


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()


# %% right: build - other names, made in another order, a function for ReLU
class Classifier(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.head = nn.Linear(num_hidden, num_classes)
        self.body = nn.Linear(num_inputs, num_hidden)

    def forward(self, images):
        rows = images.reshape(images.shape[0], -1)
        return self.head(nn.functional.relu(self.body(rows)))


network = Classifier(*widths)
set_parameters(network, tensors)
with torch.no_grad():
    logits = network(batch)


# %% wrong: collapse - the first weight on the left
# says: RuntimeError
def collapse(weight1, bias1, weight2, bias2):
    return weight1 @ weight2, weight2 @ bias1 + bias2


# %% wrong: collapse - transposed, as for rows
# says: shape
def collapse(weight1, bias1, weight2, bias2):
    return weight1.T @ weight2.T, bias1 @ weight2.T + bias2


# %% wrong: collapse - the first bias lost
# says: passes through the second weight
# scores: 0.4
def collapse(weight1, bias1, weight2, bias2):
    return weight2 @ weight1, bias2


# %% wrong: collapse - the second bias forgotten
# says: the second bias is added
# scores: 0.6
def collapse(weight1, bias1, weight2, bias2):
    return weight2 @ weight1, weight2 @ bias1


# %% wrong: collapse - biases simply added
# says: RuntimeError
def collapse(weight1, bias1, weight2, bias2):
    return weight2 @ weight1, bias1 + bias2


# %% wrong: collapse - the lesson's own layers
# says: shape
def collapse(w1, b1, w2, b2):
    return weight2 @ weight1, weight2 @ bias1 + bias2


# %% wrong: collapse - the weight alone
# says: Return both
def collapse(weight1, bias1, weight2, bias2):
    return weight2 @ weight1


# %% wrong: collapse - the second bias written over
# says: make new tensors
# scores: 0.8
def collapse(weight1, bias1, weight2, bias2):
    bias2 += weight2 @ bias1
    return weight2 @ weight1, bias2


# %% right: collapse - asked of the two layers, with zero and with unit vectors
def collapse(weight1, bias1, weight2, bias2):
    def both(rows):
        return nn.functional.linear(nn.functional.linear(rows, weight1, bias1), weight2, bias2)

    inputs = weight1.shape[1]
    bias = both(torch.zeros(1, inputs))[0]
    weight = (both(torch.eye(inputs)) - bias).T
    return weight, bias


# %% right: collapse - sums written out
def collapse(weight1, bias1, weight2, bias2):
    weight = torch.einsum("oh,hi->oi", weight2, weight1)
    bias = bias2 + (weight2 * bias1).sum(dim=1)
    return [weight, bias]
