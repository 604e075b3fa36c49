# ---
# lesson:
#   id: "2.2"
#   title: Understanding PyTorch datasets and DataLoader
#   objective: Feed data efficiently
#   minutes: 45
#   functions:
#     - torch.utils.data.Dataset
#     - torch.utils.data.DataLoader
#     - torch.utils.data.TensorDataset
#     - torch.Generator
#     - torchvision.datasets.CIFAR10
#     - torchvision.transforms.ToTensor
#   know:
#     - Python classes with methods such as `__len__`
#     - Batches of images as uint8 and float32 tensors, from lesson 1.2
#     - Measuring with repeats, from lesson 1.3
#   new:
#     - A Dataset, which gives one example by its number
#     - A DataLoader, which makes batches of them in an order that you choose
#     - CIFAR-10's own files, read by torchvision
#     - Throughput, and which stage of a pipeline sets the pace
#   glossary:
#     DataLoader: >-
#       PyTorch's object that takes examples from a Dataset, in order or shuffled, and hands them
#       out in batches.
#   misconceptions:
#     - The order of the training loop does not matter, nor how a DataLoader is used
#   analogies:
#     - Inspect at every stage
# ---

# %% slide [markdown]
# ## The model waits for its data
#
# - A fast model, fed slowly, is slow
# - All images at once: too much memory
# - What helps: a steady supply of batches

# %% script [markdown]
# In this lesson you learn to feed data to a model efficiently. It matters because a model can only be as fast as its
# supply. An expensive processor that waits for images costs as much as one that computes, and the waiting shows in no
# error message. Nor does a large data set fit into memory at once. You want a steady supply of batches. PyTorch
# divides this work between two objects, and you get to know both.

# %% slide [markdown]
# ## Dataset: one example by its number
#
# - `__len__`: how many examples
# - `__getitem__`: the example at a place
# - Work is done when an example is asked for

# %% fragment
import torch
from torch.utils.data import DataLoader, Dataset


