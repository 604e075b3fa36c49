# ---
# lesson:
#   id: "2.1"
#   title: Setting up your development environment
#   objective: Set up PyTorch and know what is installed
#   minutes: 40
#   functions:
#     - os.cpu_count
#     - sys.version_info
#     - sys.executable
#     - importlib.metadata.version
#     - importlib.metadata.requires
#     - packaging.version.Version
#     - packaging.requirements.Requirement
#     - torch.cuda.is_available
#     - torch.device
#     - torch.manual_seed
#   know:
#     - Tensors with their shape, dtype and device, from lesson 1.2
#     - Typing a command into a terminal
#     - Python dictionaries and exceptions
#   new:
#     - Which Python runs your notebook, and what it finds
#     - Versions that are asked for, compared and written down
#     - One place that chooses the device
#     - What pins and seeds repeat, and what they cannot
#   analogies:
#     - A toolbox with the right tool for the job
# ---

# %% slide [markdown]
# ## It works on my machine
#
# - Same notebook, other machine, other result
# - Which Python, which packages, which device
# - Set up once, and know what you have

# %% script [markdown]
# In this lesson you set up PyTorch and get to know what is installed. This matters because much of the trouble in
# machine learning has nothing to do with the model. A notebook that ran yesterday stops at its first import, or it
# runs on your machine and gives other numbers on a colleague's. The code is the same in both places. What differs is
# everything below it, which is the Python that runs it, the packages that it finds, and the device that computes.

# %% slide [markdown]
# ## One project, one environment
#
# - A folder with a Python of its own
# - Other projects stay out of it
# - Easy to delete, easy to make again
#
# ```bash
# python -m venv .venv
# .venv/bin/python -m pip install torch torchvision
# ```

# %% script [markdown]
# Think of an environment as a toolbox. Each job gets one of its own, with the right tool for the job in it, so that
# a new tool for one project cannot break another. The first command makes the toolbox, a folder with a Python of its
# own. The second asks exactly this Python to install PyTorch. It is longer than the pip install torch that you find
# everywhere, and it is safer. A bare pip belongs to whichever Python the terminal finds first, and your notebook may
# run with another one. You need not run either command now, because the environment of this course is ready.

# %% slide [markdown]
# ## Who is running this?
#
# - `sys`: the Python itself
# - `os`: the machine around it

# %% fragment
import os
import sys

print("Python:        ", ".".join(str(part) for part in sys.version_info[:3]))
print("program:       ", os.path.join("…", *sys.executable.split(os.sep)[-3:]))
print("in environment:", sys.prefix != sys.base_prefix)
print("CPU cores:     ", os.cpu_count())

# %% script [markdown]
# So begin by asking. The module called sys knows which Python is running, down to the program's path, of which the
# slide shows the end. When its prefix differs from the base prefix, the program lives in an environment made for a
# project. The module called os knows the machine around it, such as the number of processor cores.

# %% slide [markdown]
# ## What is installed?
#
# - Every installation leaves a record
# - Ask the record, import nothing
# - A version is no decimal number

# %% fragment
from importlib import metadata

for name in ["torch", "torchvision", "numpy"]:
    print(f"{name:12} {metadata.version(name)}")

# %% script [markdown]
# Every installation leaves a record with a name and a version. Reading the record is quick, since nothing has to be
# imported, and it works even when the import would fail. Take care when you compare versions. Two point fifteen is
# newer than two point nine, although as a decimal number it would be smaller. Later you use a tool that knows this.

# %% slide [markdown]
# ## Which device computes?
#
# - GPU where there is one, CPU otherwise
# - Decide in one place
# - An unmet wish is an error

# %% fragment
import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print("device:", device, " result:", torch.ones(2, 3, device=device).sum())

# %% script [markdown]
# The device is found at run time as well. One line takes the graphics processor where there is one, and the
# ordinary processor otherwise, and everything after it only uses the name device. Suppose somebody asks for a
# graphics processor and there is none. A program that silently takes the slow way wastes a night. One that stops
# with a clear sentence wastes a second.

