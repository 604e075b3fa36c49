# ---
# lesson:
#   id: "3.4"
#   title: Advanced model architectures
#   objective: Build CNNs and RNNs, and a layer of your own
#   track: essentials
#   minutes: 55
#   functions:
#     - torch.nn.Conv2d
#     - torch.nn.MaxPool2d
#     - torch.nn.LSTM
#     - torch.nn.Parameter
#     - torch.nn.ModuleList
#     - torch.nn.Module.named_parameters
#     - torch.nn.Module.state_dict
#   know:
#     - Networks of nn.Linear and nn.ReLU, and their parameters
#     - A LightningModule, and the Trainer that fits it
#     - Shapes, indexing and broadcasting of image batches
#   new:
#     - Convolutions, the size they give, what they cost and how far they see
#     - An LSTM that reads an image row by row, and which of its outputs to take
#     - A layer of your own whose numbers are trained, moved and saved
#   glossary: {}
#   misconceptions: []
#   analogies:
#     - A toolbox with the right tool for the job
#     - "PyTorch: prefabricated parts"
# ---

# %% slide [markdown]
# ## A network can know its data
#
# - Pictures: neighbouring pixels belong together
# - Sequences: order matters
# - An MLP is told neither

# %% script [markdown]
# In this lesson you build CNNs and RNNs, and a layer of your own. A CNN is a convolutional neural network, for
# pictures, and an RNN is a recurrent one, for sequences. It matters because a multilayer perceptron, or MLP,
# must learn at every place anew what an edge is. An architecture is a statement about the data, and where it
# is true it saves parameters. So keep a toolbox, with the right tool for the job.

# %% slide [markdown]
# ## One small filter, used everywhere
#
# - A filter: a few weights, all channels deep
# - It slides over the image
# - One output channel for each filter

# %% fragment
import torch
from torch import nn

torch.manual_seed(0)
conv = nn.Conv2d(3, 16, kernel_size=3, padding=1)
four = torch.rand(4, 3, 32, 32)
print("weights:", list(conv.weight.shape), " biases:", list(conv.bias.shape))
print("in:", list(four.shape), " out:", list(conv(four).shape))

# %% script [markdown]
# A convolution has a set of small filters, here sixteen. Each is three channels deep and covers three rows and
# three columns, which makes twenty-seven weights. The filter is laid on a window of the image, the products are
# added up, and one number is written. Then it moves on by one pixel and does the same again, with the same weights.
# That is called weight sharing. Sixteen filters write sixteen output channels.

# %% slide [markdown]
# ## The price of looking everywhere
#
# - Convolution: weights for one window
# - Linear layer: a weight for every pair
# - The work grows for both

# %% fragment
for side in [16, 32, 64]:
    dense = nn.Linear(3 * side**2, 16 * side**2, device="meta")
    print(f"{side:3} pixels a side: linear {dense.weight.numel():13,}   convolution {conv.weight.numel()}")

# %% script [markdown]
# Compare with a linear layer from every input number to every output number of the same sizes. The layer is built
# on the meta device, which knows shapes and holds no memory, and that is just as well. When the side of the image
# doubles, its weights grow sixteen times, while the convolution keeps its few hundred. Its work still grows,
# fourfold, because there are four times as many places to visit.

# %% slide [markdown]
# ## Size out, from size in
#
# ```text
# out = floor((in + 2 * padding - kernel) / stride) + 1
# ```
#
# - Kernel: side of the window
# - Padding: width of an added border
# - Stride: pixels from one window to the next

# %% fragment
for kernel, padding, stride in [(3, 1, 1), (5, 0, 1), (3, 1, 2), (2, 0, 2)]:
    layer = nn.Conv2d(3, 16, kernel, stride=stride, padding=padding)
    formula = (32 + 2 * padding - kernel) // stride + 1
    print(f"kernel {kernel}, padding {padding}, stride {stride}: formula {formula}, layer {layer(four).shape[-1]}")

# %% script [markdown]
# How large is the output? Add the border on both sides, take one window away, count the steps that still fit, and
# add the first window. With a kernel of three and a border of one the size stays. With a stride of two it halves.
# Whoever can do this sum plans a network on paper and never guesses the size of its last layer.

