# ---
# lesson:
#   id: "1.2"
#   title: Introduction to PyTorch
#   objective: Know PyTorch's basics and its role in scalable AI
#   track: essentials
#   minutes: 45
#   functions:
#     - torch.tensor
#     - torch.device
#     - torch.Tensor.shape
#     - torch.Tensor.dtype
#     - torch.Tensor.to
#     - torch.Tensor.element_size
#     - torch.Tensor.mean
#     - torch.Tensor.backward
#   know:
#     - Tensors as vectors, and element-wise operations on them
#     - NumPy indexing with square brackets and slices
#     - The derivative of a square, and the chain rule
#   new:
#     - Three facts about every tensor, which are shape, dtype and device
#     - Parts of a batch of images by indexing, one number for each channel by broadcasting
#     - What a dtype costs in bytes, and how it can overflow
#     - Autograd, which finds derivatives for you
#   glossary:
#     neural network: >-
#       A function made of many simple steps whose numbers, its parameters, are learned from
#       examples.
#   analogies:
#     - A toolbox with the right tool for the job
#     - Plain Python is raw material, PyTorch prefabricated parts
# ---

# %% slide [markdown]
# ## Many images, one instruction
#
# - One small photograph: 3072 numbers
# - A training set: tens of thousands of them
# - One call for the whole batch

# %% script [markdown]
# In this lesson you get to know the basics of PyTorch and its role in scalable AI. This matters because every later
# step, from a first network to training on several machines, is written in the few terms you meet today. With plain
# Python you build from raw material, number by number. PyTorch hands you prefabricated parts that treat a whole
# batch of images in one call. It is also a toolbox, and much of the craft lies in taking the right tool for the
# job.

# %% slide [markdown]
# ## Three facts about every tensor
#
# - Shape: how many along each dimension
# - Dtype: what kind of number
# - Device: where the numbers live

# %% fragment
from scalable_ai.data import cifar10

data = cifar10(num_train=2000, num_test=500)
images = data.train.images
print("shape ", images.shape)
print("dtype ", images.dtype)
print("device", images.device)

# %% script [markdown]
# Our data are the small pictures of CIFAR-10, or drawn stand-ins for them where the real ones are not at hand. Ask
# any tensor three questions. Its shape says that two thousand images follow one another, each with three
# channels for red, green and blue, thirty-two rows and thirty-two columns. Its data type says that every number is
# a whole one from zero to two hundred and fifty-five. Its device says which memory holds the numbers.

# %% slide [markdown]
# ## Indexing takes a part
#
# - One position for each dimension
# - A colon keeps the whole dimension
# - A slice keeps a stretch of it

# %% fragment
print("first image:     ", images[0].shape)
print("all red channels:", images[:, 0].shape)
print("a window of 8×8: ", images[:, :, 12:20, 12:20].shape)

# %% script [markdown]
# The order of the dimensions is a promise, namely image, channel, row, column. When you index, you speak about them
# in this order. One index picks the first image. A colon followed by zero keeps all images and takes their red
# channel. Two slices at the end cut the same window out of every image and every channel, in one instruction.

# %% slide [markdown]
# ## Small numbers are cheap and treacherous
#
# - One byte: whole numbers from 0 to 255
# - Four bytes: fractions, signs, a wide range
# - Past 255, one byte starts again at 0

# %% fragment
import torch

pixels = torch.tensor([0, 100, 200, 250], dtype=torch.uint8)
print("plus 60 in one byte:  ", pixels + 60)
print("plus 60 in four bytes:", pixels.to(torch.float32) + 60)

# %% script [markdown]
# The data type is a bargain. One byte a number keeps a large data set in memory, which is how images are stored.
# But look at what happens when two hundred and fifty is made brighter by sixty. There is no room above two hundred
# and fifty-five, so the count starts again from zero and a bright pixel turns dark, without any warning. We compute
# with wider types and store in narrow ones.

# %% slide [markdown]
# ## Broadcasting stretches the small one
#
# - Compare shapes from the right
# - Equal, or one of them is 1: they fit
# - The 1 is stretched, nothing is copied

