# %% wrong: stock - a missing package ends the report
# says: PackageNotFoundError
def stock(names):
    return {name: metadata.version(name) for name in names}


# %% wrong: stock - the package is imported, under the wrong name
# says: the name that pip knows
def stock(names):
    found = {}
    for name in names:
        try:
            found[name] = __import__(name).__version__.partition("+")[0]
        except ImportError:
            found[name] = "missing"
    return found


# %% wrong: stock - one try around the whole loop
# says: Every name asked for is reported
def stock(names):
    found = {}
    try:
        for name in names:
            found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        found[name] = "missing"
    return found


# %% wrong: stock - missing packages are left out
# says: Every name asked for is reported
def stock(names):
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


# %% wrong: stock - None in place of the text
# says: a text
def stock(names):
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


# %% wrong: stock - only the versions, without names
# says: a dictionary
def stock(names):
    versions = []
    for name in names:
        try:
            versions.append(metadata.version(name))
        except metadata.PackageNotFoundError:
            versions.append("missing")
    return versions


# %% right: stock - a helper for one name
def version_of(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def stock(names):
    return {name: version_of(name) for name in names}


# %% right: stock - all records at once
def stock(names):
    records = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in metadata.distributions()}
    return {name: records.get(name.lower().replace("_", "-"), "missing") for name in names}


# %% wrong: unmet - versions compared as texts
# says: part by part
def unmet(requirements, installed):
    broken = []
    for line in requirements.splitlines():
        if not line.strip() or line.strip().startswith("#"):
            continue
        wanted = Requirement(line)
        have = installed.get(canonicalize_name(wanted.name))
        tests = {"==": str.__eq__, ">=": str.__ge__, "<": str.__lt__, ">": str.__gt__, "!=": str.__ne__}
        if have is None or not all(tests.get(one.operator, str.__ge__)(have, one.version) for one in wanted.specifier):
            broken.append(line.strip())
    return broken


# %% wrong: unmet - pins held to the letter, so builds break them
# says: any build of its version
def unmet(requirements, installed):
    broken = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        if line.startswith("#"):
            continue
        wanted = Requirement(line)
        have = installed.get(canonicalize_name(wanted.name))
        pinned = [one.version for one in wanted.specifier if one.operator == "=="]
        if have is None or (pinned and have != pinned[0]) or have not in wanted.specifier:
            broken.append(line)
    return broken


# %% wrong: unmet - names looked up as they are written
# says: canonicalize_name
def unmet(requirements, installed):
    broken = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        if line.startswith("#"):
            continue
        version = installed.get(Requirement(line).name)
        if version is None or version not in Requirement(line).specifier:
            broken.append(line)
    return broken


# %% wrong: unmet - a missing package is passed over
# says: breaks its line
def unmet(requirements, installed):
    broken = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        if line.startswith("#"):
            continue
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        if name in installed and installed[name] not in wanted.specifier:
            broken.append(line)
    return broken


# %% wrong: unmet - comments are read as requirements
# says: InvalidRequirement
def unmet(requirements, installed):
    broken = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        wanted = Requirement(line)
        version = installed.get(canonicalize_name(wanted.name))
        if version is None or version not in wanted.specifier:
            broken.append(line)
    return broken


# %% wrong: unmet - names returned in place of lines
# says: Versions are compared part by part
def unmet(requirements, installed):
    broken = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        if line.startswith("#"):
            continue
        wanted = Requirement(line)
        version = installed.get(canonicalize_name(wanted.name))
        if version is None or version not in wanted.specifier:
            broken.append(wanted.name)
    return broken


# %% wrong: unmet - the lines that are met are returned
# says: part by part
def unmet(requirements, installed):
    met = []
    for line in filter(None, map(str.strip, requirements.splitlines())):
        if line.startswith("#"):
            continue
        version = installed.get(canonicalize_name(Requirement(line).name))
        if version is not None and version in Requirement(line).specifier:
            met.append(line)
    return met