# %% slide [markdown]
# ## An LSTM reads in order
#
# - A state travels from step to step
# - Gates decide what to forget and keep
# - The same weights at every step

# %% fragment
lstm = nn.LSTM(input_size=96, hidden_size=64, batch_first=True)
outputs, (hidden, memory) = lstm(torch.rand(4, 32, 96))
print("outputs:", list(outputs.shape), " hidden:", list(hidden.shape), " memory:", list(memory.shape))

# %% script [markdown]
# A recurrent network shares weights over time, as a convolution shares them over space. The LSTM, long short-term
# memory, is the RNN you meet most. It reads one step, updates its state and goes on to the next, and learned gates
# decide what to forget. We let it read a picture row by row, thirty-two steps of ninety-six numbers. It returns an
# output for every step, and you have to know which one to take.

# %% slide [markdown]
# ## A part of your own must be registered
#
# - `nn.Parameter`: trained, moved and saved
# - A plain tensor: none of these
# - `nn.ModuleList` for layers, never a bare list


# %% fragment
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.plain = torch.ones(3)
        self.learned = nn.Parameter(torch.ones(3))


print("registered:", [name for name, _ in Scale().named_parameters()])

# %% script [markdown]
# PyTorch gives you prefabricated parts, and now and then you need one that nobody sells. A class with a forward
# method is enough. But its numbers must be registered, as parameters and as lists that PyTorch knows. What is not
# registered raises no error. It is simply never trained, never moved to the device and never saved. You will find
# such a layer today, and mend it.

# %% [markdown]
# ## One window, one number
#
# Take the layer `conv` from above and a real picture, or a drawn stand-in. With a padding of 1, the output at row 10
# and column 20 looks at the rows 9 to 11 and the columns 19 to 21. The cell computes filter 5 there by hand. Then it
# sets three filters for gray pictures: for edges between left and right, for edges between top and bottom, and an
# average.

# %%
from scalable_ai.data import cifar10

data = cifar10(num_train=1200, num_test=100)
images = data.train.images[:1000].float() / 255
window = images[0, :, 9:12, 19:22]
by_hand = (window * conv.weight[5]).sum() + conv.bias[5]
print(f"by hand {by_hand.item():.6f}   by the layer {conv(images[:1])[0, 5, 10, 20].item():.6f}")

filters = nn.Conv2d(1, 3, kernel_size=3, padding=1, bias=False)
left_right = torch.tensor([[-1.0, 0.0, 1.0]] * 3)
with torch.no_grad():
    filters.weight.copy_(torch.stack([left_right, left_right.T, torch.ones(3, 3) / 9])[:, None])
gray = images[:2].mean(dim=1, keepdim=True)
answers = filters(gray).detach()
print("in:", list(gray.shape), " out:", list(answers.shape))

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, panels = plt.subplots(2, 4, figsize=(8, 4.2), layout="constrained")
for row, before, after in zip(panels, gray.numpy(), answers.numpy(), strict=True):
    row[0].imshow(before[0], cmap="gray", vmin=0, vmax=1)
    for ax, answer in zip(row[1:3], after[:2], strict=True):
        ax.imshow(answer, cmap="RdBu", vmin=-1.5, vmax=1.5)
    row[3].imshow(after[2], cmap="gray", vmin=0, vmax=1)
for ax, title in zip(panels[0], ["gray picture", "left to right", "top to bottom", "average"], strict=True):
    ax.set_title(title)
for ax in panels.flat:
    ax.axis("off")
show(fig, "Two gray pictures, and beside each the answers of an edge filter for columns, one for rows, and a blur.")

# %% [markdown]
# A filter answers strongly where the window looks like its weights. In the middle columns blue marks an edge where it
# gets lighter to the right, or downwards, red one where it gets darker. The coloured frame comes from the padding,
# whose zeros look like a black border. In a CNN weights are learned, but those of a first layer often look much like
# these.

# %% [markdown]
# ## The same filter at every place
#
# Shift a picture by five columns: the answer of a convolution should shift too, and that of a linear layer not. Border
# columns, which `roll` fills, are left out. How far does a unit see? Its receptive
# field is the window it depends on, and the side of that its view. Autograd measures it: go backwards from one output,
# and count columns with a gradient.

