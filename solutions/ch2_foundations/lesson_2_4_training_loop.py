# ---
# lesson:
#   id: "2.4"
#   title: Training your model
#   objective: Write a training loop, and find out why one does not learn
#   minutes: 60
#   functions:
#     - torch.optim.SGD
#     - torch.optim.Optimizer.zero_grad
#     - torch.optim.Optimizer.step
#     - torch.Tensor.backward
#     - torch.nn.CrossEntropyLoss
#     - torch.nn.Module.train
#     - torch.nn.Module.eval
#     - torch.no_grad
#   know:
#     - Gradients from lesson 1.2
#     - Batches from a DataLoader, lesson 2.2
#     - Networks of linear layers and ReLU, lesson 2.3
#   new:
#     - The five calls of a training step, and what their order means
#     - Cross-entropy, a loss that takes logits
#     - Training mode and evaluation mode, with and without gradients
#     - Finding bugs that raise no error, from losses and small tests
#   glossary: {}
#   misconceptions:
#     - The order of the training loop does not matter, nor how a DataLoader is used
#   analogies:
#     - Inspect at every stage
# ---

# %% slide [markdown]
# ## From guessing to learning
#
# - A new network guesses
# - Training: many small corrections, one batch each
# - A misplaced line raises no error

# %% script [markdown]
# In this lesson you write a training loop, and you find out why one does not learn. A network that was just created has
# random weights, so it guesses. Training corrects them a little, batch after batch. The loop for this is short,
# and it matters that you know it line by line. A line that is missing or misplaced seldom raises an error. The program
# runs to its end and has learned nothing.

# %% slide [markdown]
# ## One step, five calls
#
# - Clear the old gradients
# - Forward pass: batch in, logits out
# - Loss: one number for how wrong
# - Backward pass: a gradient for every weight
# - Update the weights

# %% fragment
import torch
from torch import nn

torch.manual_seed(24)
toy_model = nn.Linear(3, 2)
toy_optimizer = torch.optim.SGD(toy_model.parameters(), lr=0.5)
toy_batch, toy_labels = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 0, 1])

for _ in range(3):
    toy_optimizer.zero_grad()
    toy_loss = nn.functional.cross_entropy(toy_model(toy_batch), toy_labels)
    toy_loss.backward()
    toy_optimizer.step()
    print(toy_loss.item())

# %% script [markdown]
# One training step has five parts. Clear the gradients of the step before. Send the batch forward, which gives one
# score for each class. Compute the loss, a single number that says how wrong the scores are. Go backward, so that every
# weight learns in which direction the loss would rise. Last, the optimizer moves each weight a small distance the other
# way. On the slide the loss falls.

# %% slide [markdown]
# ## The loss takes logits
#
# - Logits: raw scores, any number
# - Cross-entropy: softmax is already inside
# - A second softmax flattens every difference

# %% fragment
sure_logits = torch.tensor([[9.0, 0.0]])
right_class = torch.tensor([0])
print("logits:       ", nn.functional.cross_entropy(sure_logits, right_class).item())
print("probabilities:", nn.functional.cross_entropy(sure_logits.softmax(dim=1), right_class).item())

# %% script [markdown]
# The raw scores of a network are called logits. The usual loss for classes, cross-entropy, wants exactly these, because
# it turns them into probabilities itself, by softmax. Many people apply softmax once more before the loss, and the
# slide shows the price. A network that is sure of itself, and right, should have a loss near zero. After a second
# softmax the same answer has a large loss, and no training will bring it down.

# %% slide [markdown]
# ## Gradients wait to be cleared
#
# - `backward` adds to what is stored
# - `step` uses whatever is stored
# - `zero_grad` clears the store

# %% fragment
for _ in range(3):
    nn.functional.cross_entropy(toy_model(toy_batch), toy_labels).backward()
    print(toy_model.bias.grad)

# %% script [markdown]
# A gradient is stored beside its weight, and the backward pass adds to what it finds there. The slide goes backward
# three times over the same batch. The first numbers still hold the remainder of the step before, and each time the
# same amount is added. If nobody clears them, every update repeats all earlier ones, and the weights shoot past their
# aim.

