"""Hidden checks of lesson 4.2: a loader for a service, a run in two parts, a save that survives a power cut."""

import copy
import io
import zipfile

import torch
from torch import nn

from scalable_ai.grading.hidden import AnswerError, GraderError, hidden

# --- classify_file ---------------------------------------------------------------------------------------------------


class TagNetwork(nn.Module):
    """The lesson's network, for its labels."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2048, 10))


def tag_weights(rng, prefix=""):
    """Draw a state dict whose running means and variances are not those of a new network."""
    state = TagNetwork().state_dict()
    drawn = {
        name: torch.from_numpy(rng.uniform(0.05, 0.3, tuple(tensor.shape))).float()
        if tensor.is_floating_point()
        else tensor
        for name, tensor in state.items()
    }
    drawn["head.2.weight"] -= 0.17
    return {prefix + name: tensor for name, tensor in drawn.items()}


def packed(content):
    """Return the bytes that torch.save writes."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def pictures(rng, count):
    return torch.from_numpy(rng.random((count, 3, 32, 32))).float()


def is_refused(learner, *args):
    """Return whether the loader raises, as it should."""
    try:
        learner.call("classify_file", *args)
    except AnswerError:
        return True
    except GraderError:  # the reference answer stands in for the learner's, and raises as it should
        return True
    return False


@hidden("classify_file", "Scores from a file of a plain network", weight=2)
def plain_file(check, learner, reference, rng):
    raw, images = packed(tag_weights(rng)), pictures(rng, 9)
    expected = reference.call("classify_file", raw, images)
    likely = "Load the labels as they are, and switch to evaluation mode."
    check.equal(learner.call("classify_file", raw, images), expected, "classify_file(…)", likely, tolerance=1e-3)


@hidden("classify_file", "Scores from a file of a LightningModule", weight=2)
def prefixed_file(check, learner, reference, rng):
    raw, images = packed(tag_weights(rng, "network.")), pictures(rng, 9)
    expected = reference.call("classify_file", raw, images)
    likely = "Take `network.` off every label, load strictly, and switch to evaluation mode."
    check.equal(learner.call("classify_file", raw, images), expected, "classify_file(…)", likely, tolerance=1e-3)


@hidden("classify_file", "One image alone, and twice")
def alone_and_twice(check, learner, reference, rng):
    raw, images = packed(tag_weights(rng)), pictures(rng, 5)
    together = reference.call("classify_file", raw, images)
    for _ in range(2):
        got = learner.call("classify_file", raw, images[3:4])
        likely = "In training mode scores depend on chance and on the rest of the batch."
        check.equal(got, together[3:4], "scores of one image", likely, tolerance=1e-3)


@hidden("classify_file", "Scores without gradients")
def without_gradients(check, learner, reference, rng):
    raw, images = packed(tag_weights(rng)), pictures(rng, 3)
    likely = "A service never goes backwards: compute the scores inside `torch.inference_mode()`."
    got = learner.call("records_gradients", raw, images)
    check.equal(got, False, "whether the scores carry gradients", likely=likely)


@hidden("classify_file", "A file that lacks a label")
def incomplete_file(check, learner, reference, rng):
    weights, images = tag_weights(rng), pictures(rng, 2)
    expected = reference.call("classify_file", packed(weights), images)
    check.equal(
        learner.call("classify_file", packed(weights), images),
        expected,
        "the complete file",
        tolerance=1e-3,
        likely="Build the network, load the weights of this very file into it, and score in evaluation mode.",
    )
    del weights["head.2.bias"]
    likely = "What was not delivered keeps random numbers; loading is strict unless it is switched off."
    check.that(is_refused(learner, packed(weights), images), "an error, not scores", got="scores", likely=likely)