# %%
shifted = images[:1].roll(5, dims=3)
same = torch.allclose(conv(shifted)[..., 6:-1], conv(images[:1]).roll(5, dims=3)[..., 6:-1], atol=1e-5)
print("convolution, answer shifts with the picture: ", same)
row, linear = images[0, 0, 16], nn.Linear(32, 32)
same = torch.allclose(linear(row.roll(5))[6:-1], linear(row).roll(5)[6:-1], atol=1e-5)
print("linear layer, answer shifts with the picture:", same)


# %%
def view(*layers):
    """Return how many columns of the input the middle of a stack's output depends on."""
    picture = torch.rand(1, 1, 64, 64, requires_grad=True)
    out = nn.Sequential(*layers)(picture)
    out[0, 0, out.shape[2] // 2, out.shape[3] // 2].backward()
    return picture.grad[0, 0].abs().sum(dim=0).count_nonzero().item()


plain, halving = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1, stride=2)
print("one convolution:         ", view(plain))
print("two:                     ", view(plain, plain))
print("three:                   ", view(plain, plain, plain))
print("the first with stride 2: ", view(halving, plain, plain))

# %% [markdown]
# The rule: a layer adds (kernel − 1) times the product of all strides before it. The last line gives 3 + 4 + 4 = 11. A
# pooling layer such as `nn.MaxPool2d(2)` keeps the largest number of each window: a kernel, a stride, the same formula
# of sizes, no weights. A convolution has one filter for each channel out, with kernel squared weights for each channel
# in, and one bias.

# %%
pool = nn.MaxPool2d(2)
print("pooling: out", list(pool(four).shape), " numbers to learn:", sum(p.numel() for p in pool.parameters()))
wide = nn.Conv2d(16, 32, kernel_size=5)
print("convolution:", sum(p.numel() for p in wide.parameters()), "=", 32 * (16 * 5**2 + 1))

# %% exercise: plan_stack [markdown]
# title: A network on paper
# difficulty: 2
# minutes: 12
# points: 4
# task: Write a function that states size, parameters and view of every layer in a planned stack.
# context: >-
#   Cameras photograph each wafer at a manufacturer of solar cells, where you are a machine learning scientist. A crack
#   can be twenty pixels long, so a unit of the last layer must see at least that far. The controller beside the belt
#   has room for a fixed number of parameters. Stacks are proposed by the dozen. Before anybody books a machine
#   to train one, you want a table that tells for each layer its output size, its parameters and its receptive field.
# instructions:
#   - Compute the side of each layer's output from the side before it.
#   - Count the weights and biases of each layer; a pooling layer has none.
#   - Widen the view by (kernel − 1) times the product of the strides before the layer.
# hints:
#   - Carry four numbers from layer to layer, namely side, channels, view, and the product of strides so far.
#   - The division in the formula of sizes is rounded down, which `//` does.
#   - A layer's own stride counts only for the layers after it.
# success: >-
#   You plan a CNN before it exists. Size, parameters and view follow from kernel, padding and stride alone, so a stack
#   that cannot see far enough is found on paper and not after a night of training.


# %% answer: plan_stack
# State side, parameters and view of each layer
def plan_stack(side: int, channels: int, layers: list) -> list:  # stub
    """Return one tuple (side, parameters, view) for each layer of a stack.

    side and channels describe a square input. Each layer is a tuple (channels out, kernel, stride, padding); channels
    out is 0 for a pooling layer. side: of the output; parameters: of this layer; view: in pixels of the input.
    """
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + 2 * padding - kernel) // stride + 1
        parameters = out_channels * (channels * kernel**2 + 1)
        view, jump = view + (kernel - 1) * jump, jump * stride
        plan.append((side, parameters, view))
        channels = out_channels or channels
    return plan


# %% check: plan_stack
from scalable_ai.checks import exercise

