# ---
# lesson:
#   id: "4.2"
#   title: Saving and loading models
#   objective: Save a model, load it elsewhere, and infer with it
#   track: essentials
#   minutes: 50
#   functions:
#     - torch.save
#     - torch.load
#     - torch.nn.Module.state_dict
#     - torch.nn.Module.load_state_dict
#     - torch.nn.Module.eval
#     - torch.inference_mode
#     - pytorch_lightning.Trainer.save_checkpoint
#     - pytorch_lightning.LightningModule.load_from_checkpoint
#     - os.replace
#   know:
#     - Modules, optimizers and the training loop, from chapter 2
#     - LightningModule, Trainer and checkpoints, from chapter 3
#     - Files, bytes and exceptions in Python
#   new:
#     - The state dict, and why a pickled module is a poor way to keep a model
#     - What `weights_only` refuses, and why loading is strict
#     - Evaluation mode before inference
#     - Checkpoints that resume exactly, and saves that survive a power cut
#   glossary: {}
#   misconceptions:
#     - Saving a model is like saving any Python object
#   analogies:
#     - "Lightning: a modular furniture kit with instructions"
# ---

# %% slide [markdown]
# ## A model outlives its program
#
# - Trained here, used elsewhere, years later
# - What exactly belongs in the file?
# - What must not be in it?

# %% script [markdown]
# In this lesson you learn to save a model, to load it elsewhere, and to infer with it. It matters because training is
# dear and a program is short-lived. The numbers that were learned must outlast the program, move to another machine,
# and give the same answers there. That sounds like saving any Python object, and this is the most common mistake of
# all. A model has two parts that travel by different roads, the numbers and the code.

# %% slide [markdown]
# ## The state dict
#
# - Names on the left, tensors on the right
# - Parameters, and buffers such as running means
# - No code, no class

# %% fragment
import torch
from torch import nn

torch.manual_seed(0)
small = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
for name, tensor in small.state_dict().items():
    print(f"{name:22} shape {list(tensor.shape)}")

# %% script [markdown]
# Remember the modular furniture kit with instructions, our picture for Lightning. A saved model is such a kit. The
# state dict is the box of parts, and every part carries a label. On the slide you see weights and biases, and also
# the running mean and variance that batch normalization has gathered. Dropout has no parts, so it is not listed. The
# class is the instructions, and it says how the parts work together. It is code, and it travels as code does.

# %% slide [markdown]
# ## Not like any Python object
#
# - Pickle stores the class by name only
# - Loading looks that name up, and may run anything
# - So: save the state dict

# %% fragment
import pickle

raw_small = pickle.dumps(small)
print("the file names the class:     ", b"torch.nn.modules.linear" in raw_small)
print("the file holds the class code:", b"def forward" in raw_small)

# %% script [markdown]
# What if you save the whole module? Then Python's pickle writes the parts and only the name of the class. A program
# that does not have this class under this very name cannot open the file. Worse, a pickle is a small program of
# its own, and whoever wrote it decides what runs on your machine when you load it. So save the state dict, and
# nothing else, for inference.

# %% slide [markdown]
# ## Load strictly
#
# - `weights_only=True`: tensors and plain values, no code
# - Strict: every label must match
# - `map_location`: no matter which device wrote it

# %% fragment
import io

buffer = io.BytesIO()
torch.save(small.state_dict(), buffer)

buffer.seek(0)
again = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
print(again.load_state_dict(torch.load(buffer, weights_only=True, map_location="cpu")))

# %% script [markdown]
# Load with the option weights only, and anything but tensors and plain values is refused. Build the module from its
# class, and hand it the state dict. Loading is strict unless you say otherwise. If a label is missing, or one is left
# over, you get an error with their names. Be glad of it, because a part that was not delivered is a part with random
# numbers.

# %% slide [markdown]
# ## Infer in evaluation mode
#
# - Training mode: dropout draws, batch norm looks around
# - `eval` makes both stand still
# - A new module starts in training mode

# %% fragment
x = torch.randn(8, 4)
print("training mode, two calls equal:  ", torch.equal(again(x), again(x)))
again.eval()
print("evaluation mode, two calls equal:", torch.equal(again(x), again(x)))