class Parcels(Dataset):
    """Ten numbered parcels, each with a label that says whether its number is even."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index, int(index % 2 == 0)


parcels = Parcels()
print("parcels:", len(parcels), " parcel 4:", parcels[4])

# %% script [markdown]
# The first object is the Dataset. It answers two questions, namely how many examples there are, and what the example
# at a given place looks like. Ours has ten numbered parcels, so that you can follow each of them. Nothing is prepared
# in advance. An example is read, decoded and converted at the moment when somebody asks for it. That is why a Dataset
# can stand for millions of images that lie on a disk.

# %% slide [markdown]
# ## DataLoader: batches, in an order
#
# - Takes places, asks for examples, stacks them
# - `batch_size` examples at a time
# - What is left over makes a smaller batch

# %% fragment
for numbers, is_even in DataLoader(parcels, batch_size=4):
    print("parcels", numbers.tolist(), " labels", is_even.tolist())

# %% script [markdown]
# The second object is the DataLoader. It decides on an order of places, asks the Dataset for one example after the
# other, and stacks them into a batch of tensors. With ten parcels and four in a batch, two batches are full and the
# last one holds the two that are left. Remember that small last batch. It is harmless as long as nobody forgets it.

# %% slide [markdown]
# ## Shuffle to learn, keep the order to measure
#
# - Training: a new order for each pass
# - Generator: new orders that can be repeated
# - Testing: place i belongs to label i

# %% fragment
generator = torch.Generator().manual_seed(3)
shuffled = DataLoader(parcels, batch_size=4, shuffle=True, drop_last=True, generator=generator)
for epoch in range(2):
    print("pass", epoch, [numbers.tolist() for numbers, _ in shuffled])

# %% script [markdown]
# One pass through the data is called an epoch. For training you shuffle, so that each epoch meets the examples in a new
# order, and you may drop the incomplete last batch. A generator with a seed makes these orders repeatable. For testing
# you do neither. A shuffled order would pair each prediction with the label of a stranger. No error tells you. The
# accuracy is simply wrong.

# %% slide [markdown]
# ## Inspect a batch before you train
#
# - Shape, dtype, smallest and largest value
# - Labels that belong to the images
# - One minute now, or a day later

# %% fragment
from torch.utils.data import TensorDataset

from scalable_ai.data import cifar10

data = cifar10(num_train=1000, num_test=200)
images, labels = data.train.images, data.train.labels
one_batch, its_labels = next(iter(DataLoader(TensorDataset(images, labels), batch_size=64)))
print(tuple(one_batch.shape), one_batch.dtype, "from", one_batch.min().item(), "to", one_batch.max().item())
print("classes in the batch:", its_labels.unique().tolist())

# %% script [markdown]
# Good workshops inspect at every stage, and the first stage is the batch. Take one and look at it. Here are sixty
# four images with three channels, as bytes, and labels from many classes. A network wants floating point numbers, so
# something is still to be done. It takes a minute to see that now, and a day to find it out from a loss that will
# not fall.

# %% slide [markdown]
# ## Which stage sets the pace?
#
# - Throughput: images in a second
# - Measure loading and computing apart
# - Improve the slower one

# %% script [markdown]
# At the end you measure throughput, that is, how many images pass in a second. Loading has one and computing has
# one, and the slower of the two sets the pace. Whoever makes the faster one faster still has gained almost nothing.
# With that you know how to feed a model, how to inspect what it is fed, and where to look when it is hungry.

# %% [markdown]
# ## CIFAR-10 as it comes in files
#
# torchvision has a Dataset that reads the published files of CIFAR-10. A call of `CIFAR10("datasets", train=True,
# transform=ToTensor(), download=True)` would fetch 170 MB. To see the reader at work without the network, we write two
# small files in the same layout: a dictionary, saved with `pickle`, with a row of 3072 bytes for each image, red, then
# green, then blue, and a list of labels.

# %%
import pickle
import tempfile
from pathlib import Path

root = tempfile.TemporaryDirectory()
folder = Path(root.name) / "cifar-10-batches-py"
folder.mkdir()
for name, part in {"data_batch_1": data.train, "test_batch": data.test}.items():
    content = {"data": part.images.flatten(1).numpy(), "labels": part.labels.tolist()}
    (folder / name).write_bytes(pickle.dumps(content))
(folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list(data.classes)}))
for path in sorted(folder.iterdir()):
    print(f"{path.name:13} {path.stat().st_size:9,} bytes")

# %% [markdown]
# 1000 images of 3072 bytes each are three million bytes, and the rest of the file is labels and packaging. Now the
# reader. It compares every file with a published checksum first, and ours are not the published ones.

# %%
from torchvision.datasets import CIFAR10
from torchvision.transforms import ToTensor

try:
    CIFAR10(root.name, transform=ToTensor())
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# That is a good habit, because opening a pickle can run code, so you open only what you trust. These files we wrote
# ourselves. A subclass says which files to expect and asks for no checksum; everything else is torchvision's own code.


# %%
class SmallCIFAR10(CIFAR10):
    """torchvision's reader, for two files that we wrote ourselves."""

    train_list = (("data_batch_1", None),)
    test_list = (("test_batch", None),)
    meta = CIFAR10.meta | {"md5": None}


train_files = SmallCIFAR10(root.name, train=True, transform=ToTensor())
image, label = train_files[0]
print("examples:", len(train_files), " label 0:", label, "which is", train_files.classes[label])
print(tuple(image.shape), image.dtype, "from", image.min().item(), "to", image.max().item())
print("equal to our tensor divided by 255:", torch.equal(image, images[0].float() / 255))

# %% [markdown]
# Without a transform the reader returns a picture. `ToTensor` turns it into a float32 tensor with the channel first,
# and divides by 255. Each example is converted when you ask for it, while the reader keeps the bytes. The next cell
# says what that saves: four bytes a number against one. In the first exercise you write a Dataset that works like this,
# for images in memory.

