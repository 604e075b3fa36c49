# %% wrong: measured_twice - the default average of the metric
# says: average='micro'
# scores: 0.75
def measure(batches, num_classes):
    metric = MulticlassAccuracy(num_classes=num_classes)
    right, seen = [0] * num_classes, [0] * num_classes
    for scores, labels in batches:
        metric.update(scores, labels)
        for guess, label in zip(scores.argmax(dim=1).tolist(), labels.tolist(), strict=True):
            seen[label] += 1
            right[label] += guess == label
    by_class = [hits / count if count else None for hits, count in zip(right, seen, strict=True)]
    return {"metric": metric.compute().item(), "by_hand": sum(right) / sum(seen), "by_class": by_class}


# %% wrong: measured_twice - means of batch values
# says: weighs small batches too much
# scores: 0.5
def measure(batches, num_classes):
    right, seen, shares = [0] * num_classes, [0] * num_classes, []
    for scores, labels in batches:
        guesses = scores.argmax(dim=1)
        shares.append((guesses == labels).float().mean().item())
        for guess, label in zip(guesses.tolist(), labels.tolist(), strict=True):
            seen[label] += 1
            right[label] += guess == label
    by_class = [hits / count if count else None for hits, count in zip(right, seen, strict=True)]
    return {"metric": sum(shares) / len(shares), "by_hand": sum(shares) / len(shares), "by_class": by_class}


# %% wrong: measured_twice - the value of the last batch
# says: over all batches
# scores: 0.75
def measure(batches, num_classes):
    metric = MulticlassAccuracy(num_classes=num_classes, average="micro")
    right, seen = [0] * num_classes, [0] * num_classes
    for scores, labels in batches:
        value = metric(scores, labels)
        for guess, label in zip(scores.argmax(dim=1).tolist(), labels.tolist(), strict=True):
            seen[label] += 1
            right[label] += guess == label
    by_class = [hits / count if count else None for hits, count in zip(right, seen, strict=True)]
    return {"metric": value.item(), "by_hand": sum(right) / sum(seen), "by_class": by_class}


# %% wrong: measured_twice - counted under the guess
# says: count under the true label
# scores: 0.5
def measure(batches, num_classes):
    metric = MulticlassAccuracy(num_classes=num_classes, average="micro")
    right, seen = [0] * num_classes, [0] * num_classes
    for scores, labels in batches:
        metric.update(scores, labels)
        for guess, label in zip(scores.argmax(dim=1).tolist(), labels.tolist(), strict=True):
            seen[guess] += 1
            right[guess] += guess == label
    by_class = [hits / count if count else None for hits, count in zip(right, seen, strict=True)]
    return {"metric": metric.compute().item(), "by_hand": sum(right) / sum(seen), "by_class": by_class}


# %% wrong: measured_twice - zero for a class that was not seen
# says: give none where nothing was seen
# scores: 0.5
def measure(batches, num_classes):
    metric = MulticlassAccuracy(num_classes=num_classes, average="micro")
    right, seen = [0] * num_classes, [0] * num_classes
    for scores, labels in batches:
        metric.update(scores, labels)
        for guess, label in zip(scores.argmax(dim=1).tolist(), labels.tolist(), strict=True):
            seen[label] += 1
            right[label] += guess == label
    by_class = [hits / max(count, 1) for hits, count in zip(right, seen, strict=True)]
    return {"metric": metric.compute().item(), "by_hand": sum(right) / sum(seen), "by_class": by_class}


# %% right: measured_twice - everything joined first
def measure(batches, num_classes):
    scores = torch.cat([batch[0] for batch in batches])
    labels = torch.cat([batch[1] for batch in batches])
    hits = scores.argmax(dim=1) == labels
    by_class = []
    for label in range(num_classes):
        mine = hits[labels == label]
        by_class.append(mine.double().mean().item() if len(mine) else None)
    metric = MulticlassAccuracy(num_classes=num_classes, average="micro")
    return {"metric": metric(scores, labels).item(), "by_hand": hits.double().mean().item(), "by_class": by_class}