with exercise("plan_stack") as check:
    got = plan_stack(32, 3, [(16, 3, 1, 1)])
    likely = "One tuple for each layer: floor((32 + 2 - 3) / 1) + 1, then 16 filters of 27 weights and a bias, then 3."
    check.equal(got, [(32, 448, 3)], "one convolution", likely=likely)
    got = plan_stack(36, 3, [(8, 3, 2, 0), (0, 2, 2, 0), (4, 5, 1, 2)])
    sides, parameters, views = (list(column) for column in zip(*got, strict=True))
    check.equal(sides, [17, 8, 8], "sides of three layers", likely="The padding counts twice, and the rest is cut off.")
    likely = "A pool has no parameters and keeps the channels, so the last layer reads 8 of them."
    check.equal(parameters, [224, 0, 804], "parameters of three layers", likely=likely)
    check.equal(views, [3, 5, 21], "views of three layers", likely="A layer's stride widens the layers after it.")

# %% [markdown]
# Compare your plan with layers that exist. The cell builds the CNN that you will train below, asks it for its
# sizes and parameters, and prints what `plan_stack` says about it.

# %%
stack = [(16, 3, 1, 1), (0, 2, 2, 0), (32, 3, 1, 1), (0, 2, 2, 0)]
built = [nn.Conv2d(3, 16, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2)]
maps = images[:1]
for layer, planned in zip(built, plan_stack(32, 3, stack), strict=True):
    maps = layer(maps)
    print(f"{type(layer).__name__:10} side {maps.shape[-1]:2}, parameters", sum(p.numel() for p in layer.parameters()))
    print(f"{'planned':10} side {planned[0]:2}, parameters {planned[1]}, view {planned[2]}")

# %% [markdown]
# ## A picture as a sequence of rows
#
# To read a picture row by row, each step must hold one row of all three channels: 32 red numbers, 32 green, 32 blue.
# The rows have to come before the channels, and `permute` does that. Is a plain `reshape` as good? And which output
# knows the whole picture? The cell changes row 12, to see which of the 32 outputs take notice.

# %%
as_rows = images.permute(0, 2, 1, 3).flatten(2)
row_4 = torch.cat([images[7, channel, 4] for channel in range(3)])
print("with permute, step 4 of picture 7 is its row 4:", torch.equal(as_rows[7, 4], row_4))
print("with reshape alone:                            ", torch.equal(images.reshape(1000, 32, 96)[7, 4], row_4))

torch.manual_seed(1)
lstm = nn.LSTM(input_size=96, hidden_size=64, batch_first=True)
changed = as_rows[:8].clone()
changed[:, 12] = 1 - changed[:, 12]
with torch.no_grad():
    outputs, (hidden, memory) = lstm(as_rows[:8])
    effect = (lstm(changed)[0] - outputs).abs().mean(dim=(0, 2))
print("from", list(images.shape), "to", list(as_rows.shape), "to outputs", list(outputs.shape))
print("the last output is the hidden state:", torch.equal(outputs[:, -1], hidden[-1]))

# %%
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.bar(range(32), effect.numpy())
ax.axvline(11.5, color="grey", linestyle="--")
ax.set(xlabel="step (row of the picture)", ylabel="mean change of the output", title="Row 12 was changed")
show(fig, "Bars of how much each of 32 outputs changed: nothing before step 12, most at step 12, fading afterwards.")
changed_steps = effect.nonzero().flatten()
print("changed outputs: from step", changed_steps.min().item(), "to", changed_steps.max().item())

# %% [markdown]
# `reshape` reads the numbers as they lie, so its step 4 holds three rows of red: the shape is right and the content is
# not. An output knows what was read so far, and nothing of what follows. So only the last one, `outputs[:, -1]`, has
# seen the whole picture, and it equals the hidden state. The trace of an early row fades; a trained LSTM learns gates
# that keep what matters.

# %% warning [markdown]
# Without `batch_first=True` an LSTM takes the first dimension for the steps and the second for the batch, without an
# error, because a batch of pictures by rows fits both readings. The function below returns just the shape that was
# asked for. A good test asks more. Replace picture 0 by a black one: only result 0 may change.


# %%
def colleague_reads(images, weights):
    rows = images.reshape(len(images), images.shape[2], -1)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1])
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)
    return outputs[-1]