# %%
as_floats = images.float().nbytes
print(f"1000 images as bytes:       {images.nbytes / 1e6:8.2f} MB, as float32 {as_floats / 1e6:.2f} MB")
print(f"one batch of 64 as float32: {64 * 3 * 32 * 32 * 4 / 1e6:8.2f} MB")
print(f"50,000 images as bytes:     {images.nbytes * 50 / 1e6:8.2f} MB, as float32 {as_floats * 50 / 1e6:.2f} MB")

# %% exercise: dataset [markdown]
# title: Write your own `Dataset`
# difficulty: 2
# minutes: 10
# points: 4
# task: Write a Dataset that keeps images as bytes and converts one example at a time.
# context: >-
#   Pictures of skin come as one uint8 tensor from the archive of a hospital group, and only just fit into the memory of
#   the server. A first version converted all of them to float32 and was ended by the operating system. As the group's
#   machine learning scientist you write a Dataset that leaves the archive as it is. Each picture is scaled to the range
#   from 0 to 1, as `ToTensor` does it, at the moment when it is asked for.
# instructions:
#   - Return the number of examples from `__len__`.
#   - Return the example at a place from `__getitem__`, its image converted and its label.
#   - Leave `__init__` and the lines below the class as they are; they try it out.
# hints:
#   - The number of examples is the length of the labels.
#   - Take the image at the index first, and convert only this one.
#   - A byte goes up to 255, and the method `.float()` makes room for fractions before you divide.
# success: >-
#   Your Dataset answers two questions, how many and which one, and a DataLoader can do everything else with it. Since
#   each example is converted on demand, memory holds the small bytes and never a second copy of the whole set.


# %% answer: dataset
class ImageSet(Dataset):
    """Images uint8 [N, C, H, W] in memory with labels int64 [N]."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:  # stub
        """Return the number of examples."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:  # stub
        """Return image float32 [C, H, W] between 0 and 1, and label, at a place."""
        image = self.images[index].float() / 255
        return image, self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))

# %% check: dataset
from scalable_ai.checks import exercise