# %% right: measured_twice - a confusion matrix for the count
def measure(batches, num_classes):
    from torchmetrics.classification import MulticlassConfusionMatrix

    metric = MulticlassAccuracy(num_classes, average="micro")
    table = MulticlassConfusionMatrix(num_classes)
    for scores, labels in batches:
        metric.update(scores, labels)
        table.update(scores, labels)
    counts = table.compute().tolist()
    right = [row[place] for place, row in enumerate(counts)]
    by_class = [right[k] / sum(counts[k]) if sum(counts[k]) else None for k in range(num_classes)]
    return dict(by_class=by_class, by_hand=sum(right) / sum(map(sum, counts)), metric=float(metric.compute()))


# %% wrong: round_trip - the mode forgotten
# says: evaluation mode
# scores: 0.25
source = build(weights)
torch.save(source.state_dict(), weights_path)
loaded = torch.load(weights_path, weights_only=True)
restored = ThumbNet()
restored.load_state_dict(loaded)
with torch.inference_mode():
    restored_scores = restored(images)
received = {"names": list(loaded), "training": restored.training, "gradients": restored_scores.requires_grad}

# %% wrong: round_trip - the whole network saved, and code allowed
# says: state dict
source = build(weights)
torch.save(source, weights_path)
restored = torch.load(weights_path, weights_only=False)
restored.eval()
with torch.inference_mode():
    restored_scores = restored(images)
received = {"names": ["layers"], "training": restored.training, "gradients": restored_scores.requires_grad}

# %% wrong: round_trip - the loaded weights never used
# says: belong into the new network
# scores: 0.5
source = build(weights)
torch.save(source.state_dict(), weights_path)
loaded = torch.load(weights_path, weights_only=True)
restored = ThumbNet()
restored.eval()
with torch.inference_mode():
    restored_scores = restored(images)
received = {"names": list(loaded), "training": restored.training, "gradients": restored_scores.requires_grad}

# %% wrong: round_trip - code allowed
# says: weights_only=true
# scores: 0.75
source = build(weights)
torch.save(source.state_dict(), weights_path)
loaded = torch.load(weights_path, weights_only=False)
restored = ThumbNet()
restored.load_state_dict(loaded)
restored.eval()
with torch.inference_mode():
    restored_scores = restored(images)
received = {"names": list(loaded), "training": restored.training, "gradients": restored_scores.requires_grad}

# %% wrong: round_trip - gradients recorded
# says: nothing is recorded
# scores: 0.75
source = build(weights)
torch.save(source.state_dict(), weights_path)
loaded = torch.load(weights_path, weights_only=True)
restored = ThumbNet()
restored.load_state_dict(loaded)
restored.eval()
restored_scores = restored(images)
received = {"names": list(loaded), "training": restored.training, "gradients": restored_scores.requires_grad}

# %% right: round_trip - no_grad, and train(False)
torch.save(build(weights).state_dict(), weights_path)
restored = build(torch.load(weights_path, map_location="cpu", weights_only=True)).train(False)
with torch.no_grad():
    restored_scores = restored(images)
received = {"names": list(restored.state_dict()), "training": False, "gradients": restored_scores.requires_grad}

# %% right: round_trip - another file, and one step less
path = folder / "other.pt"
torch.save(weights, path)
loaded = torch.load(path, weights_only=True)
restored = ThumbNet()
print(restored.load_state_dict(loaded, strict=True))
restored_scores = torch.inference_mode()(restored.eval())(images)
received = {"names": list(loaded.keys()), "training": restored.training, "gradients": False}

