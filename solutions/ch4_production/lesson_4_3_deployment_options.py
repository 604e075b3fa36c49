# ---
# lesson:
#   id: "4.3"
#   title: Deployment options
#   objective: Know the export paths
#   track: essentials
#   minutes: 55
#   functions:
#     - torch.jit.trace
#     - torch.jit.script
#     - torch.jit.load
#     - torch.export.export
#     - torch.export.Dim
#     - torch.export.save
#     - torch.export.load
#     - torch.onnx.export
#     - torch.where
#     - onnxruntime.InferenceSession
#   know:
#     - A trained network, its state dict and evaluation mode, from lesson 4.2
#     - Scores, classes and accuracy, from lesson 4.1
#     - Median times after a warm-up, from lesson 1.3
#   new:
#     - Three files that run without your class, written by TorchScript, `torch.export` and ONNX
#     - What an example fixes for ever, a branch or a batch size, and how to leave it open
#     - A parity check, which says whether two forms of one network still agree
#     - Containers, orchestration and clouds, and what each of them adds
#   misconceptions: []
#   analogies:
#     - A toolbox with the right tool for the job
#     - Inspect at every stage
# ---

# %% slide [markdown]
# ## From notebook to product
#
# - The training code stays at home
# - The product gets a file and a runtime
# - Several formats, the same answers

# %% script [markdown]
# In this lesson you get to know the export paths, which are the ways in which a trained network leaves your notebook.
# This matters because a product rarely has your training code, and often it has no Python at all. It gets a file and
# a runtime that can read the file. You write three kinds of files from one network, and of each you ask whether it
# still gives the same answers.

# %% slide [markdown]
# ## A graph in place of code
#
# - A state dict needs its class
# - A graph lists operations and holds the weights

# %% fragment
import torch
from torch import nn


class Sorter(nn.Module):
    """Ten scores for each colour image with values from 0 to 1."""

    def __init__(self):
        super().__init__()
        convolutions = [nn.Conv2d(3, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU()]
        self.layers = nn.Sequential(*convolutions, nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 7 * 7, 10))

    def forward(self, images):
        return self.layers((images - 0.5) / 0.25)


# %% fragment
torch.manual_seed(0)
network = Sorter().eval()
graph = torch.export.export(network, (torch.rand(2, 3, 32, 32),)).graph
print([str(node.target) for node in graph.nodes if node.op == "call_function"])

# %% script [markdown]
# A state dict is only numbers, so whoever loads it needs your class. An exported network is more. Here an example went
# through the network, and what came out is the list of everything that was computed, from the normalization to the
# last layer. Together with the weights this list is the whole network, and no class is needed to run it. Notice that
# the normalization is part of it. What belongs to the network should travel in the file.

# %% slide [markdown]
# ## Three paths
#
# - TorchScript: deprecated, still met in older services
# - `torch.export`: the path within PyTorch
# - ONNX: read by runtimes outside PyTorch

# %% script [markdown]
# There are three paths. TorchScript is the oldest. PyTorch has deprecated it, but you will meet its files in services
# that run today. Its successor is the exporter whose list you have just seen. ONNX is an open format that many
# runtimes read, on phones, in browsers and in programs written in other languages. See them as a toolbox, and take the
# right tool for the job, which depends on what is there to read the file.

# %% slide [markdown]
# ## Tracing forgets the other branch
#
# - One example goes through
# - Its operations are written down
# - The branch that it did not take is lost

# %% fragment
import warnings


def to_unit(values):
    if values.max() > 1:
        values = values / 255
    return values


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    traced = torch.jit.trace(to_unit, torch.tensor([0.2, 0.4]))
for line in dict.fromkeys(f"{w.category.__name__}: {str(w.message).partition('. ')[0]}" for w in caught):
    print(line)
print("from 0 to 1:  ", traced(torch.tensor([0.2, 0.4])))
print("from 0 to 255:", traced(torch.tensor([51.0, 102.0])), "expected", to_unit(torch.tensor([51.0, 102.0])))

