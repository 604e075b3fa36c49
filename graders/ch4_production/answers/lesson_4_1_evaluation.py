# %% wrong: batch_report - mean of the batch values
# says: divided once
def batch_report(batches, num_classes):
    names = {"accuracy": "micro", "macro": "macro", "recall": "none"}
    found = {}
    for name, average in names.items():
        metric = MulticlassAccuracy(num_classes, average=average)
        values = torch.stack([metric(predicted, labels) for predicted, labels in batches])
        found[name] = values.mean(dim=0).tolist()
    return found


# %% wrong: batch_report - default average taken for the accuracy
# says: micro
# scores: 0.5
def batch_report(batches, num_classes):
    metrics = {
        "accuracy": MulticlassAccuracy(num_classes),
        "macro": MulticlassAccuracy(num_classes, average="macro"),
        "recall": MulticlassRecall(num_classes, average="none"),
    }
    for predicted, labels in batches:
        for metric in metrics.values():
            metric.update(predicted, labels)
    return {name: metric.compute().tolist() for name, metric in metrics.items()}


# %% wrong: batch_report - reset in the loop keeps the last batch only
# says: divided once
def batch_report(batches, num_classes):
    metrics = {
        "accuracy": MulticlassAccuracy(num_classes, average="micro"),
        "macro": MulticlassAccuracy(num_classes, average="macro"),
        "recall": MulticlassRecall(num_classes, average="none"),
    }
    for predicted, labels in batches:
        for metric in metrics.values():
            metric.reset()
            metric.update(predicted, labels)
    return {name: metric.compute().tolist() for name, metric in metrics.items()}


# %% wrong: batch_report - predictions and labels change places
# says: its right images divided by its images
def batch_report(batches, num_classes):
    metrics = {
        "accuracy": MulticlassAccuracy(num_classes, average="micro"),
        "macro": MulticlassAccuracy(num_classes, average="macro"),
        "recall": MulticlassRecall(num_classes, average="none"),
    }
    for predicted, labels in batches:
        for metric in metrics.values():
            metric.update(labels, predicted)
    return {name: metric.compute().tolist() for name, metric in metrics.items()}


# %% wrong: batch_report - short last batch dropped
# says: Every image counts once
def batch_report(batches, num_classes):
    size = len(batches[0][0])
    kept = [(predicted, labels) for predicted, labels in batches if len(predicted) == size]
    predicted = torch.cat([each for each, _ in kept])
    labels = torch.cat([each for _, each in kept])
    return {
        "accuracy": MulticlassAccuracy(num_classes, average="micro")(predicted, labels).item(),
        "macro": MulticlassAccuracy(num_classes, average="macro")(predicted, labels).item(),
        "recall": MulticlassRecall(num_classes, average="none")(predicted, labels).tolist(),
    }


# %% wrong: batch_report - numbers copied from the lesson's night
# says: micro
# scores: 0
def batch_report(batches, num_classes):
    return {"accuracy": 0.7, "macro": 5 / 9, "recall": [1.0, 2 / 3, 0.0]}


# %% right: batch_report - a collection of metrics, called on each batch
from torchmetrics import MetricCollection


def batch_report(batches, num_classes):
    collection = MetricCollection(
        {
            "accuracy": MulticlassAccuracy(num_classes, average="micro"),
            "macro": MulticlassRecall(num_classes, average="macro"),
            "recall": MulticlassAccuracy(num_classes, average=None),
        }
    )
    for predicted, labels in batches:
        collection(predicted, labels)
    found = collection.compute()
    return {"accuracy": found["accuracy"].item(), "macro": found["macro"].item(), "recall": found["recall"].tolist()}