# %% slide [markdown]
# ## Write it down
#
# - Pins: the exact versions, in a file
# - Seed: the same random numbers again
# - Check: the file against the machine

# %% fragment
torch.manual_seed(7)
first = torch.rand(3)
torch.manual_seed(7)
print("drawn again:", torch.equal(first, torch.rand(3)))

# %% script [markdown]
# What you found out is worth keeping. A requirements file lists each package with its exact version, which is
# called a pin, and a seed starts the random numbers from a known place. With both, another machine of the same kind can
# repeat your run. But a file is only a wish until somebody compares it with the machine. In the exercises you do
# what a careful engineer does before any training. You take stock of the packages, you choose the device, and you
# find out whether a machine keeps what its requirements file promises.

# %% tip [markdown]
# Chapter 2 builds and trains a network and assumes the tensors of
# [lesson 1.2](../ch1_introduction/lesson_1_2_pytorch.ipynb). If you have used PyTorch before, the
# [readiness check](readiness_check.ipynb) tells you in some minutes which lessons you may skip.

# %% [markdown]
# ## Installing, and into which Python
#
# This is how PyTorch gets into a new environment. Run it in a terminal, in the folder of your own project. On Windows
# the second line begins with `.venv\Scripts\python`. In this course both are done, so lessons look at what is there
# and never install anything.
#
# ```bash
# python -m venv .venv
# .venv/bin/python -m pip install torch torchvision
# ```

# %% tip [markdown]
# `pip install torch` alone also works wherever `pip` belongs to the right Python. Builds come with or without support
# for a GPU, and the selector on pytorch.org gives the command for yours. When in doubt, write `python -m pip`, for then
# you see which Python is meant.

# %% [markdown]
# A name in a notebook is looked up by the Python that runs the notebook. The next cell asks for a package that nobody
# has installed; `import_module` does what `import` does, for a name given as a text. Read the error as a statement
# about this Python: another one on the same machine may well have the package.

# %%
import importlib

try:
    importlib.import_module("no_such_package")
except ModuleNotFoundError as error:
    print("ModuleNotFoundError:", error)
    print("looked up by:", os.path.basename(sys.executable), "in", os.path.basename(sys.prefix))

# %% [markdown]
# The machine needs a second look too. In a container or on a cluster a process may be allowed fewer cores than the
# machine has, and an environment variable can lower the number of threads that PyTorch starts. The dictionary
# `os.environ` holds these variables, and `.get` supplies a text where one is not set.

# %%
cores = os.cpu_count()
allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
print("cores of the machine:        ", cores)
print("cores that this process has: ", allowed)
print("threads that PyTorch starts: ", torch.get_num_threads())
print("OMP_NUM_THREADS:             ", os.environ.get("OMP_NUM_THREADS", "not set"))

# %% [markdown]
# Where these numbers differ, the smallest is your limit. Write them down beside every measurement, since a
# time without its machine says little.
#
# ## Names and versions
#
# A package has two names. `pip` installs and records it under one, and Python imports it under another, which is often
# but not always the same.

# %%
print("imported as", importlib.import_module("PIL").__name__, " installed as pillow", metadata.version("pillow"))
try:
    metadata.version("PIL")
except metadata.PackageNotFoundError as error:
    print("PackageNotFoundError:", error)

# %% [markdown]
# The record answers to the name that `pip` knows, and raises `PackageNotFoundError` for any other. An answer of that
# kind is a fact like a version is, so a report should hold it and go on. The first exercise writes such a report. The
# names it starts with are here.

# %%
names = ["torch", "pillow", "no-such-package", "numpy"]
print("asked for:", ", ".join(names))

