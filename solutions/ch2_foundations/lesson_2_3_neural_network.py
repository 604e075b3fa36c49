# ---
# lesson:
#   id: "2.3"
#   title: Building a simple neural network
#   objective: Build a small network and name its parts
#   minutes: 45
#   functions:
#     - torch.nn.Module
#     - torch.nn.Linear
#     - torch.nn.ReLU
#     - torch.nn.Sequential
#     - torch.nn.Module.parameters
#     - torch.Tensor.flatten
#     - torch.Tensor.argmax
#   know:
#     - Matrix multiplication and broadcasting, from chapter 1
#     - Batches of images as float32 tensors, from lesson 2.2
#     - Python classes that inherit from another class
#   new:
#     - A layer with weights and bias, and the bend that ReLU adds
#     - A network as a class, with parts made once and a forward pass
#     - Parameters counted by a formula and by the code
#     - Logits, and how a class is read off them
#   analogies:
#     - "PyTorch: prefabricated parts"
# ---

# %% slide [markdown]
# ## From 3072 numbers to one of ten names
#
# - In: an image as a row of numbers
# - Out: one score for each class
# - Between: numbers that can be learned

# %% script [markdown]
# In this lesson you build a small network and name its parts. It matters because every network, however large, is put
# together from a few kinds of parts, and most errors come from a part that does not fit its neighbour. Ours takes an
# image, which is three thousand and seventy two numbers, and answers with ten scores, one for each class. Today it
# knows nothing, since its numbers are drawn by chance. Learning them is the subject of the next lesson.

# %% slide [markdown]
# ## Linear: weighted sums
#
# - A weight for each pair of input and output
# - A bias for each output
# - Parameters: the numbers to be learned

# %% fragment
import torch
from torch import nn

torch.manual_seed(0)
linear = nn.Linear(4, 2)
print("weight", tuple(linear.weight.shape), " bias", tuple(linear.bias.shape))
print("five inputs of 4 numbers become", tuple(linear(torch.rand(5, 4)).shape))

# %% script [markdown]
# PyTorch delivers prefabricated parts, and the first one is the linear layer. Each of its outputs is a weighted sum
# of all inputs, plus one number more, which is called the bias. With four inputs and two outputs that makes eight
# weights and two biases. These ten numbers are its parameters. The layer treats each row of a batch in the same way,
# so five rows go in and five rows come out.

# %% slide [markdown]
# ## ReLU: the bend
#
# - Negative becomes zero, the rest stays
# - Nothing to learn in it
# - Without a bend, layers melt into one

# %% fragment
print(nn.ReLU()(torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])))

# %% script [markdown]
# The second part is as simple as a part can be. The rectified linear unit, or ReLU, turns negative numbers into zero
# and lets the others pass. It has no parameters. Why put it in? Two linear layers in a row are again a linear layer,
# so you would pay for two and get one. The bend between them keeps them apart. You will show this with numbers.

# %% slide [markdown]
# ## Module: parts made once, used often
#
# - `__init__`: make the parts
# - `forward`: say how data flows through
# - PyTorch keeps the list of parameters