# %% right: batch_report - counted by hand in whole numbers
def batch_report(batches, num_classes):
    right, seen = [0] * num_classes, [0] * num_classes
    for predicted, labels in batches:
        for guess, label in zip(predicted.tolist(), labels.tolist(), strict=True):
            seen[label] += 1
            right[label] += guess == label
    recall = [hits / total for hits, total in zip(right, seen, strict=True)]
    return {"accuracy": sum(right) / sum(seen), "macro": sum(recall) / num_classes, "recall": recall}


# %% wrong: production_bar - columns in place of rows
# says: sums of the rows
def meets_bar(confusion, accuracy_floor, recall_floor):
    accuracy = confusion.trace() / confusion.sum()
    low = accuracy - 1.96 * (accuracy * (1 - accuracy) / confusion.sum()).sqrt()
    recall = confusion.diagonal() / confusion.sum(dim=0)
    failing = [number for number, value in enumerate(recall.tolist()) if not value >= recall_floor]
    return {"low": low.item(), "failing": failing, "ship": low.item() >= accuracy_floor and not failing}


# %% wrong: production_bar - the accuracy judged in place of its lower end
# says: its lower end does not
def meets_bar(confusion, accuracy_floor, recall_floor):
    accuracy = confusion.trace() / confusion.sum()
    low = accuracy - 1.96 * (accuracy * (1 - accuracy) / confusion.sum()).sqrt()
    recall = confusion.diagonal() / confusion.sum(dim=1)
    failing = [number for number, value in enumerate(recall.tolist()) if not value >= recall_floor]
    return {"low": low.item(), "failing": failing, "ship": accuracy.item() >= accuracy_floor and not failing}


# %% wrong: production_bar - a class without images slips through
# says: which is nan
def meets_bar(confusion, accuracy_floor, recall_floor):
    accuracy = confusion.trace() / confusion.sum()
    low = accuracy - 1.96 * (accuracy * (1 - accuracy) / confusion.sum()).sqrt()
    recall = confusion.diagonal() / confusion.sum(dim=1)
    failing = (recall < recall_floor).nonzero().flatten().tolist()
    return {"low": low.item(), "failing": failing, "ship": low.item() >= accuracy_floor and not failing}


# %% wrong: production_bar - the mean recall decides on shipping
# says: One class below its floor is enough
def meets_bar(confusion, accuracy_floor, recall_floor):
    accuracy = confusion.trace() / confusion.sum()
    low = accuracy - 1.96 * (accuracy * (1 - accuracy) / confusion.sum()).sqrt()
    recall = confusion.diagonal() / confusion.sum(dim=1)
    failing = [number for number, value in enumerate(recall.tolist()) if not value >= recall_floor]
    ship = bool(low >= accuracy_floor and recall.mean() >= recall_floor)
    return {"low": low.item(), "failing": failing, "ship": ship}


# %% wrong: production_bar - standard error without the root
# says: 1.96 times the root
def meets_bar(confusion, accuracy_floor, recall_floor):
    accuracy = confusion.trace() / confusion.sum()
    low = accuracy - 1.96 * accuracy * (1 - accuracy) / confusion.sum()
    recall = confusion.diagonal() / confusion.sum(dim=1)
    failing = [number for number, value in enumerate(recall.tolist()) if not value >= recall_floor]
    return {"low": low.item(), "failing": failing, "ship": low.item() >= accuracy_floor and not failing}


# %% wrong: production_bar - a recall that reaches the floor fails
# says: only what lies below it fails
def meets_bar(confusion, accuracy_floor, recall_floor):
    accuracy = confusion.trace() / confusion.sum()
    low = accuracy - 1.96 * (accuracy * (1 - accuracy) / confusion.sum()).sqrt()
    recall = confusion.diagonal() / confusion.sum(dim=1)
    failing = [number for number, value in enumerate(recall.tolist()) if not value > recall_floor]
    return {"low": low.item(), "failing": failing, "ship": low.item() >= accuracy_floor and not failing}


# %% right: production_bar - plain Python over the rows
import math