# %% fragment
shift = torch.tensor([10.0, 20.0, 30.0])
table = torch.zeros(2, 3)
print(table + shift)
print(table + torch.tensor([[1.0], [2.0]]))

# %% script [markdown]
# Often a small tensor meets a large one, such as one number for each channel and a whole batch of images.
# Broadcasting lets the small one act as if it had been repeated, although nothing is copied. The rule reads both
# shapes from the right. At each place the sizes must be equal, or one of them must be one. That saves loops, and it
# saves memory when the batch is large.

# %% slide [markdown]
# ## Autograd finds the slope
#
# - Mark a number that may change
# - Compute a loss from it
# - Ask backwards for the derivative

# %% fragment
w = torch.tensor(3.0, requires_grad=True)
loss = w**2
loss.backward()
print("derivative of w squared at 3:", w.grad)

# %% script [markdown]
# Here is the tool that sets PyTorch apart from a plain array library. A neural network learns by changing its
# numbers a little, each in the direction that makes a loss smaller. For that it needs a derivative for each of
# them, and there may be millions. Autograd remembers how the loss was computed and works out all derivatives in one
# backward pass. You check it by hand once, today, and rely on it ever after. Now you can name the role of PyTorch
# in scalable AI. Batches carry more data through one call, data types decide how much memory that takes, devices do
# the work, and autograd finds the derivatives however many there are. The same few lines serve a small model on a
# laptop and a large one on many processors, so the code can stay as it is while the load and the machine grow.

# %% [markdown]
# ## Making a tensor
#
# `torch.tensor` turns Python numbers and nested lists into a tensor and chooses a dtype from what it finds. You may
# choose it yourself with `dtype=`. The next cell makes four tensors and asks each for its shape and dtype.

# %%
examples = {
    "one number": torch.tensor(7),
    "whole numbers": torch.tensor([1, 2, 3]),
    "fractions": torch.tensor([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]]),
    "bytes, by choice": torch.tensor([[0, 128, 255]], dtype=torch.uint8),
}
for name, example in examples.items():
    print(f"{name:17} shape {list(example.shape)!s:7} dtype {example.dtype}")

# %% [markdown]
# Whole numbers become int64, fractions float32, the usual dtype for computing. A shape reads from the outermost
# brackets inwards, so two rows of three are `[2, 3]`. The third fact is the device. The next cell picks a GPU when
# CUDA offers one and the CPU otherwise, moves eight images there with `.to(device)`, and computes with them.

# %%
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
on_device = images[:8].to(device)
largest = on_device.max()
print("computed on:", largest.device, " result:", largest.item())

# %% warning [markdown]
# Only the line that chooses the device knows which machine this is. But tensors that meet in one operation must
# live on the same device, or PyTorch raises an error. Moving costs time, so move whole batches and not single
# numbers.

# %% [markdown]
# ## Parts of a batch
#
# From now on we work with a batch of the first 256 images. One index takes one image out of it, two take one channel
# of that image, and slices take a window. Compare the shapes.

# %%
batch = images[:256]
image = batch[3]
print("image: ", image.shape)
print("red:   ", image[0].shape)
print("window:", image[:, 8:24, 0:16].shape)

# %% [markdown]
# Each plain index takes a dimension away, and each slice only shortens one. A figure shows the three. Plotting wants
# the channels last, so `permute(1, 2, 0)` changes the order from channel, row, column to row, column, channel.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, axes = plt.subplots(1, 3, figsize=(8, 2.8), layout="constrained")
axes[0].imshow(image.permute(1, 2, 0).numpy())
axes[1].imshow(image[0].numpy(), cmap="gray", vmin=0, vmax=255)
axes[2].imshow(image[:, 8:24, 0:16].permute(1, 2, 0).numpy())
for ax, title in zip(axes, ["image [3, 32, 32]", "image[0] [32, 32]", "image[:, 8:24, 0:16] [3, 16, 16]"], strict=True):
    ax.set_title(title, fontsize=9)
    ax.axis("off")
show(fig, "One image of the batch three times: whole, its red channel as gray levels, and a window of 16 by 16 pixels.")

