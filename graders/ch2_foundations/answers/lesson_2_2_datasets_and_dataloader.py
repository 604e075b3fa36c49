# %% wrong: dataset - the first image whatever the index
# says: Take the image at the index
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[0].float() / 255, self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - everything converted at the start
# says: four times the memory
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images.float() / 255, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - left in bytes
# says: dtype
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - converted but not scaled
# says: divide by 255
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index].float(), self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - channels last, as pictures have them
# says: shape
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index].permute(1, 2, 0).float() / 255, self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - the length of one image
# says: one for each label
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return self.images[0].numel()

    def __getitem__(self, index):
        return self.images[index].float() / 255, self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - labels turned into floating point numbers
# says: stays a whole number
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index].float() / 255, self.labels[index].float()


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - the length of the lesson's own archive
# says: number of examples
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return 1000

    def __getitem__(self, index):
        return self.images[index].float() / 255, self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% right: dataset - a Python number as label, another order of steps
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return self.images.shape[0]

    def __getitem__(self, index):
        label = int(self.labels[index])
        image = self.images[index]
        return image.to(torch.float32).div(255), label


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% right: dataset - ToTensor does the conversion
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.convert = ToTensor()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.convert(self.images[index].permute(1, 2, 0).numpy()), self.labels[index].item()


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))

# %% wrong: loaders - the test is shuffled as well
# says: do not shuffle
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)
train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True, generator=own)
test_loader = DataLoader(places, batch_size, shuffle=True)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - the test drops its last batch
# says: do not drop it
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)
train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True, generator=own)
test_loader = DataLoader(places, batch_size, drop_last=True)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - training keeps the incomplete batch
# says: incomplete batch at the end is left out
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)
train_loader = DataLoader(places, batch_size, shuffle=True, generator=own)
test_loader = DataLoader(places, batch_size, shuffle=False)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - training is not shuffled
# says: Training data are shuffled
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)
train_loader = DataLoader(places, batch_size, shuffle=False, drop_last=True, generator=own)
test_loader = DataLoader(places, batch_size, shuffle=False)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - the generator is made and not used
# says: hand it to the loader
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)
train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True)
test_loader = DataLoader(places, batch_size, shuffle=False)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - the lesson's seed is written into the generator
# says: other orders from another seed
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(21)
train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True, generator=own)
test_loader = DataLoader(places, batch_size, shuffle=False)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - a new generator for each epoch
# says: two epochs in two orders
places = TensorDataset(torch.arange(num_images))
test_loader = DataLoader(places, batch_size, shuffle=False)
num_train_batches = num_images // batch_size
num_test_batches = math.ceil(num_images / batch_size)
epochs = []
for _ in range(2):
    own = torch.Generator().manual_seed(seed)
    train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True, generator=own)
    epochs.append([batch.tolist() for (batch,) in train_loader])
tested = [batch.tolist() for (batch,) in test_loader]

# %% wrong: loaders - both numbers rounded down
# says: rounded up
places = TensorDataset(torch.arange(num_images))
own = torch.Generator().manual_seed(seed)
train_loader = DataLoader(places, batch_size, shuffle=True, drop_last=True, generator=own)
test_loader = DataLoader(places, batch_size, shuffle=False)
num_train_batches = num_images // batch_size
num_test_batches = num_images // batch_size
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% right: loaders - a sampler in place of shuffle, lengths asked of the loaders
from torch.utils.data import RandomSampler

places = TensorDataset(torch.arange(num_images))
order = RandomSampler(places, generator=torch.Generator().manual_seed(seed))
train_loader = DataLoader(places, batch_size, sampler=order, drop_last=True)
test_loader = DataLoader(places, batch_size)
num_train_batches, num_test_batches = len(train_loader), len(test_loader)
epochs = [[batch.tolist() for (batch,) in train_loader] for _ in range(2)]
tested = [batch.tolist() for (batch,) in test_loader]

# %% right: loaders - a range as Dataset, loops, and another formula
own = torch.Generator()
own.manual_seed(seed)
train_loader = DataLoader(range(num_images), batch_size=batch_size, shuffle=True, drop_last=True, generator=own)
test_loader = DataLoader(range(num_images), batch_size=batch_size, shuffle=False, drop_last=False)
num_train_batches = int(num_images / batch_size)
num_test_batches = (num_images + batch_size - 1) // batch_size
epochs = []
for _ in range(2):
    noted = []
    for batch in train_loader:
        noted.append(batch.tolist())
    epochs.append(noted)
tested = []
for batch in test_loader:
    tested.append(batch.tolist())


# %% wrong: evaluate - the colleague's report, still shuffled
# says: keeps the order
def evaluate(photos, truth, batch_size):
    loader = DataLoader(TensorDataset(photos), batch_size=batch_size, shuffle=True)
    predictions = torch.cat([predict(batch) for (batch,) in loader])
    hits = predictions == truth
    mistakes = (~hits).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": hits.float().mean().item(), "mistakes": mistakes}