# %% right: unmet - a helper and a comprehension
def is_met(line, installed):
    wanted = Requirement(line)
    name = canonicalize_name(wanted.name)
    return name in installed and wanted.specifier.contains(Version(installed[name]))


def unmet(requirements, installed):
    lines = [line.strip() for line in requirements.splitlines()]
    return [line for line in lines if line and not line.startswith("#") and not is_met(line, installed)]


# %% right: unmet - lines collected first, then asked one by one
def unmet(requirements, installed):
    asked = {}
    for line in requirements.split("\n"):
        line = line.strip()
        if line != "" and line[0] != "#":
            asked[line] = Requirement(line)
    broken = []
    for line, wanted in asked.items():
        try:
            version = installed[canonicalize_name(wanted.name)]
        except KeyError:
            broken.append(line)
            continue
        if not wanted.specifier.contains(version):
            broken.append(line)
    return broken


# %% wrong: pick_device - falls back to the CPU without a word
# says: a silent fallback
def pick_device(found, wish="auto"):
    if wish == "auto":
        return "cuda" if "cuda" in found else "cpu"
    return wish if wish in found else "cpu"


# %% wrong: pick_device - asks this machine in place of the list
# says: Look into `found` only
def pick_device(found, wish="auto"):
    if wish == "auto":
        return "cuda" if torch.cuda.device_count() > 99 else "cpu"
    if wish not in found:
        raise ValueError(f"{wish} was not found")
    return wish


# %% wrong: pick_device - mps by itself
# says: mps never by itself
def pick_device(found, wish="auto"):
    if wish == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if name in found)
    if wish not in found:
        raise ValueError(f"{wish} was not found")
    return wish


# %% wrong: pick_device - the first in the list
# says: in any place
def pick_device(found, wish="auto"):
    if wish == "auto":
        return found[0]
    if wish not in found:
        raise ValueError(f"{wish} was not found")
    return wish


# %% wrong: pick_device - an error that does not say which wish
# says: Put the wish into the message
def pick_device(found, wish="auto"):
    if wish == "auto":
        return "cuda" if "cuda" in found else "cpu"
    if wish not in found:
        raise ValueError("no such device")
    return wish


# %% wrong: pick_device - another kind of error
# says: other errors say less
def pick_device(found, wish="auto"):
    if wish == "auto":
        return "cuda" if "cuda" in found else "cpu"
    assert wish in found, f"{wish} was not found"
    return wish


# %% wrong: pick_device - a device object in place of its type
# says: plain data
def pick_device(found, wish="auto"):
    if wish == "auto":
        return torch.device("cuda" if "cuda" in found else "cpu")
    if wish not in found:
        raise ValueError(f"{wish} was not found")
    return torch.device(wish)


# %% wrong: pick_device - the message is printed and nothing stops
# says: a ValueError
def pick_device(found, wish="auto"):
    if wish == "auto":
        return "cuda" if "cuda" in found else "cpu"
    if wish not in found:
        print(f"{wish} was not found")
        return "cpu"
    return wish


# %% right: pick_device - a tuple of candidates
def pick_device(found, wish="auto"):
    wanted = ("cuda", "cpu") if wish == "auto" else (wish,)
    for name in wanted:
        if name in found:
            return name
    raise ValueError(f"wished for {wish}, found only {found}")


# %% right: pick_device - the error first
def pick_device(found, wish="auto"):
    if wish not in {"auto", *found}:
        raise ValueError("There is no " + wish + " on this machine")
    if wish != "auto":
        return wish
    return {True: "cuda", False: "cpu"}["cuda" in found]


# %% wrong: unmet - lines written anew and not as they stand in the file
# says: each as it is written there
# scores: 0.75
def unmet(requirements, installed):
    asked = [Requirement(line) for line in requirements.splitlines() if line.strip() and line.strip()[0] != "#"]
    found = {one: installed.get(canonicalize_name(one.name)) for one in asked}
    return [str(one) for one, version in found.items() if version is None or version not in one.specifier]