# %% slide [markdown]
# ## Two modes of one network
#
# - Training mode: dropout drops, batch norm watches the batch
# - Evaluation mode: both behave the same every time
# - No gradients where nothing is learned

# %% fragment
toy_dropout = nn.Dropout(0.5)
ones = torch.ones(8)
print("training:  ", toy_dropout.train()(ones))
print("evaluation:", toy_dropout.eval()(ones))

# %% script [markdown]
# Some layers behave differently while they learn. Dropout removes values at random, and batch normalization looks at
# its neighbours in the batch. Both help in training and both are wrong when you measure. So a network has two modes,
# and you switch between them. While measuring you also tell PyTorch to record no gradients, which saves memory and
# time.

# %% slide [markdown]
# ## Inspect at every stage
#
# - First loss: near the logarithm of the number of classes
# - A few images: can the loop learn them by heart?
# - Training and validation: two curves, side by side

# %% script [markdown]
# Factories inspect at every stage, and not only the finished product. Do the same. Look at the first loss, which can
# be predicted before anything has been learned. See whether the loop can learn a handful of images by heart. Watch
# training and validation side by side. With these three inspections you find most bugs in a minute, and you are about
# to use all of them.

# %% [markdown]
# ## A first loss that you can predict
#
# Three colours on a grid of 8 by 8 squares make 192 numbers for each picture. The next cell averages each square, then
# scales with mean and deviation of the 1,000 training pictures. The other 500 are for validation. As in lesson 2.2, a
# `TensorDataset` pairs each row with its label. Only the training loader shuffles.

# %%
from torch.utils.data import DataLoader, TensorDataset

from scalable_ai.data import cifar10

data = cifar10(num_train=1500, num_test=250)
squares = nn.functional.avg_pool2d(data.train.images.float(), kernel_size=4).flatten(1)
mean, std = squares[:1000].mean(dim=0), squares[:1000].std(dim=0)
inputs, labels = (squares - mean) / std, data.train.labels
print(inputs.shape, labels.shape)
train_loader = DataLoader(TensorDataset(inputs[:1000], labels[:1000]), batch_size=50, shuffle=True)
val_loader = DataLoader(TensorDataset(inputs[1000:], labels[1000:]), batch_size=200)
print("batches:", len(train_loader), "of 50 and", [len(batch_labels) for _, batch_labels in val_loader])

# %% [markdown]
# The network is the one of lesson 2.3, with a dropout layer between its two linear layers. Before any training,
# inspect it: one batch forward, and the loss. A network that knows nothing and spreads its guesses evenly over ten
# classes has the loss ln 10.


# %%
import math