# %% wrong: evaluate - in order, but the last batch is dropped
# says: do not drop it
def evaluate(photos, truth, batch_size):
    loader = DataLoader(TensorDataset(photos), batch_size=batch_size, drop_last=True)
    predictions = torch.cat([predict(batch) for (batch,) in loader])
    hits = predictions == truth[: len(predictions)]
    mistakes = (~hits).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": hits.float().mean().item(), "mistakes": mistakes}


# %% wrong: evaluate - shuffled together with the truth, so places are lost
# says: Places count from 0
def evaluate(photos, truth, batch_size):
    loader = DataLoader(TensorDataset(photos, truth), batch_size=batch_size, shuffle=True)
    predictions, labels = [], []
    for batch, batch_labels in loader:
        predictions.append(predict(batch))
        labels.append(batch_labels)
    predictions, labels = torch.cat(predictions), torch.cat(labels)
    hits = predictions == labels
    mistakes = (~hits).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": hits.float().mean().item(), "mistakes": mistakes}


# %% wrong: evaluate - a mean of the accuracies of batches
# says: a mean of batches
def evaluate(photos, truth, batch_size):
    predictions, shares = [], []
    for batch, labels in DataLoader(TensorDataset(photos, truth), batch_size=batch_size):
        predictions.append(predict(batch))
        shares.append((predictions[-1] == labels).float().mean().item())
    predictions = torch.cat(predictions)
    mistakes = (predictions != truth).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": sum(shares) / len(shares), "mistakes": mistakes}


# %% wrong: evaluate - places counted anew in each batch
# says: Places count from 0 over all photos
def evaluate(photos, truth, batch_size):
    predictions, mistakes, hits = [], [], 0
    for batch, labels in DataLoader(TensorDataset(photos, truth), batch_size=batch_size):
        predictions.append(predict(batch))
        wrong = predictions[-1] != labels
        hits += int((~wrong).sum())
        mistakes += wrong.nonzero().flatten().tolist()
    return {"predictions": torch.cat(predictions), "accuracy": hits / len(truth), "mistakes": mistakes}


# %% wrong: evaluate - the places of the hits
# says: Places count from 0
def evaluate(photos, truth, batch_size):
    predictions = torch.cat([predict(batch) for (batch,) in DataLoader(TensorDataset(photos), batch_size)])
    hits = predictions == truth
    return {
        "predictions": predictions,
        "accuracy": hits.float().mean().item(),
        "mistakes": hits.nonzero().flatten().tolist(),
    }


# %% wrong: evaluate - accuracy in percent
# says: Hits of all photos divided by all photos
def evaluate(photos, truth, batch_size):
    predictions = torch.cat([predict(batch) for (batch,) in DataLoader(TensorDataset(photos), batch_size)])
    hits = predictions == truth
    mistakes = (~hits).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": 100 * hits.float().mean().item(), "mistakes": mistakes}


# %% wrong: evaluate - only the first batch
# says: predictions
def evaluate(photos, truth, batch_size):
    (batch,) = next(iter(DataLoader(TensorDataset(photos), batch_size=batch_size)))
    predictions = predict(batch)
    hits = predictions == truth[: len(predictions)]
    mistakes = (~hits).nonzero().flatten().tolist()
    return {"predictions": predictions, "accuracy": hits.float().mean().item(), "mistakes": mistakes}


# %% right: evaluate - hits counted batch by batch
def evaluate(photos, truth, batch_size):
    predictions, hits = [], 0
    for batch, labels in DataLoader(TensorDataset(photos, truth), batch_size=batch_size, shuffle=False):
        predictions.extend(predict(batch).tolist())
        hits += sum(int(one == other) for one, other in zip(predictions[-len(labels) :], labels.tolist(), strict=True))
    mistakes = [
        place for place, (one, other) in enumerate(zip(predictions, truth.tolist(), strict=True)) if one != other
    ]
    return {"predictions": torch.tensor(predictions), "accuracy": hits / len(truth), "mistakes": mistakes}


# %% right: evaluate - places travel with the photos, so any order will do
def evaluate(photos, truth, batch_size):
    numbered = TensorDataset(photos, torch.arange(len(photos)))
    predictions = torch.empty(len(photos), dtype=torch.int64)
    for batch, places in DataLoader(numbered, batch_size=batch_size, shuffle=True):
        predictions[places] = predict(batch)
    mistakes = [place for place in range(len(truth)) if predictions[place] != truth[place]]
    return {"accuracy": 1 - len(mistakes) / len(truth), "mistakes": mistakes, "predictions": predictions}


# %% wrong: dataset - the whole archive converted for each example
# says: convert only this one
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return (self.images.float() / 255)[index], self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - the notebook's images in place of its own
# says: serves any archive
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(labels)

    def __getitem__(self, index):
        return images[index].float() / 255, labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% wrong: dataset - divided by the brightest number of each image
# says: divide by 255
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index].float()
        return image / image.max(), self.labels[index]


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))


# %% right: dataset - names of its own for image and label, a plain int as label
class ImageSet(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return self.images.shape[0]

    def __getitem__(self, index):
        images, labels = self.images, self.labels
        return images[index].to(torch.float32).div(255), int(labels[index])


image_set = ImageSet(images, labels)
length = len(image_set)
batch_images, batch_labels = next(iter(DataLoader(image_set, batch_size=8)))
