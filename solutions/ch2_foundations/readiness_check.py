# ---
# lesson:
#   id: "readiness_2"
#   kind: readiness
#   title: "Readiness check: which lessons may you skip?"
#   objective: Find out in a few minutes which lessons on PyTorch's basics you may skip
#   minutes: 20
# ---

# %% [markdown]
# This notebook has no points and nobody grades it. It holds eight short questions, each about one lesson of this
# chapter or the one before. Answer each without looking anything up, run its check, and read at the end which
# lessons you may skip. New to PyTorch? Then leave this notebook and start with lesson 2.1.

# %% [markdown]
# ## Tensors
#
# Your first data are a batch of four tiny pictures, stored in one byte a number.

# %%
import torch

batch = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
batch[:, 1] = 51
batch[:2, 2] = 255
print(batch.shape, batch.dtype)

# %% question: channel_means [markdown]
# title: One number a channel
# task: Complete the function so that it returns the mean of each channel, scaled to the range from 0 to 1.
# lesson: "1.2"
# success: >-
#   You converted the dtype before you computed, and named the dimensions to average over, as any preparation of images
#   asks.


# %% answer: channel_means
def channel_means(images: torch.Tensor) -> torch.Tensor:  # stub
    """Return float32 [3]: the mean of each channel of uint8 images [N, 3, H, W], scaled to 0 to 1."""
    return (images.float() / 255).mean(dim=(0, 2, 3))


# %% check: channel_means
from scalable_ai.readiness import question

with question("channel_means") as check:
    means = channel_means(batch)
    check.equal(
        means,
        torch.tensor([0.0, 0.2, 0.5]),
        "channel_means(batch)",
        likely="Convert the bytes to floats first, and average over images, rows and columns, dimensions 0, 2 and 3.",
    )

# %% [markdown]
# ## Your environment
#
# A script that runs on other people's machines looks before it imports.

# %% question: installed [markdown]
# title: What is installed
# task: Complete the function so that it names the installed version of a package without importing the package.
# lesson: "2.1"
# success: You asked the installed packages themselves, so a missing package is an answer and not a crash.

# %% answer: installed
from importlib import metadata