# %% script [markdown]
# One more step is forgotten often. A new module is in training mode, where dropout draws lots and batch normalization
# mixes in whoever else is in the batch. The same image then gets another answer every time. Call the method eval
# before you infer.

# %% slide [markdown]
# ## Resume after a failure
#
# - Weights, optimizer, step: all that comes next depends on
# - Resumed equals uninterrupted
# - Write beside, then rename

# %% script [markdown]
# Long training has a second reason to save. Machines fail, and fault tolerance means to go on with the right result.
# A checkpoint therefore holds all that the next step depends on, the weights, the memory of the optimizer, and where
# you were. And since a machine may fail while it is saving, write the new file beside the old one and rename it when
# it is complete. In the exercises you mend a loader, resume a run to the last bit, and survive a power cut.

# %% [markdown]
# ## A model worth keeping
#
# We train a small network that tags CIFAR-10 images. It holds batch normalization and dropout, the two layers that
# behave differently in training and in use. The network is a plain module, because that is what a service will load;
# the LightningModule around it is for training.


# %%
class TagNetwork(nn.Module):
    """Turn images [N, 3, 32, 32] into scores [N, 10]."""

    def __init__(self, width=8):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(width * 16 * 16, 10))

    def forward(self, images):
        return self.head(self.features(images))


# %%
import pytorch_lightning as pl
from torch.nn import functional


