# %% wrong: no_branches - the branch as it was
# says: choose with a tensor operation
# scores: 0.25
class Guarded(nn.Module):
    def forward(self, images):
        if images.max() > 1:
            images = images / 255
        return images


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - a Python loop with a branch for each image
# says: is frozen
# scores: 0.5
class Guarded(nn.Module):
    def forward(self, images):
        return torch.stack([image / 255 if image.max() > 1 else image for image in images])


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - one maximum for the whole batch
# says: lets one image decide for its neighbours
# scores: 0.25
class Guarded(nn.Module):
    def forward(self, images):
        return torch.where(images.max() > 1, images / 255, images)


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - pixel by pixel
# says: its dark pixels too
# scores: 0
class Guarded(nn.Module):
    def forward(self, images):
        return torch.where(images > 1, images / 255, images)


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - always divided
# says: others stay
# scores: 0
class Guarded(nn.Module):
    def forward(self, images):
        return images / 255


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - scaled by the maximum
# says: others stay
# scores: 0
class Guarded(nn.Module):
    def forward(self, images):
        return images / images.amax(dim=(1, 2, 3), keepdim=True)


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - the results of the lesson's batches
# says: one output for each batch
# scores: 0
results = {
    name: [torch.stack([image / 255 if image.max() > 1 else image for image in batch]) for batch in trials[:3]][:1]
    for name in ["eager", "traced", "exported"]
}


# %% right: no_branches - a divisor made of a mask
class Guarded(nn.Module):
    def forward(self, images):
        bright = images.flatten(1).max(dim=1).values > 1
        return images / (1 + 254 * bright.to(images.dtype))[:, None, None, None]


results = run_everywhere(Guarded(), example, trials)


# %% right: no_branches - images unrolled, with where
class Guarded(nn.Module):
    def forward(self, images):
        return torch.stack([torch.where(image.max() > 1, image / 255, image) for image in images])


results = run_everywhere(Guarded(), example, trials)


# %% right: no_branches - arithmetic with true and false
class Guarded(nn.Module):
    def forward(self, images):
        bright = (images.amax((1, 2, 3), keepdim=True) > 1).float()
        return bright * (images / 255) + (1 - bright) * images


results = run_everywhere(Guarded(), example, trials)


# %% wrong: open_batch - training mode
# says: evaluation mode first
# scores: 0.5
ready = build(weights).train()
sizes = ({0: Dim("batch")},)
first_images = test_images[:2].clone()
program = torch.export.export(ready, (first_images,), dynamic_shapes=sizes)
torch.onnx.export(ready, (first_images,), onnx_path, dynamic_shapes=sizes, verbose=False, **names)
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [program.module()(batch) for batch in batches]
session_scores = [runtime.run(["scores"], {"images": batch.numpy()})[0] for batch in batches]

# %% wrong: open_batch - an example of one image
# says: AssertionError
# scores: 0
ready = build(weights).eval()
first_images = test_images[:1].clone()
program = torch.export.export(ready, (first_images,))
torch.onnx.export(ready, (first_images,), onnx_path, verbose=False, **names)
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [program.module()(batch) for batch in batches]
session_scores = [runtime.run(["scores"], {"images": batch.numpy()})[0] for batch in batches]

# %% wrong: open_batch - one image for every call of the session
# says: session_scores
# scores: 0.5
ready = build(weights).eval()
sizes = ({0: Dim("batch")},)
first_images = test_images[:2].clone()
program = torch.export.export(ready, (first_images,), dynamic_shapes=sizes)
torch.onnx.export(ready, (first_images,), onnx_path, dynamic_shapes=sizes, verbose=False, **names)
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [program.module()(batch) for batch in batches]
session_scores = [runtime.run(["scores"], {"images": batch[:1].numpy()})[0] for batch in batches]

# %% wrong: open_batch - the network in place of the program, and the lesson's file
# says: session_scores
# scores: 0.5
ready = build(weights).eval()
with torch.no_grad():
    program_scores = [ready(batch) for batch in batches]
session_scores = [session.run(["scores"], {"images": batch.numpy()})[0] for batch in batches]

# %% wrong: open_batch - the trained network in place of the weights
# says: program_scores
# scores: 0
program = torch.export.export(trained.eval(), (two_images,), dynamic_shapes=({0: Dim("batch")},))
torch.onnx.export(program, (), onnx_path, verbose=False, **names)
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [program.module()(batch) for batch in batches]
session_scores = [runtime.run(None, {"images": batch.numpy()})[0] for batch in batches]

# %% right: open_batch - a drawn example, and ONNX from the program
ready = build(weights)
ready.train(False)
program = torch.export.export(ready, (torch.zeros(5, 3, 32, 32),), dynamic_shapes={"images": {0: Dim("n", min=1)}})
torch.onnx.export(program, (), onnx_path, verbose=False, input_names=["images"])
module = program.module()
program_scores = [module(batch).detach() for batch in batches]
runtime = onnxruntime.InferenceSession(onnx_path)
session_scores = [runtime.run(None, {"images": batch.numpy()})[0] for batch in batches]

# %% right: open_batch - saved and loaded, with a hint in place of a name
ready = build(weights).eval()
openly = ({0: torch.export.Dim.DYNAMIC},)
torch.export.save(torch.export.export(ready, (two_images,), dynamic_shapes=openly), folder / "open.pt2")
read = torch.export.load(folder / "open.pt2").module()
torch.onnx.export(ready, (two_images,), onnx_path, dynamic_shapes=openly, external_data=False, verbose=False)
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
entry = runtime.get_inputs()[0].name
with torch.inference_mode():
    program_scores = tuple(read(batch).clone() for batch in batches)