def installed(package: str) -> str | None:  # stub
    """Return the version of an installed package, such as "2.1.0", or None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# %% check: installed
from scalable_ai.readiness import question

with question("installed") as check:
    check.that(
        installed("no-such-package-anywhere") is None,
        "None for a package that is not installed",
        got=installed("no-such-package-anywhere"),
        likely="`metadata.version` raises `PackageNotFoundError`, which the function turns into None.",
    )
    check.that(
        installed("torch") is not None and torch.__version__.startswith(installed("torch").partition("+")[0]),
        "the version of torch that is installed",
        got=installed("torch"),
        likely="Ask `importlib.metadata`, which reads what the installer wrote down.",
    )

# %% [markdown]
# ## Feeding data
#
# Two questions about the way from tensors in memory to batches for training.

# %%
from torch.utils.data import DataLoader, Dataset, TensorDataset

pictures = torch.arange(10 * 3 * 2 * 2, dtype=torch.uint8).reshape(10, 3, 2, 2)
labels = torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3])

# %% question: labelled [markdown]
# title: A dataset of your own
# task: Complete the two methods that make a dataset out of a class.
# lesson: "2.2"
# success: Length and one item by index are all that a DataLoader asks of a dataset, wherever its data lie.


# %% answer: labelled
class Labelled(Dataset):
    """Images uint8 [N, 3, H, W] and labels int64 [N], served one pair at a time."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:  # stub
        """Return the number of pairs."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:  # stub
        """Return an image as float32 [3, H, W] in the range from 0 to 1, and its label as a plain int."""
        return self.images[index].float() / 255, int(self.labels[index])


# %% check: labelled
from scalable_ai.readiness import question

with question("labelled") as check:
    dataset = Labelled(pictures, labels)
    check.equal(len(dataset), 10, "len(dataset)", likely="There are as many pairs as labels.")
    image, label = dataset[5]
    check.equal(label, 9, "the label of dataset[5]", likely="A tensor of one number becomes a plain one with `int(…)`.")
    check.equal(
        image,
        torch.arange(60, 72).reshape(3, 2, 2) / 255,
        "the image of dataset[5]",
        likely="Convert the bytes to floats and divide by 255.",
    )

# %% question: ten_in_fours [markdown]
# title: Batches for training and for testing
# task: Fill the blanks for ten images in batches of four.
# lesson: "2.2"
# success: >-
#   You shuffle batches for training, which breaks up runs of equal labels, leave testing in order, and know that the
#   last batch holds what is left.

# %% answer: ten_in_fours
items = TensorDataset(pictures, labels)

# Shuffle where a model trains, and only there
train_loader = DataLoader(items, batch_size=4, shuffle=True)  # blank: True
test_loader = DataLoader(items, batch_size=4, shuffle=False)  # blank: False

# Say how many batches there are, and the last one's size
batches = 3  # blank: 3
last_batch = 2  # blank: 2

# %% check: ten_in_fours
from scalable_ai.readiness import question

with question("ten_in_fours") as check:
    check.equal(
        [type(loader.sampler).__name__ for loader in (train_loader, test_loader)],
        ["RandomSampler", "SequentialSampler"],
        "the samplers of the two loaders",
        likely="The training data are shuffled, the test data never need to be.",
    )
    check.equal(batches, 3, "batches", likely="Without `drop_last`, an incomplete batch is served too.")
    check.equal(last_batch, 2, "last_batch", likely="Two batches of four leave some of the ten over.")

# %% [markdown]
# ## A network
#
# Two linear layers are one linear layer in disguise, unless something stands between them.

# %%
from torch import nn

# %% question: classifier [markdown]
# title: Two layers with something between
# task: Complete the class so that it scores three classes from twelve numbers through five hidden units and a ReLU.
# lesson: "2.3"
# success: The layers you registered are the network's parameters, and the ReLU between them makes it more than a line.


# %% answer: classifier
class Classifier(nn.Module):
    """Scores, float32 [N, 3], from inputs float32 [N, 12]."""

    def __init__(self) -> None:  # stub
        """Make the layers: twelve inputs, five hidden units, three scores."""
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:  # stub
        """Return the scores of a batch."""
        return self.layers(inputs)


# %% check: classifier
from scalable_ai.readiness import question

with question("classifier") as check:
    torch.manual_seed(0)
    network, inputs = Classifier(), torch.randn(7, 12)
    with torch.no_grad():
        scores = network(inputs)
        bent = scores + network(-inputs) - 2 * network(torch.zeros(7, 12))
    check.equal(tuple(scores.shape), (7, 3), "the shape of the scores of seven inputs", likely="Three scores an input.")
    check.equal(
        sum(parameter.numel() for parameter in network.parameters()),
        83,
        "the number of parameters",
        likely="Each layer has weights and biases, here 12 × 5 + 5 and 5 × 3 + 3.",
    )
    check.that(
        bool(bent.abs().max() > 1e-4),
        "a network that is no straight line",
        got="one whose layers collapse into a single linear one",
        likely="The ReLU stands between the layers, in `forward` or in an `nn.Sequential`.",
    )

# %% [markdown]
# ## Training and evaluating
#
# Two short functions that you will meet in every project.

# %% question: train_step [markdown]
# title: One step of the training loop
# task: Complete the function so that it makes one step of training and returns the loss as a plain number.
# lesson: "2.4"
# success: >-
#   Gradients are cleared, computed and used in this order, so each step of training answers to its own batch alone.


# %% answer: train_step
def train_step(
    model: nn.Module,
    loss_function: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
) -> float:  # stub
    """Make one step of training on a batch and return its loss before the step."""
    optimizer.zero_grad()
    loss = loss_function(model(inputs), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% check: train_step
from scalable_ai.readiness import question

with question("train_step") as check:
    line = nn.Linear(2, 1)
    for parameter in line.parameters():
        nn.init.zeros_(parameter)
    descent = torch.optim.SGD(line.parameters(), lr=0.1)
    point, target = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]])
    losses = [train_step(line, nn.MSELoss(), descent, point, target) for _ in range(2)]
    check.equal(
        losses,
        [9.0, 0.36],
        "the losses of two steps",
        likely="Return the loss's number, from before the step.",
        tolerance=1e-4,
    )
    check.equal(
        line.weight.detach(),
        torch.tensor([[0.48, 0.96]]),
        "the weights after two steps",
        likely="Without `zero_grad`, the second step adds the first one's gradients to its own.",
        tolerance=1e-4,
    )

# %% question: steady_scores [markdown]
# title: Scores from a finished model
# task: Complete the function so that it returns a finished model's scores, as they are used after training.
# lesson: "2.4"
# success: Evaluation switches dropout off and keeps no graph for gradients, so scores are repeatable and cheap.


# %% answer: steady_scores
def scores_of(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:  # stub
    """Return the model's scores of inputs [N, …], the same each time and without a graph for gradients."""
    model.eval()
    with torch.no_grad():
        return model(inputs)


# %% check: steady_scores
from scalable_ai.readiness import question

with question("steady_scores") as check:
    dropping = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.9)).train()
    nn.init.eye_(dropping[0].weight)
    nn.init.zeros_(dropping[0].bias)
    steady = scores_of(dropping, torch.ones(8, 3))
    check.equal(
        steady.detach(),
        torch.ones(8, 3),
        "the scores",
        likely="In training mode, dropout blanks most of them: call `eval`.",
    )
    check.that(
        not steady.requires_grad,
        "scores without a graph for gradients",
        got="scores that remember how they were made",
        likely="Compute them under `torch.no_grad()` or `torch.inference_mode()`.",
    )

# %% [markdown]
# ## Tuning
#
# The last question is about a learning rate that changes while a model trains.

# %% question: learning_rates [markdown]
# title: A schedule in numbers
# task: Complete the function so that the learning rate is halved after every second epoch, with a scheduler.
# lesson: "2.5"
# success: You stepped the scheduler once an epoch, after the optimizer, and read the learning rate that was in force.


# %% answer: learning_rates
def learning_rates(optimizer: torch.optim.Optimizer, epochs: int) -> list[float]:  # stub
    """Return the rate that is in force in each epoch when it is halved after every second one."""
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    rates = []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


# %% check: learning_rates
from scalable_ai.readiness import question

with question("learning_rates") as check:
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.zeros(1)
    rates = learning_rates(torch.optim.SGD([weight], lr=0.4), 5)
    check.equal(
        rates,
        [0.4, 0.4, 0.2, 0.2, 0.1],
        "the rates of five epochs",
        likely="Read the rate at the start of an epoch, and call `scheduler.step()` once at its end.",
    )