# %% exercise: stock [markdown]
# title: Take stock of an environment
# difficulty: 1
# minutes: 7
# points: 3
# task: Write a function that reports the installed version of each package in a list.
# context: >-
#   You are a data engineer at a bank in finance. Thirty machines train models at night, and nobody knows any more which
#   of them has which packages. Each machine shall answer with one report that can be compared with the others. On some
#   of them a package is missing altogether. That has to show up in the report, and it must not stop the report from
#   covering the packages that come after it.
# instructions:
#   - Look up the version that is recorded for each name.
#   - Write the text missing for a name without a record.
#   - Return all names with what was found, as one dictionary.
# hints:
#   - The function `metadata.version` takes the name that pip knows and gives a text.
#   - A name without a record raises `metadata.PackageNotFoundError`, which `except` can catch.
#   - With the loop around `try`, and not inside it, one missing package costs only itself.
# success: >-
#   Your report reads the records of the environment, so it needs no import and survives a missing package. Facts in
#   this form can be compared across machines, which is how you find the one that differs.


# %% answer: stock
def stock(names: list[str]) -> dict[str, str]:  # stub
    """Return the installed version of each package by its name, or the text "missing".

    Args:
        names: Names as pip knows them, such as "pillow".
    """
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


# %% check: stock
from scalable_ai.checks import exercise

with exercise("stock") as check:
    report = stock(names)
    check.that(isinstance(report, dict), "a dictionary", got=type(report).__name__, likely="Return all that was found.")
    likely = "Every name of the list belongs into the report, with or without a version."
    check.equal(sorted(report), ["no-such-package", "numpy", "pillow", "torch"], "the reported names", likely=likely)
    check.equal(report["no-such-package"], "missing", "report['no-such-package']", likely="Catch the error, go on.")
    likely = "Ask the record with `metadata.version`; its names are those that pip knows."
    for package in ["torch", "pillow", "numpy"]:
        kind = type(report[package]).__name__
        check.that(kind == "str", f"a plain text for {package}", got=f"a value of type {kind}", likely=likely)
        check.equal(report[package], metadata.version(package), f"report['{package}']", likely=likely)

# %% [markdown]
# ## What comes along
#
# You asked for one or two packages, and each asked for others. The record knows them: `metadata.requires` lists what a
# package needs. The next cell collects the names of everything installed here, and a function that keeps those which
# a package needs on this machine.

# %%
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

here = {canonicalize_name(one.metadata["Name"]): one.version for one in metadata.distributions()}


def needs(name):
    """Return the names of the installed packages that a package asks for."""
    asked = [Requirement(line) for line in metadata.requires(name) or []]
    meant = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return {canonicalize_name(one.name) for one in meant} & set(here)


print("matplotlib needs:", ", ".join(sorted(needs("matplotlib"))))

# %% [markdown]
# Names are compared after `canonicalize_name`, because `PyYAML` and `pyyaml`, `typing_extensions` and
# `typing-extensions` are the same package. A marker is a condition, such as one on the operating system. Now follow
# the needs of three packages step by step, until nothing new turns up.

# %%
steps = [{"torch", "torchvision", "matplotlib"}]
seen = set(steps[0])
while steps[-1]:
    steps.append(set().union(*(needs(name) for name in steps[-1])) - seen)
    seen |= steps[-1]
counts = [len(step) for step in steps[:-1]]
print("new packages at each step:", counts, " together:", len(seen))

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
labels = ["named by you", "needed by those", *[f"{step} steps away" for step in range(2, len(counts))]]
bars = ax.bar(labels, counts, color=["tab:orange"] + ["tab:blue"] * (len(counts) - 1))
ax.bar_label(bars)
ax.set(ylabel="packages", title="What three names bring along")
ax.tick_params(axis="x", labelsize=8)
ax.margins(y=0.15)
show(
    fig,
    "Bars count packages. The first bar stands for the three that were named. The bars after it count what those need, "
    "step by step, as recorded in this environment.",
)

# %% [markdown]
# Only the first bar is in your hands when you write three names into a file. Everything to its right was chosen on
# the day of the installation, and another day may choose other versions. So a file that shall make the same
# environment again pins all of them, not only those you named. `python -m pip freeze` writes such a list.
#
# ## Comparing versions
#
# Versions look like numbers or texts, and comparing them as such goes wrong.