weights = lstm.state_dict()
blackened = images[:32].clone()
blackened[0] = 0
before, after = colleague_reads(images[:32], weights), colleague_reads(blackened, weights)
print("shape:", list(before.shape), " results changed:", (before != after).any(dim=1).sum().item())

# %% exercise: read_rows [markdown]
# title: Repair a row reader
# difficulty: 3
# minutes: 12
# points: 4
# task: Write the colleague's function anew, so that each picture is read row by row and by itself.
# context: >-
#   A scanner delivers pictures line by line, and an LSTM is to read them in that order. Its code runs, its shapes are
#   as expected, and training it goes nowhere. In the hospital, where you are the programmer of the imaging group, you
#   have just seen one symptom: a patient's result changes when another patient's picture does. Three of its five lines
#   are at fault, and none of them raises an error.
# instructions:
#   - Make one step from each row, holding that row of every channel.
#   - Read the batch with the pictures as its first dimension.
#   - Return the output after the last row of each picture.
# hints:
#   - The order of dimensions is picture, channel, row, column, and the rows must come before the channels.
#   - The argument that puts the pictures first was in the cell above that made the figure.
#   - With pictures first, the steps are the second dimension of the outputs.
# success: >-
#   Each picture is now a sequence of its own rows, and its result depends on nothing else. Shapes could not tell;
#   changing one input and looking who notices could.


# %% answer: read_rows
def read_rows(images: torch.Tensor, weights: dict) -> torch.Tensor:  # stub
    """Return what an LSTM knows of each picture after its last row, float32 [N, hidden].

    images: float32 [N, C, H, W]. weights: state dict of a one-layer nn.LSTM with input size C * W. Step t is row t:
    the W pixels of the first channel, then those of the next.
    """
    # Make one step from each row
    rows = images.permute(0, 2, 1, 3).flatten(2)

    # Read with the pictures as first dimension
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)

    # Return the output after the last row
    return outputs[:, -1]


# %% check: read_rows
from scalable_ai.checks import exercise

with exercise("read_rows") as check:
    result, other = read_rows(images[:32], weights), read_rows(blackened, weights)
    check.that(isinstance(result, torch.Tensor), "a tensor", got=type(result).__name__, likely="Return the outputs.")
    check.that(tuple(result.shape) == (32, 64), "shape (32, 64)", tuple(result.shape), "The last row's output.")
    likely = "The LSTM draws new weights at each call: load the given ones."
    again = torch.allclose(read_rows(images[:32], weights), result)
    check.that(again, "the same result from a second call", got="another one", likely=likely)
    notice = ((result - other).abs().amax(dim=1) > 1e-6).sum().item()
    likely = "Say `batch_first=True`, so that the first dimension counts pictures; then take a step, not a picture."
    check.that(notice == 1, "one changed result when one picture changed", got=f"{notice} changed", likely=likely)
    cut = images[:32].clone()
    cut[:, :, -1] = 0
    likely = "The last row does not reach the result: take the last step of each picture."
    moved = not torch.allclose(read_rows(cut, weights), result)
    check.that(moved, "a result that the last row can change", got="the same result", likely=likely)
    trusted = nn.LSTM(96, 64, batch_first=True)
    trusted.load_state_dict(weights)
    known, (_, memory) = trusted(as_rows[:32])
    likely = "The second of the two states is the memory inside the LSTM; what it puts out is in the outputs."
    same = torch.allclose(result, memory[-1], atol=1e-5)
    check.that(not same, "the output after the last row", got="the memory after the last row", likely=likely)
    likely = "Step t is row t of all channels: `permute` the rows before the channels, then flatten."
    check.equal(result.detach(), known[:, -1].detach(), "read_rows of 32 pictures", likely=likely)

# %% [markdown]
# ## Three architectures, one LightningModule
#
# A LightningModule does not mind which network it holds. The next cells wrap an MLP, a CNN and an LSTM in the same
# one and train each in the same way. The CNN is the stack that was planned above. The LSTM network is a module of its
# own: its rows have to be made first, its last output taken, and turned into ten scores by a linear layer.

# %%
import logging
import warnings

import pytorch_lightning as pl
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
for words in ["many workers", "but not used", "LeafSpec"]:
    warnings.filterwarnings("ignore", f".*{words}")