# %% [markdown]
# In the middle picture a light pixel is one with much red. The window starts at row 8 and column 0 and stops before
# row 24 and column 16: the start of a slice belongs to it, its stop does not, so stop minus start is the length.

# %% [markdown]
# ## The price of a dtype
#
# How much memory does a batch take? The method `.numel()` counts the numbers and `.element_size()` gives the bytes
# of one, so their product is the answer. The cell prints it for four dtypes, and scales it up to the 50,000 images
# of the full training set.

# %%
print(f"{'dtype':15} {'bytes a number':>15} {'batch of 256':>15} {'50,000 images':>16}")
for dtype in [torch.uint8, torch.float16, torch.float32, torch.float64]:
    converted = batch.to(dtype)
    size = converted.element_size()
    total = converted.numel() * size
    print(f"{dtype!s:15} {size:15} {total / 1e6:12.2f} MB {total / 256 * 50_000 / 1e6:13.0f} MB")

# %% [markdown]
# The slope of every row is one, since memory grows in step with the number of images. The dtype sets the factor:
# float32 takes four times the memory of uint8. So a large set is kept as uint8, and only the batch at work is
# converted. What happens to those who forget to convert is drawn next.

# %%
wrapped = image + 100
clamped = (image.to(torch.int16) + 100).clamp(0, 255).to(torch.uint8)
fig, axes = plt.subplots(1, 3, figsize=(8, 2.8), layout="constrained")
for ax, picture, title in zip(
    axes, [image, wrapped, clamped], ["stored", "plus 100 in uint8", "plus 100 in int16, clamped"], strict=True
):
    ax.imshow(picture.permute(1, 2, 0).numpy())
    ax.set_title(title, fontsize=9)
    ax.axis("off")
show(fig, "One image as stored, with 100 added in uint8, where bright values wrap to dark ones, and added safely.")
print("values that got darker:", (wrapped < image).sum().item(), "wrapped,", (clamped < image).sum().item(), "clamped")

# %% [markdown]
# In the middle picture every value above 155 has wrapped around: it lost 256 and came out darker. On the right
# int16 has room for the sum, `.clamp(0, 255)` cuts off what is too large, and only then the result goes back to one
# byte. The order of these three steps is what you need in the first exercise.

# %% exercise: inspect [markdown]
# title: Parts and price of a batch
# difficulty: 1
# minutes: 8
# points: 4
# task: Take two parts of an image batch, brighten it safely, and state its size in bytes.
# context: >-
#   You are a data engineer at a technology company that sorts photographs from phones. Before training, the pipeline
#   looks at the red channel to find faulty cameras, keeps the middle of each image where the subject is, and
#   brightens pictures taken at dusk. A colleague's version turned bright skies black. The cluster also wants to
#   know how many bytes a batch occupies, so that it can reserve memory.
# instructions:
#   - Take the red channel of every image, with shape [N, 32, 32].
#   - Take the middle 24 rows and 24 columns of every image and channel.
#   - Brighten every value by 60, at most up to 255, and return to uint8.
#   - Multiply the count of numbers by the bytes of one.
# hints:
#   - Dimensions come in the order image, channel, row, column, and red is channel 0.
#   - A margin of 4 on either side leaves 24 of 32, and the stop of a slice is not part of it.
#   - Widen the dtype before adding, cut off with clamp before narrowing.
# success: >-
#   You addressed a whole batch by its dimensions and widened the dtype before computing. Indexing and dtypes are
#   what keep one line of code right, and its memory known, however many images come.

# %% answer: inspect
# Take the red channel of every image
red = batch[:, 0]  # blank: :, 0

# Take the middle 24 rows and columns
middle = batch[:, :, 4:28, 4:28]  # blank: 4:28, 4:28

# Brighten by 60, at most up to 255
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)  # blank: torch.int16 | clamp

# Multiply count by bytes of one number
num_bytes = batch.numel() * batch.element_size()  # blank: element_size

# %% check: inspect
from scalable_ai.checks import exercise