class Tagger(pl.LightningModule):
    def __init__(self, width=8, lr=2e-3):
        super().__init__()
        self.save_hyperparameters()
        self.network = TagNetwork(width)

    def training_step(self, batch, batch_idx):
        return functional.cross_entropy(self.network(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


# %% [markdown]
# The next cell trains for a few seconds. The Trainer's log lines, its advice about worker processes and a warning that
# concerns Lightning's own code are switched off.

# %%
import logging
import warnings

from torch.utils.data import DataLoader, TensorDataset

from scalable_ai.data import cifar10

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message=".*does not have many workers.*|.*LeafSpec.*")
data = cifar10(num_train=4000, num_test=500)
print("source:", data.source)

loader = DataLoader(TensorDataset(data.train.images / 255, data.train.labels), batch_size=50, shuffle=True)
test_images, test_labels = data.test.images / 255, data.test.labels

# %%
torch.manual_seed(0)
quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
trainer = pl.Trainer(max_epochs=4, enable_checkpointing=False, **quiet)
tagger = Tagger()
trainer.fit(tagger, loader)

network = tagger.network.cpu().eval()
with torch.inference_mode():
    trained_scores = network(test_images)
print("accuracy:", (trained_scores.argmax(dim=1) == test_labels).float().mean().item())

# %% [markdown]
# ## Two files
#
# Now save the network in two ways, into a temporary folder that vanishes with this notebook: its state dict, and the
# whole module. The state dict can be read back as a dictionary and looked at, name by name.

# %%
import tempfile
from pathlib import Path

workshop = tempfile.TemporaryDirectory()
folder = Path(workshop.name)
torch.save(network.state_dict(), folder / "state.pt")
torch.save(network, folder / "whole.pt")

state = torch.load(folder / "state.pt", weights_only=True)
for name, tensor in state.items():
    print(f"{name:32} {list(tensor.shape)!s:15} {tensor.dtype}")

# %% [markdown]
# Two tensors of the convolution, five of the batch normalization, two of the last layer. The other layers have nothing
# to keep. To see what each file is worth elsewhere, the next cell starts a fresh Python process, which has PyTorch and
# nothing of this notebook, and opens both there.

# %%
import subprocess
import sys

elsewhere = """
import sys, torch
print("state dict:", len(torch.load(sys.argv[1], weights_only=True)), "tensors")
try:
    torch.load(sys.argv[2], weights_only=False)
except Exception as error:
    print("whole module:", type(error).__name__, error)
"""
command = [sys.executable, "-c", elsewhere, str(folder / "state.pt"), str(folder / "whole.pt")]
finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
print(finished.stdout)

# %% [markdown]
# The state dict opens anywhere. The whole module does not: the file only says that the object is a `TagNetwork` of
# the program that saved it, and the new process has no such class. The same happens when the class is renamed or its
# file is moved, perhaps a year later. Saving a model is not like saving a list.

# %% [markdown]
# ## What a pickle may do
#
# Loading a pickle calls whatever the file names. The next cell writes a harmless example: an object that asks to be
# rebuilt by calling `print`. It might as well ask for a call that deletes files. Then the file is opened in both ways.


# %%
class Surprise:
    def __reduce__(self):
        return print, ("  this line was run by the file itself",)


torch.save(Surprise(), folder / "gift.pt")
print("weights_only=False:")
torch.load(folder / "gift.pt", weights_only=False)

print("weights_only=True:")
try:
    torch.load(folder / "gift.pt", weights_only=True)
except pickle.UnpicklingError as error:
    print("  refused:", str(error).partition("error: ")[2].partition(" by default")[0])

# %% [markdown]
# With `weights_only=True` the file was refused before anything ran. Only tensors, numbers, texts and plain
# containers of these are allowed. It is the default of today's PyTorch. Write it all the same, so that a reader
# sees it, and do not switch it off because an error message mentions that this is possible.

# %% warning [markdown]
# Set `weights_only=False` for files alone that you wrote yourself and that nobody else could change. A model file
# from the internet is somebody else's program otherwise.

# %% [markdown]
# ## Labels that do not match
#
# State dicts come from many hands. Here is the one of our LightningModule, as bytes. Its network is an attribute named
# `network`, so each label begins with that name. A plain `TagNetwork` expects the labels without it. Look at the error
# that strict loading raises.

# %%
packed = io.BytesIO()
torch.save(tagger.state_dict(), packed)
raw_file = packed.getvalue()

try:
    TagNetwork().load_state_dict(torch.load(io.BytesIO(raw_file), weights_only=True))
except RuntimeError as error:
    for line in str(error).splitlines():
        print(line.strip()[:110], "…")

# %% [markdown]
# Missing is what the module wants and the file lacks; unexpected is what the file has and the module does not know.
# The lists differ by the beginning `network.` and nothing else. A colleague found a way to make the error go away:
# `strict=False`. Here is his loader, with the accuracy that it reaches.


# %%
def classify_carelessly(raw, images):
    """Return scores of images by a saved TagNetwork: the colleague's version."""
    model = TagNetwork()
    model.load_state_dict(torch.load(io.BytesIO(raw), weights_only=False), strict=False)
    return model(images)


torch.manual_seed(1)
careless = classify_carelessly(raw_file, test_images)
print("trained: ", (trained_scores.argmax(dim=1) == test_labels).float().mean().item())
print("careless:", (careless.argmax(dim=1) == test_labels).float().mean().item())

# %% [markdown]
# No error, and the accuracy of a guesser: with ten classes that is about one tenth. Not one tensor was loaded, and
# the network still has the random numbers it was born with. This is one of several faults in his loader. The next
# one shows even when all tensors are in place.

# %% [markdown]
# ## Training mode and evaluation mode
#
# Batch normalization in training mode computes mean and variance from the batch at hand, and dropout drops at
# random. The next cell takes a copy of the trained network, puts it in training mode, and measures the accuracy of the
# same test images thirty times, in batches of ten.

# %%
import copy


def accuracy_of(model, images, labels):
    """Return the share of right answers, from batches of ten images."""
    with torch.inference_mode():
        predicted = torch.cat([model(part).argmax(dim=1) for part in images.split(10)])
    return (predicted == labels).float().mean().item()


torch.manual_seed(2)
in_training = copy.deepcopy(network).train()
thirty = [accuracy_of(in_training, test_images, test_labels) for _ in range(30)]
steady = [accuracy_of(network, test_images, test_labels) for _ in range(2)]
print("evaluation mode, twice:", steady)
print("training mode, three of thirty:", [round(value, 3) for value in thirty[:3]])

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
ax.plot(range(1, 31), thirty, "o", label="training mode")
ax.axhline(steady[0], color="crimson", label="evaluation mode, every time")
ax.set(xlabel="repetition with the same images", ylabel="accuracy")
fig.legend(loc="outside upper center", ncols=2, fontsize="small")
show(
    fig,
    "Accuracy of thirty runs over the same test images. In training mode the points scatter from run to run; in "
    "evaluation mode it is one horizontal line, the same every time.",
)

# %% [markdown]
# The weights are the same for every point. In training mode the answer depends on chance and on the other images of
# the batch, in evaluation mode on the image alone. There is a second price: each pass in training mode moves the
# running means, even without gradients. So `eval` comes before the first inference.

# %%
mean_before = network.state_dict()["features.1.running_mean"]
mean_after = in_training.state_dict()["features.1.running_mean"]
print("running means moved by inference in training mode:", not torch.equal(mean_before, mean_after))

# %% [markdown]
# One thing is left before you write a loader of your own. A tensor's file remembers the device it was saved from. On a
# machine without that device loading fails, unless `map_location` names another one. The next cell loads the state
# to the CPU, and to `"meta"`, a device that keeps shapes without numbers and so shows what is in a large file.

# %%
for device in ["cpu", "meta"]:
    first_tensor = next(iter(torch.load(folder / "state.pt", weights_only=True, map_location=device).values()))
    print(device, list(first_tensor.shape), first_tensor.device)

# %% [markdown]
# And a service wants no gradients. Scores that carry them keep every step towards them in memory. The colleague's
# scores do, as the next cell shows; its function will tell whether yours do.


# %%
def records_gradients(raw, images):
    """Return whether the scores of classify_file, which you write next, carry gradients."""
    return classify_file(raw, images).requires_grad


print("the colleague's scores carry gradients:", careless.requires_grad)

# %% exercise: classify_file [markdown]
# title: Load a model that somebody sent
# difficulty: 2
# minutes: 12
# points: 5
# task: Write the loader of a tagging service, without the faults of the colleague's.
# context: >-
#   You are a programmer at a technology company whose service tags photographs. Data scientists upload model files,
#   some saved from a plain `TagNetwork` and some from a LightningModule, whose labels begin with "network.". The
#   present loader is `classify_carelessly`. It has tagged at random for a week without an error, its answers to one
#   image vary from call to call, and the security team points out that it would run anything that is in a file.
# instructions:
#   - Load the bytes so that only plain data are accepted, onto the CPU.
#   - Take "network." off the beginning of the labels and load them strictly.
#   - Switch to evaluation mode and return the scores, without gradients.
# hints:
#   - "`io.BytesIO(raw)` makes a file of bytes, for `torch.load`."
#   - A text's method `.removeprefix(…)` takes a beginning off where it is there, and leaves other texts alone.
#   - Nothing has to be caught; an error of `torch.load` or of strict loading is what the service wants.
# success: >-
#   Your loader accepts tensors only, demands every label, and infers in evaluation mode. A model is numbers with labels
#   and code that knows them, and so it is saved and loaded in another way than any Python object.


# %% answer: classify_file
def classify_file(raw: bytes, images: torch.Tensor) -> torch.Tensor:  # stub
    """Return scores [N, 10] of images [N, 3, 32, 32] by the TagNetwork whose state dict is in raw.

    raw: a file of torch.save; its labels may begin with "network.". Raises what torch raises when
    the file holds more than plain data, or when labels are missing or left over.
    """
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    model = TagNetwork()
    model.load_state_dict({name.removeprefix("network."): tensor for name, tensor in state.items()})
    model.eval()
    with torch.inference_mode():
        return model(images)


# %% check: classify_file
from scalable_ai.checks import exercise

with exercise("classify_file") as check:
    scores = classify_file(raw_file, test_images[:100])
    likely = "Are the labels mended, and is the module in evaluation mode?"
    check.equal(scores, trained_scores[:100], "scores of 100 images", likely=likely, tolerance=1e-3)
    one = classify_file(raw_file, test_images[7:8])
    likely = "In training mode an answer depends on the other images of the batch."
    check.equal(one, trained_scores[7:8], "scores of one image alone", likely=likely, tolerance=1e-3)
    plain_scores = classify_file(Path(folder, "state.pt").read_bytes(), test_images[:5])
    likely = "Not every file has the prefix; take it off only where it is."
    check.equal(plain_scores, trained_scores[:5], "scores of a file without prefix", likely=likely, tolerance=1e-3)
    likely = "Compute the scores inside `torch.inference_mode()`."
    got = "scores with gradients"
    check.that(not records_gradients(raw_file, test_images[:5]), "scores without gradients", got=got, likely=likely)
    incomplete = io.BytesIO()
    torch.save(dict(list(state.items())[1:]), incomplete)
    for name, bad in {"gift": (folder / "gift.pt").read_bytes(), "incomplete": incomplete.getvalue()}.items():
        try:
            refused = classify_file(bad, test_images[:5]) is None
        except (pickle.UnpicklingError, RuntimeError):
            refused = True
        except (AttributeError, TypeError):
            refused = False
        likely = "Is `weights_only` on?" if name == "gift" else "Is loading strict, with a label missing?"
        check.that(refused, f"an error of torch for the {name} file", got="none", likely=likely)

# %% [markdown]
# ## Lightning's checkpoints
#
# `trainer.save_checkpoint` writes more than weights: all that the Trainer needs to go on, and the hyperparameters that
# `save_hyperparameters` noted. It is a dictionary, saved with `torch.save`.

# %%
trainer.save_checkpoint(folder / "tagger.ckpt")
checkpoint = torch.load(folder / "tagger.ckpt", weights_only=True)
print("keys:", sorted(checkpoint))
print("hyperparameters:", dict(checkpoint["hyper_parameters"]))
print("first label:", next(iter(checkpoint["state_dict"])))

loaded = Tagger.load_from_checkpoint(folder / "tagger.ckpt", map_location="cpu", weights_only=True)
print("same weights:", torch.equal(loaded.network.head[2].weight, network.head[2].weight))

# %% [markdown]
# `load_from_checkpoint` builds the module from the stored hyperparameters and loads the weights strictly. It works with
# `weights_only=True` because width and learning rate are plain numbers. The next cell gives a module an object of a
# class of its own as a hyperparameter.


# %%
class Settings:
    def __init__(self, width):
        self.width = width


class SettingsTagger(Tagger):
    def __init__(self, settings):
        super().__init__(settings.width)
        self.save_hyperparameters()


short_trainer = pl.Trainer(max_epochs=0, enable_checkpointing=False, **quiet)
short_trainer.fit(SettingsTagger(Settings(8)), loader)
short_trainer.save_checkpoint(folder / "settings.ckpt")
try:
    SettingsTagger.load_from_checkpoint(folder / "settings.ckpt", weights_only=True)
except pickle.UnpicklingError as error:
    print("refused:", str(error).partition("error: ")[2].partition(" by default")[0])

# %% [markdown]
# Saving went well, and loading is refused. Such a mistake is found months later, when the file is needed. So keep
# hyperparameters plain: numbers, texts, lists, dictionaries. And load each kind of file once, right after you have
# written it for the first time.

# %% [markdown]
# ## A run that is interrupted
#
# Training that takes days will meet a failure some time. Fault tolerance, a term from lesson 1.1, is the ability to go
# on with the right result. To test that to the last bit we use a small run, in which step k always sees the same
# payments, drawn from its number.


# %%
def fresh_weights(seed):
    """Return the state dict of a new network for payments [N, 20]."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2)).state_dict()


def start(weights):
    """Return a network with these weights and a new SGD optimizer with momentum for it."""
    model = nn.Sequential(nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
    model.load_state_dict(weights)
    return model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


# %%
def run_steps(model, optimizer, first, stop):
    """Train through the steps first, first + 1, … stop - 1."""
    model.train()
    for step in range(first, stop):
        payments = torch.randn(64, 20, generator=torch.Generator().manual_seed(step))
        is_fraud = (payments[:, :5].sum(dim=1) > 1).long()
        loss = functional.cross_entropy(model(payments), is_fraud)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


whole_model, whole_optimizer = start(fresh_weights(3))
run_steps(whole_model, whole_optimizer, 0, 40)
uninterrupted = {name: tensor.clone() for name, tensor in whole_model.state_dict().items()}
print("steps counted by batch norm:", uninterrupted["1.num_batches_tracked"].item())

# %% [markdown]
# Those are the weights after forty steps without interruption. Now a run that stops after twenty, keeps its weights
# only, and goes on with a new optimizer. After each step the cell measures how far the weights are from where they
# would have been.


# %%
def gap_after(model, other):
    """Return the distance between the parameters of two models."""
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    return sum((a - b).pow(2).sum() for a, b in pairs).sqrt().item()


kept, kept_optimizer = start(fresh_weights(3))
broken, broken_optimizer = start(fresh_weights(3))
gaps = []
for step in range(40):
    if step == 20:
        broken, broken_optimizer = start(broken.state_dict())
    run_steps(kept, kept_optimizer, step, step + 1)
    run_steps(broken, broken_optimizer, step, step + 1)
    gaps.append(gap_after(kept, broken))

# %%
fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
ax.plot(range(1, 41), gaps, "o-", markersize=3)
ax.axvline(20.5, color="gray", linestyle=":", label="interruption, weights kept alone")
ax.set(xlabel="steps done", ylabel="distance of the weights")
ax.legend(fontsize="small")
show(
    fig,
    "Distance between the weights of an uninterrupted run and of one that was resumed from its weights alone. It is "
    "zero up to the interruption after step 20, then grows, and does not come back to zero.",
)
print("largest distance before:", max(gaps[:20]), " after:", round(max(gaps[20:]), 4))

# %% [markdown]
# Zero up to the interruption, and never again after it. With momentum the optimizer remembers the direction of earlier
# steps, and a new optimizer has forgotten it. Adam remembers two tensors for each parameter. This memory has a state
# dict too, as the next cell shows.

# %%
memory = whole_optimizer.state_dict()
print("keys:", list(memory), " settings:", memory["param_groups"][0]["lr"], memory["param_groups"][0]["momentum"])
for number, entry in memory["state"].items():
    print("parameter", number, {name: list(tensor.shape) for name, tensor in entry.items()})

# %% exercise: resume_run [markdown]
# title: Resume to the last bit
# difficulty: 2
# minutes: 12
# points: 5
# task: Write the two halves of a training run that may be interrupted between them.
# context: >-
#   A bank's fraud model trains every night on a rented machine that may be taken away at any moment, and a second
#   machine then takes over. The auditors accept this on one condition: the weights must be those of a night without
#   interruption. The two machines share nothing but one file. You take over as data engineer. The present version
#   keeps the weights alone, and its nights differ from each other, as in the figure above.
# instructions:
#   - Train from the given weights up to the interruption with `start` and `run_steps`.
#   - Return the bytes of a file that holds a dictionary with `"model"`, `"optimizer"` and `"next_step"`.
#   - Load such bytes on the other machine, restore all three, and go on with the step that comes next.
# hints:
#   - "`io.BytesIO()` is a file in memory; after `torch.save` its `.getvalue()` gives the bytes."
#   - A new optimizer takes over the memory of an old one with `.load_state_dict(…)`.
#   - The steps before the interruption are 0 to stop - 1, so the next one has the number stop.
# success: >-
#   Both halves together gave the weights of the uninterrupted run. A checkpoint that holds weights, optimizer and
#   place is what fault tolerance in training rests on, since whoever takes over goes on with the right result.


# %% answer: resume_run
def first_part(weights: dict, stop: int) -> bytes:  # stub
    """Train weights through step stop - 1; return a file: {"model", "optimizer", "next_step"}."""
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "next_step": stop}, buffer)
    return buffer.getvalue()


def second_part(raw: bytes, total: int) -> dict:  # stub
    """Go on from such a file through step total - 1; return the model's state dict."""
    checkpoint = torch.load(io.BytesIO(raw), weights_only=True)
    model, optimizer = start(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    run_steps(model, optimizer, checkpoint["next_step"], total)
    return model.state_dict()


# %% check: resume_run
from scalable_ai.checks import exercise

with exercise("resume_run") as check:
    raw = first_part(fresh_weights(3), 20)
    check.that(isinstance(raw, bytes), "bytes from first_part", got=type(raw).__name__, likely="Return .getvalue().")
    try:
        found = torch.load(io.BytesIO(raw), weights_only=True)
    except pickle.UnpicklingError:
        likely = "Save the state dicts of model and optimizer, not the objects themselves."
        check.that(False, "a file of plain data", got="a file with pickled objects", likely=likely)
    keys = ["model", "next_step", "optimizer"]
    likely = "Momentum is in the optimizer's state; and how far the run came, no state dict says."
    check.that(set(keys) <= set(found), f"a file with the keys {keys}", got=sorted(found), likely=likely)
    check.equal(found["next_step"], 20, "next_step", likely="Steps 0 to 19 are done.")
    resumed = second_part(raw, 40)
    count = resumed["1.num_batches_tracked"].item()
    check.equal(count, 40, "steps counted by batch norm", likely="No step twice, and none left out.")
    for name, tensor in uninterrupted.items():
        likely = "Is the optimizer's memory saved, and loaded into the new optimizer?"
        check.equal(resumed[name], tensor, f"'{name}' after 40 steps", likely=likely)

# %% [markdown]
# Bit by bit the same? The check allowed for rounding; the next cell does not.

# %%
resumed = second_part(first_part(fresh_weights(3), 20), 40)
print("equal to the last bit:", all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items()))

# %% note [markdown]
# Real runs have more memory: a scheduler has a state dict, and dropout and shuffling draw from generators whose state
# `torch.get_rng_state()` returns. Lightning's checkpoints hold optimizers, schedulers and the place in the loop, and
# `trainer.fit(…, ckpt_path=…)` resumes from them.

# %% [markdown]
# ## A failure while saving
#
# A checkpoint is saved over the last one, every hour, and in one of those moments the power goes. The next two cells
# stand for the disk: `write` puts bytes into a file, and with `cut` it stops after so many of them and raises
# `PowerCut`, which remembers what then lay in the folder.

# %%
import os


class PowerCut(Exception):
    """The machine stopped while it was writing; found is what lay in the folder at that moment."""


def files_in(place):
    """Return the files of a folder: name -> bytes."""
    return {file.name: read_back(file) for file in Path(place).iterdir() if file.is_file()}


def read_back(path):
    """Return the bytes of the file at path."""
    return Path(path).read_bytes()


# %%
def write(raw, path, cut=None):
    """Write bytes to the file at path; with cut, write only so many and raise PowerCut."""
    with open(path, "wb") as file:
        file.write(raw[:cut])
        file.flush()
        os.fsync(file.fileno())
    if cut is not None:
        stopped = PowerCut(f"{cut} of {len(raw)} bytes were written")
        stopped.found = files_in(Path(path).parent)
        raise stopped


# %% [markdown]
# Now a new model is saved over an old one, with a cut.

# %%
old_model, new_model = first_part(fresh_weights(3), 1), first_part(fresh_weights(3), 2)
write(old_model, folder / "model.pt")
try:
    write(new_model, folder / "model.pt", cut=900)
except PowerCut as error:
    print("PowerCut:", error)

try:
    torch.load(folder / "model.pt", weights_only=True)
except Exception as error:
    print("loading:", type(error).__name__, str(error).splitlines()[0][:70])

# %% [markdown]
# The old model is gone and the new one is not there. Opening a file for writing empties it first, so there was a moment
# without any model, and the cut fell into it. The way out is `os.replace`: it gives a file a new name in a single
# operation, and whatever had that name is replaced. Before it the old file is there, after it the new one.

# %%
write(b"old", folder / "letter.txt")
write(b"new", folder / "letter.txt.part")
os.replace(folder / "letter.txt.part", folder / "letter.txt")
print("letter:", read_back(folder / "letter.txt"), " part file left:", (folder / "letter.txt.part").exists())


# %% [markdown]
# The last exercise is tried out by a rehearsal. It saves an old model and then a new one, perhaps with a power cut,
# through whatever function you hand it. It reports whether the cut was noticed, what lay in the folder at that moment,
# and what afterwards. The moment counts: after a real cut no line runs any more that could repair anything.


# %%
def rehearse(save, old, new, cut):
    """Save old and then new with a function save(raw, path, cut); return what is found afterwards."""
    with tempfile.TemporaryDirectory() as place:
        path, noticed = os.path.join(place, "model.pt"), False
        save(old, path, None)
        try:
            save(new, path, cut)
            files = files_in(place)
        except PowerCut as stopped:
            noticed, files = True, stopped.found
        return {"noticed": noticed, "files": files, "afterwards": files_in(place)}


cut = len(new_model) // 2
careless_end = rehearse(write, old_model, new_model, cut)
print("noticed:", careless_end["noticed"], {name: len(raw) for name, raw in careless_end["files"].items()})

# %% exercise: safe_save [markdown]
# title: Survive a power cut
# difficulty: 2
# minutes: 8
# points: 4
# task: Write a save that leaves a complete file at its path at every moment.
# context: >-
#   The inspection cameras of a manufacturer train on site and save their model every hour. Somebody pulls a plug
#   about once a week. Twice already a camera came back with half a file, the old model was gone, and the line stood
#   still until a technician arrived. The new rule, which you as the programmer carry out, is that the path holds a
#   complete model at every moment, the old one or the new one, and that whoever called learns when a save did not
#   succeed.
# instructions:
#   - Save the bytes by `write`, with `cut`, so that the path holds a complete model before, during and after the save.
#   - Let the caller learn of a PowerCut, and run the two rehearsals.
# hints:
#   - Where in the folder may the new bytes lie while they are not complete yet?
#   - In the cell above, a letter was replaced in a single operation.
#   - When `write` raises, the lines after it do not run; nothing has to be caught and nothing removed.
# success: >-
#   The path held the old model until the new one was complete, because a rename happens at once or not at all. With
#   that, saving is no longer the moment in which a failure costs everything, which is fault tolerance on a small scale.


# %% answer: safe_save
def safe_save(raw: bytes, path: str, cut: int | None) -> None:  # stub
    """Save raw at path by write(…, cut), so that path holds a complete file at every moment.

    Uses the folder of path only. A PowerCut of write goes on to the caller.
    """
    beside = path + ".part"
    write(raw, beside, cut)
    os.replace(beside, path)


# Run both rehearsals
after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)