session_scores = [runtime.run(None, {entry: batch.numpy()})[0] for batch in batches]


# %% wrong: parity - signs left on
# says: largest absolute difference
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        gap, same = float("inf"), 0.0
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float((got - expected).max() / np.abs(expected).max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance}
    return report


# %% wrong: parity - shapes left to broadcasting
# says: compare the shapes before you subtract
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        gap, same = float("inf"), 0.0
        try:
            if np.isfinite(got).all():
                gap = float(np.abs(got - expected).max() / np.abs(expected).max())
                same = float((got.argmax(axis=-1) == expected.argmax(axis=1)).mean())
        except ValueError:
            pass
        report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance}
    return report


# %% wrong: parity - what is not a number passes
# says: ask np.isfinite first
# scores: 0.8
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        if got.shape != expected.shape:
            report[name] = {"gap": float("inf"), "same_class": 0.0, "passed": False}
            continue
        gap = float(np.abs(got - expected).max() / np.abs(expected).max())
        same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same, "passed": not gap > tolerance}
    return report


# %% wrong: parity - the mean in place of the largest
# says: the gap is the largest absolute difference
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        gap, same = float("inf"), 0.0
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(np.abs(got - expected).mean() / np.abs(expected).max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance}
    return report


# %% wrong: parity - passed by the classes alone
# says: decides alone
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        gap, same = float("inf"), 0.0
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(np.abs(got - expected).max() / np.abs(expected).max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same, "passed": same == 1.0}
    return report


# %% wrong: parity - a gap that is not relative
# says: over the largest absolute expected score
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        gap, same = float("inf"), 0.0
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(np.abs(got - expected).max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance}
    return report


# %% wrong: parity - below the tolerance, not at most
# says: at most the tolerance
# scores: 0.8
def parity(expected, outputs, tolerance):
    report = {}
    for name, got in outputs.items():
        gap, same = float("inf"), 0.0
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(np.abs(got - expected).max() / np.abs(expected).max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
        report[name] = {"gap": gap, "same_class": same, "passed": gap < tolerance}
    return report


# %% right: parity - one form at a time
def compared(expected, got, tolerance):
    if got.shape != expected.shape or not np.all(np.isfinite(got)):
        return dict(gap=np.inf, same_class=0.0, passed=False)
    gap = np.max(np.abs(expected - got)) / np.max(np.abs(expected))
    same = np.mean(np.argmax(got, -1) == np.argmax(expected, -1))
    return dict(passed=bool(gap <= tolerance), gap=float(gap), same_class=float(same))


def parity(expected, outputs, tolerance):
    return {name: compared(expected, got, tolerance) for name, got in outputs.items()}


# %% right: parity - with tensors
def parity(expected, outputs, tolerance):
    want, report = torch.tensor(expected), {}
    for name, array in outputs.items():
        got = torch.tensor(array)
        if got.shape == want.shape and bool(got.isfinite().all()):
            gap = (got - want).abs().max().div(want.abs().max()).item()
            same = (got.argmax(1) == want.argmax(1)).double().mean().item()
        else:
            gap, same = float("inf"), 0.0
        report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance}
    return report


# %% wrong: no_branches - one maximum for each channel
# says: in all channels
class Guarded(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        largest = images.amax(dim=(2, 3), keepdim=True)
        return torch.where(largest > 1, images / 255, images)


results = run_everywhere(Guarded(), example, trials)


# %% wrong: no_branches - the shape of the maximum not kept
# says: must match the size
class Guarded(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.where(images.amax(dim=(1, 2, 3)) > 1, images / 255, images)


results = run_everywhere(Guarded(), example, trials)


# %% wrong: open_batch - the network asked in place of the program
# says: name 'ready' is not defined
ready = build(weights).eval()
sizes = ({0: Dim("batch")},)
first_images = test_images[:2].clone()
program = torch.export.export(ready, (first_images,), dynamic_shapes=sizes)
torch.onnx.export(ready, (first_images,), onnx_path, dynamic_shapes=sizes, verbose=False, **names)
del ready
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [ready(batch) for batch in batches]
session_scores = [runtime.run(["scores"], {"images": batch.numpy()})[0] for batch in batches]


# %% wrong: open_batch - a tensor handed to the session
# says: single numpy array
ready = build(weights).eval()
sizes = ({0: Dim("batch")},)
first_images = test_images[:2].clone()
program = torch.export.export(ready, (first_images,), dynamic_shapes=sizes)
torch.onnx.export(ready, (first_images,), onnx_path, dynamic_shapes=sizes, verbose=False, **names)
del ready
runtime = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
program_scores = [program.module()(batch) for batch in batches]
session_scores = [runtime.run(["scores"], {"images": batch})[0] for batch in batches]


# %% wrong: parity - equal classes demanded too
# says: whatever its classes are
def parity(expected: np.ndarray, outputs: dict, tolerance: float) -> dict:
    report = {}
    for name, got in outputs.items():
        report[name] = {"gap": float("inf"), "same_class": 0.0, "passed": False}
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(abs(got - expected).max() / abs(expected).max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
            report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance and same == 1.0}
    return report


# %% wrong: parity - the highest score in place of the largest
# says: largest absolute expected score
def parity(expected: np.ndarray, outputs: dict, tolerance: float) -> dict:
    report = {}
    for name, got in outputs.items():
        report[name] = {"gap": float("inf"), "same_class": 0.0, "passed": False}
        if got.shape == expected.shape and np.isfinite(got).all():
            gap = float(abs(got - expected).max() / expected.max())
            same = float((got.argmax(axis=1) == expected.argmax(axis=1)).mean())
            report[name] = {"gap": gap, "same_class": same, "passed": gap <= tolerance}
    return report