quiet = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False}
quiet.update({"enable_progress_bar": False, "enable_model_summary": False})


# %%
class Classifier(pl.LightningModule):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def training_step(self, batch, batch_idx):
        pictures, labels = batch
        return nn.functional.cross_entropy(self.network(pictures), labels)

    def validation_step(self, batch, batch_idx):
        pictures, labels = batch
        self.log("val_accuracy", (self.network(pictures).argmax(dim=1) == labels).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=2e-3)


# %%
class RowNetwork(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 10)

    def forward(self, pictures):
        return self.head(self.lstm(pictures.permute(0, 2, 1, 3).flatten(2))[0][:, -1])


def make_network(name):
    if name == "MLP":
        return nn.Sequential(nn.Flatten(), nn.Linear(3072, 64), nn.ReLU(), nn.Linear(64, 10))
    if name == "LSTM":
        return RowNetwork(64)
    first = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(32 * 8 * 8, 10))


# %%
held_out = data.train.images[1000:].float() / 255
train_loader = DataLoader(TensorDataset(images, data.train.labels[:1000]), batch_size=50, shuffle=True)
val_loader = DataLoader(TensorDataset(held_out, data.train.labels[1000:]), batch_size=200)
for name in ["MLP", "CNN", "LSTM"]:
    pl.seed_everything(7, verbose=False)
    model = Classifier(make_network(name))
    trainer = pl.Trainer(max_epochs=4, **quiet)
    trainer.fit(model, train_loader, val_loader)
    size = sum(p.numel() for p in model.parameters())
    print(f"{name:5} {size:7,} parameters   accuracy {trainer.callback_metrics['val_accuracy'].item():.3f}")

# %% [markdown]
# Accuracy is measured on 200 held-out pictures, where guessing reaches about 0.1. The CNN and the LSTM get by with a
# fraction of the MLP's parameters. One short run with one seed is no ranking; how to compare runs in earnest is the
# subject of the next lesson. On a device other than the CPU, compare an LSTM's outputs with the CPU's once: some
# versions of some accelerators have computed them wrongly, without an error.

# %% [markdown]
# ## A layer of your own
#
# Deep networks are often made of residual blocks: what comes in goes out again, plus a correction that a few
# convolutions compute. If a learnable scale in front of the correction starts at zero, a new block changes nothing
# at first, so that adding blocks cannot spoil a network. Here is one.


# %%
class ColleagueBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth)]
        self.scale = torch.zeros(channels, 1, 1, requires_grad=True)

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


try:
    torch.optim.SGD(ColleagueBlock(4, 2).parameters(), lr=0.1)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# It runs, and gradients even arrive at the scale. `examine` asks the block how many numbers the optimizer would get and
# a checkpoint would hold, what the new block does to its inputs, and what it does once every parameter was set to known
# numbers.


# %%
def examine(block, inputs):
    """Return what a block has registered, its output as built, and its output with known parameters."""
    with torch.no_grad():
        found = {"new": block(inputs).clone()}
        for parameter in block.parameters():
            parameter.copy_(torch.linspace(-0.3, 0.4, parameter.numel()).view_as(parameter))
        found["set"] = block(inputs)
    found["parameters"] = sum(p.numel() for p in block.parameters() if p.requires_grad)
    found["saved"] = sum(tensor.numel() for tensor in block.state_dict().values())
    return found


channels, depth = 4, 2
inputs = images[:5, [0, 1, 2, 0], 8:16, 8:16]
found = examine(ColleagueBlock(channels, depth), inputs)
print("new block changes nothing:", torch.equal(found["new"], inputs))
print("parameters:", found["parameters"], " saved:", found["saved"])

# %% [markdown]
# Nothing is registered. The optimizer complained, since the block stood alone. Inside a
# larger network it would not: the other layers have parameters enough, and the block would stay at zero for ever, on
# the CPU, and missing from every checkpoint. By the rule of the first exercise, a convolution from 4 to 4 channels has
# 148 numbers.