with exercise("inspect") as check:
    shape = tuple(red.shape)
    check.that(
        shape == (256, 32, 32), "red of shape (256, 32, 32)", got=shape, likely="The channel is the second index."
    )
    check.equal(red[5], images[5][0], "red of image 5", likely="Keep all images; the channel is the second index.")
    shape = tuple(middle.shape)
    check.that(
        shape == (256, 3, 24, 24),
        "middle of shape (256, 3, 24, 24)",
        got=shape,
        likely="Rows and columns come last; leave a margin of 4 on each side.",
    )
    inner = images[7].narrow(1, 4, 24).narrow(2, 4, 24)
    check.equal(middle[7], inner, "middle of image 7", likely="The margin is 4 on each side.")
    check.that(
        brighter.dtype == torch.uint8, "brighter as uint8 again", got=str(brighter.dtype), likely="Narrow it last."
    )
    check.that(
        bool((brighter >= images[:256]).all()),
        "no value that got darker",
        got="some that did",
        likely="Widen before you add.",
    )
    check.equal(brighter, images[:256].clamp(max=195) + 60, "brighter", likely="Add 60, then cut off at 255.")
    check.equal(num_bytes, 786_432, "num_bytes", likely="Count of numbers times bytes of one number.")

# %% [markdown]
# ## One number for each channel
#
# Networks are usually fed with numbers around zero, so images are normalized: subtract the mean of each channel and
# divide by its standard deviation. The mean runs over images, rows and columns, the dimensions 0, 2 and 3;
# dimension 1, the channel, is kept.

# %%
values = batch.to(torch.float32)
mean = values.mean(dim=(0, 2, 3))
print("shape of batch:", list(values.shape), " shape of mean:", list(mean.shape))
print("mean of red, green, blue:", mean)

# %% [markdown]
# Three numbers, one for each channel. Now they must meet the batch. Broadcasting compares the shapes from the
# right, so the 3 of the mean would meet the 32 columns. The next cell tries it, and then gives the mean two more
# dimensions of size one by indexing with `None`.

# %%
try:
    values - mean
except RuntimeError as error:
    print("RuntimeError:", error)

column = mean[:, None, None]
centered = values - column
print("shape of column:", list(column.shape), " shape of result:", list(centered.shape))
print("bytes behind the stretched column:", column.expand_as(values).untyped_storage().nbytes())
print("channel means near zero now:", torch.allclose(centered.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-2))

# %% [markdown]
# Written under each other from the right, `[256, 3, 32, 32]` and `[3, 1, 1]` fit: 1 stretches to 32 columns, 1 to
# 32 rows, 3 meets 3, and the missing place stretches to 256 images. The stretched column still stands on the 12
# bytes of its three numbers: nothing was copied. And each channel now has mean zero, up to rounding.

# %% tip [markdown]
# When an operation on dimensions surprises you, print the shapes before reading the code. A wrong axis often gives
# a result without any error, of the right shape and with wrong numbers, whenever two sizes happen to be equal.

# %% exercise: normalize [markdown]
# title: Normalize a batch by channel
# difficulty: 3
# minutes: 12
# points: 4
# task: Write a function that normalizes each channel of a batch of images.
# context: >-
#   You are a machine learning scientist in a hospital group. Skin photographs arrive from clinics whose lamps differ,
#   so one channel is too strong here and another one there. Your network should look at the skin and not at the lamp.
#   Batches come in different sizes and as crops of different width and height, stored as uint8 to save memory. One
#   function has to serve them all, and it must work by channel.
# instructions:
#   - Convert the images to float32.
#   - Compute mean and standard deviation of each channel over images, rows and columns.
#   - Subtract and divide by broadcasting, and return the result.
# hints:
#   - The methods `.mean` and `.std` take the dimensions to run over as `dim=(…)`; the channel is not among them.
#   - One number for each channel needs the shape [C, 1, 1] to meet [N, C, H, W].
#   - Write `mean[:, None, None]`, or keep the dimensions with `keepdim=True`.
# success: >-
#   Broadcasting carried one mean and one deviation for each channel over batches of any shape. No loop is
#   needed, which is why the same function serves one crop or a full batch.