with exercise("dataset") as check:
    kept = image_set.images.dtype
    likely = "Leave `__init__` as it is and convert in `__getitem__`, one image at a time."
    check.that(kept == torch.uint8, "images kept as torch.uint8", got=str(kept), likely=likely)
    check.equal(length, 1000, "length", likely="Count examples, not the dimensions of one image.")
    shape = tuple(batch_images.shape)
    likely = "Take one image by the index, and keep its three dimensions in their order."
    check.that(shape == (8, 3, 32, 32), "batch_images of shape (8, 3, 32, 32)", got=shape, likely=likely)
    check.that(
        batch_images.dtype == torch.float32,
        "batch_images of dtype torch.float32",
        got=str(batch_images.dtype),
        likely="Convert the image with `.float()`.",
    )
    largest = batch_images.max().item()
    likely = "Divide by 255, once, after the conversion."
    check.that(0.1 < largest <= 1, "a largest value between 0.1 and 1", got=round(largest, 4), likely=likely)
    other = ImageSet(images[5:9] // 2, labels[5:9])[1][0]
    likely = "Take the image at the index from `self.images`, and divide by 255 however bright it is."
    check.equal(other, (images[6] // 2).float() / 255, "an image of another ImageSet", likely=likely)
    expected = torch.stack([train_files[place][0] for place in range(8)])
    check.equal(batch_images, expected, "batch_images", likely="Use the index: each place has its own image.")
    check.equal(batch_labels, data.train.labels[:8], "batch_labels", likely="The label at the same place.")

    class Largest(torch.overrides.TorchFunctionMode):
        numbers = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and result.is_floating_point():
                self.numbers = max(self.numbers, result.numel())
            return result

    with Largest() as converted:
        image_set[3]
    likely = "Take the image at the index first, and convert only this one."
    check.that(converted.numbers <= 3072, "one image converted", got=f"{converted.numbers:,} numbers", likely=likely)

# %% [markdown]
# ## The order of batches
#
# Archives are often sorted, all images of the first class first. Let us sort ours and load it in order, and then
# shuffled. For each batch of 50 we note its labels.

# %%
by_class = labels.sort(stable=True).values
sorted_set = TensorDataset(by_class)
in_order = torch.stack([batch for (batch,) in DataLoader(sorted_set, batch_size=50)])
generator = torch.Generator().manual_seed(1)
mixed = torch.stack([batch for (batch,) in DataLoader(sorted_set, batch_size=50, shuffle=True, generator=generator)])
print("labels noted:", tuple(mixed.shape))
print("classes in each batch, in order:", [len(row.unique()) for row in in_order[:6]])
print("classes in each batch, shuffled:", [len(row.unique()) for row in mixed[:6]])

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained", sharey=True)
for ax, noted, title in zip(axes, [in_order, mixed], ["sorted archive, in order", "shuffled"], strict=True):
    picture = ax.imshow(noted.numpy(), cmap="tab10", vmin=-0.5, vmax=9.5, aspect="auto", interpolation="nearest")
    ax.set(title=title, xlabel="place in the batch")
axes[0].set(ylabel="batch", yticks=range(0, 20, 4))
fig.colorbar(picture, ax=axes, label="label", ticks=range(10))
show(
    fig,
    "Two grids of labels, one row for each of 20 batches of 50. Left, in order: every row has one color, so each batch "
    "holds a single class. Right, shuffled: every row is a mixture of all colors.",
)

# %% [markdown]
# On the left a model would learn to answer with one class for several batches. On the right each batch is a sample of
# everything, so training data are shuffled, anew in each epoch. For testing the order is harmless, even useful. The
# number of batches is that of images divided by the batch size, rounded up, or down with `drop_last=True`. The next
# cell also prints the orders of two epochs, twice from one seed.

# %%
import math


def two_epochs(seed):
    """Return the orders of eight parcels in two epochs, with a generator of the loader's own."""
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(range(8), batch_size=8, shuffle=True, generator=generator)
    return [next(iter(loader)).tolist() for _ in range(2)]


loader, dropping = (DataLoader(TensorDataset(images), batch_size=64, drop_last=drop) for drop in (False, True))
print("all images:  ", len(loader), "=", math.ceil(1000 / 64), " last batch:", [len(batch) for (batch,) in loader][-1])
print("full batches:", len(dropping), "=", 1000 // 64, " images left out:", 1000 - 64 * len(dropping))
print(two_epochs(seed=4))
torch.rand(100)
print(two_epochs(seed=4))

# %% [markdown]
# The last two lines agree, though other code drew random numbers between them, and within a line the second epoch has
# an order of its own. Even a `range` can be loaded, since it has a length and gives an item by its place. In the next
# exercise you make a loader for training and one for testing. To see what they do, they load nothing but places.

# %%
num_images, batch_size, seed = 90, 16, 21
places = TensorDataset(torch.arange(num_images))
print("places:", len(places), " the last one:", places[-1][0].item())

# %% exercise: loaders [markdown]
# title: One loader to learn, one to measure
# difficulty: 2
# minutes: 9
# points: 4
# task: Make a DataLoader for training and one for testing, and note which images they hand out.
# context: >-
#   After an incident at a technology company nobody could say which images the model had seen, in which order, and
#   whether the test had covered all of them. You, its data engineer, see to it that from now on each run starts with a
#   record of places. Training shuffles with a seed, so that the record can be made again, and uses full batches
#   only, since the hardware is tuned for one shape. Testing covers each image once, in the order of the archive.
# instructions:
#   - Shuffle for training with a generator that starts from the seed, and keep full batches only.
#   - Load for testing in order, with every image.
#   - Compute the number of batches of both from the number of images and the batch size.
#   - Note the places of two training epochs and of one test pass.
# hints:
#   - Both loaders decide about `shuffle`, with opposite answers, and only one of them needs a generator.
#   - Rounding down is what `//` does; for rounding up there is a function in `math`.
#   - The places that are noted come batch by batch, as lists in a list.
# success: >-
#   Your training order is new in every epoch and still repeatable from one seed, and your test pass covers all images
#   in their order. Each loader has the order that its use asks for.

# %% answer: loaders
# Shuffle with a seeded generator, full batches only
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)  # blank: seed
train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True, generator=own)  # blank: shuffle=True | own

# Load in order, with every image
test_loader = DataLoader(places, batch_size, shuffle=False)  # blank: shuffle=False

# Compute the number of batches of both
num_train_batches = num_images // batch_size  # blank: num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)  # blank: ceil

# Note the places, batch by batch
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% check: loaders
from scalable_ai.checks import exercise

with exercise("loaders") as check:
    first_epoch = [place for batch in epochs[0] for place in batch]
    check.equal([len(batch) for batch in epochs[0]], [16] * 5, "sizes of training batches", likely="Full batches only.")
    check.that(first_epoch != sorted(first_epoch), "training places out of order", got="0, 1, 2, …", likely="Shuffle.")
    likely = "Shuffling draws each place once; a sampler with replacement draws some twice."
    check.that(len(set(first_epoch)) == 80, "80 different places in an epoch", len(set(first_epoch)), likely)
    check.that(epochs[0] != epochs[1], "two epochs in two orders", got="one order", likely="Make the loader once.")
    used = getattr(train_loader.sampler, "generator", None)
    likely = "Start a generator from `seed` and hand it to the loader for training."
    check.that(used is not None and used.initial_seed() == 21, "a generator that starts from seed 21", used, likely)
    flat = [place for batch in tested for place in batch]
    check.equal(flat, list(range(90)), "tested places", likely="In order, with the last and smaller batch too.")
    check.equal(num_train_batches, 5, "num_train_batches", likely="Rounded down: 90 images, 16 in a batch.")
    check.equal(num_test_batches, 6, "num_test_batches", likely="Rounded up: the last batch counts, too.")

# %% [markdown]
# ## Throughput, read honestly
#
# How fast is loading? The next cells measure images per second for one pass, and keep the best of three, as other
# programs can only slow it down. Three ways are compared on 400 images: torchvision's reader with `ToTensor`, ready
# tensors taken one by one as they are, and one slice for each batch, converted.

# %%
import time

from torch.utils.data import Subset

few_files = Subset(train_files, range(400))
ready = TensorDataset(images[:400], labels[:400])


def one_pass(dataset, size):
    """Load a dataset once, in batches."""
    for batch, _ in DataLoader(dataset, batch_size=size):
        batch.shape


def by_slices(dataset, size):
    """Load the tensors of a dataset once, a slice for each batch, converted to float32."""
    for start in range(0, len(dataset), size):
        dataset.tensors[0][start : start + size].float() / 255


# %%
def images_per_second(load, dataset, size):
    """Return the best of three measured rates of a pass."""
    rates = []
    for _ in range(3):
        started = time.perf_counter()
        load(dataset, size)
        rates.append(len(dataset) / (time.perf_counter() - started))
    return max(rates)


sizes = [1, 5, 20, 100, 400]
rates = {
    "torchvision's reader": [images_per_second(one_pass, few_files, size) for size in sizes],
    "tensors, one by one": [images_per_second(one_pass, ready, size) for size in sizes],
    "tensors, slice by slice": [images_per_second(by_slices, ready, size) for size in sizes],
}

# %%
fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for (name, measured), style in zip(rates.items(), ["o-", "s-", "^-"], strict=True):
    ax.loglog(sizes, measured, style, label=name)
ax.set(xlabel="batch size", ylabel="images per second", title="Loading, measured here", xticks=sizes)
ax.set_xticklabels(sizes)
ax.legend()
show(
    fig,
    "Images per second against batch size, both logarithmic, for three ways of loading as this machine gave them: "
    "torchvision's reader, ready tensors one by one, and one slice for each batch.",
)

# %% [markdown]
# Where a line climbs, a fixed price for each batch is shared by more images. Where it is flat, each image has its own
# price, for making a picture, converting and stacking, and a larger batch does not help. A slice takes a whole batch in
# one call and stacks nothing. The numbers belong to this machine, and no disk is in them: the reader keeps the bytes.

# %% [markdown]
# Whether loading is the problem depends on what follows. As a stand-in for a model we multiply each batch with a
# matrix. With `num_workers=0` loading and computing take turns in one process, so their seconds add up.

# %%
matrix = torch.ones(3 * 32 * 32, 512)


def seconds_of(dataset, compute):
    """Return the best of three times of one epoch, with or without computing."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        for batch, _ in DataLoader(dataset, batch_size=64):
            if compute:
                batch.flatten(1) @ matrix
        times.append(time.perf_counter() - started)
    return min(times)


# %%
loading = seconds_of(few_files, compute=False)
both = seconds_of(few_files, compute=True)
print(f"loading alone:          {loading:.3f} s, {400 / loading:8,.0f} images a second")
print(f"loading and computing:  {both:.3f} s, {400 / both:8,.0f} images a second")
print(f"share spent on loading: {min(loading / both, 1):.0%}")
root.cleanup()

# %% [markdown]
# Near 100 percent the model is starving, and only faster loading helps. Near 0 percent loading is as good as free. With
# another model the share is another one. `num_workers=4` starts four helper processes that load ahead. They cost
# start-up time and memory, and in a script belong below `if __name__ == "__main__":`. Lessons keep the default of 0.
# Measure both before you choose.

# %% [markdown]
# ## A test that lies
#
# Order matters most when results are put beside a list. A shop recognizes a product by comparing its photo with stored
# pictures, and takes the label of the nearest one. Photos are made here by adding noise to stored pictures, and a few
# of them lie under the wrong label.

# %%
stored, stored_labels = images[:250], labels[:250]
generator = torch.Generator().manual_seed(9)
noise = torch.randint(-12, 13, stored.shape, generator=generator)
photos = (stored + noise).clamp(0, 255).to(torch.uint8)
truth = stored_labels.clone()
truth[[30, 77, 140, 201, 249]] = (truth[[30, 77, 140, 201, 249]] + 1) % 10


def predict(batch):
    """Return the label of the nearest stored picture for each photo of a batch."""
    distances = torch.cdist(batch.flatten(1).float(), stored.flatten(1).float())
    return stored_labels[distances.argmin(dim=1)]


singly = [bool(predict(photos[place : place + 1])[0] == truth[place]) for place in range(40)]
print("looked at singly, recognized:", sum(singly), "of", len(singly))

# %% [markdown]
# The report should give the accuracy, the share of photos whose prediction equals their label, and the places of the
# others, so that somebody can look into those shelves. Run this version, and compare what it says with the photos that
# were looked at singly.


# %%
def report(photos, truth, batch_size):
    """Return accuracy and the places of mistakes. This version is faulty."""
    loader = DataLoader(TensorDataset(photos, truth), batch_size=batch_size, shuffle=True, drop_last=True)
    predictions = torch.cat([predict(batch) for batch, _ in loader])
    hits = predictions == truth[: len(predictions)]
    return {"accuracy": hits.float().mean().item(), "mistakes": (~hits).nonzero().flatten().tolist()}


torch.manual_seed(0)
said = report(photos, truth, batch_size=64)
print("accuracy:", round(said["accuracy"], 3), " mistakes:", len(said["mistakes"]), "of", len(truth))

# %% [markdown]
# No error, and an accuracy like that of blind guessing among ten classes. The predictions are fine. They come in the
# order of the loader, and are put beside labels in the order of the shelf. A second fault hides behind the first: count
# how many predictions there are.

# %% exercise: evaluate [markdown]
# title: Mend the report
# difficulty: 3
# minutes: 12
# points: 4
# task: Write the evaluation again, without the bugs in how the DataLoader is used.
# context: >-
#   The recognizer of a retail chain's self-checkout is to be switched off, since its nightly report says that it
#   guesses. The staff who use it say that it is nearly always right. The report was copied from a training script, with
#   the settings of its loader. You mend it, as the programmer on duty. What it names as mistakes is sent to people who
#   walk to those shelves, so every photo counts, and every place must be the right one.
# instructions:
#   - Load the photos in batches, in their order, and all of them.
#   - Compute the accuracy over all photos.
#   - Return accuracy, mistakes and predictions, as the docstring says.
# hints:
#   - Two settings of the loader are right for training and wrong for measuring.
#   - The slice that cuts the truth to the number of predictions only hides that some are missing.
#   - A mean of the accuracies of batches is another number than the accuracy, as the last batch is smaller.
# success: >-
#   With a loader in order and complete, prediction and label at one place belong to the same photo. How a DataLoader is
#   used decides whether a number means anything, and no exception tells you when it does not.


# %% answer: evaluate
def evaluate(photos: torch.Tensor, truth: torch.Tensor, batch_size: int) -> dict:  # stub
    """Return what predict says about uint8 photos [N, 3, H, W], asked in batches.

    Returns:
        predictions: int64 tensor [N], in the order of the photos.
        accuracy: float, the share of all N photos whose prediction equals truth, int64 [N].
        mistakes: list of the places of the others, smallest first.
    """
    loader = DataLoader(TensorDataset(photos), batch_size=batch_size)
    predictions = torch.cat([predict(batch) for (batch,) in loader])
    hits = predictions == truth
    mistakes = (~hits).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": hits.float().mean().item(), "mistakes": mistakes}


# %% check: evaluate
from scalable_ai.checks import exercise

with exercise("evaluate") as check:
    result = evaluate(photos, truth, 64)
    check.that(isinstance(result, dict), "a dictionary", got=type(result).__name__, likely="Return all three together.")
    names = sorted(result)
    check.equal(names, ["accuracy", "mistakes", "predictions"], "its keys", likely="Name them as the docstring does.")
    count = len(result["predictions"])
    check.that(count == 250, "250 predictions", got=count, likely="The last, smaller batch was dropped.")
    expected = predict(photos)
    check.equal(result["predictions"], expected, "predictions", likely="Keep the order of the photos: do not shuffle.")
    likely = "All places where prediction and truth differ, counted over all photos."
    check.equal(result["mistakes"], (expected != truth).nonzero().flatten().tolist(), "mistakes", likely=likely)
    accuracy = float((expected == truth).float().mean())
    check.equal(result["accuracy"], accuracy, "accuracy", likely="Hits of all photos, divided by all photos.")

# %% quiz: pace [markdown]
# question: >-
#   Loading gives 40,000 images a second, and the model computes 2,000 images a second. The two take turns, with
#   `num_workers=0`, and an epoch has 50,000 images. A colleague makes loading twice as fast. What becomes of an epoch?
# options:
#   - text: It takes about half as long, since each image arrives in half the time
#     why: >-
#       Only the time of loading is halved. It is 1.25 of 26.25 seconds, and the model's 25 seconds stay.
#   - text: It takes about 2 percent less time, since computing takes nearly all of it
#     right: true
#     why: >-
#       Loading takes 50,000 / 40,000 = 1.25 seconds and computing 50,000 / 2,000 = 25 seconds. Halving the first turns
#       26.25 into about 25.6 seconds. The slower stage sets the pace.
#   - text: Nothing, since with `num_workers=0` loading costs no time
#     why: >-
#       Without workers loading happens in the same process, between two steps of the model, so its seconds are added.
#       They are few here, and still more than none.
#   - text: It cannot be said without the batch size
#     why: >-
#       The batch size is already in the two measured rates. With the rates and the number of images the seconds follow.
# points: 1

# %% recap [markdown]
# - A Dataset gives one example by its place, on demand; a DataLoader makes batches in an order that you choose.
# - Shuffle with a seeded generator for training; test in order and with every image, or numbers lie without an error.
# - Inspect a batch before training, and measure loading and computing apart before making either of them faster.