# %% script [markdown]
# This is the classic accident. The function divides by two hundred and fifty-five when it sees large values. The
# example had small ones, so the division was never seen and never written down. The first warning says that tracing is
# deprecated. The second is the one that matters, since it tells you that a decision in Python has been frozen. Nothing
# fails afterwards. The answers are just wrong.

# %% slide [markdown]
# ## An example is a promise
#
# - Its sizes become the file's sizes
# - A size that may vary must be declared

# %% fragment
one_only = torch.export.export(network, (torch.rand(1, 3, 32, 32),)).module()
print("one image:  ", list(one_only(torch.rand(1, 3, 32, 32)).shape))
try:
    one_only(torch.rand(4, 3, 32, 32))
except AssertionError as error:
    print("four images:", error)

# %% script [markdown]
# The second accident is about sizes. The example held one image, and the exported network now insists on one image.
# At least it says so. But it says so on the day when the first batch arrives. You have to declare which sizes may
# vary, and you will do it in a minute.

# %% slide [markdown]
# ## Inspect at every stage
#
# - The same images through every form
# - Differences within a tolerance
# - Images that the example never showed

# %% script [markdown]
# As a builder would, inspect at every stage. Send the same images through the network and through each file, and
# compare the scores within a tolerance, because different runtimes round differently. Use images that differ from the
# example, or you will only repeat the case that cannot fail.

# %% slide [markdown]
# ## Where the file runs
#
# - Containerization: file, runtime, libraries in one image
# - Orchestration: many containers, watched and replaced
# - A cloud: rented machines

# %% script [markdown]
# Last, a file needs a place to run. Containerization packs it with its runtime and its libraries, so that it starts
# the same way everywhere. Orchestration runs many such containers and replaces those that fail. A cloud rents you
# the machines and often does the rest too. None of this changes the file, so first of all the file has to be right.

# %% [markdown]
# ## A network worth deploying
#
# Parity means more when the scores mean something, so the network is trained briefly on small colour images in ten
# classes, and where CIFAR-10 itself is not at hand the output says so. One core computes
# throughout, which keeps the times at the end comparable.

# %%
from scalable_ai.data import cifar10

torch.set_num_threads(1)
data = cifar10(num_train=2000, num_test=500)
train_images, test_images = data.train.images / 255, data.test.images / 255
print("training:", list(train_images.shape), " test:", list(test_images.shape))