# %% answer: normalize
def normalize(images: torch.Tensor) -> torch.Tensor:  # stub
    """Return images whose channels each have mean 0 and standard deviation 1 over the whole batch.

    Args:
        images: uint8 tensor [N, C, H, W], values 0 to 255; no channel is constant.

    Returns:
        float32 tensor [N, C, H, W], without unit.
    """
    # Convert to float32
    values = images.to(torch.float32)

    # Mean and deviation of each channel
    mean, std = values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3))

    # Subtract and divide by broadcasting
    return (values - mean[:, None, None]) / std[:, None, None]


# %% check: normalize
from scalable_ai.checks import exercise

with exercise("normalize") as check:
    small = images[:20, :, :30, :28]
    result = normalize(small)
    check.that(isinstance(result, torch.Tensor), "a tensor", got=type(result).__name__, likely="Return the result.")
    likely = "Only the mean and the deviation lose dimensions; the images keep all four."
    check.that(tuple(result.shape) == (20, 3, 30, 28), "the shape (20, 3, 30, 28)", tuple(result.shape), likely)
    check.that(result.dtype == torch.float32, "dtype torch.float32", got=str(result.dtype), likely="Convert first.")
    means, deviations = result.mean(dim=(0, 2, 3)), result.std(dim=(0, 2, 3))
    check.equal(
        means, torch.zeros(3), "mean of each channel", tolerance=1e-3, likely="Subtract the channel's own mean."
    )
    check.equal(deviations, torch.ones(3), "deviation of each channel", tolerance=1e-3, likely="Divide by its own std.")
    spread = result.mean(dim=(2, 3)).std(dim=0).min().item()
    check.that(
        spread > 0.01,
        "images that still differ from one another in brightness",
        got=f"a spread of {spread:.4f} between them",
        likely="The mean was taken for each image by itself; take it over the images too.",
    )

# %% [markdown]
# ## Autograd in one glance
#
# A loss is one number that says how wrong a result is. Take a gain w that should turn 3 into 12, with the loss (3w
# − 12) squared. By hand, the chain rule gives the derivative 2 · (3w − 12) · 3. Setting `requires_grad=True` asks
# PyTorch to remember what is done with w.

# %%
w = torch.tensor(2.0, requires_grad=True)
loss = (3 * w - 12) ** 2
loss.backward()
print("loss:       ", loss.item())
print("by autograd:", w.grad.item())
print("by hand:    ", 2 * (3 * 2.0 - 12) * 3)

slope = w.grad.item()
((3 * w - 12) ** 2).backward()
print("w.grad after a second backward:", w.grad.item())

# %% note [markdown]
# A second `backward` adds to `w.grad` and does not replace it, as the last printed line shows. Start from a fresh
# tensor, or clear the gradient, before you ask again.

# %% [markdown]
# By hand or by autograd, the derivative at w = 2 is the same. It is the slope of the loss at this one point, on
# ordinary axes. The figure draws the loss, and the line through that point with the slope that autograd found.

# %%
gains = torch.linspace(0, 6, 61)
fig, ax = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
ax.plot(gains, (3 * gains - 12) ** 2, label="loss")
near = torch.tensor([1.0, 3.0])
ax.plot(near, loss.item() + slope * (near - 2), "--", label="slope found by autograd")
ax.plot([2], [loss.item()], "o", color="black")
ax.set(xlabel="w", ylabel="loss")
ax.legend()
show(fig, "The loss against w is a parabola with its lowest point at 4; a dashed tangent at w = 2 falls to the right.")

# %% [markdown]
# The line falls to the right, so a larger w makes the loss smaller: a derivative tells which way to go. A neural
# network is a function of many such steps with many such numbers, its parameters, and it learns by following their
# derivatives. You will write that loop in chapter 2.

# %% [markdown]
# In the last exercise the gain is a camera's. The mean brightness of each image is known, and one gain should bring
# the brightness of all of them near a target. The loss is the mean, over the images, of the squared difference. The
# cell prepares the inputs, with brightness between 0 and 1.

# %%
brightness = values.mean(dim=(1, 2, 3)) / 255
gain, target = 0.5, 0.6
print("images:", brightness.shape[0], " brightness from", brightness.min().item(), "to", brightness.max().item())
print("loss now:", (gain * brightness - target).pow(2).mean().item())

