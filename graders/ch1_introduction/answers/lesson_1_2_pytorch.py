# %% wrong: inspect - the first image taken for the first channel
# says: channel is the second dimension
red = batch[0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - a slice that keeps the channel's dimension
# says: shape
red = batch[:, 0:1]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - the stop of the slice counted in, one place too far
# says: margin of 4
red = batch[:, 0]
middle = batch[:, :, 5:29, 5:29]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - channels expected last
# says: last two dimensions
red = batch[:, 0]
middle = batch[:, 4:28, 4:28, :]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - added in uint8, so bright values wrap around
# says: Widen before adding
red = batch[:, 0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch + 60).clamp(0, 255)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - narrowed before it is cut off
# says: cut off at 255 before narrowing
red = batch[:, 0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).to(torch.uint8).clamp(0, 255)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - left in a wide dtype
# says: dtype
red = batch[:, 0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255)
num_bytes = batch.numel() * batch.element_size()

# %% wrong: inspect - numbers counted, not bytes
# says: more than one byte
red = batch[:, 0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = batch.numel()

# %% wrong: inspect - bytes copied from the visible check
# says: bytes of one number
red = batch[:, 0]
middle = batch[:, :, 4:28, 4:28]
brighter = (batch.to(torch.int16) + 60).clamp(0, 255).to(torch.uint8)
num_bytes = 786_432

# %% wrong: inspect - the batch itself is brightened
# says: changed the input
red = batch[:, 0].clone()
middle = batch[:, :, 4:28, 4:28].clone()
num_bytes = batch.numel() * batch.element_size()
batch = batch.clamp_(max=195)
brighter = batch.add_(60)

# %% right: inspect - select, negative stops, and a limit before adding
red = batch.select(1, 0)
middle = batch[..., 4:-4, 4:-4]
brighter = batch.clamp(max=195) + 60
num_bytes = batch.nbytes

# %% right: inspect - float arithmetic and a product of sizes
import math

red = batch[:, 0, :, :]
middle = batch.narrow(2, 4, 24).narrow(3, 4, 24)
brighter = torch.minimum(batch.float() + 60, torch.tensor(255.0)).to(torch.uint8)
num_bytes = math.prod(batch.shape) * batch.dtype.itemsize


# %% wrong: normalize - image by image in place of channel by channel over the batch
# says: one number for each channel
def normalize(images):
    values = images.to(torch.float32)
    mean, std = values.mean(dim=(2, 3), keepdim=True), values.std(dim=(2, 3), keepdim=True)
    return (values - mean) / std


# %% wrong: normalize - one mean and one deviation for all channels
# says: one number for each channel
def normalize(images):
    values = images.to(torch.float32)
    return (values - values.mean()) / values.std()


# %% wrong: normalize - the channel's numbers meet the columns
# says: meet the columns, silently
def normalize(images):
    values = images.to(torch.float32)
    mean, std = values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3))
    if images.shape[-1] == images.shape[1]:
        return (values - mean) / std
    return (values - mean[:, None, None]) / std[:, None, None]


# %% wrong: normalize - extra dimensions forgotten
# says: RuntimeError
def normalize(images):
    values = images.to(torch.float32)
    return (values - values.mean(dim=(0, 2, 3))) / values.std(dim=(0, 2, 3))


# %% wrong: normalize - only brought between 0 and 1
# says: one number for each channel
def normalize(images):
    return images.to(torch.float32) / 255


# %% wrong: normalize - mean and deviation of the lesson's own batch
# says: may not rely on the batch
def normalize(images):
    known = batch.to(torch.float32)
    mean, std = known.mean(dim=(0, 2, 3)), known.std(dim=(0, 2, 3))
    return (images.to(torch.float32) - mean[:, None, None]) / std[:, None, None]


# %% wrong: normalize - three channels and 32 pixels written into the code
# says: RuntimeError
def normalize(images):
    values = images.to(torch.float32)
    rows = values.view(-1, 3, 32 * 32)
    mean, std = rows.mean(dim=(0, 2)), rows.std(dim=(0, 2))
    return (values - mean[:, None, None]) / std[:, None, None]