# %%
from packaging.version import Version

print("as texts:   ", "2.15.0" < "2.9")
print("as numbers: ", 2.15 < 2.9)
print("as versions:", Version("2.15.0") < Version("2.9"))

# %% [markdown]
# The first two lines claim that 2.15 is the older one, which is wrong. `Version` compares part by part, and 15 is
# more than 9. Requirements are read by `Requirement`, which splits a line into a name and a specifier, the condition
# on the version. The word `in` asks whether a version meets it.

# %%
wanted = Requirement("torch>=2.9,<3")
print("name:", wanted.name, " specifier:", wanted.specifier)
for version in ["2.8.1", "2.15.0", "3.0.0"]:
    print(f"{version:7} {version in wanted.specifier}")

# %% [markdown]
# One surprise remains. Builds of PyTorch for a certain kind of device may carry a local part after a plus sign, as in
# `2.15.0+cpu`. As a text, this differs from `2.15.0`. A pin without a local part accepts any build of the version.

# %%
pin = Requirement("torch==2.15.0")
print("equal texts:  ", "2.15.0+cpu" == "2.15.0")
print("meets the pin:", "2.15.0+cpu" in pin.specifier)
print("this PyTorch: ", torch.__version__, " its record:", metadata.version("torch"))

# %% [markdown]
# A colleague compares texts all the same. Her function says that an environment breaks every line of the file.
# Look at the three lines and at what is installed: only one line is really broken. Which one?

# %%
requirements = """
# training image
torch==2.15.0
PyYAML>=6
numpy>=2.10
"""
installed = {"torch": "2.15.0+cpu", "pyyaml": "6.0.3", "numpy": "2.4.6"}


def unmet_by_text(requirements, installed):
    """Return the lines that the environment breaks. Do not copy this one."""
    lines = [line for line in requirements.splitlines() if "=" in line]
    return [line for line in lines if line.partition("=")[2].strip("=") != installed.get(line.partition("=")[0])]


print("said to be broken:", unmet_by_text(requirements, installed))

# %% exercise: unmet [markdown]
# title: Compare a machine with its requirements
# difficulty: 3
# minutes: 14
# points: 4
# task: Write the function that lists the requirements which an environment does not meet.
# context: >-
#   Before a training job starts at a technology company, a guard compares the machine with the requirements file and
#   stops the job if a line is not met. The guard that runs today compares texts. It turned away good machines for
#   weeks, so everybody learned to switch it off, and last night a machine that lacked a package went through unseen.
#   You, the programmer on call, replace it by a guard that reads names and versions as the packaging tools do.
# instructions:
#   - Skip blank lines and lines that begin with a hash.
#   - Find the installed version under the name that `canonicalize_name` writes.
#   - Collect the lines whose package is missing, or whose version is outside the specifier.
#   - Return them in the order of the file, as they are written.
# hints:
#   - The text's method `.splitlines()` gives the lines, and `.strip()` frees one of blanks at its ends.
#   - The class `Requirement` turns one line into an object with `.name` and `.specifier`.
#   - The dictionary's method `.get` gives None for a package that is missing; ask for that first.
# success: >-
#   Names were brought into one form and versions were compared part by part, so the guard stops exactly the machines
#   that break a requirement. A check that people can trust is one that they leave switched on.


# %% answer: unmet
def unmet(requirements: str, installed: dict[str, str]) -> list[str]:  # stub
    """Return the lines of a requirements file that an environment does not meet, in order.

    Args:
        requirements: Text of the file; some lines are blank or begin with "#".
        installed: Version by name, the names as canonicalize_name writes them.
    """
    broken = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        if line.startswith("#"):
            continue
        version = installed.get(canonicalize_name(Requirement(line).name))
        if version is None or version not in Requirement(line).specifier:
            broken.append(line)
    return broken