# %% wrong: three_formats - training mode
# says: evaluation mode
ready = build(weights)
torch.jit.trace(ready, example, check_trace=False).save(files[0])
traced = torch.jit.load(files[0])
traced_scores = [traced(load) for load in loads]
program = torch.export.export(ready, (example,), dynamic_shapes=open_size)
exported = program.module()
exported_scores = [exported(load) for load in loads]
torch.onnx.export(build(weights).eval(), (example,), files[2], dynamic_shapes=open_size, verbose=False, **names)
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
onnx_scores = [session.run(["scores"], {"images": load.numpy()})[0] for load in loads]

# %% wrong: three_formats - the size not declared
# says: with the size declared open
# scores: 0.333
ready = build(weights).eval()
torch.jit.trace(ready, example).save(files[0])
traced = torch.jit.load(files[0])
traced_scores = [traced(load) for load in loads]
exported = torch.export.export(ready, (example,)).module()
torch.onnx.export(ready, (example,), files[2], verbose=False, **names)
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
try:
    exported_scores = [exported(load) for load in loads]
except AssertionError as error:
    exported_scores = f"AssertionError: {error}"
try:
    onnx_scores = [session.run(["scores"], {"images": load.numpy()})[0] for load in loads]
except Exception:
    onnx_scores = None

# %% wrong: three_formats - the trained network in place of the weights
# says: these weights
# scores: 0
ready = trained.eval()
traced = torch.jit.trace(ready, example)
traced_scores = [traced(load) for load in loads]
exported = torch.export.export(ready, (example,), dynamic_shapes=open_size).module()
exported_scores = [exported(load) for load in loads]
torch.onnx.export(ready, (example,), files[2], dynamic_shapes=open_size, verbose=False, **names)
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
onnx_scores = [session.run(["scores"], {"images": load.numpy()})[0] for load in loads]

# %% wrong: three_formats - the first load only for ONNX
# says: onnx_scores
# scores: 0.667
ready = build(weights).eval()
traced = torch.jit.trace(ready, example)
traced_scores = [traced(load) for load in loads]
exported = torch.export.export(ready, (example,), dynamic_shapes=open_size).module()
exported_scores = [exported(load) for load in loads]
torch.onnx.export(ready, (example,), files[2], dynamic_shapes=open_size, verbose=False, **names)
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
onnx_scores = session.run(["scores"], {"images": loads[0].numpy()})

# %% right: three_formats - ONNX from the program, in memory where it goes
ready = build(weights).train(False)
traced = torch.jit.freeze(torch.jit.trace(ready, torch.rand(3, 3, 8, 8)))
traced_scores = tuple(traced(load) for load in loads)
program = torch.export.export(ready, (torch.zeros(4, 3, 8, 8),), dynamic_shapes=({0: Dim("n")},))
exported_scores = [program.module()(load).detach() for load in loads]
torch.onnx.export(program, (), files[2], verbose=False, **names)
session = onnxruntime.InferenceSession(files[2])
onnx_scores = [session.run(None, {"images": load.numpy()})[0] for load in loads]

# %% right: three_formats - a loop over runners
ready = build(weights).eval()
with torch.inference_mode():
    torch.jit.trace(ready, example).save(files[0])
torch.export.save(torch.export.export(ready, (example,), dynamic_shapes={"images": {0: Dim.DYNAMIC}}), files[1])
torch.onnx.export(ready, (example,), files[2], dynamic_shapes=({0: "batch"},), verbose=False, **names)
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
runners = [
    torch.jit.load(files[0]),
    torch.export.load(files[1]).module(),
    lambda load: session.run(["scores"], {"images": load.numpy()})[0],
]
traced_scores, exported_scores, onnx_scores = [[run(load) for load in loads] for run in runners]


# %% wrong: contract - no validator
# says: (3, 8, 8)
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)


api = new_app()


@api.post(address)
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]


# %% wrong: contract - the number of instances in the shape
# says: the status of a valid request
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if np.shape(instances) != (3, 8, 8):
            raise ValueError("each instance has the shape [3, 8, 8]")
        return instances


api = new_app()