def written_on_a_gpu(raw):
    """Return the bytes of torch.save as a machine with a GPU would have written them; protocol 2 counts letters."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith("/data.pkl"):
                content = content.replace(b"\3\0\0\0cpu", b"\6\0\0\0cuda:0")
            new.writestr(entry.filename, content)
    return buffer.getvalue()


@hidden("classify_file", "A file that was written on a GPU")
def file_of_a_gpu(check, learner, reference, rng):
    raw, images = packed(tag_weights(rng)), pictures(rng, 3)
    expected = reference.call("classify_file", raw, images)
    likely = "`map_location` says where the tensors go, so that a machine without a GPU can load them."
    got = learner.call("classify_file", written_on_a_gpu(raw), images)
    check.equal(got, expected, "classify_file(…)", likely, tolerance=1e-3)


class Disguised:
    """Becomes a state dict when it is loaded, by a call that the file asks for."""

    def __init__(self, state):
        self.state = state

    def __reduce__(self):
        return copy.deepcopy, (self.state,)


@hidden("classify_file", "A file that asks for a call")
def file_with_a_call(check, learner, reference, rng):
    weights, images = tag_weights(rng), pictures(rng, 2)
    expected = reference.call("classify_file", packed(weights), images)
    check.equal(
        learner.call("classify_file", packed(weights), images),
        expected,
        "the plain file",
        tolerance=1e-3,
        likely="Build the network, load the weights of this very file into it, and score in evaluation mode.",
    )
    likely = "The file made your program call a function; `weights_only=True` refuses it."
    refused = is_refused(learner, packed(Disguised(weights)), images)
    check.that(refused, "an error, not scores", got="scores", likely=likely)


# --- resume_run ------------------------------------------------------------------------------------------------------


def night(reference, rng):
    """Draw the weights of a run, the step of its interruption and its length, and compute how it ends."""
    weights = dict(reference.call("fresh_weights", int(rng.integers(1000))))
    stop = int(rng.integers(3, 9))
    total = stop + int(rng.integers(3, 9))
    return weights, stop, total, reference.call("second_part", reference.call("first_part", weights, total), total)


def same_weights(check, got, expected, likely):
    check.that(isinstance(got, dict), "a state dict", got=type(got).__name__, likely="Return model.state_dict().")
    check.equal(got, expected, "the weights at the end", likely=likely, tolerance=1e-3)


@hidden("resume_run", "Both parts together equal an uninterrupted run", weight=2)
def both_parts(check, learner, reference, rng):
    for _ in range(2):
        weights, stop, total, expected = night(reference, rng)
        got = learner.call("second_part", learner.call("first_part", weights, stop), total)
        likely = "Weights, the optimizer's memory and the number of the next step all belong into the file."
        same_weights(check, got, expected, likely)


@hidden("resume_run", "The second part goes on from another machine's file", weight=2)
def second_part_alone(check, learner, reference, rng):
    for _ in range(2):
        weights, stop, total, expected = night(reference, rng)
        got = learner.call("second_part", reference.call("first_part", weights, stop), total)
        likely = (
            "Load the optimizer's state into the new optimizer, and begin with the step that is written in the file."
        )
        same_weights(check, got, expected, likely)


@hidden("resume_run", "An interruption before the first step, and after the last")
def at_the_ends(check, learner, reference, rng):
    weights, _, total, expected = night(reference, rng)
    for stop in (0, total):
        got = learner.call("second_part", learner.call("first_part", weights, stop), total)
        likely = "Steps 0 to stop - 1 are done, so the next one is stop, and none is left when stop equals total."
        same_weights(check, got, expected, likely)


# --- safe_save -------------------------------------------------------------------------------------------------------


def two_models(rng):
    """Draw the bytes of an old and a new model, and where the power goes."""
    old, new = rng.bytes(int(rng.integers(50, 900))), rng.bytes(int(rng.integers(50, 900)))
    return {"old_model": old, "new_model": new, "cut": int(rng.integers(1, len(new)))}


def end_of(check, learner, given, name):
    """Return a rehearsal's end of the learner's save, and its file under the path."""
    end = learner.rerun("safe_save", given, [name])[name]
    is_end = isinstance(end, dict) and isinstance(end.get("files"), dict)
    check.that(
        is_end,
        f"what `rehearse` returns, as {name}",
        got=type(end).__name__,
        likely="Leave the call of `rehearse` as it is given.",
    )
    return end, end["files"].get("model.pt")


@hidden("safe_save", "The new model after a save that succeeded")
def after_a_success(check, learner, reference, rng):
    for _ in range(2):
        given = two_models(rng)
        end, kept = end_of(check, learner, given, "after_success")
        check.that(kept == given["new_model"], "the new model", got="another file", likely="Rename what was written.")
        names = sorted(end["files"])
        likely = "A rename leaves one file; a copy leaves two."
        check.that(names == ["model.pt"], "one file in the folder", got=f"{len(names)} files", likely=likely)


@hidden("safe_save", "The old model after a power cut", weight=2)
def after_a_cut(check, learner, reference, rng):
    for _ in range(2):
        given = two_models(rng)
        end, kept = end_of(check, learner, given, "after_cut")
        likely = (
            "Until the new file is complete, the old one may be neither removed nor opened for writing, "
            "and after a cut nothing can be repaired."
        )
        got = "no file" if kept is None else f"a file of {len(kept)} bytes"
        check.that(kept == given["old_model"], "the old model at the moment of the cut", got=got, likely=likely)
        left = (end.get("afterwards") or {}).get("model.pt")
        likely = "Rename only what is complete: when `write` raises, the old file stays."
        check.that(left == given["old_model"], "the old model afterwards too", got="another file", likely=likely)


@hidden("safe_save", "A power cut reaches the caller")
def cut_is_noticed(check, learner, reference, rng):
    given = two_models(rng)
    end, _ = end_of(check, learner, given, "after_cut")
    likely = "Hand `cut` on, and catch nothing: whoever catches the exception tells the caller that all went well."
    check.equal(end.get("noticed"), True, "noticed", likely=likely)


# The reference answer would write into the judge's own folder here, so it is not tried.
@hidden("safe_save", "Step by step, without the rehearsal", control=False)
def step_by_step(check, learner, reference, rng):
    given, path = two_models(rng), f"./rehearsal_{int(rng.integers(10**9))}.pt"
    likely = "The function itself has to write, to a file beside the path, and to rename."
    learner.call("safe_save", given["old_model"], path, None)
    kept = learner.call("read_back", path)
    check.that(kept == given["old_model"], "the saved bytes", got="others", likely=likely)
    try:
        learner.call("safe_save", given["new_model"], path, given["cut"])
    except AnswerError:
        pass
    kept = learner.call("read_back", path)
    incomplete = "An exception is no sign that the new file is complete; rename after `write` has come back."
    check.that(kept == given["old_model"], "the old bytes after a power cut", got="others", likely=incomplete)
    learner.call("safe_save", given["new_model"], path, None)
    kept = learner.call("read_back", path)
    check.that(kept == given["new_model"], "the new bytes after the next save", got="others", likely=likely)