# %% fragment
class TwoLayers(nn.Module):
    """Four numbers in, three hidden ones, two scores out."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 3)
        self.activation = nn.ReLU()
        self.output = nn.Linear(3, 2)

    def forward(self, rows):
        return self.output(self.activation(self.hidden(rows)))


print(TwoLayers())

# %% script [markdown]
# A network is a class that inherits from Module. When an object of it is made, the parts are made, once, and stored
# under names. The method called forward says how data flows through them. You call the network itself, as if it
# were a function, and it calls forward. Because the parts are stored as attributes, PyTorch finds them and can list
# all parameters. That is what an optimizer will ask for.

# %% slide [markdown]
# ## Count before you build
#
# - A layer: inputs times outputs, plus outputs
# - Formula and code must agree
# - The first layer is often the largest

# %% fragment
print("by formula:", (4 * 3 + 3) + (3 * 2 + 2))
print("by code:   ", sum(parameter.numel() for parameter in TwoLayers().parameters()))

# %% script [markdown]
# How large is a network? Count its parameters before you build it. A linear layer has inputs times outputs weights,
# and one bias for each output. The formula and the code must agree. This habit pays, because the count tells you what
# the network needs in memory, and how that grows when images or layers become larger.

# %% slide [markdown]
# ## Logits: scores, not probabilities
#
# - Any number, also negative
# - The largest one names the class
# - Softmax makes probabilities of them

# %% fragment
three_logits = torch.tensor([2.0, -1.0, 0.5])
print("class:", three_logits.argmax().item(), " probabilities:", three_logits.softmax(dim=0))

# %% script [markdown]
# What comes out of the last layer are scores, called logits. They may be negative and they do not add up to one. The
# largest of them names the class. When you want probabilities, a function called softmax makes them, and it leaves the
# order as it was. With that you know every part of a small network, from the first weighted sum to the last score.

# %% [markdown]
# ## One layer by hand
#
# A linear layer is a matrix multiplication and an addition. The weight has one row for each output, so it is
# transposed before it meets a batch, in which one row is one example. The next cell does by hand what the layer does.

# %%
rows = torch.rand(5, 4)
by_hand = rows @ linear.weight.T + linear.bias
print("shapes:", tuple(rows.shape), "times", tuple(linear.weight.T.shape), "plus", tuple(linear.bias.shape))
print("equal to the layer:", torch.allclose(by_hand, linear(rows)))

# %% [markdown]
# The bias is stretched over the five rows by broadcasting. Now parts in a row. `nn.Sequential` calls its parts one
# after the other, and the number of outputs of a part has to be the number of inputs of the next linear layer. What
# happens when it is not?

# %%
misfit = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(8, 2))
try:
    misfit(rows)
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# Read the two shapes. The batch arrives as 5 rows of 3 numbers, while the last layer waits for rows of 8; its weight
# is shown transposed. The inner numbers, 3 and 8, must be equal. The remedy is `nn.Linear(3, 2)`.
#
# ## Images in, shapes through
#
# A linear layer wants rows, and an image has three dimensions. `.flatten(1)` keeps the first dimension, the images of
# a batch, and makes a row of all that follows.

# %%
from scalable_ai.data import cifar10

data = cifar10(num_train=500, num_test=100)
batch = data.train.images[:8].float() / 255
print("batch:       ", tuple(batch.shape))
print("flatten(1):  ", tuple(batch.flatten(1).shape))
print("flatten(0):  ", tuple(batch.flatten(0).shape))

# %% [markdown]
# `flatten(0)` would throw all images into one row. Now send the batch through a small network, part by part, and note
# shape and smallest value after each.

# %%
torch.manual_seed(1)
parts = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 64), nn.ReLU(), nn.Linear(64, 10))
values = batch
print(f"{'batch':10} {tuple(values.shape)}")
for part in parts:
    values = part(values)
    print(f"{type(part).__name__:10} {tuple(values.shape)!s:15} smallest {values.min().item():6.3f}")

# %% [markdown]
# `nn.Flatten()` is `.flatten(1)` as a part. The first dimension is 8 all the way, because a network never mixes the
# images of a batch here. After ReLU nothing is negative; in the last row negative scores are back, as logits may be.
#
# ## Counting parameters
#
# Each part can be asked for its parameters, and `requires_grad` says that they are meant to be learned.

# %%
for name, parameter in parts.named_parameters():
    print(f"{name:9} {tuple(parameter.shape)!s:11} {parameter.numel():7,} numbers, learned: {parameter.requires_grad}")
by_formula = (3072 * 64 + 64) + (64 * 10 + 10)
print("together:", sum(parameter.numel() for parameter in parts.parameters()), " by formula:", by_formula)

# %% [markdown]
# Flatten and ReLU are missing from the list: they have nothing to learn. Nearly all parameters sit in the first layer,
# because the image is wide. A list of widths describes such a network in short: the number of inputs, and then the
# number of outputs of each linear layer. `pairwise` gives the neighbours in it.

# %%
from itertools import pairwise

widths = [3072, 64, 10]
for inputs, outputs in pairwise(widths):
    print(f"a linear layer from {inputs} to {outputs}: weight {(outputs, inputs)}, bias {(outputs,)}")

# %% exercise: count_parameters [markdown]
# title: Count before you build
# difficulty: 1
# minutes: 7
# points: 3
# task: Write a function that counts the parameters of a network from its widths.
# context: >-
#   You are a programmer at a technology company that ships a classifier inside a doorbell. The chip has memory for one
#   million float32 numbers, and colleagues propose a new network every day. Most proposals were built, trained over
#   night and only then found not to fit. You write a function that counts a proposal's parameters from its widths, the
#   numbers of values before the first layer and after each layer, before anybody builds anything.
# instructions:
#   - Count weights and biases of the linear layer between each pair of neighbours.
#   - Return the sum over all layers as a whole number.
# hints:
#   - Widths of 3072, 64 and 10 describe two linear layers, the first from 3072 to 64.
#   - A bias belongs to each output of a layer, so the inputs have none.
#   - With `pairwise` you meet each width together with the one after it.
# success: >-
#   A linear layer costs inputs times outputs weights and one bias for each output. A count that needs no network lets
#   you turn down a proposal in a second, and tells which layer to shrink.


# %% answer: count_parameters
def count_parameters(widths: list[int]) -> int:  # stub
    """Return the number of parameters of linear layers in a row, ReLU between them.

    Args:
        widths: Number of inputs, then of the outputs of each layer; two or more numbers.
    """
    return sum(inputs * outputs + outputs for inputs, outputs in pairwise(widths))


# %% check: count_parameters
from scalable_ai.checks import exercise

with exercise("count_parameters") as check:
    likely = "Four inputs and two outputs: 8 weights and 2 biases."
    check.equal(count_parameters([4, 2]), 10, "count_parameters([4, 2])", likely=likely)
    likely = "Two layers, 3072 · 64 + 64 and 64 · 10 + 10."
    check.equal(count_parameters([3072, 64, 10]), 197_322, "count_parameters([3072, 64, 10])", likely=likely)
    for sizes in [[6, 5, 4, 3], [7, 1], [2, 9, 9, 9, 2]]:
        layers = nn.Sequential(*[nn.Linear(sizes[place], sizes[place + 1]) for place in range(len(sizes) - 1)])
        by_code = sum(parameter.numel() for parameter in layers.parameters())
        likely = "PyTorch counts the parameters of the built layers; is there a layer for each pair of neighbours?"
        check.equal(count_parameters(sizes), by_code, f"count_parameters({sizes})", likely=likely)

# %% [markdown]
# ## How the count grows
#
# With the count as cost, ask the question of chapter 1: how does it answer to the load? Let the side of the image grow,
# or the number of hidden values, and count.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show


def parameters_of(side, hidden):
    """Return the number of parameters of a network for images of a side, with one hidden layer."""
    pixels = 3 * side * side
    return pixels * hidden + hidden + hidden * 10 + 10


factors = [1, 2, 4, 8]
by_side = [parameters_of(32 * factor, 64) for factor in factors]
by_hidden = [parameters_of(32, 64 * factor) for factor in factors]
print("side 32 to 256:    ", [f"{count:,}" for count in by_side])
print("hidden 64 to 512:  ", [f"{count:,}" for count in by_hidden])

# %%
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.loglog(factors, by_side, "o-", label="side of the image, from 32")
ax.loglog(factors, by_hidden, "s-", label="hidden values, from 64")
ax.set(xlabel="times as large", ylabel="parameters", xticks=factors)
ax.set_xticklabels(factors)
ax.minorticks_off()
ax.legend()
show(
    fig,
    "Parameters against the factor of growth, logarithmic axes. The line for the side of the image climbs with slope "
    "two, about 64 times as many for a side eight times as long; the line for hidden values with slope one.",
)

# %% [markdown]
# Twice the side means four times the pixels and four times the weights: slope two. Twice the hidden values means twice
# the weights. So a network of linear layers does not scale to large images, one reason for the convolutions of
# lesson 3.4. For small images it serves well.
#
# ## Building it as a class
#
# `nn.Sequential` is enough for parts in a row. A class gives them names and takes any path through them. One line is
# easily forgotten.


# %%
class Forgetful(nn.Module):
    """A network that does not call super().__init__() before it stores a part."""

    def __init__(self):
        self.output = nn.Linear(4, 2)


try:
    Forgetful()
except AttributeError as error:
    print("AttributeError:", error)

# %% [markdown]
# `super().__init__()` prepares the list in which parts are noted, so it comes first. To compare networks we want equal
# parameters in both, whatever names they have. This helper copies given tensors into the parameters of the same shape,
# and the cell draws some for a network with four hidden values.


# %%
def set_parameters(network, tensors):
    """Copy each tensor into the parameter that has its shape."""
    given = {tuple(tensor.shape): tensor for tensor in tensors}
    for parameter in network.parameters():
        shape = tuple(parameter.shape)
        if shape not in given:
            raise ValueError(f"a parameter has shape {shape}, and the network should have {sorted(given)}")
        parameter.data.copy_(given[shape])


widths = [3 * 32 * 32, 4, 10]
torch.manual_seed(5)
tensors = [torch.randn(4, 3072) / 50, torch.randn(4), torch.randn(10, 4), torch.randn(10)]
print("shapes:", [tuple(tensor.shape) for tensor in tensors])

# %% exercise: build [markdown]
# title: Build the classifier
# difficulty: 2
# minutes: 12
# points: 4
# task: Write the class of a network with one hidden layer that turns images into logits.
# context: >-
#   Cameras above the belt of a factory for electric parts take small colour pictures, and a network shall sort them
#   into kinds. Different lines have cameras with different numbers of pixels, and different numbers of kinds, so you,
#   its data scientist, leave the sizes open until the network is made. The plant's software takes logits, since it
#   compares them across cameras, and computes probabilities where it needs them.
# instructions:
#   - Make two linear layers and a ReLU in `__init__`, with the sizes that are given.
#   - Flatten each image to a row in `forward`, and send it through the layers with ReLU between.
#   - Return the logits as they come out of the last layer.
#   - Leave the lines below the class as they are; they try it out.
# hints:
#   - Parts are stored as attributes of `self`, after the call that prepares the list for them.
#   - The first layer goes from inputs to hidden values, the second from there to classes.
#   - A batch keeps its first dimension when it is flattened from dimension 1 on.
# success: >-
#   Your network has two linear layers, a ReLU between them, and logits at its end. Because sizes are arguments and
#   parts are attributes, one class serves every line, and PyTorch finds all of its parameters by itself.


# %% answer: build
class Classifier(nn.Module):
    """Images [N, C, H, W] of num_inputs numbers each become logits [N, num_classes]."""

    def __init__(self, num_inputs: int, num_hidden: int, num_classes: int) -> None:  # stub
        """Make the parts: linear, ReLU, linear."""
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.activation = nn.ReLU()
        self.output = nn.Linear(num_hidden, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:  # stub
        """Return the logits of float32 images."""
        return self.output(self.activation(self.hidden(images.flatten(1))))


network = Classifier(*widths)
set_parameters(network, tensors)
logits = network(batch).detach()

# %% check: build
from scalable_ai.checks import exercise

with exercise("build") as check:
    count = sum(parameter.numel() for parameter in network.parameters())
    likely = "Two linear layers, 3072 to 4 and 4 to 10, stored as attributes of self."
    check.equal(count, 12_342, "number of parameters", likely=likely)
    small = sum(parameter.numel() for parameter in Classifier(6, 3, 2).parameters())
    check.equal(small, 29, "parameters of Classifier(6, 3, 2)", likely="Use the sizes that `__init__` is given.")
    shape = tuple(logits.shape)
    check.that(shape == (8, 10), "logits of shape (8, 10)", got=shape, likely="One row for each image: flatten from 1.")
    hidden = batch.reshape(8, -1) @ tensors[0].T + tensors[1]
    without = hidden @ tensors[2].T + tensors[3]
    same = torch.allclose(logits, without, atol=1e-4)
    check.that(not same, "a bend between the layers", got="what the linear layers give alone", likely="Use the ReLU.")
    expected = hidden.clamp(min=0) @ tensors[2].T + tensors[3]
    likely = "ReLU comes after the first layer only, and nothing comes after the second: logits may be negative."
    check.equal(logits, expected, "logits", likely=likely, tolerance=1e-4)

# %% [markdown]
# ## Why the bend
#
# What would the network lose without ReLU? Draw it. A network with one input and one output is a curve. The next cell
# makes one with 20 hidden values and draws it twice, with the same parameters, without ReLU and with it.

# %%
torch.manual_seed(2)
first, second = nn.Linear(1, 20), nn.Linear(20, 1)
x = torch.linspace(-3, 3, 200)[:, None]
straight = second(first(x)).detach()
bent = second(torch.relu(first(x))).detach()

fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(x.flatten().tolist(), straight.flatten().tolist(), "--", label="two linear layers")
ax.plot(x.flatten().tolist(), bent.flatten().tolist(), label="with ReLU between them")
ax.set(xlabel="input", ylabel="output")
ax.legend()
show(
    fig,
    "Output against input for two networks with equal parameters. Two linear layers alone draw one straight line. "
    "With ReLU between them the curve is bent in several places.",
)

# %% [markdown]
# All hidden values together draw one straight line, as a single layer would. With ReLU each hidden value can add a
# corner where it starts to count. Corners are what lets a network follow data that no straight line fits. A straight
# line has equal steps, so its second differences vanish; that we can test.

# %%
for name, curve in {"two linear layers": straight, "with ReLU": bent}.items():
    print(f"{name:18} largest second difference {curve.flatten().diff(n=2).abs().max().item():.6f}")

# %% [markdown]
# Zero up to rounding, against corners that can be seen. The same holds for any number of inputs. Write the two layers
# as formulas, with W for weights and b for bias, and put one into the other: W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂).
# What stands before x is one matrix, and the rest is one bias. An example with numbers follows.

# %%
torch.manual_seed(4)
lower, upper = nn.Linear(4, 6), nn.Linear(6, 2)
weight1, bias1 = lower.weight.detach(), lower.bias.detach()
weight2, bias2 = upper.weight.detach(), upper.bias.detach()
print("first layer: ", tuple(weight1.shape), tuple(bias1.shape))
print("second layer:", tuple(weight2.shape), tuple(bias2.shape))
print("parameters in two layers:", 4 * 6 + 6 + 6 * 2 + 2, " in one layer:", 4 * 2 + 2)

# %% exercise: collapse [markdown]
# title: Two layers, one layer
# difficulty: 3
# minutes: 10
# points: 4
# task: Write a function that merges two linear layers without ReLU into one.
# context: >-
#   At an insurance company a risk score runs on millions of contracts each night. Looking through the network as a
#   machine learning scientist, you find two linear layers with nothing between them, because somebody removed a ReLU
#   years ago. The score is in use and must not change. You merge the two layers into one that gives the same numbers
#   with less work, and put on record that the second layer never added anything.
# instructions:
#   - Compute the one weight that does the work of both.
#   - Compute the one bias, with the part of the first bias that passes through the second layer.
#   - Return weight and bias, in the shapes that `nn.Linear` has.
# hints:
#   - The second layer acts on what the first one gives, so its weight stands on the left.
#   - The shapes must become [outputs of the second, inputs of the first] and [outputs of the second].
#   - The first bias is an input of the second layer too.
# success: >-
#   Two linear layers without a bend between them merged into one with the same outputs. Depth alone adds nothing; it is
#   the ReLU between linear layers that makes a second layer worth its parameters.


# %% answer: collapse
def collapse(
    weight1: torch.Tensor, bias1: torch.Tensor, weight2: torch.Tensor, bias2: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:  # stub
    """Return weight [O, I] and bias [O] of the one layer that equals two layers in a row.

    Args:
        weight1, bias1: Of the first layer, [H, I] and [H].
        weight2, bias2: Of the second layer, [O, H] and [O].
    """
    return weight2 @ weight1, weight2 @ bias1 + bias2


# %% check: collapse
from scalable_ai.checks import exercise

with exercise("collapse") as check:
    result = collapse(weight1, bias1, weight2, bias2)
    is_pair = isinstance(result, tuple | list) and len(result) == 2
    check.that(is_pair, "weight and bias, two tensors", got=result, likely="Return both, the weight first.")
    weight, bias = result
    likely = "The weight of the second layer stands on the left of the product."
    check.that(tuple(weight.shape) == (2, 4), "a weight of shape (2, 4)", got=tuple(weight.shape), likely=likely)
    check.that(tuple(bias.shape) == (2,), "a bias of shape (2,)", got=tuple(bias.shape), likely="One for each output.")
    expected = upper(lower(rows)).detach()
    likely = "The first bias passes through the second layer: multiply it by the second weight."
    check.equal(rows @ weight.T + bias, expected, "outputs of the merged layer", likely=likely, tolerance=1e-5)

# %% [markdown]
# With a ReLU between the layers no such merging exists. A linear layer, asked for the mean of two inputs, gives the
# mean of its two outputs. The next cell asks for that without and with ReLU, and prints how far off the answer is.

# %%
left, right = torch.randn(1, 4), torch.randn(1, 4)
for name, between in {"without ReLU": nn.Identity(), "with ReLU": nn.ReLU()}.items():
    net = nn.Sequential(lower, between, upper)
    gap = net((left + right) / 2) - (net(left) + net(right)) / 2
    print(f"{name:13} largest gap {gap.abs().max().item():.4f}")

# %% [markdown]
# Without ReLU the gap is zero up to rounding. With it there is a real one, and no single linear layer could have one.
#
# ## Reading the logits
#
# A last look at what comes out. The class is the place of the largest logit, and softmax keeps the order. How good is a
# network that has learned nothing?

# %%
test_images = data.test.images.float() / 255
with torch.no_grad():
    scores = parts(test_images)
predicted = scores.argmax(dim=1)
print("logits of image 0:       ", [round(score, 2) for score in scores[0].tolist()])
print("sum of its probabilities:", round(scores[0].softmax(dim=0).sum().item(), 4))
print("same class from both:    ", torch.equal(predicted, scores.softmax(dim=1).argmax(dim=1)))
print("accuracy, untrained:     ", (predicted == data.test.labels).float().mean().item())

# %% [markdown]
# Somewhere near one in ten, as guessing would have it. `torch.no_grad()` tells PyTorch not to remember the steps for
# gradients, which nobody will ask for here. In lesson 2.4 they are asked for, and the accuracy starts to climb.

# %% quiz: logits_read [markdown]
# question: >-
#   For one image a network returns the logits -0.3, -2.1 and -0.8 for cat, dog and ship. What follows?
# options:
#   - text: The network is faulty, since scores cannot be negative
#     why: >-
#       The last linear layer returns any number. With a ReLU behind it all three would be zero and say nothing.
#   - text: The predicted class is cat, since -0.3 is the largest of the three
#     right: true
#     why: >-
#       The largest logit names the class, whatever its sign. Softmax would turn the three into probabilities in the
#       same order.
#   - text: The image shows none of the three, since all scores are below zero
#     why: >-
#       Zero is no threshold. Adding 5 to all three logits changes neither the predicted class nor the probabilities.
#   - text: Nothing yet, since a class can only be read off after softmax
#     why: >-
#       Softmax keeps the order, so the largest logit is also the largest probability. For the class alone it is not
#       needed.
# points: 1

# %% recap [markdown]
# - `nn.Linear` computes weighted sums with a bias, `nn.ReLU` bends; without the bend two layers are worth one.
# - A network is an `nn.Module`: parts made in `__init__` after `super().__init__()`, data flow written in `forward`.
# - Count parameters by the formula before building, follow shapes part by part, and read the class off the logits.
