"""Hidden checks of lesson 2.1: stock of an environment, requirements against a machine, choice of a device."""

import re

from scalable_ai.grading.hidden import AnswerError, GraderError, compare, hidden

# --- stock -----------------------------------------------------------------------------------------------------------

COMMON = ["torch", "torchvision", "numpy", "matplotlib", "requests", "rich", "filelock", "psutil", "ruamel-of-nowhere"]


def some_names(rng):
    """Draw names that pip knows, among them two that are imported by another name, and two that nobody has."""
    invented = [f"no-such-package-{int(number)}" for number in rng.integers(100, 1000, 2)]
    common = [COMMON[place] for place in rng.permutation(len(COMMON))[:4]]
    names = [*invented, "pillow", "pyyaml", *common]
    return ([names[place] for place in rng.permutation(len(names))],)


compare(
    "stock",
    call="stock",
    args=some_names,
    likely=(
        "Every name asked for is reported, with its recorded version or as missing. `metadata.version` wants the name "
        "that pip knows, which may differ from the one you import."
    ),
    weight=2,
)


@hidden("stock", "A list in which nothing, or everything, is missing")
def borders(check, learner, reference, rng):
    for names in (["no-such-package-a", "no-such-package-b"], ["numpy", "torch"], []):
        likely = "The loop goes on after a missing package, and an empty list gives an empty report."
        check.equal(learner.call("stock", names), reference.call("stock", names), "stock(…)", likely=likely)


# --- unmet -----------------------------------------------------------------------------------------------------------


def lines_not_met(check, learner, requirements, installed, expected, likely):
    """Demand the lines that are not met, in the order of the file."""
    got = learner.call("unmet", requirements, installed)
    check.that(isinstance(got, list), "a list of lines", got=type(got).__name__, likely="Return the collected lines.")
    check.equal(got, expected, "unmet(…)", likely=likely)


def squeezed(line):
    """Return a line without its blanks."""
    return "".join(str(line).split())


@hidden("unmet", "Versions compared part by part")
def parts_of_versions(check, learner, reference, rng):
    likely = "Versions are compared part by part, 15 after 9: ask the specifier with `in`."
    written = "Return the lines in the order of the file, each as it is written there."
    for _ in range(3):
        minor = int(rng.integers(10, 40))
        installed = {"alpha": f"2.{minor}.0", "beta": f"1.{int(rng.integers(2, 9))}", "gamma": "3.0"}
        met = f"alpha>=2.{int(rng.integers(2, 9))}\nbeta!=1.1\ngamma>2.{minor},<4\n"
        lines_not_met(check, learner, met, installed, [], likely)
        broken = [f"beta >= 1.{minor}", f"alpha<2.{minor}", "gamma >3"]
        requirements = "\n".join([*broken, "alpha~=2.1"])
        got = learner.call("unmet", requirements, installed)
        same = isinstance(got, list) and sorted(map(squeezed, got)) == sorted(map(squeezed, broken))
        lines_not_met(check, learner, requirements, installed, broken, written if same else likely)


@hidden("unmet", "Pins and local builds")
def local_builds(check, learner, reference, rng):
    minor = int(rng.integers(2, 30))
    pins = f"alpha==2.{minor}.0\nbeta==1.{minor}.1\n"
    likely = "A pin accepts any build of its version, such as one ending in +cpu, and no other version."
    lines_not_met(check, learner, pins, {"alpha": f"2.{minor}.0+cu130", "beta": f"1.{minor}.1"}, [], likely)
    other = {"alpha": f"2.{minor}.1+cu130", "beta": f"1.{minor}.1+cpu"}
    lines_not_met(check, learner, pins, other, [f"alpha==2.{minor}.0"], likely)


@hidden("unmet", "Missing packages")
def missing(check, learner, reference, rng):
    least = int(rng.integers(1, 9))
    requirements = f"alpha>={least}\nnowhere\nbeta<{least}\nnowhere-else>={least}\n"
    likely = "A package that is not installed breaks its line, whether the line asks for a version or not."
    expected = ["nowhere", f"nowhere-else>={least}"]
    lines_not_met(check, learner, requirements, {"alpha": f"{least}.2", "beta": "0.5"}, expected, likely)


@hidden("unmet", "Names in another spelling, comments and blank lines")
def spelling(check, learner, reference, rng):
    least = int(rng.integers(1, 9))
    installed = {"pyyaml": f"{least}.1", "typing-extensions": f"{least}.1", "ruamel-yaml": "0.1"}
    requirements = f"\n# data\n  PyYAML>={least}\n\n# types\ntyping_extensions>={least}\nRuamel.YAML>={least}\n"
    likely = "Write each name with `canonicalize_name` before you look it up, and skip lines that ask for nothing."
    lines_not_met(check, learner, requirements, installed, [f"Ruamel.YAML>={least}"], likely)


# --- pick_device -----------------------------------------------------------------------------------------------------

MACHINES = (["cpu"], ["cpu", "cuda"], ["cuda", "cpu"], ["mps", "cpu"], ["cpu", "mps", "cuda"])


@hidden("pick_device", "The wish auto on five machines")
def automatic(check, learner, reference, rng):
    likely = "Look into `found` only: cuda if it is among them, in any place, and cpu otherwise; mps never by itself."
    for found in MACHINES:
        expected = "cuda" if "cuda" in found else "cpu"
        check.equal(learner.call("pick_device", found), expected, f"pick_device({found})", likely=likely)
        check.equal(learner.call("pick_device", found, "auto"), expected, f"pick_device({found}, 'auto')", likely)


@hidden("pick_device", "A wish that was found")
def met(check, learner, reference, rng):
    for found in MACHINES:
        for wish in found:
            likely = "A wish that was found is returned as it is, whatever else the machine has."
            check.equal(learner.call("pick_device", found, wish), wish, f"pick_device({found}, {wish!r})", likely)


@hidden("pick_device", "A wish that was not found", weight=2)
def not_met(check, learner, reference, rng):
    for found in MACHINES:
        for wish in sorted({"cuda", "mps", "xpu"} - set(found)):
            said = what_happens(learner, found, wish)
            likely = "A wish that cannot be met stops the program; a silent fallback costs somebody a night."
            if not said.startswith("the device"):
                likely = "It stops, and rightly, but `assert` and other errors say less: raise a ValueError."
            raised = re.search(r"\bValueError\b[^:]*:?(.*)", said, re.DOTALL)
            check.that(raised is not None, f"a ValueError for {wish!r} on a machine with {found}", said, likely)
            check.that(wish in raised[1], f"a message that names {wish!r}", said, "Put the wish into the message.")


def what_happens(learner, found, wish):
    """Return what a call gives, or the error that it ends in, as a text."""
    try:
        return f"the device {learner.call('pick_device', found, wish)!r}"
    except AnswerError as error:
        return error.got
    except GraderError as error:  # the reference answer stands in for the learner's, and raises as it should
        return str(error)