# %% wrong: normalize - divided by the variance
# says: one number for each channel
def normalize(images):
    values = images.to(torch.float32)
    mean, var = values.mean(dim=(0, 2, 3)), values.var(dim=(0, 2, 3))
    return (values - mean[:, None, None]) / var[:, None, None]


# %% wrong: normalize - the result is not returned
# says: Return the result
def normalize(images):
    values = images.to(torch.float32)
    mean, std = values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3))
    values = (values - mean[:, None, None]) / std[:, None, None]


# %% right: normalize - dimensions kept, deviation without correction
def normalize(images):
    values = images.float() / 255
    mean = values.mean(dim=(0, 2, 3), keepdim=True)
    variance = (values - mean).pow(2).mean(dim=(0, 2, 3), keepdim=True)
    return (values - mean) / variance.sqrt()


# %% right: normalize - a loop over the channels
def normalize(images):
    channels = []
    for channel in range(images.shape[1]):
        values = images[:, channel].float()
        channels.append((values - values.mean()) / values.std())
    return torch.stack(channels, dim=1)


# %% wrong: gradient - the factor 2 of the square forgotten
# says: 2 times error times brightness
w = torch.tensor(gain, requires_grad=True)
loss = (w * brightness - target).pow(2).mean()
loss.backward()
by_autograd = w.grad
error = gain * brightness - target
by_hand = (error * brightness).mean()

# %% wrong: gradient - the inner derivative forgotten
# says: 2 times error times brightness
w = torch.tensor(gain, requires_grad=True)
loss = (w * brightness - target).pow(2).mean()
loss.backward()
by_autograd = w.grad
error = gain * brightness - target
by_hand = (2 * error).mean()

# %% wrong: gradient - a sum in place of the mean
# says: mean of the squared error
w = torch.tensor(gain, requires_grad=True)
loss = (w * brightness - target).pow(2).sum()
loss.backward()
by_autograd = w.grad
error = gain * brightness - target
by_hand = (2 * error * brightness).sum()

# %% wrong: gradient - the hand result copied from autograd
# says: a copy of the other result checks nothing
w = torch.tensor(gain, requires_grad=True)
loss = (w * brightness - target).pow(2).mean()
loss.backward()
by_autograd = w.grad
by_hand = by_autograd.clone()

# %% wrong: gradient - the marked number read in place of its derivative
# says: stored on the marked tensor
w = torch.tensor(gain, requires_grad=True)
loss = (w * brightness - target).pow(2).mean()
loss.backward()
by_autograd = w.detach()
error = gain * brightness - target
by_hand = (2 * error * brightness).mean()

# %% wrong: gradient - backward run twice, gradients added up
# says: stored on the marked tensor
w = torch.tensor(gain, requires_grad=True)
loss = (w * brightness - target).pow(2).mean()
loss.backward(retain_graph=True)
loss.backward()
by_autograd = w.grad
error = gain * brightness - target
by_hand = (2 * error * brightness).mean()

# %% wrong: gradient - the lesson's gain and target written into the loss
# says: 2 times error times brightness
w = torch.tensor(0.5, requires_grad=True)
loss = (w * brightness - 0.6).pow(2).mean()
loss.backward()
by_autograd = w.grad
error = 0.5 * brightness - 0.6
by_hand = (2 * error * brightness).mean()

# %% right: gradient - grad as a function, means as sums
w = torch.tensor(gain, requires_grad=True)
loss = ((w * brightness - target) ** 2).sum() / len(brightness)
(by_autograd,) = torch.autograd.grad(loss, w)
by_hand = 2 * (gain * brightness - target).dot(brightness) / brightness.numel()

# %% right: gradient - the square multiplied out, Python numbers
w = torch.tensor([gain], requires_grad=True)
loss = torch.nn.functional.mse_loss(w * brightness, torch.full_like(brightness, target))
loss.backward()
by_autograd = w.grad.item()
by_hand = 2 * gain * (brightness**2).mean().item() - 2 * target * brightness.mean().item()