# %% exercise: gradient [markdown]
# title: A gradient by hand and by autograd
# difficulty: 2
# minutes: 10
# points: 3
# task: Find the derivative of the exposure loss with respect to the gain in two ways.
# context: >-
#   You are a programmer at a manufacturing plant where a camera inspects every part on the belt. The lamp ages, images
#   get darker, and the gain of the camera has to follow. A controller will change the gain in the direction that
#   lowers the loss, so the sign and the size of the derivative matter. Nobody wants to trust a controller to a
#   derivative that was never checked, so you compute it twice.
# instructions:
#   - Compute the derivative by hand, from error and brightness.
#   - Make the gain a tensor that autograd follows, and compute the loss.
#   - Run the backward pass and read the derivative.
# hints:
#   - The derivative of error squared is 2 times error times the derivative of the error with respect to the gain.
#   - The error is gain times brightness minus target, so its derivative with respect to the gain is the brightness.
#   - Autograd stores the derivative on the tensor that was marked, and not on the loss.
# success: >-
#   Autograd and the chain rule agree. That one check is why you can trust the same backward pass for millions of
#   parameters, where no one computes derivatives by hand.

# %% answer: gradient
# Compute the derivative by hand
error = gain * brightness - target
by_hand = (2 * error * brightness).mean()  # blank: 2 * error * brightness

# Mark the gain for autograd
w = torch.tensor(gain, requires_grad=True)  # blank: requires_grad

# Compute the loss, a mean over images
loss = (w * brightness - target).pow(2).mean()  # blank: mean

# Run backward and read the derivative
loss.backward()  # blank: backward
by_autograd = w.grad  # blank: grad

# %% check: gradient
from scalable_ai.checks import exercise

with exercise("gradient") as check:
    step = 0.01
    ahead = ((0.5 + step) * brightness - 0.6).pow(2).mean()
    behind = ((0.5 - step) * brightness - 0.6).pow(2).mean()
    expected = float((ahead - behind) / (2 * step))
    check.equal(
        float(by_hand),
        expected,
        "by_hand",
        tolerance=1e-3,
        likely="The chain rule has three factors for each image; is the inner derivative among them?",
    )
    check.equal(
        float(by_autograd),
        expected,
        "by_autograd",
        tolerance=1e-3,
        likely="Is the loss a mean, and by_autograd the `.grad`?",
    )

# %% [markdown]
# The check used a third way: the loss a little ahead of the gain minus the loss a little behind it, divided by the
# distance. It needs two more computations of the loss for every parameter, where a backward pass gives all
# derivatives at once. That difference in slope is why autograd scales to large networks.

# %% quiz: silent_axis [markdown]
# question: >-
#   A batch of tiny crops has shape [16, 3, 3, 3], in the order image, channel, row, column. The tensor `mean` holds one
#   number for each channel and has shape [3]. `batch - mean` raises no error. What was subtracted?
# options:
#   - text: From each channel its own mean, since both sizes are 3
#     why: >-
#       That is what was meant. But broadcasting lines shapes up from the right, so the 3 of `mean` meets the columns.
#       The channels would need `mean[:, None, None]`.
#   - text: From each column the number of a channel, which is a silent mistake
#     right: true
#     why: >-
#       Read from the right, the only dimension of `mean` meets the last one of the batch, the columns. As both sizes
#       are 3, no error says so.
#   - text: From each image the mean of all channels
#     why: >-
#       Nothing is averaged when tensors are subtracted, and the images are the dimension farthest from the right.
#   - text: Nothing, because the shapes differ
#     why: >-
#       Shapes may differ as long as sizes are equal or 1 from the right, and a missing dimension counts as 1. Here they
#       fit, though not as intended.
# points: 1

# %% recap [markdown]
# - Shape, dtype and device describe a tensor; indexing takes parts of it in the order of its dimensions.
# - Broadcasting reads shapes from the right and repeats without copying; uint8 saves memory and wraps past 255.
# - Autograd gives the derivative of a loss for every marked number in one backward pass.
