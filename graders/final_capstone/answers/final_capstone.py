# %% wrong: build_network - a softmax at the end
# says: logits
# scores: 0.75
def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes), nn.Softmax(dim=1)]
    return nn.Sequential(*layers)


# %% wrong: build_network - widths of its own
# says: one stage for each width
# scores: 0.75
def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in [16, 32]:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


# %% wrong: build_network - always ten classes
# says: as many outputs as classes
# scores: 0.75
def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


# %% wrong: build_network - flattened for two stages only
# says: mat1 and mat2
def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * 8 * 8, num_classes))


# %% wrong: build_network - nothing bends
# says: one linear layer
# scores: 0.75
def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.AvgPool2d(2), nn.BatchNorm2d(width)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


# %% wrong: build_network - looks at one corner
# says: pool over the whole picture
# scores: 0.75
class Corner(nn.Module):
    def forward(self, maps):
        return maps[:, :, 0, 0]


def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, Corner(), nn.Linear(channels, num_classes))


# %% wrong: build_network - normalizes over the batch in evaluation too
# says: must not depend on the other pictures
# scores: 0.5
def build_network(widths, num_classes):
    layers, channels = [], 3
    for width in widths:
        norm = nn.BatchNorm2d(width, track_running_stats=False)
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2), norm, nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


# %% right: build_network - a module with strides and group norm
class Stages(nn.Module):
    def __init__(self, widths, num_classes):
        super().__init__()
        pairs = zip([3, *widths], widths, strict=False)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for width in widths)
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, x):
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = norm(nn.functional.gelu(convolution(x)))
        return self.head(x.mean(dim=(2, 3)))


def build_network(widths, num_classes):
    return Stages(widths, num_classes)


# %% right: build_network - two convolutions a stage, with a shortcut and dropout
class Stage(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.MaxPool2d(2))
        self.second = nn.Sequential(nn.BatchNorm2d(after), nn.ReLU(), nn.Conv2d(after, after, 3, padding=1))

    def forward(self, x):
        x = self.first(x)
        return torch.relu(x + self.second(x))


def build_network(widths: list[int], num_classes: int) -> nn.Module:
    stages = [Stage(before, after) for before, after in zip([3, *widths[:-1]], widths, strict=True)]
    ending = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(widths[-1], num_classes)]
    return nn.Sequential(*stages, *ending)


# %% wrong: module - a softmax before the cross-entropy
# says: takes the logits of the module
# scores: 0.75
class Design(Measured):
    def __init__(self, widths, lr, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.network = build_network(widths, num_classes)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]).softmax(1), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), self.hparams.lr, momentum=0.9, nesterov=True)
        length = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.hparams.lr, total_steps=length)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


# %% wrong: module - settings kept as attributes only
# says: every checkpoint
# scores: 0.75
class Design(Measured):
    def __init__(self, widths, lr, num_classes=10):
        super().__init__()
        self.lr = lr
        self.network = build_network(widths, num_classes)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), self.lr, momentum=0.9, nesterov=True)
        length = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.lr, total_steps=length)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


# %% wrong: module - a rate that changes by epoch
# says: after each epoch
# scores: 0.5
class Design(Measured):
    def __init__(self, widths, lr, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.network = build_network(widths, num_classes)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), self.hparams.lr, momentum=0.9, nesterov=True)
        length = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.hparams.lr, total_steps=length)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}


# %% wrong: module - a schedule of a hundred steps
# says: steps of the whole run
# scores: 0.5
class Design(Measured):
    def __init__(self, widths, lr, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.network = build_network(widths, num_classes)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), self.hparams.lr, momentum=0.9, nesterov=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


# %% wrong: module - the widths of one configuration
# says: from the widths that the module was given
# scores: 0.75
class Design(Measured):
    def __init__(self, widths, lr, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.network = build_network([16, 32, 64], num_classes)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), self.hparams.lr, momentum=0.9, nesterov=True)
        length = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.hparams.lr, total_steps=length)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


# %% right: module - Adam and a cosine
class Design(Measured):
    def __init__(self, widths: list[int], lr: float, num_classes: int = 10):
        super().__init__()
        self.save_hyperparameters()
        self.network = build_network(widths, num_classes)
        self.loss = nn.CrossEntropyLoss()

    def training_step(self, batch, batch_idx):
        images, labels = batch
        loss = self.loss(self(images), labels)
        return {"loss": loss}["loss"]

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams["lr"])
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.trainer.estimated_stepping_batches)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