# %% check: safe_save
from scalable_ai.checks import exercise

with exercise("safe_save") as check:
    likely = "Rename the complete file to the path, so that nothing else stays behind."
    files = after_success["files"]
    check.that(list(files) == ["model.pt"], "one file after a success", got=list(files), likely=likely)
    check.that(files["model.pt"] == new_model, "the new model after a success", got="other bytes", likely="Rename it.")
    likely = "Hand `cut` on to `write`, and do not catch what it raises."
    check.that(after_cut["noticed"], "a PowerCut that reaches the caller", got="silence", likely=likely)
    kept_file = after_cut["files"].get("model.pt")
    likely = "Write in the folder of the path, and never remove or rename the old file."
    check.that(kept_file is not None, "a model at the moment of the cut", got="none", likely=likely)
    likely = "Write beside the old file, and rename only what is complete; after a cut nothing can be repaired."
    got = f"another file, of {len(kept_file)} bytes"
    check.that(kept_file == old_model, "the old model at the moment of the cut", got=got, likely=likely)
    likely = "An exception is no sign that the new file is complete; rename after `write` has come back."
    left = after_cut["afterwards"].get("model.pt")
    check.that(left == old_model, "the old model when the exception has passed", got="another file", likely=likely)
    again = rehearse(safe_save, b"old letter", b"new letter", 3)
    check.equal(again["files"].get("model.pt"), b"old letter", "another rehearsal with a cut", likely=likely)