@api.post(address)
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]


# %% wrong: contract - KeyError in place of ValueError
# says: raise valueerror
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if np.shape(instances)[1:] != (3, 8, 8):
            raise KeyError("each instance has the shape [3, 8, 8]")
        return instances


api = new_app()


@api.post(address)
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]


# %% wrong: contract - only the channels looked at
# says: compare all dimensions
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if len(instances[0]) != 3:
            raise ValueError("each instance has three channels")
        return instances


api = new_app()


@api.post(address)
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]


# %% wrong: contract - the validator gives nothing back
# says: the status of a valid request
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if np.shape(instances)[1:] != (3, 8, 8):
            raise ValueError("each instance has the shape [3, 8, 8]")


api = new_app()


@api.post(address)
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]


# %% right: contract - lengths counted and asserted
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)

    @field_validator("instances")
    def is_thumbnail(cls, instances):
        for thumbnail in instances:
            assert len(thumbnail) == 3, "three channels"
            assert all(len(channel) == 8 for channel in thumbnail), "eight rows"
            assert all(len(row) == 8 for channel in thumbnail for row in channel), "eight columns"
        return instances


api = new_app()


@api.post(address)
async def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]

# %% right: contract - the shape looked at in the function
from fastapi import HTTPException


class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]]


def predict(batch: Thumbnails) -> dict:
    try:
        count, *shape = np.array(batch.instances).shape
    except ValueError as error:
        raise HTTPException(422, "instances of unequal shape") from error
    if not count or shape != [3, 8, 8]:
        raise HTTPException(422, f"expected shape [N, 3, 8, 8], got {[count, *shape]}")
    return {"predictions": classify(batch.instances)}


api = new_app()
api.add_api_route(address, predict, methods=["POST"])
replies = [ask(api, *trial) for trial in trials]

# %% wrong: logbook - the tolerance not asked for
# says: a gap of at most the tolerance
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]):
        mlflow.log_params(candidate["params"])
        mlflow.log_metrics(candidate["metrics"])
found = mlflow.search_runs(experiment_names=[release], order_by=["metrics.accuracy DESC"], output_format="list")
ranking = [run.info.run_name for run in found]
settings = {run.info.run_name: dict(run.data.params) for run in found}
released = ranking[0] if ranking else None

# %% wrong: logbook - the least accurate first
# says: the highest first
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]):
        mlflow.log_params(candidate["params"])
        mlflow.log_metrics(candidate["metrics"])
rule = f"metrics.gap <= {tolerance}"
order = ["metrics.accuracy ASC"]
found = mlflow.search_runs(experiment_names=[release], filter_string=rule, order_by=order, output_format="list")
ranking = [run.info.run_name for run in found]
settings = {run.info.run_name: dict(run.data.params) for run in found}
released = ranking[0] if ranking else None

# %% wrong: logbook - below the tolerance, not at most
# says: a gap of at most the tolerance
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]):
        mlflow.log_params(candidate["params"])
        mlflow.log_metrics(candidate["metrics"])
rule = f"metrics.gap < {tolerance}"
order = ["metrics.accuracy DESC"]
found = mlflow.search_runs(experiment_names=[release], filter_string=rule, order_by=order, output_format="list")
ranking = [run.info.run_name for run in found]
settings = {run.info.run_name: dict(run.data.params) for run in found}
released = ranking[0] if ranking else None

# %% wrong: logbook - settings not logged
# says: keeps its params
# scores: 0.75
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]):
        mlflow.log_metrics(candidate["metrics"])
rule = f"metrics.gap <= {tolerance}"
order = ["metrics.accuracy DESC"]
found = mlflow.search_runs(experiment_names=[release], filter_string=rule, order_by=order, output_format="list")
ranking = [run.info.run_name for run in found]
settings = {run.info.run_name: dict(run.data.params) for run in found}
released = ranking[0] if ranking else None