# %% exercise: block [markdown]
# title: A block that is registered
# difficulty: 3
# minutes: 12
# points: 4
# task: Write a residual block whose convolutions and scale are registered.
# context: >-
#   At a retailer, a network that recognizes articles on a conveyor belt is to be made deeper with residual blocks,
#   without touching what it can already do. With the block above the loss curve looked exactly like before, for two
#   weeks, and the checkpoints had the same size as before. Nobody had asked the new layer what it had registered. As
#   the data scientist of the team you write a block that passes this question, for any number of channels and any
#   depth.
# instructions:
#   - Register a list of convolutions, each with weights of its own.
#   - Register a scale of zeros, one number for each channel, that can be learned.
#   - Add the scaled branch to the input in the forward pass.
# hints:
#   - PyTorch looks for modules and parameters among the attributes, and does not look into a list of Python.
#   - "`nn.Parameter(tensor)` makes a tensor one that is trained, moved and saved."
#   - The forward pass above is right; the faults are in what is stored.
# success: >-
#   Your block is registered: the optimizer finds every number, a device gets it, and a checkpoint holds it. Counting
#   parameters after writing a layer takes one line and finds this silent mistake.


# %% answer: block
class ScaledBlock(nn.Module):
    """Add to the input a scale times a branch: depth times a 3x3 convolution with padding 1, then ReLU."""

    def __init__(self, channels: int, depth: int):  # stub
        """Register depth convolutions, from channels to channels, and a scale of zeros [channels, 1, 1]."""
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # stub
        """Return x + scale * branch, of the shape of x, [N, channels, H, W]."""
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)

# %% check: block
from scalable_ai.checks import exercise

with exercise("block") as check:
    likely = (
        "Two convolutions of 148 numbers each, and a scale of 4. What stands in a bare list or a tensor is not found, "
        "and one convolution that stands in a list twice is found once."
    )
    check.equal(report["parameters"], 300, "parameters of 4 channels, depth 2", likely=likely)
    likely = "More is saved than learned: a buffer, or one convolution that stands in the list twice."
    check.equal(report["saved"], 300, "numbers in the state dict", likely=likely)
    likely = "A scale of zeros switches the branch off, and the input is added to it."
    check.equal(report["new"], images[:5, [0, 1, 2, 0], 8:16, 8:16], "output of a new block", likely=likely)
    check.equal(ScaledBlock(4, 1)(inputs).detach(), inputs, "output of a new block of depth 1", likely=likely)
    weight, bias = torch.linspace(-0.3, 0.4, 144).view(4, 4, 3, 3), torch.linspace(-0.3, 0.4, 4)
    correction = inputs
    for _ in range(2):
        correction = nn.functional.conv2d(correction, weight, bias, padding=1).relu()
    wanted = inputs + torch.linspace(-0.3, 0.4, 4).view(4, 1, 1) * correction
    check.equal(report["set"], wanted, "output with known parameters", likely="ReLU follows every convolution.")

# %% quiz: twice_the_side [markdown]
# question: >-
#   A network begins with `nn.Conv2d(3, 16, 3, padding=1)`. You now feed it pictures of 64 by 64 pixels, and no longer
#   of 32 by 32. What happens to this layer's parameters, and to its work?
# options:
#   - text: Both grow fourfold
#     why: >-
#       The work does, since four times as many windows are visited. But the weights belong to one window of 3 by 3
#       pixels, and every place uses the same ones.
#   - text: Both stay the same
#     why: >-
#       The parameters do. But sharing weights saves memory and not work: each of the four times as many places still
#       needs its own multiplications.
#   - text: The parameters stay the same, the work grows fourfold
#     right: true
#     why: >-
#       The filter is the same for every place, so 448 numbers remain 448 numbers. The number of places grows with the
#       square of the side, and the work with it.
#   - text: The layer raises an error, because its input has another size
#     why: >-
#       Only the number of channels is fixed in a convolution. A linear layer behind `nn.Flatten` would complain, since
#       it has a weight for each number of its input.
# points: 1

# %% recap [markdown]
# - A convolution shares one small filter over all places; a formula gives its size, cost and view.
# - An LSTM reads steps in order; make the steps with `permute`, say `batch_first=True`, take the last output.
# - In a layer of your own, `nn.Parameter` and `nn.ModuleList` register what is to be trained, moved and saved.