# %% [markdown]
# A leftover with the name of your part file is normal after a cut, and the next save writes over it. Beside means in
# the same folder, because a rename cannot cross from one disk to another. Lightning does likewise: it writes a
# checkpoint to a temporary file and then moves it to its name.

# %% quiz: pickled_module [markdown]
# question: >-
#   A colleague keeps her network with `torch.save(model, "model.pt")`, as she would keep any Python object, and it
#   loads in her notebook. The service has PyTorch but not her notebook. What should she know?
# options:
#   - text: Nothing more, because the file holds the network with its class and code
#     why: >-
#       It holds the tensors and the name of the class. The fresh process in this lesson found the name and no class.
#   - text: The service should load it with `weights_only=False`, then it will work
#     why: >-
#       The class would still be missing, as in the fresh process, and from now on the service would run whatever a file
#       asks for.
#   - text: The file names a class that the service lacks; save the state dict and ship the class as code
#     right: true
#     why: >-
#       Numbers and code travel by different roads. A state dict opens anywhere, safely, and fits every program that
#       builds the module from its class.
#   - text: It will load, as long as she calls `eval` before she saves it
#     why: >-
#       Evaluation mode belongs before inference, and it does make answers steady. It adds no class to the file.
# points: 1

# %% recap [markdown]
# - Save the state dict; load it with `weights_only=True`, strictly, into a module built from its class.
# - Call `eval` before inference; in training mode answers depend on chance and on the rest of the batch.
# - A checkpoint holds all that the next step depends on, and it is written beside the old file, then renamed.