def meets_bar(confusion, accuracy_floor, recall_floor):
    rows = confusion.tolist()
    images = sum(map(sum, rows))
    p = sum(row[k] for k, row in enumerate(rows)) / images
    low = p - 1.96 * math.sqrt(p * (1 - p) / images)
    failing = []
    for k, row in enumerate(rows):
        if sum(row) == 0 or row[k] / sum(row) < recall_floor:
            failing.append(k)
    return {"low": low, "failing": failing, "ship": low >= accuracy_floor and len(failing) == 0}


# %% right: production_bar - nan replaced before a comparison of tensors
def meets_bar(confusion, accuracy_floor, recall_floor):
    table = confusion.double()
    accuracy = table.diagonal().sum() / table.sum()
    low = float(accuracy - 1.96 * torch.sqrt(accuracy * (1 - accuracy) / table.sum()))
    recall = torch.nan_to_num(table.diagonal() / table.sum(1), nan=-1.0)
    failing = torch.nonzero(recall < recall_floor).flatten().tolist()
    return {"low": low, "failing": failing, "ship": not (low < accuracy_floor or failing)}


# %% wrong: drift_alarms - the sign is kept, so a fading lamp goes unseen
# says: without its sign
def drift_alarms(reference, week, limits):
    distance = {}
    for name in limits:
        old, new = reference[name], week[name]
        if name == "predictions":
            distance[name] = (shares(new) - shares(old)).abs().sum() / 2
        else:
            distance[name] = (new.mean() - old.mean()) / old.std()
    return [name for name, limit in limits.items() if distance[name] > limit]


# %% wrong: drift_alarms - the unit is taken from the drifted week
# says: not that of the week
def drift_alarms(reference, week, limits):
    distance = {}
    for name in limits:
        old, new = reference[name], week[name]
        if name == "predictions":
            distance[name] = (shares(new) - shares(old)).abs().sum() / 2
        else:
            distance[name] = (new.mean() - old.mean()).abs() / new.std()
    return [name for name, limit in limits.items() if distance[name] > limit]


# %% wrong: drift_alarms - class numbers treated like brightness
# says: not counts or class numbers
def drift_alarms(reference, week, limits):
    distance = {}
    for name in limits:
        old, new = reference[name].float(), week[name].float()
        distance[name] = (new.mean() - old.mean()).abs() / old.std()
    return [name for name, limit in limits.items() if distance[name] > limit]


# %% wrong: drift_alarms - counts in place of shares
# says: Compare shares
def drift_alarms(reference, week, limits):
    distance = {}
    for name in limits:
        old, new = reference[name], week[name]
        if name == "predictions":
            counts = torch.bincount(new, minlength=10) - torch.bincount(old, minlength=10)
            distance[name] = counts.abs().sum() / (2 * len(old))
        else:
            distance[name] = (new.mean() - old.mean()).abs() / old.std()
    return [name for name, limit in limits.items() if distance[name] > limit]


# %% wrong: drift_alarms - differences of shares not halved
# says: half of the summed
def drift_alarms(reference, week, limits):
    distance = {}
    for name in limits:
        old, new = reference[name], week[name]
        if name == "predictions":
            distance[name] = (shares(new) - shares(old)).abs().sum()
        else:
            distance[name] = (new.mean() - old.mean()).abs() / old.std()
    return [name for name, limit in limits.items() if distance[name] > limit]


# %% wrong: drift_alarms - alarms sorted by name, and every statistic watched
# says: order of the limits
def drift_alarms(reference, week, limits):
    alarms = []
    for name in sorted(reference):
        old, new = reference[name], week[name]
        if name == "predictions":
            distance = (shares(new) - shares(old)).abs().sum() / 2
        else:
            distance = (new.mean() - old.mean()).abs() / old.std()
        if distance > limits.get(name, 0.1):
            alarms.append(name)
    return alarms