# %% check: unmet
from scalable_ai.checks import exercise

with exercise("unmet") as check:
    got = unmet("torch>=2.9\n", {"torch": "2.15.0"})
    check.equal(
        got, [], "lines broken by torch 2.15.0, of torch>=2.9", likely="15 is more than 9: compare as versions."
    )
    got = unmet("torch >=2.9\n", {"torch": "2.8.1"})
    likely = "Collect the lines not met, as they are written in the file."
    check.equal(got, ["torch >=2.9"], "lines broken by torch 2.8.1, of torch >=2.9", likely=likely)
    got = unmet("rich>=13\n", {"torch": "2.15.0"})
    check.equal(got, ["rich>=13"], "lines broken where rich is missing", likely="A missing package breaks its line.")
    got = unmet("torch==2.15.0\n", {"torch": "2.15.0+cpu"})
    check.equal(got, [], "lines broken by 2.15.0+cpu, of torch==2.15.0", likely="Ask the specifier, with `in`.")
    got = unmet("\n# data\nPyYAML>=6\n", {"pyyaml": "6.0.3"})
    check.equal(got, [], "lines broken by pyyaml 6.0.3, of PyYAML>=6", likely="Look it up by its canonical name.")
    check.equal(unmet(requirements, installed), ["numpy>=2.10"], "broken lines of the file above", likely="4 < 10.")

# %% [markdown]
# ## Which device, and who decides
#
# PyTorch is asked for each kind of device in turn: `cuda` for NVIDIA's GPUs, and for AMD's in builds made for them,
# `mps` for Apple's, and `cpu`, which is always there. The next cell lists what this machine has.

# %%
found_here = ["cpu"]
if torch.backends.mps.is_available():
    found_here.append("mps")
if torch.cuda.is_available():
    found_here.append("cuda")
print("found here:", found_here)
print("GPUs:", torch.cuda.device_count())

# %% [markdown]
# What should a program take when the user says nothing? `cuda` where it was found, and the CPU otherwise. Apple's
# `mps` we take on demand only: some operations differ there, so compare its results with the CPU's before you rely on
# them. A wish that was not found is an error. Asked for such a device, PyTorch raises one too, but late and in words of
# its own.

# %%
for name in ["cpu", "cuda", "mps"]:
    try:
        torch.ones(1, device=name)
        print(f"{name:4} works here")
    except (RuntimeError, AssertionError) as error:
        print(f"{name:4} {type(error).__name__}: {str(error).splitlines()[0][:70]}")

# %% exercise: pick_device [markdown]
# title: Choose the device in one place
# difficulty: 2
# minutes: 8
# points: 3
# task: Write the function that chooses a device from what was found and what the user wishes.
# context: >-
#   The same training code of a hospital group runs on a laptop, on a server with a GPU and on a rented machine. Last
#   week a job was started with the wish for a GPU on a server whose driver had failed. It fell back to the CPU
#   without a word, ran for three days, and the rented time was lost. As its machine learning scientist you write the
#   one function that all jobs use, so that they take what is there, and stop at once when a wish cannot be met.
# instructions:
#   - Take cuda for the wish auto where it was found, and cpu otherwise.
#   - Raise a `ValueError` that names the wish when it was not found.
#   - Return the wish in all other cases.
# hints:
#   - The word auto is no device, so deal with it first.
#   - The list says what was found, in any order; whether a name is among them is asked with `in`.
#   - An f-string such as f"{wish} was not found" puts the wish into the message.
# success: >-
#   The function decides from what was found, so it can be tested for machines that you do not have, and a device that
#   is not there becomes an error and not a slow run. Scripts on every machine can now share one line.