# %% right: module - a straight line down
class Design(Measured):
    def __init__(self, widths: list[int], lr: float, num_classes: int = 10):
        super().__init__()
        self.save_hyperparameters("widths", "lr", "num_classes")
        self.network = build_network(self.hparams.widths, self.hparams.num_classes)

    def training_step(self, batch, batch_idx):
        return -self(batch[0]).log_softmax(1).gather(1, batch[1][:, None]).mean()

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.lr)
        steps = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(0.0, 1 - step / steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


# %% wrong: ddp_evidence - each process looked at alone
# says: compare all processes with one another
# scores: 0.667
import numpy as np


def ddp_evidence(records):
    alone = [[place for step in record["steps"] for place in step] for record in records]
    norms = [record["gradients"] for record in records]
    equal = all(len(own) == len(norms[0]) and np.allclose(own, norms[0], rtol=1e-5, atol=0) for own in norms)
    speakers = [record["rank"] for record in records if record["lines"]]
    disjoint = all(len(places) == len(set(places)) for places in alone)
    return {"disjoint": disjoint, "equal_gradients": equal, "rank_0_speaks": speakers == [0]}


# %% wrong: ddp_evidence - the first step only
# says: all of their steps
# scores: 0.333
def ddp_evidence(records):
    taken = [place for record in records for place in record["steps"][0]]
    first = [record["gradients"][0] for record in records]
    speakers = [record["rank"] for record in records if record["lines"]]
    equal = max(first) - min(first) <= 1e-5 * max(first)
    return {"disjoint": len(taken) == len(set(taken)), "equal_gradients": equal, "rank_0_speaks": speakers == [0]}


# %% wrong: ddp_evidence - gradients equal to the last digit
# says: the last digits of floats
# scores: 0.667
def ddp_evidence(records):
    taken = [place for record in records for step in record["steps"] for place in step]
    equal = all(record["gradients"] == records[0]["gradients"] for record in records)
    speakers = [record["rank"] for record in records if record["lines"]]
    return {"disjoint": len(taken) == len(set(taken)), "equal_gradients": equal, "rank_0_speaks": speakers == [0]}


# %% wrong: ddp_evidence - a process that stopped early goes unseen
# says: fewer steps
# scores: 0.667
def ddp_evidence(records):
    taken = [place for record in records for step in record["steps"] for place in step]
    norms = [record["gradients"] for record in records]
    pairs = [pair for own in norms for pair in zip(own, norms[0], strict=False)]
    equal = all(math.isclose(a, b, rel_tol=1e-5) for a, b in pairs)
    speakers = [record["rank"] for record in records if record["lines"]]
    return {"disjoint": len(taken) == len(set(taken)), "equal_gradients": equal, "rank_0_speaks": speakers == [0]}


# %% wrong: ddp_evidence - the first record taken for rank 0
# says: need not be that of rank 0
# scores: 0.667
import numpy as np


def ddp_evidence(records):
    taken = [place for record in records for step in record["steps"] for place in step]
    norms = [record["gradients"] for record in records]
    equal = all(len(own) == len(norms[0]) and np.allclose(own, norms[0], rtol=1e-5, atol=0) for own in norms)
    speaks = records[0]["lines"] > 0 and not any(record["lines"] for record in records[1:])
    return {"disjoint": len(taken) == len(set(taken)), "equal_gradients": equal, "rank_0_speaks": speaks}


# %% wrong: ddp_evidence - every run is sound
# says: and all of their steps
# scores: 0
def ddp_evidence(records):
    return {"disjoint": True, "equal_gradients": True, "rank_0_speaks": True}


# %% right: ddp_evidence - loops
def ddp_evidence(records):
    seen, disjoint, equal, first = set(), True, True, records[0]["gradients"]
    for record in records:
        for step in record["steps"]:
            for place in step:
                disjoint = disjoint and place not in seen
                seen.add(place)
        if len(record["gradients"]) != len(first):
            equal = False
            continue
        for own, other in zip(record["gradients"], first, strict=True):
            equal = equal and abs(own - other) <= 1e-5 * abs(other)
    speaks = all((record["lines"] > 0) == (record["rank"] == 0) for record in records)
    return {"disjoint": disjoint, "equal_gradients": equal, "rank_0_speaks": speaks}


# %% right: ddp_evidence - tensors
def ddp_evidence(records):
    places = torch.tensor([place for record in records for step in record["steps"] for place in step])
    lengths = {len(record["gradients"]) for record in records}
    equal = len(lengths) == 1
    if equal:
        norms = torch.tensor([record["gradients"] for record in records], dtype=torch.float64)
        equal = torch.allclose(norms, norms[:1].expand_as(norms), rtol=1e-5, atol=0.0)
    lines = {record["rank"]: record["lines"] for record in records}
    speaks = lines.pop(0) > 0 and sum(lines.values()) == 0
    return {"disjoint": len(places.unique()) == len(places), "equal_gradients": equal, "rank_0_speaks": speaks}


# %% wrong: plan - more machines make it simply faster
# says: compute shrinks with the number of processes and exchange grows
def plan(processes, batch_size, num_images, compute, exchange):
    if batch_size % processes:
        raise ValueError("not equally")
    share, steps = batch_size // processes, num_images // batch_size
    return {"share": share, "steps": steps, "seconds": steps * share * compute, "efficiency": 1.0}


# %% wrong: plan - one exchange however many processes
# says: for each process beyond the first
def plan(processes, batch_size, num_images, compute, exchange):
    if batch_size % processes:
        raise ValueError("not equally")
    share, steps = batch_size // processes, num_images // batch_size
    seconds = steps * (share * compute + (exchange if processes > 1 else 0.0))
    efficiency = steps * batch_size * compute / (processes * seconds)
    return {"share": share, "steps": steps, "seconds": seconds, "efficiency": efficiency}


# %% wrong: plan - one process exchanges with itself
# says: one process exchanges nothing
def plan(processes, batch_size, num_images, compute, exchange):
    if batch_size % processes:
        raise ValueError("not equally")
    share, steps = batch_size // processes, num_images // batch_size
    seconds = steps * (share * compute + processes * exchange)
    efficiency = steps * batch_size * compute / (processes * seconds)
    return {"share": share, "steps": steps, "seconds": seconds, "efficiency": efficiency}


# %% wrong: plan - each process takes a whole batch
# says: a step costs share times compute
def plan(processes, batch_size, num_images, compute, exchange):
    if batch_size % processes:
        raise ValueError("not equally")
    steps = num_images // (batch_size * processes)
    seconds = steps * (batch_size * compute + (processes - 1) * exchange)
    efficiency = steps * batch_size * compute / max(seconds, 1e-9)
    return {"share": batch_size, "steps": steps, "seconds": seconds, "efficiency": efficiency}


# %% wrong: plan - shares a batch that cannot be shared
# says: look at the remainder
# scores: 0.75
def plan(processes, batch_size, num_images, compute, exchange):
    share, steps = batch_size // processes, num_images // batch_size
    seconds = steps * (share * compute + (processes - 1) * exchange)
    efficiency = steps * batch_size * compute / (processes * seconds)
    return {"share": share, "steps": steps, "seconds": seconds, "efficiency": efficiency}


# %% wrong: plan - a speed-up in place of the efficiency
# says: exchange for each process beyond the first
# scores: 0.5
def plan(processes, batch_size, num_images, compute, exchange):
    if batch_size % processes:
        raise ValueError("not equally")
    share, steps = batch_size // processes, num_images // batch_size
    seconds = steps * (share * compute + (processes - 1) * exchange)
    return {"share": share, "steps": steps, "seconds": seconds, "efficiency": steps * batch_size * compute / seconds}


# %% right: plan - efficiency of a step
def plan(processes, batch_size, num_images, compute, exchange):
    share, rest = divmod(batch_size, processes)
    if rest:
        raise ValueError(f"{rest} images are left over")
    step = share * compute + exchange * (processes - 1)
    steps = (num_images - num_images % batch_size) // batch_size
    return {"share": share, "steps": steps, "seconds": steps * step, "efficiency": share * compute / step}


# %% right: plan - one process asked for the comparison
def plan(processes, batch_size, num_images, compute, exchange):
    share = batch_size / processes
    if not share.is_integer():
        raise ValueError("the batch cannot be shared equally")
    steps = math.floor(num_images / batch_size)
    seconds = steps * share * compute + steps * exchange * (processes - 1)
    alone = seconds if processes == 1 else plan(1, batch_size, num_images, compute, exchange)["seconds"]
    found = {"seconds": seconds, "efficiency": alone / seconds / processes}
    return {"share": int(share), "steps": steps, **found}


# %% wrong: hand_in - no such file
# says: hand it in together with the notebook
# scores: 0
artefact = "my_design.onnx"

# %% wrong: hand_in - a checkpoint in place of the export
# says: no onnx model
# scores: 0
artefact = trained_weights = "weights.pt"
torch.save({"weights": torch.zeros(10)}, trained_weights)

# %% wrong: hand_in - larger than is taken
# says: of more than 20 mb
# scores: 0
artefact = "large.onnx"
with open(artefact, "wb") as file:
    file.write(bytes(20_000_001))


# %% wrong: hand_in - one picture at a time
# says: batches of 1 only
# scores: 0
artefact = "one.onnx"
model = onnx.load("final_capstone.onnx")
for port in (*model.graph.input, *model.graph.output):
    port.type.tensor_type.shape.dim[0].dim_value = 1
onnx.save(model, artefact)

# %% wrong: hand_in - seven classes in place of ten
# says: returns float32
# scores: 0
artefact = "seven.onnx"
model = onnx.load("final_capstone.onnx")
model.graph.initializer.append(onnx.helper.make_tensor("first", onnx.TensorProto.INT64, [7], list(range(7))))
model.graph.node.append(onnx.helper.make_node("Gather", [model.graph.output[0].name, "first"], ["some"], axis=1))
model.graph.output[0].name = "some"
model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7
onnx.save(model, artefact)

# %% wrong: hand_in - not trained
# says: an accuracy of at least
# scores: 0
artefact = "untrained.onnx"
model = onnx.load("final_capstone.onnx")
for tensor in model.graph.initializer:
    if list(tensor.dims)[:1] == [10]:
        zeros = onnx.numpy_helper.to_array(tensor) * 0
        tensor.CopyFrom(onnx.numpy_helper.from_array(zeros, tensor.name))
onnx.save(model, artefact)

# %% wrong: hand_in - a claim that does not hold
# says: a claim within 0.05
# scores: 0.75
artefact = "proud.onnx"
model = onnx.load("final_capstone.onnx")
for entry in model.metadata_props:
    if entry.key == "accuracy":
        entry.value = "0.5"
onnx.save(model, artefact)

# %% wrong: hand_in - no claim at all
# says: a claim of nan
# scores: 0.75
artefact = "modest.onnx"
model = onnx.load("final_capstone.onnx")
kept = [entry for entry in model.metadata_props if entry.key != "accuracy"]
values = {entry.key: entry.value for entry in kept}
onnx.helper.set_model_props(model, values)
onnx.save(model, artefact)

# %% wrong: hand_in - too slow
# says: times the time of the yardstick
# scores: 0.875
import numpy as np

artefact = "slow.onnx"
model = onnx.load("final_capstone.onnx")
(image,), (logits,) = model.graph.input, model.graph.output
rng = np.random.default_rng(0)
make, numbers = onnx.helper.make_node, onnx.numpy_helper.from_array
model.graph.initializer.append(numbers(rng.normal(size=(176, 3, 3, 3)).astype(np.float32), "slow-0"))
model.graph.initializer.append(numbers(rng.normal(size=(176, 176, 3, 3)).astype(np.float32), "slow-1"))
model.graph.initializer.append(numbers(np.zeros((176, 10), np.float32), "slow-2"))
for node in model.graph.node:
    for place, name in enumerate(node.output):
        node.output[place] = "fast" if name == logits.name else name
model.graph.node.extend(
    [
        make("Conv", [image.name, "slow-0"], ["a"], pads=[1, 1, 1, 1]),
        make("Conv", ["a", "slow-1"], ["b"], pads=[1, 1, 1, 1]),
        make("GlobalMaxPool", ["b"], ["c"]),
        make("Flatten", ["c"], ["d"]),
        make("MatMul", ["d", "slow-2"], ["e"]),
        make("Add", ["fast", "e"], [logits.name]),
    ]
)
onnx.save(model, artefact)

# %% right: hand_in - a file of another name in a folder
from pathlib import Path


def export_design(network, path):
    free = {0: torch.export.Dim("count")}
    example = (torch.rand(3, 3, 32, 32),)
    quiet = {"external_data": False, "verbose": False}
    torch.onnx.export(network.eval(), example, path, dynamo=True, dynamic_shapes=(free,), **quiet)
    return path


artefact = Path("handed_in") / "best.onnx"
artefact.parent.mkdir(exist_ok=True)
artefact.write_bytes(Path("final_capstone.onnx").read_bytes())


# %% right: hand_in - probabilities, and other names of input and output
def export_design(network, path):
    free = {0: torch.export.Dim("count")}
    example = (torch.rand(3, 3, 32, 32),)
    quiet = {"external_data": False, "verbose": False}
    torch.onnx.export(network.eval(), example, path, dynamo=True, dynamic_shapes=(free,), **quiet)
    return path


artefact = "probabilities.onnx"
model = onnx.load("final_capstone.onnx")
(image,), (logits,) = model.graph.input, model.graph.output
for node in model.graph.node:
    for place, name in enumerate(node.input):
        node.input[place] = "x" if name == image.name else name
image.name = "x"
model.graph.node.append(onnx.helper.make_node("Softmax", [logits.name], ["shares"], axis=1))
logits.name = "shares"
onnx.save(model, artefact)


# %% wrong: build_network - stages in a plain list
# says: must not depend on the other pictures
class Listed(nn.Module):
    def __init__(self, widths: list[int], num_classes: int):
        super().__init__()
        pairs = zip([3, *widths[:-1]], widths, strict=True)
        self.stages = [
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.BatchNorm2d(b), nn.ReLU()) for a, b in pairs
        ]
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        for stage in self.stages:
            images = stage(images)
        return self.head(images.mean(dim=(2, 3)))