# %% right: drift_alarms - an inner function and Python numbers
def drift_alarms(reference, week, limits):
    def distance(name):
        old, new = reference[name], week[name]
        if name == "predictions":
            gaps = [abs(x - y) for x, y in zip(shares(old).tolist(), shares(new).tolist(), strict=True)]
            return sum(gaps) / 2
        return abs(new.mean().item() - old.mean().item()) / old.std().item()

    return [name for name in limits if distance(name) > limits[name]]


# %% right: drift_alarms - shares from one-hot means, overlap taken from one
from torch.nn import functional


def drift_alarms(reference, week, limits):
    alarms = []
    for name, limit in limits.items():
        if name == "predictions":
            old, new = (functional.one_hot(part[name], 10).float().mean(0) for part in (reference, week))
            far = 1 - torch.minimum(old, new).sum() > limit
        else:
            far = torch.abs(week[name].mean() - reference[name].mean()) > limit * reference[name].std()
        if far:
            alarms.append(name)
    return alarms


# %% wrong: batch_report - tensors in place of plain numbers
# says: .item() turns a tensor
def batch_report(batches: list, num_classes: int) -> dict:
    ways = {"accuracy": "micro", "macro": "macro", "recall": "none"}
    metrics = {name: MulticlassAccuracy(num_classes=num_classes, average=way) for name, way in ways.items()}
    for predicted, labels in batches:
        for metric in metrics.values():
            metric.update(predicted, labels)
    return {name: metric.compute() for name, metric in metrics.items()}


# %% wrong: batch_report - the three classes of the lesson
# says: Expected only 3
def batch_report(batches: list, num_classes: int) -> dict:
    ways = {"accuracy": "micro", "macro": "macro", "recall": "none"}
    metrics = {name: MulticlassAccuracy(num_classes=3, average=way) for name, way in ways.items()}
    for predicted, labels in batches:
        for metric in metrics.values():
            metric.update(predicted, labels)
    return {name: metric.compute().tolist() for name, metric in metrics.items()}


# %% right: batch_report - a confusion matrix that is added up
def batch_report(batches: list, num_classes: int) -> dict:
    matrix = MulticlassConfusionMatrix(num_classes)
    for predicted, labels in batches:
        matrix.update(predicted, labels)
    counts = matrix.compute()
    recall = counts.diagonal() / counts.sum(dim=1)
    return {
        "accuracy": (counts.trace() / counts.sum()).item(),
        "macro": recall.mean().item(),
        "recall": recall.tolist(),
    }


# %% wrong: production_bar - the number of classes taken for n
# says: with n the number of images
def meets_bar(confusion: torch.Tensor, accuracy_floor: float, recall_floor: float) -> dict:
    p = (confusion.trace() / confusion.sum()).item()
    low = p - 1.96 * (p * (1 - p) / len(confusion)) ** 0.5
    recall = (confusion.diagonal() / confusion.sum(dim=1)).tolist()
    failing = [number for number, value in enumerate(recall) if not value >= recall_floor]
    return {"low": low, "failing": failing, "ship": low >= accuracy_floor and not failing}


# %% wrong: drift_alarms - signs left on the shares
# says: take half of the summed absolute differences
def drift_alarms(reference: dict, week: dict, limits: dict) -> list:
    alarms = []
    for name, limit in limits.items():
        old, new = reference[name], week[name]
        if name == "predictions":
            distance = (shares(new) - shares(old)).sum().abs() / 2
        else:
            distance = (new.mean() - old.mean()).abs() / old.std()
        if distance > limit:
            alarms.append(name)
    return alarms


# %% right: drift_alarms - the deviation of a whole population
def drift_alarms(reference: dict, week: dict, limits: dict) -> list:
    alarms = []
    for name, limit in limits.items():
        old, new = reference[name], week[name]
        if name == "predictions":
            distance = (shares(new) - shares(old)).abs().sum() / 2
        else:
            distance = (new.mean() - old.mean()).abs() / old.std(correction=0)
        if distance > limit:
            alarms.append(name)
    return alarms