# %% answer: pick_device
def pick_device(found: list[str], wish: str = "auto") -> str:  # stub
    """Return the type of the device to compute on, such as "cuda".

    Args:
        found: What this machine has, in any order, such as ["cpu", "cuda"].
        wish: A device type, or "auto" for cuda where it was found and cpu otherwise.

    Raises:
        ValueError: The wish was not found; the message names it.
    """
    if wish == "auto":
        return "cuda" if "cuda" in found else "cpu"
    if wish not in found:
        raise ValueError(f"The device '{wish}' was not found; this machine has {', '.join(found)}.")
    return wish


# %% check: pick_device
from scalable_ai.checks import exercise

with exercise("pick_device") as check:
    check.equal(pick_device(["cpu", "cuda"]), "cuda", "auto on a server with a GPU", likely="Prefer cuda if found.")
    check.equal(pick_device(["cpu"]), "cpu", "auto on a machine without a GPU", likely="Look into `found` only.")
    check.equal(pick_device(["mps", "cpu"]), "cpu", "auto on an Apple laptop", likely="Take mps on demand only.")
    check.equal(pick_device(["cpu", "mps"], "mps"), "mps", "mps on demand", likely="A wish that was found is met.")
    try:
        said = f"the device {pick_device(['cpu'], 'cuda')!r}"
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    likely = "A wish that was not found must stop the program; do not fall back."
    check.that(said.startswith("ValueError"), "a ValueError for cuda where only cpu was found", got=said, likely=likely)
    check.that("cuda" in said.partition(":")[2], "a message that names cuda", got=said, likely="Put the wish into it.")

# %% [markdown]
# ## What a run can repeat
#
# A seed starts the random numbers from a known place. The next cell draws three numbers again, after the same seed
# and after none, and then from a generator of its own, which nobody else's drawing can disturb.

# %%
torch.manual_seed(11)
drawn = torch.rand(3)
print("without a new seed:", torch.equal(drawn, torch.rand(3)))
torch.manual_seed(11)
print("after the same seed:", torch.equal(drawn, torch.rand(3)))

own = torch.Generator().manual_seed(11)
torch.rand(1000)
print("from a generator of its own:", torch.equal(drawn, torch.rand(3, generator=own)))

# %% [markdown]
# The seed repeats the draws on this machine with these versions. PyTorch promises no equal numbers between releases,
# between kinds of devices, or between platforms. That is why a seed and pins belong together, and why a record of the
# environment belongs beside each result. The last cell writes one.

# %%
import json
import platform

record = {
    "python": platform.python_version(),
    "system": platform.system(),
    "packages": {name: here[name] for name in ["torch", "torchvision", "numpy"]},
    "devices": found_here,
    "seed": 11,
}
print(json.dumps(record, indent=2))

# %% quiz: not_found [markdown]
# question: >-
#   In a terminal, `pip install torch` ends with "Successfully installed". In the notebook beside it, `import torch`
#   raises `ModuleNotFoundError`. What should you look at first?
# options:
#   - text: The GPU, since PyTorch cannot be imported without a driver
#     why: >-
#       PyTorch imports on a machine without any GPU, and then computes on the CPU. A failing driver shows up later, in
#       what `torch.cuda.is_available()` says.
#   - text: "The two Pythons: the one that `pip` belongs to and the notebook's `sys.executable`"
#     right: true
#     why: >-
#       A package goes into the environment of the Python that runs `pip`. The notebook looks in its own. Installing
#       with `python -m pip`, and the notebook's Python in front, puts it in the right place.
#   - text: The download, which must have been damaged, so install it again by force
#     why: >-
#       `pip` compares what it downloads with a checksum. The same command would put the same package into the same
#       other environment once more.
#   - text: The version, because an older Python package needs another import name
#     why: >-
#       The import name of PyTorch is `torch` in all versions. Two names for one package do occur, as with pillow and
#       PIL, but not here.
# points: 1

# %% recap [markdown]
# - `sys` and `os` say which Python runs and on what; `importlib.metadata` says what is installed, without importing it.
# - Compare versions as versions and names in canonical form, and check the file against the machine.
# - Choose the device in one place, stop at an unmet wish, and keep pins, seed and devices beside each result.