class Classifier(nn.Module):
    """192 numbers in, ten logits out."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(192, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, 10))

    def forward(self, rows):
        return self.layers(rows)


torch.manual_seed(0)
model, loss_function = Classifier(), nn.CrossEntropyLoss()
batch, batch_labels = next(iter(train_loader))
print("first loss:", loss_function(model(batch), batch_labels).item(), "  ln 10:", math.log(10))

# %% [markdown]
# The two are close. A first loss far from ln 10 would mean that something is wrong already, such as inputs that were
# not scaled.
#
# ## One step, taken apart
#
# Follow one weight. The backward pass lays a gradient beside it, and nothing has moved yet. Only the optimizer moves
# weights: it subtracts the gradient times the learning rate, `lr`. `detach` gives values without their history.

# %%
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
bias = model.layers[3].bias
print("gradient before:", bias.grad)
loss_function(model(batch), batch_labels).backward()
print("gradient after: ", bias.grad[:3])
expected = bias.detach() - 0.1 * bias.grad
optimizer.step()
print("moved by minus lr times gradient:", torch.allclose(bias, expected))

optimizer.zero_grad()
print("cleared:", bias.grad)
loss_function(model(batch), batch_labels).backward()
once = bias.grad.clone()
loss_function(model(batch), batch_labels).backward()
print("second pass is twice the first:", torch.allclose(bias.grad, 2 * once))

# %% [markdown]
# You have seen all five calls: a second backward pass doubled the gradient, and `zero_grad` emptied the store. Now you
# write the step. The bench below takes several steps with the function it is handed: `load_state_dict` copies given
# weights in by name, where `0.weight` is the weight of the layer at place 0. Its network comes in evaluation mode, as
# after any score.


# %%
def run_steps(step, weights, rows, row_labels, lr, num_steps):
    """Call the function `step` several times from given weights; return losses, modes and new weights."""
    num_hidden, num_inputs = weights["0.weight"].shape
    net = nn.Sequential(nn.Linear(num_inputs, num_hidden), nn.ReLU(), nn.Linear(num_hidden, len(weights["2.bias"])))
    net.load_state_dict(weights)
    modes = []
    net.register_forward_hook(lambda *_: modes.append("training" if net.training else "evaluation"))
    net.eval()
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    losses = [step(net, sgd, rows, row_labels) for _ in range(num_steps)]
    after = {name: value.clone() for name, value in net.state_dict().items()}
    return {"losses": losses, "modes": modes, "weights": after}


# %%
start = {
    "0.weight": torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
    "0.bias": torch.zeros(2),
    "2.weight": torch.zeros(2, 2),
    "2.bias": torch.zeros(2),
}
step_rows, step_labels = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1])
step_case = (step_rows, step_labels, 1.0, 3)

# %% exercise: assemble_step [markdown]
# title: Assemble one training step
# difficulty: 2
# minutes: 10
# points: 4
# task: Write the function that takes one training step on one batch.
# context: >-
#   Cameras above three lines of a manufacturer of machine parts send batches of pictures. Each line has a network of
#   its own that keeps learning from what the inspectors decided, and that is scored between the steps. You are the
#   machine learning scientist who writes the one function that all lines share, a single training step. It has to work
#   for any network that returns logits, in whichever mode it comes, and for any optimizer. Its loss goes into a
#   dashboard that accepts plain numbers only.
# instructions:
#   - Switch to training mode, and bring the five calls into an order in which a step learns from its own batch alone.
#   - Use cross-entropy on the logits as they are.
#   - Return the loss of the batch as a plain number; the last line then takes three steps on the bench.
# hints:
#   - Which calls fill the gradients, which one uses them, and which one throws them away?
#   - Gradients must be empty before the backward pass and full when the optimizer moves the weights.
#   - A loss is a tensor without dimensions; `.item` makes a number of it.
# success: >-
#   Your step clears, goes forward, measures, goes backward and updates, in training mode. The order matters: the
#   backward pass fills the gradients, and the optimizer uses whatever it finds there.


# %% answer: assemble_step
# In training mode, take the five calls in order
def train_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, rows: torch.Tensor, labels: torch.Tensor
) -> float:  # stub
    """Take one step in training mode on a batch; return its mean cross-entropy before the update, a Python float.

    rows: float [N, D], which the model, in either mode, turns into logits [N, C]. labels: int64 [N]."""
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(rows), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


stepped = run_steps(train_step, start, *step_case)

# %% check: assemble_step
from scalable_ai.checks import exercise

with exercise("assemble_step") as check:
    losses = stepped["losses"]
    kinds = sorted({type(one).__name__ for one in losses})
    check.that(kinds == ["float"], "a float from each step", got=", ".join(kinds), likely="Return `loss.item()`.")
    likely = "For two classes and no knowledge it is ln 2: the mean over the batch, from before the update."
    check.equal(losses[0], 0.6931, "first loss", tolerance=1e-3, likely=likely)
    likely = "The gradients were empty when the optimizer moved: cleared after the backward pass, or not yet computed."
    check.that(losses[1] != losses[0], "a loss that changes", got="the same loss twice", likely=likely)
    likely = "Layers such as dropout work only in training mode; switch with `model.train()` before the forward pass."
    check.that("evaluation" not in stepped["modes"], "steps in training mode", got="evaluation mode", likely=likely)
    likely = "The loss takes the logits as they are; a second softmax makes the gradients too small."
    check.equal(losses[1], 0.3005, "second loss", tolerance=1e-3, likely=likely)
    likely = "The third step uses gradients of the steps before: clear them in every step."
    check.equal(losses[2], 0.1677, "third loss", tolerance=1e-3, likely=likely)

# %% [markdown]
# ## Two bugs and their curves
#
# What does a loop look like that forgets to clear, or applies softmax twice? The next cell trains three times from
# the same weights, with batches in the same order. Two switches plant the bugs.


# %%
def batch_losses(clear=True, softmax=False):
    """Train a new network for three epochs and return the loss of every batch."""
    torch.manual_seed(0)
    net = Classifier()
    sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        for rows, row_labels in train_loader:
            if clear:
                sgd.zero_grad()
            loss = loss_function(net(rows).softmax(dim=1) if softmax else net(rows), row_labels)
            loss.backward()
            sgd.step()
            losses.append(loss.item())
    return losses


# %%
curves = {
    "all five calls": batch_losses(),
    "no zero_grad": batch_losses(clear=False),
    "softmax before the loss": batch_losses(softmax=True),
}
for name, losses in curves.items():
    print(f"{name:24} first {losses[0]:.3f}, mean of the last ten {sum(losses[-10:]) / 10:.3f}")

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for (name, losses), style in zip(curves.items(), ["-", "--", ":"], strict=True):
    ax.semilogy(losses, style, label=name)
ax.axhline(math.log(10), color="grey", linewidth=0.8)
ax.set(xlabel="batch", ylabel="loss (logarithmic)")
ax.legend()
show(
    fig,
    "Loss of each of 60 batches for three loops, with a grey line at ln 10. All five calls: falls below the line. No "
    "zero_grad: begins like it, then swings upwards. Softmax before the loss: stays flat, close to the line.",
)

# %% [markdown]
# Without `zero_grad` the curve begins well, because the first gradients are right, and then the steps become too large.
# With a second softmax it hardly moves. How low could it ever get? The best possible answer is a probability of one for
# the right class, so feed exactly that to the loss.

# %%
perfect = torch.eye(10)
print("loss of perfect probabilities:", loss_function(perfect, torch.arange(10)).item())
print("e and ten classes:            ", math.log(math.e + 9) - 1)

# %% [markdown]
# About 1.46 is the floor for ten classes: a loop that applies softmax twice can train for a week and never get below
# it.
#
# ## Measuring without learning
#
# Give a network with dropout and batch normalization the same rows three times in training mode, then three times in
# evaluation mode. Watch the running mean, which batch normalization keeps for later, and whether gradients are
# recorded.

# %%
torch.manual_seed(1)
layers = nn.Sequential(nn.Linear(192, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 10))
for mode in [True, False]:
    layers.train(mode)
    for _ in range(3):
        logit = layers(batch)[0, 0].item()
        print("training  " if mode else "evaluation", f"logit {logit:7.3f}", layers[1].running_mean[:2].tolist())

print("evaluation mode records:", layers(batch).requires_grad)
with torch.no_grad():
    print("inside no_grad:         ", layers(batch).requires_grad)
batch_values = [torch.tensor([1.0, 1.0, 1.0, 1.0]), torch.tensor([6.0])]
print("mean of batch means: ", sum(values.mean().item() for values in batch_values) / 2)
print("mean over all values:", sum(values.sum().item() for values in batch_values) / 5)

# %% [markdown]
# In evaluation mode nothing moves, yet gradients are still recorded; `torch.no_grad` switches that off. The last lines
# show one more trap: a mean of batch means counts each picture of a small batch more. Add up first, with
# `reduction="sum"`, then divide once. The bench below hands your function a network with both kinds of layers. A small
# `Recorder` in front notes how that network was asked.


# %%
class Recorder(nn.Module):
    """Passes its input on, and notes the mode and whether gradients were recorded."""

    def __init__(self):
        super().__init__()
        self.modes, self.gradients = [], []

    def forward(self, rows):
        self.modes.append("training" if self.training else "evaluation")
        self.gradients.append(torch.is_grad_enabled())
        return rows


# %%
def run_evaluation(score, weights, rows, row_labels, batch_size):
    """Score a network of given weights with the function `score`; return what happened."""
    num_hidden, num_inputs = weights["1.weight"].shape
    middle = [nn.Linear(num_inputs, num_hidden), nn.BatchNorm1d(num_hidden), nn.ReLU(), nn.Dropout(0.5)]
    net = nn.Sequential(Recorder(), *middle, nn.Linear(num_hidden, len(weights["5.bias"])))
    net.load_state_dict(weights)
    result = score(net, DataLoader(TensorDataset(rows, row_labels), batch_size=batch_size))
    after = {name: value.clone() for name, value in net.state_dict().items()}
    return {"scores": result, "modes": net[0].modes, "gradients": net[0].gradients, "weights": after}


# %%
known = {
    "1.weight": torch.eye(2),
    "1.bias": torch.zeros(2),
    "2.weight": torch.ones(2),
    "2.bias": torch.zeros(2),
    "2.running_mean": torch.zeros(2),
    "2.running_var": torch.ones(2),
    "2.num_batches_tracked": torch.tensor(0),
    "5.weight": torch.eye(2),
    "5.bias": torch.zeros(2),
}
five_rows = torch.tensor([[2.0, 0.0], [0.0, 2.0], [3.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
known_case = (five_rows, torch.tensor([0, 1, 1, 1, 0]), 3)

# %% exercise: score_model [markdown]
# title: Score without learning
# difficulty: 2
# minutes: 13
# points: 4
# task: Write the function that measures loss and accuracy over all batches of a loader.
# context: >-
#   Last week the nightly scores of a network jumped, although its weights had not been touched. It sorts images by
#   urgency for a group of hospitals, and doctors ask what they can still believe. The script scores in training mode
#   and averages over batches. As their data scientist you write it anew. A scored network must be exactly what it was
#   before, each image must count once, and two runs must agree to the last digit.
# instructions:
#   - Switch the network to evaluation mode and record no gradients.
#   - Add up loss and right answers over all batches, then divide by the number of images.
# hints:
#   - The two protections are separate, one for the layers and one for the gradients.
#   - "The loss of a batch can be a sum: pass `reduction=\"sum\"` to the cross-entropy."
#   - The place of the largest logit in each row is the answer, and `.argmax(dim=1)` finds it.
# success: >-
#   Evaluation mode and no gradients leave the network as it was, and dividing once by the number of images lets
#   every image count the same. Scores measured like this can be compared with one another.


# %% answer: score_model
# Switch to evaluation, add up, divide by images
def evaluate(model: nn.Module, loader: DataLoader) -> dict:  # stub
    """Return {"loss": …, "accuracy": …}, floats, each the mean over all images of the loader.

    The loss is cross-entropy of the model's logits. Batches may differ in size. Layers act as in
    evaluation, nothing that the model stores changes, no gradients are recorded."""
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows, labels in loader:
            logits = model(rows)
            loss += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
    return {"loss": loss / len(loader.dataset), "accuracy": correct / len(loader.dataset)}


scored = run_evaluation(evaluate, known, *known_case)


# %% check: score_model
from scalable_ai.checks import exercise

with exercise("score_model") as check:
    likely = "Call `model.eval()` before the batches, so that dropout is off."
    check.equal(scored["modes"], ["evaluation", "evaluation"], "mode of the two batches", likely=likely)
    check.equal(scored["gradients"], [False, False], "gradients recorded", likely="Wrap the loop in `torch.no_grad()`.")
    check.that(
        isinstance(scored["scores"], dict),
        "a dictionary",
        got=type(scored["scores"]).__name__,
        likely="Return one dictionary, with its values by name.",
    )
    likely = "Four of five images are right; divide by the number of images, not of batches."
    check.equal(scored["scores"].get("accuracy"), 0.8, "accuracy", likely=likely)
    likely = "Sum the loss over each batch, on logits, and divide once by the number of images."
    check.equal(scored["scores"].get("loss"), 0.7858, "loss", tolerance=1e-3, likely=likely)

# %% [markdown]
# ## A loop that does not learn
#
# This epoch of training runs without an error. Read it as an inspector would. Then comes the second inspection of the
# slides: can it learn a few images by heart? A sound loop brings the loss of eight images close to zero. The bench
# takes given weights, keeps a `Recorder` in front, and switches to evaluation mode after each epoch, as anybody does
# who measures between epochs.


# %%
def train_epoch_v0(model, optimizer, loader):
    total = 0.0
    optimizer.zero_grad()
    for rows, labels in loader:
        probabilities = torch.softmax(model(rows), dim=1)
        loss = nn.functional.cross_entropy(probabilities, labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


# %%
def run_epochs(epoch, weights, rows, row_labels, batch_size, lr, num_epochs):
    """Train with the function `epoch` from given weights; return losses, modes and new weights."""
    num_hidden, num_inputs = weights["1.weight"].shape
    last = nn.Linear(num_hidden, len(weights["3.bias"]))
    net = nn.Sequential(Recorder(), nn.Linear(num_inputs, num_hidden), nn.ReLU(), last)
    net.load_state_dict(weights)
    loader = DataLoader(TensorDataset(rows, row_labels), batch_size=batch_size)
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    losses = []
    for _ in range(num_epochs):
        losses.append(epoch(net, sgd, loader))
        net.eval()
    after = {name: value.clone() for name, value in net.state_dict().items()}
    return {"losses": losses, "modes": net[0].modes, "weights": after}


# %%
torch.manual_seed(2)
fresh = nn.Sequential(Recorder(), nn.Linear(192, 64), nn.ReLU(), nn.Linear(64, 10)).state_dict()
heart_case = (inputs[:8], labels[:8], 4, 0.1, 100)
symptoms = run_epochs(train_epoch_v0, fresh, *heart_case)
print("loss at first:", symptoms["losses"][0], " after 100 epochs:", symptoms["losses"][-1])
print("modes of the first six batches:", symptoms["modes"][:6])

# %% [markdown]
# After a hundred epochs on eight images the loss has not come near zero; compare it with the floor of 1.46. The second
# line shows another fault: only the first epoch ran in training mode. Three bugs are planted in those ten lines.

# %% exercise: mend_training [markdown]
# title: Mend a loop that does not learn
# difficulty: 3
# minutes: 18
# points: 5
# task: Repair the epoch of training so that it passes the inspections.
# context: >-
#   For two weeks a bank's fraud team has tried other networks, other learning rates and more data, and nothing learned.
#   The epoch above came with the project and reports no error. The team now asks you, its newest programmer, to look.
#   You suspect the loop itself. Learning eight images by heart takes a second to run and settles the matter, and the
#   recorded modes tell the rest. The team will go on using your function with networks that contain dropout.
# instructions:
#   - Copy the body of `train_epoch_v0` and find the three planted bugs.
#   - Repair each of them, and keep what the function returns.
# hints:
#   - Compare the body line by line with your own training step.
#   - How often is the store of gradients cleared, and how often does a backward pass add to it?
#   - The bench leaves evaluation mode on after each epoch, so somebody has to switch back.
# success: >-
#   Three bugs are mended, gradients that piled up, a second softmax, and training in evaluation mode. None of them
#   raised an error; a training loop has to be inspected by what it does.


# %% answer: mend_training
# Repair the epoch so that it learns
def train_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, loader: DataLoader) -> float:  # stub
    """Train for one epoch and return the mean of the batch losses as a float.

    The model returns logits and comes in either mode. Every batch is trained in training mode, on its
    mean cross-entropy, with its own gradient alone."""
    model.train()
    total = 0.0
    for rows, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(rows), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


mended = run_epochs(train_epoch, fresh, *heart_case)

# %% check: mend_training
from scalable_ai.checks import exercise

with exercise("mend_training") as check:
    likely = "The bench leaves evaluation mode on; switch back at the start of each epoch."
    wrong = mended["modes"].count("evaluation")
    check.that(wrong == 0, "all 200 batches in training mode", got=f"{wrong} in evaluation mode", likely=likely)
    likely = "Add up `loss.item()`; a sum of loss tensors is a tensor, and keeps their graphs."
    kind = type(mended["losses"][0]).__name__
    check.that(isinstance(mended["losses"][0], float), "a float from each epoch", got=kind, likely=likely)
    moved = not torch.equal(mended["weights"]["1.weight"], fresh["1.weight"])
    check.that(moved, "weights that change", got="the weights of the start", likely="Backward first, then the update.")
    likely = "Below 0.1 needs logits in the loss, since a second softmax has its floor at 1.46, and cleared gradients."
    check.that(mended["losses"][-1] < 0.1, "eight images learned by heart", got=mended["losses"][-1], likely=likely)
    three = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), torch.tensor([0, 1, 0])
    plain = {
        "1.weight": torch.eye(2),
        "1.bias": torch.zeros(2),
        "3.weight": torch.zeros(2, 2),
        "3.bias": torch.zeros(2),
    }
    got = run_epochs(train_epoch, plain, *three, batch_size=1, lr=1.0, num_epochs=1)
    summed = abs(got["losses"][0] - 3 * 1.4936) < 0.01
    likely = "Divide by the number of batches, as the epoch that you copied does."
    check.that(not summed, "the mean of the batch losses", got="their sum", likely=likely)
    likely = "Clear, go backward and update for every batch, and not once an epoch."
    check.equal(got["losses"], [1.4936], "mean loss of three batches", tolerance=1e-3, likely=likely)

# %% [markdown]
# ## Both functions at work
#
# Now your two functions train a network with dropout, and a validation score follows each epoch. If one of them does
# not pass yet, the next cell stops with an error; come back to it later.

# %%
torch.manual_seed(3)
net, history = Classifier(dropout=0.3), []
sgd = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(12):
    history.append((train_epoch(net, sgd, train_loader), evaluate(net, val_loader)["loss"]))
print("losses", [round(loss, 3) for loss in history[-1]], " validation accuracy", evaluate(net, val_loader)["accuracy"])
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for losses, style, name in zip(zip(*history, strict=True), ["o-", "s--"], ["training", "validation"], strict=True):
    ax.plot(range(1, 13), losses, style, label=name)
ax.set(xlabel="epoch", ylabel="loss")
ax.legend()
show(fig, "Mean loss in 12 epochs: training falls; validation falls with it, then flattens or turns upwards.")

# %% [markdown]
# Guessing would give an accuracy of about 0.1. Read the two curves from left to right. While both fall, the network
# learns something that also holds for pictures it has not seen. Where training goes on falling and validation does not,
# it learns its own pictures by heart. That gap is no bug of the loop, and the next lesson works on it.

# %% quiz: moved_zero_grad [markdown]
# question: >-
#   A colleague writes the step as forward, loss, backward, `zero_grad`, `step`. All five calls are there. What
#   happens in training with plain SGD?
# options:
#   - text: It learns as before, since all five calls are made in every step
#     why: >-
#       Each call reads or changes what another one left behind, so their order is part of the program.
#   - text: Gradients of earlier batches add up, and the steps become too large
#     why: >-
#       That is the loop without any `zero_grad`. Here the store is emptied in every step, only at the worst moment.
#   - text: The weights never change, and the loss stays where it began
#     right: true
#     why: >-
#       The gradients are thrown away right before the optimizer looks for them, and without a gradient it moves
#       nothing.
#   - text: PyTorch raises an error, because `step` finds no gradients
#     why: >-
#       An optimizer passes over weights without a gradient, silently. Hence the inspections.
# points: 1

# %% recap [markdown]
# - A step clears, goes forward, measures, goes backward and updates; the order carries the meaning.
# - Cross-entropy takes logits. Train in training mode; score in evaluation mode without gradients.
# - Bugs of a loop raise no error: inspect the first loss, learn eight images by heart, watch both curves.