# %%
torch.manual_seed(0)
trained = Sorter()
optimizer = torch.optim.AdamW(trained.parameters(), lr=3e-3)
for epoch in range(3):
    for batch in torch.randperm(len(train_images)).split(100):
        loss = nn.functional.cross_entropy(trained(train_images[batch]), data.train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: loss of the last batch {loss.item():.2f}")
weights = trained.eval().state_dict()
with torch.inference_mode():
    scores = trained(test_images)
print("test accuracy:", (scores.argmax(dim=1) == data.test.labels).float().mean().item())

# %% [markdown]
# Ten classes, so guessing reaches about 0.1. Three short epochs are enough for our purpose: whatever the accuracy is,
# an exported file has to reproduce these very scores.

# %% [markdown]
# ## TorchScript, to read older services
#
# There are two ways into it. `torch.jit.trace` records one example, as in the lecture. `torch.jit.script` reads the
# source of the layers instead. The deprecation warning has been shown, so it is silenced here, and only here. Both
# are saved, loaded without the class `Sorter` and compared with the network.

# %%
import tempfile
from pathlib import Path

workspace = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
folder = Path(workspace.name)
with warnings.catch_warnings(), torch.inference_mode():
    warnings.filterwarnings("ignore", message="`torch.jit")
    torch.jit.trace(trained, test_images[:2]).save(folder / "traced.pt")
    torch.jit.script(trained.layers).save(folder / "scripted.pt")
    traced_file = torch.jit.load(folder / "traced.pt")
    scripted_file = torch.jit.load(folder / "scripted.pt")
    print("traced:  ", (traced_file(test_images) - scores).abs().max().item())
    print("scripted:", (scripted_file((test_images - 0.5) / 0.25) - scores).abs().max().item())

# %% [markdown]
# Each number is the largest difference over all test images, and it is zero or close to it. The network has no branch
# that depends on its data, so tracing lost nothing. The next module has one. It prepares images from two kinds
# of cameras.


# %%
class Guarded(nn.Module):
    def forward(self, images):
        if images.max() > 1:
            images = images / 255
        return images


example = torch.linspace(0, 1, 2 * 3 * 8 * 8).reshape(2, 3, 8, 8)
small, large = example.flip(0) * 0.9, example * 255
large[:, 1] = 0.5  # a channel that is nearly black
trials = [small, large, torch.stack([small[0], large[1]])]
for batch in trials:
    print("brightest value of each image:", [round(value, 2) for value in batch.amax(dim=(1, 2, 3)).tolist()])

# %% [markdown]
# The first batch runs from 0 to 1, the second from 0 to 255 with one channel nearly black, and the third mixes both
# kinds. The next cell runs a module in three forms: as it is (which PyTorch calls eager), traced and exported. When the
# exporter refuses, the beginning of its long error is kept.

# %%
import contextlib
import io
import logging

logging.getLogger("torch.fx.experimental").setLevel(logging.ERROR)


def exported_or_refused(module, example):
    """Return the exported program as a module, or the line with which the exporter refused."""
    try:
        return torch.export.export(module, (example,)).module()
    except RuntimeError as error:
        return "refused: " + str(error).strip().partition(" (")[0]


# %%
def run_everywhere(module, example, batches):
    """Return what a module, its trace and its exported program give for every batch."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        forms = {"eager": module, "traced": torch.jit.trace(module, example)}
        forms["exported"] = exported_or_refused(module, example)
    return {name: form if isinstance(form, str) else [form(batch) for batch in batches] for name, form in forms.items()}


# %%
for name, outputs in run_everywhere(Guarded(), example, trials).items():
    if isinstance(outputs, str):
        print(f"{name:8} {outputs}")
    else:
        print(f"{name:8} brightest value of each batch:", [round(output.max().item(), 2) for output in outputs])

# %% [markdown]
# Compare the rows. The eager module brings every batch into the range from 0 to 1. The trace lets 255 through, without
# a word. The exporter refuses, because the branch depends on values that it does not have while it exports. A refusal
# is the better answer: it arrives before the product does.

# %% [markdown]
# Even the eager module has a weakness. It looks at the whole batch, so in the mixed batch a small image is divided
# because its neighbour is large. The remedy for both is a decision made of tensor operations. `torch.where` takes,
# place by place, from one of two tensors, and `amax` over some dimensions gives one maximum for each image.

# %%
readings = torch.tensor([[0.25, 0.5], [51.0, 204.0]])
largest = readings.amax(dim=1, keepdim=True)
print("largest of each row:", largest.tolist(), " shape:", list(largest.shape))
print("chosen row by row:  ", torch.where(largest > 100, readings * 0, readings).tolist())

# %% exercise: no_branches [markdown]
# title: A decision that survives export
# difficulty: 2
# minutes: 12
# points: 4
# task: Rewrite the module so that its decision is made by tensor operations, image by image.
# context: >-
#   You are a machine learning scientist at a hospital. The skin classifier is fed by two kinds of cameras, one that
#   delivers values from 0 to 1 and one that delivers 0 to 255. In the notebook all was well. After tracing, every
#   picture of the second kind came out as the same diagnosis, and nobody saw an error. The example had come from a
#   camera of the first kind. You mend the module itself, so that each form of it decides anew for each image, also
#   when a batch mixes cameras.
# instructions:
#   - Find the brightest value of each image, and keep its shape ready for broadcasting.
#   - Choose between the divided and the untouched image with a tensor operation.
# hints:
#   - "`amax` takes a tuple of dimensions; in a batch [N, 3, H, W] an image lives in the dimensions 1, 2 and 3."
#   - With `keepdim=True` the result has shape [N, 1, 1, 1], which meets [N, 3, H, W].
#   - "`torch.where(condition, a, b)` needs no `if`, and every pixel of an image must follow that image's maximum."
# success: >-
#   The decision is now part of the graph, so all three forms make it afresh for each image. Tracing freezes what
#   Python decides, and the exporter refuses it; tensor operations are what every export path can carry.


# %% answer: no_branches
# Decide for each image with tensor operations
class Guarded(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:  # stub
        """Return images [N, 3, H, W] with values from 0 to 1.

        images: float32, each image on a scale from 0 to 1 or from 0 to 255; a batch may mix the two.
        An image with a value above 1 is divided by 255 as a whole, any other one stays as it is.
        """
        brightest = images.amax(dim=(1, 2, 3), keepdim=True)
        return torch.where(brightest > 1, images / 255, images)


results = run_everywhere(Guarded(), example, trials)

# %% check: no_branches
from scalable_ai.checks import exercise

with exercise("no_branches") as check:
    expected = [torch.stack([image / 255 if image.max() > 1 else image for image in batch]) for batch in trials]
    likely = "Divide an image by 255 when any of its values is above 1, and then all of its pixels in all channels."
    check.equal(results["eager"][:2], expected[:2], "the module itself", likely=likely)
    likely = "One maximum for each image: `dim=(1, 2, 3)`, neither one for the batch nor one for each channel."
    check.equal(results["eager"][2], expected[2], "the module itself on a mixed batch", likely=likely)
    likely = "A Python `if` is frozen by the trace; `torch.where` is not."
    check.equal(results["traced"], expected, "the trace", likely=likely)
    likely = "The exporter refuses a Python `if` on values of a tensor."
    check.equal(results["exported"], expected, "the exported program", likely=likely)

# %% [markdown]
# ## A batch of any size
#
# Back to the size that the lecture's program was nailed to. `Dim("batch")` is a name for a size that may vary, and
# `dynamic_shapes` says for each input which dimension carries it. First with an example of one image, then of two.

# %%
from torch.export import Dim

any_batch = ({0: Dim("batch")},)
try:
    torch.export.export(trained, (test_images[:1],), dynamic_shapes=any_batch)
except Exception as error:
    reason = next(line.strip(" -") for line in str(error).splitlines() if "constant" in line)
    print("refused:", reason.partition(". ")[0])
two_images = test_images[:2].clone()
program = torch.export.export(trained, (two_images,), dynamic_shapes=any_batch)
for size in [1, 2, 500]:
    print("batch", size, "gives", list(program.module()(test_images[:size]).shape))

# %% [markdown]
# An example with one image fixes the size at one, declared or not, because PyTorch treats sizes of 0 and 1 as special
# cases when it exports. So give it two, and the program accepts one image as well. Writing the file and reading it
# back take a line each, and reading needs no class. Why was the example cloned? Compare the two sizes.

# %%
sliced = torch.export.export(trained, (test_images[:2],), dynamic_shapes=any_batch)
for name, form in [("sliced", sliced), ("sorter", program)]:
    torch.export.save(form, folder / f"{name}.pt2")
    print(f"{name}.pt2: {(folder / f'{name}.pt2').stat().st_size / 1024:.0f} KiB")
loaded = torch.export.load(folder / "sorter.pt2").module()
with torch.inference_mode():
    print("largest difference:", (loaded(test_images) - scores).abs().max().item())

# %% [markdown]
# The file keeps its example, and a slice is a view of the whole tensor that it was cut from. Without `.clone()` all
# 500 test images went into the file, with the data that you may not give away among them.

# %% [markdown]
# ## ONNX
#
# `torch.onnx.export` makes the same kind of program and translates it. Names for input and output are worth giving,
# since the reader of the file addresses them by name. `verbose=False` spares you a report of its progress. Look which
# files it writes.

# %%
import numpy as np
import onnxruntime

onnx_file = folder / "sorter.onnx"
names = {"input_names": ["images"], "output_names": ["scores"]}
torch.onnx.export(trained, (two_images,), onnx_file, dynamic_shapes=any_batch, verbose=False, **names)
for file in sorted(folder.glob("sorter.onnx*")):
    print(f"{file.name:18} {file.stat().st_size:8} bytes")
session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
print("input: ", session.get_inputs()[0].name, session.get_inputs()[0].shape, session.get_inputs()[0].type)
print("output:", session.get_outputs()[0].name, session.get_outputs()[0].shape)
print("a black image:", session.run(None, {"images": np.zeros((1, 3, 32, 32), dtype=np.float32)})[0].shape)

# %% [markdown]
# If a second file ending in `.data` appears, it holds the weights, and the first one is useless without it: ship
# both. The session knows nothing of PyTorch. It takes a dictionary of NumPy arrays and returns a list of arrays, one
# for each output, and it is strict about dtypes.

# %%
onnx_scores = session.run(["scores"], {"images": test_images.numpy()})[0]
print("shape:", onnx_scores.shape, " largest difference:", abs(onnx_scores - scores.numpy()).max())
try:
    session.run(None, {"images": test_images[:1].double().numpy()})
except Exception as error:
    print(type(error).__name__, str(error).rpartition(" : ")[2])

# %% [markdown]
# The first difference is small and perhaps not zero: another runtime adds in another order. The error shows the usual
# slip, NumPy's default float64. Now write both files yourself, from weights that arrive as a state dict. As a
# preparation the next cell makes the network from weights, and batches of three sizes.


# %%
def build(weights):
    """Return a Sorter with these weights, in training mode, as a new module is."""
    module = Sorter()
    module.load_state_dict(weights)
    return module


batches = [test_images[:1], test_images[:8], test_images[100:164]]
onnx_path = str(folder / "any_batch.onnx")
print([list(batch.shape) for batch in batches])

# %% exercise: open_batch [markdown]
# title: One file for any number of images
# difficulty: 2
# minutes: 12
# points: 4
# task: Export a network for any batch size to both formats and run it in both runtimes.
# context: >-
#   Sellers at a retail marketplace upload single photographs by day, and at night the service goes through the
#   uploads in large batches. The sorter was exported with one photograph as the example. It passed a test, which sent
#   one photograph, and it crashed at midnight. The PyTorch file also gave different scores on every call, because the
#   network was still in training mode and its dropout went into the file. As the programmer in charge you export it
#   again, once for each format, and try several batch sizes before it ships.
# instructions:
#   - Switch the network to evaluation mode.
#   - Declare the first dimension as open, and take an example that leaves it open.
#   - Hand the declaration to both exporters.
#   - Run every batch through the program and through the session.
# hints:
#   - An example of one image fixes the size at one; the reading above shows how many it takes.
#   - The name of the argument is the same in both exporters, `dynamic_shapes`.
#   - A session takes the name of its output, or `None` for all, and a dictionary from input name to array.
# success: >-
#   One file serves a single photograph and a night's batch, in PyTorch's runtime and in another one. The example only
#   shows the way through the network; which sizes stay open is a promise that you declare and then test.

# %% answer: open_batch
# Switch the network to evaluation mode
ready = build(weights).eval()  # blank: eval

# Leave the first dimension open
sizes = ({0: Dim("batch")},)  # blank: 0: Dim("batch")
first_images = test_images[:2].clone()  # blank: :2

# Declare it to both exporters
program = torch.export.export(ready, (first_images,), dynamic_shapes=sizes)  # blank: dynamic_shapes
torch.onnx.export(ready, (first_images,), onnx_path, dynamic_shapes=sizes, verbose=False, **names)  # blank: sizes

# Run every batch in both runtimes, without the network
del ready
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [program.module()(batch) for batch in batches]  # blank: program.module()
session_scores = [runtime.run(["scores"], {"images": batch.numpy()})[0] for batch in batches]  # blank: batch.numpy()

# %% check: open_batch
from scalable_ai.checks import exercise

with exercise("open_batch") as check:
    trained.eval()
    with torch.no_grad():
        expected = [trained(batch) for batch in batches]
    check.that(len(program_scores) == 3, "one result for each batch", len(program_scores), "Run them all.")
    likely = "In training mode dropout changes the scores: is the network in evaluation mode?"
    for batch, got, other, want in zip(batches, program_scores, session_scores, expected, strict=True):
        name = f"batch of {len(batch)}"
        check.equal(got.detach(), want, f"{name} in PyTorch", likely=likely, tolerance=1e-4)
        check.equal(other, want.numpy(), f"{name} in ONNX Runtime", likely=likely, tolerance=1e-4)

# %% [markdown]
# ## When are two outputs the same?
#
# Equality is too much to ask: every runtime rounds in its own order. A float32 carries about seven decimal digits, so
# a difference should be small beside the scores themselves. The next cell tries three ways to compare on four
# candidates.

# %%
wanted = np.array([[2.0, 1.0], [0.5, 3.0]], dtype=np.float32)
candidates = {
    "rounded": wanted + np.float32(1e-6),
    "shifted": wanted + np.array([[0.3, -0.3], [-0.3, 0.3]], dtype=np.float32),
    "one row only": wanted[:1],
    "not a number": np.array([[2.0, np.nan], [0.5, 3.0]], dtype=np.float32),
}
for name, got in candidates.items():
    difference = got - wanted
    print(f"{name:13} equal {np.array_equal(got, wanted)!s:5}  mean difference {difference.mean():6.3f}", end="  ")
    print("rejected" if np.abs(difference).max() > 0.01 else "accepted")

# %% [markdown]
# Read the rows. Equality rejects harmless rounding. The mean difference of the shifted scores is about zero, since
# signs cancel. The last column accepts what is not a number, because no comparison with it is true. And one row was
# stretched over both by broadcasting, where it should have been turned away for its shape.

# %% exercise: parity [markdown]
# title: The parity report
# difficulty: 3
# minutes: 12
# points: 4
# task: Write a function that compares the scores of several exported forms with the network's own.
# context: >-
#   A bank's model that reads cheques is exported every week, to two formats, by a job that nobody watches. Before a
#   file replaces the running one, the job has to decide whether it is the same model. Last month a file passed whose
#   scores were not numbers, and once a file that answered for one image only. As its data scientist you write the
#   report that the job obeys, so it must be strict about shapes and about numbers, and lenient about rounding.
# instructions:
#   - Give a form with another shape, or with a value that is not finite, an infinite gap and no agreement.
#   - Otherwise divide the largest absolute difference by the largest absolute expected score.
#   - Count the share of rows whose highest score is in the same place.
#   - Pass a form whose gap is at most the tolerance.
# hints:
#   - Compare the shapes before you subtract, since broadcasting asks no questions.
#   - "`np.isfinite(got).all()` is true only when every value is an ordinary number."
#   - "`argmax(axis=1)` gives the class of each row, and the mean of an array of true and false is a share."
# success: >-
#   Your report looks at shape, then at numbers, then at the largest gap, in the order in which an export can go wrong.
#   A tolerance that is relative to the scores accepts rounding and nothing else, so a job can decide without you.


# %% answer: parity
# Compare each form with the expected scores
def parity(expected: np.ndarray, outputs: dict, tolerance: float) -> dict:  # stub
    """Return a report for each form: name -> {"gap", "same_class", "passed"}.

    expected: float array [N, C], the network's own scores. outputs: name -> float array. gap: largest absolute
    difference / largest absolute expected score. same_class: share of rows with the highest score in the same place.
    passed: gap <= tolerance. Another shape, or a value not finite: gap inf, same_class 0.0, not passed.
    """
    report = {}
    for name, got in outputs.items():
        gap, same_class = float("inf"), 0.0
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(np.abs(got - expected).max() / np.abs(expected).max())
            same_class = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same_class, "passed": gap <= tolerance}
    return report


# %% check: parity
from scalable_ai.checks import exercise

with exercise("parity") as check:
    got = parity(wanted, candidates, 1e-4)
    check.equal(sorted(got), sorted(candidates), "the names of the report", likely="One entry for each form.")
    check.that(bool(got["rounded"]["passed"]), "rounding that passes", got="rejected", likely="Allow the tolerance.")
    failed = {"gap": float("inf"), "same_class": 0.0, "passed": False}
    check.equal(got["one row only"], failed, "one row only", likely="Compare the shapes before you subtract.")
    check.equal(got["not a number"], failed, "not a number", likely="Ask `np.isfinite` before you compare.")
    moved = parity(wanted, {"moved": wanted - np.array([[0.0, 0.0], [3.0, 0.3]], dtype=np.float32)}, 0.5)["moved"]
    likely = "Largest absolute difference, divided by the largest absolute expected score."
    check.equal(moved, {"gap": 1.0, "same_class": 1.0, "passed": False}, "lower scores", likely=likely, tolerance=1e-5)
    below = parity(-2 * wanted, {"below": -2 * wanted + np.float32(1.5)}, 0.25)["below"]
    likely = "The largest absolute score is 6 here, and a gap of exactly the tolerance passes."
    check.equal(below, {"gap": 0.25, "same_class": 1.0, "passed": True}, "scores below zero", likely=likely)
    swapped = parity(wanted, {"swapped": wanted[:, ::-1].copy()}, 1.0)["swapped"]
    likely = "The gap alone decides about passing; the share of classes is reported beside it."
    check.equal(swapped, {"gap": 2.5 / 3, "same_class": 0.0, "passed": True}, "swapped", likely=likely, tolerance=1e-5)

# %% [markdown]
# Apply it to every file of this lesson, and to one candidate more: the same network with weights rounded to 16 bits,
# which would halve the file. The tolerance of 0.0001 is a thousand times float32's last digit.

# %%
rounded = build({name: value.half().float() for name, value in weights.items()}).eval()
with torch.inference_mode():
    outputs = {
        "TorchScript": traced_file(test_images).numpy(),
        "exported": loaded(test_images).numpy(),
        "ONNX": session.run(None, {"images": test_images.numpy()})[0],
        "16-bit weights": rounded(test_images).numpy(),
    }
for name, entry in parity(scores.numpy(), outputs, 1e-4).items():
    print(f"{name:15} gap {entry['gap']:.1e}   same class {entry['same_class']:.3f}   passed {entry['passed']}")

# %% [markdown]
# The three exports differ by rounding only, if at all. The 16-bit weights have a gap that is larger by orders of
# magnitude, and whether that passes is a decision: read its share of equal classes, and take it to those who know what
# a different answer costs. A tolerance is chosen before the result is seen.

# %% [markdown]
# ## Size and latency, side by side
#
# Latency is the time from a question to its answer. The next cells measure each form with one image and with 64,
# everything on one core, with a warm-up and the median of 15 readings.

# %%
from statistics import median
from time import perf_counter

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
fair = onnxruntime.InferenceSession(onnx_file, options, providers=["CPUExecutionProvider"])
runners = {
    "eager": lambda batch: trained(batch),
    "TorchScript": lambda batch: traced_file(batch),
    "exported": lambda batch: loaded(batch),
    "ONNX": lambda batch: fair.run(None, {"images": batch.numpy()}),
}

# %%
latency = {name: [] for name in runners}
for name, run in runners.items():
    for size in [1, 64]:
        readings = []
        with torch.inference_mode():
            for _ in range(18):
                start = perf_counter()
                run(test_images[:size])
                readings.append((perf_counter() - start) * 1e3)
        kept = sorted(readings[3:])
        latency[name].append(median(kept))
        print(f"{name:12} {size:2} images: median {kept[7]:7.3f} ms, from {kept[0]:.3f} to {kept[-1]:.3f}")

# %%
torch.save(weights, folder / "weights.pt")
files = {
    "state dict": ["weights.pt"],
    "TorchScript": ["traced.pt"],
    "exported": ["sorter.pt2"],
    "ONNX": ["sorter.onnx", "sorter.onnx.data"],
}
kilobytes = {
    name: sum((folder / file).stat().st_size for file in parts if (folder / file).exists()) / 1024
    for name, parts in files.items()
}
for name, size in kilobytes.items():
    print(f"{name:12} {size:7.1f} KiB")

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
left.barh(list(kilobytes), list(kilobytes.values()), color="tab:gray")
left.axvline(sum(value.numel() * 4 for value in weights.values()) / 1024, color="black", linestyle="--")
left.set(title="Size; dashed: the weights alone", xlabel="KiB")
for (name, (single, many)), marker in zip(latency.items(), ["o", "s", "^", "D"], strict=True):
    right.plot(["1", "64"], [single, many / 64], marker=marker, label=name)
right.set(yscale="log", title="Latency for each image", xlabel="images in a batch", ylabel="ms")
right.legend(fontsize="small")
show(
    fig,
    "Two plots. Left: bars with the size of four kinds of files and a dashed line at the size of the weights. Right: "
    "milliseconds for each image with batches of 1 and of 64, one line for each of four runtimes.",
)

# %% [markdown]
# Read both plots as measurements of this machine, this network and these versions. On the left, what goes beyond the
# dashed line is the graph, its wrapping and, in the exported file, the example. On the right compare forms at one
# batch size, and mind the ranges printed above: where two ranges overlap, you have not found a winner. Repeat it where
# the service will run.

# %% [markdown]
# ## From file to machine
#
# The file is a part, not yet a product. Containerization packs it with its runtime, so that it starts the same way on a
# laptop and in a data centre. The recipe is a short text. This one needs no PyTorch at all, since ONNX Runtime
# reads the file.
#
# ```text
# FROM python:3.12-slim
# RUN pip install onnxruntime fastapi uvicorn
# COPY sorter.onnx sorter.onnx.data app.py /service/
# WORKDIR /service
# CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]
# ```

# %% [markdown]
# One container serves a little. Orchestration, for which Kubernetes is the name you will hear most, runs as many as
# the load asks for and replaces those that stop answering. You can rent more or less of this from a cloud. What you
# rent is also what you no longer control.
#
# | You rent | You still bring | It suits |
# |---|---|---|
# | nothing | machines and all else | data that may not leave |
# | machines | container, orchestration | steady load |
# | containers on demand | container | load that comes and goes |
# | a model endpoint | the file | a small team |

# %% tip [markdown]
# Ask four questions before you look at any offer: where may the data go, how soon must an answer come, how uneven is
# the load, and who gets up at night. The file formats of this lesson run in every row of the table, so the choice can
# change later.

# %% quiz: door_scanner [markdown]
# question: >-
#   A manufacturer puts a classifier into a door scanner. Its program is written in C++, the device has no Python and no
#   network, and pictures arrive one at a time. Which export path fits?
# options:
#   - text: An ONNX file, read by a runtime that the C++ program links
#     right: true
#     why: >-
#       ONNX exists to be read outside of PyTorch and Python. Parity is then checked on the device's own runtime, with
#       a batch of one and with pictures that the example did not show.
#   - text: A state dict with the Python class beside it
#     why: >-
#       Loading a state dict needs the class, the class needs Python, and the device has none.
#   - text: A model endpoint in a cloud
#     why: >-
#       An endpoint may be convenient, but a device without a network cannot ask it.
#   - text: A container with PyTorch, because it runs the same way everywhere
#     why: >-
#       A container runs wherever a container runtime and enough memory are at hand. A small device rarely has either,
#       and Python would still be needed inside.
# points: 1

# %% recap [markdown]
# - An exported file is a graph with weights: `torch.export` within PyTorch, ONNX beyond it, TorchScript only where it
#   exists already.
# - An example fixes what you do not declare: write decisions as tensor operations, and declare the batch size.
# - Check parity on shapes, finite numbers and a relative gap, with inputs that the example never showed.