def build_network(widths: list[int], num_classes: int) -> nn.Module:
    return Listed(widths, num_classes)


# %% wrong: module - the bare network asked, with pixels up to 255
# says: of the module
class Design(Measured):
    def __init__(self, widths: list[int], lr: float, num_classes: int = 10):
        super().__init__()
        self.save_hyperparameters()
        self.network = build_network(widths, num_classes)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self.network(batch[0].float()), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), self.hparams.lr, momentum=0.9, nesterov=True)
        length = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.hparams.lr, total_steps=length)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


# %% wrong: ddp_evidence - the first two processes only
# says: compare
def ddp_evidence(records: list[dict]) -> dict[str, bool]:
    places = [place for record in records for step in record["steps"] for place in step]
    first, second = records[0]["gradients"], records[1]["gradients"]
    close = [math.isclose(a, b, rel_tol=1e-5) for a, b in zip(first, second, strict=False)]
    return {
        "disjoint": len(places) == len(set(places)),
        "equal_gradients": len(first) == len(second) and all(close),
        "rank_0_speaks": all((record["lines"] > 0) == (record["rank"] == 0) for record in records),
    }


# %% wrong: ddp_evidence - rank 0 may be silent
# says: Rank 0, and nobody else
def ddp_evidence(records: list[dict]) -> dict[str, bool]:
    places = [place for record in records for step in record["steps"] for place in step]
    norms = [record["gradients"] for record in records]
    same_length = len({len(one) for one in norms}) == 1
    close = [math.isclose(a, b, rel_tol=1e-5) for one in norms for a, b in zip(one, norms[0], strict=False)]
    return {
        "disjoint": len(places) == len(set(places)),
        "equal_gradients": same_length and all(close),
        "rank_0_speaks": all(record["lines"] == 0 for record in records if record["rank"] != 0),
    }


# %% wrong: plan - a last batch that is not full
# says: whole batches only
def plan(processes: int, batch_size: int, num_images: int, compute: float, exchange: float) -> dict:
    if batch_size % processes:
        raise ValueError("these processes cannot share the batch equally")
    share, steps = batch_size // processes, math.ceil(num_images / batch_size)
    seconds = steps * (share * compute + exchange * (processes - 1))
    efficiency = steps * batch_size * compute / (processes * seconds)
    return {"share": share, "steps": steps, "seconds": seconds, "efficiency": efficiency}