# %% wrong: logbook - a first one that need not exist
# says: indexerror
# scores: 0.75
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]):
        mlflow.log_params(candidate["params"])
        mlflow.log_metrics(candidate["metrics"])
rule = f"metrics.gap <= {tolerance}"
order = ["metrics.accuracy DESC"]
found = mlflow.search_runs(experiment_names=[release], filter_string=rule, order_by=order, output_format="list")
ranking = [run.info.run_name for run in found]
settings = {run.info.run_name: dict(run.data.params) for run in found}
released = ranking[0]

# %% right: logbook - a client, and one value at a time
experiment = mlflow.set_experiment(release)
for candidate in candidates:
    run = mlflow.start_run(run_name=candidate["name"])
    for key, value in candidate["params"].items():
        mlflow.log_param(key, value)
    for key, value in candidate["metrics"].items():
        mlflow.log_metric(key, value)
    mlflow.end_run()
client = mlflow.MlflowClient()
found = client.search_runs(
    [experiment.experiment_id], f"metrics.gap <= {tolerance}", order_by=["metrics.accuracy DESC"]
)
ranking = [run.data.tags["mlflow.runName"] for run in found]
settings = {run.info.run_name: run.data.params for run in found}
released = next(iter(ranking), None)

# %% right: logbook - sorted in Python from what the log holds
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]) as run:
        mlflow.log_params(candidate["params"])
        mlflow.log_metrics(candidate["metrics"])
logged = mlflow.search_runs(experiment_names=[release], output_format="list")
kept = [run for run in logged if run.data.metrics["gap"] <= tolerance]
kept.sort(key=lambda run: run.data.metrics["accuracy"], reverse=True)
ranking = [run.info.run_name for run in kept]
settings = {run.info.run_name: dict(run.data.params) for run in kept}
released = None
if ranking:
    released = ranking[0]


# %% wrong: measured_twice - tensors in place of plain numbers
# says: .item() turns a tensor
def measure(batches: list, num_classes: int) -> dict:
    metric = MulticlassAccuracy(num_classes=num_classes, average="micro")
    right, seen = torch.zeros(num_classes), torch.zeros(num_classes)
    for scores, labels in batches:
        metric.update(scores, labels)
        for guess, label in zip(scores.argmax(dim=1), labels, strict=True):
            seen[label] += 1
            right[label] += guess == label
    by_class = [one / all_ if all_ else None for one, all_ in zip(right, seen, strict=True)]
    return {"metric": metric.compute(), "by_hand": right.sum() / seen.sum(), "by_class": by_class}


# %% right: three_formats - scripted, from the text of the class
ready = build(weights).eval()
torch.jit.script(ready).save(files[0])
traced = torch.jit.load(files[0])
with torch.no_grad():
    traced_scores = [traced(load) for load in loads]

program = torch.export.export(ready, (example,), dynamic_shapes=open_size)
torch.export.save(program, files[1])
exported = torch.export.load(files[1]).module()
exported_scores = [exported(load) for load in loads]

torch.onnx.export(ready, (example,), files[2], dynamic_shapes=open_size, verbose=False, **names)
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
onnx_scores = [session.run(["scores"], {"images": load.numpy()})[0] for load in loads]


# %% wrong: contract - the first thumbnail only looked at
# says: not only the first
class Thumbnails(BaseModel):
    instances: list = Field(min_length=1)

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if np.shape(instances[0]) != (3, 8, 8):
            raise ValueError("each instance has the shape [3, 8, 8]")
        return instances


api = new_app()


@api.post(address)
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]


# %% right: contract - every instance by itself
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if {np.shape(instance) for instance in instances} != {(3, 8, 8)}:
            raise AssertionError("each instance has the shape [3, 8, 8]")
        return instances


api = new_app()


@api.post("/v1/models/thumbs:predict")
def predict(batch: Thumbnails):
    return {"predictions": classify(batch.instances)}


replies = [ask(api, *trial) for trial in trials]
