# %% wrong: plan_stack - padding counted once
# says: Padding counts on both sides
def plan_stack(side, channels, layers):
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + padding - kernel) // stride + 1
        view, jump = view + (kernel - 1) * jump, jump * stride
        plan.append((side, out_channels * (channels * kernel**2 + 1), view))
        channels = out_channels or channels
    return plan


# %% wrong: plan_stack - biases forgotten
# says: and a bias
# scores: 0.667
def plan_stack(side, channels, layers):
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + 2 * padding - kernel) // stride + 1
        view, jump = view + (kernel - 1) * jump, jump * stride
        plan.append((side, out_channels * channels * kernel**2, view))
        channels = out_channels or channels
    return plan


# %% wrong: plan_stack - the channels after a pool taken for none
# says: a pool keeps the channels
# scores: 0.667
def plan_stack(side, channels, layers):
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + 2 * padding - kernel) // stride + 1
        view, jump = view + (kernel - 1) * jump, jump * stride
        plan.append((side, out_channels * (channels * kernel**2 + 1), view))
        channels = out_channels
    return plan


# %% wrong: plan_stack - strides left out of the view
# says: times the strides before it
# scores: 0.667
def plan_stack(side, channels, layers):
    plan, view = [], 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + 2 * padding - kernel) // stride + 1
        view += kernel - 1
        plan.append((side, out_channels * (channels * kernel**2 + 1), view))
        channels = out_channels or channels
    return plan


# %% wrong: plan_stack - a layer's own stride widens its view
# says: its own stride counts only for later layers
# scores: 0.667
def plan_stack(side, channels, layers):
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + 2 * padding - kernel) // stride + 1
        jump *= stride
        view += (kernel - 1) * jump
        plan.append((side, out_channels * (channels * kernel**2 + 1), view))
        channels = out_channels or channels
    return plan


# %% wrong: plan_stack - sizes not rounded down
# says: rounded down
def plan_stack(side, channels, layers):
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = round((side + 2 * padding - kernel) / stride + 1)
        view, jump = view + (kernel - 1) * jump, jump * stride
        plan.append((side, out_channels * (channels * kernel**2 + 1), view))
        channels = out_channels or channels
    return plan


# %% wrong: plan_stack - only the last layer returned
# says: one tuple for each layer
# scores: 0
def plan_stack(side, channels, layers):
    view, jump = 1, 1
    for out_channels, kernel, stride, padding in layers:
        side = (side + 2 * padding - kernel) // stride + 1
        view, jump = view + (kernel - 1) * jump, jump * stride
        last = (side, out_channels * (channels * kernel**2 + 1), view)
        channels = out_channels or channels
    return [last]


# %% right: plan_stack - sizes and parameters asked of real layers
def plan_stack(side, channels, layers):
    plan, view, jump = [], 1, 1
    for out_channels, kernel, stride, padding in layers:
        if out_channels:
            layer = nn.Conv2d(channels, out_channels, kernel, stride=stride, padding=padding, device="meta")
            channels = out_channels
        else:
            layer = nn.MaxPool2d(kernel, stride=stride, padding=padding)
        side = layer(
            torch.empty(1, channels if not out_channels else layer.in_channels, side, side, device="meta")
        ).shape[-1]
        view += (kernel - 1) * jump
        jump *= stride
        plan.append((side, sum(p.numel() for p in layer.parameters()), view))
    return plan


# %% right: plan_stack - the product of strides computed anew for each layer
import math


def plan_stack(side, channels, layers):
    plan, strides, view = [], [], 1
    for out, kernel, stride, padding in layers:
        side = math.floor((side + 2 * padding - kernel) / stride) + 1
        view = view + (kernel - 1) * math.prod(strides)
        strides.append(stride)
        weights = 0 if out == 0 else out * channels * kernel * kernel
        plan.append((side, weights + out, view))
        if out != 0:
            channels = out
    return plan


# %% wrong: read_rows - the batch read as steps
# says: says that it counts pictures
def read_rows(images, weights):
    rows = images.permute(0, 2, 1, 3).flatten(2)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1])
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)
    return outputs[:, -1]


# %% wrong: read_rows - reshape mixes rows
# says: the rows come before the channels
def read_rows(images, weights):
    rows = images.reshape(len(images), images.shape[2], -1)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)
    return outputs[:, -1]


# %% wrong: read_rows - the last picture taken for the last step
# says: One row of hidden numbers for each picture
# scores: 0
def read_rows(images, weights):
    rows = images.permute(0, 2, 1, 3).flatten(2)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)
    return outputs[-1]


# %% wrong: read_rows - the first step in place of the last
# says: has seen every row
def read_rows(images, weights):
    rows = images.permute(0, 2, 1, 3).flatten(2)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)
    return outputs[:, 0]


# %% wrong: read_rows - pixels of a row before its channels
# says: the rows come before the channels
def read_rows(images, weights):
    rows = images.permute(0, 2, 3, 1).flatten(2)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    outputs, _ = lstm(rows)
    return outputs[:, -1]


# %% wrong: read_rows - the given weights not loaded
# says: read_rows
def read_rows(images, weights):
    rows = images.permute(0, 2, 1, 3).flatten(2)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    outputs, _ = lstm(rows)
    return outputs[:, -1]


# %% wrong: read_rows - the memory returned in place of the output
# says: read_rows
def read_rows(images, weights):
    rows = images.permute(0, 2, 1, 3).flatten(2)
    lstm = nn.LSTM(rows.shape[2], weights["weight_hh_l0"].shape[1], batch_first=True)
    lstm.load_state_dict(weights)
    _, (hidden, memory) = lstm(rows)
    return memory[-1]


# %% right: read_rows - the hidden state, channels joined one by one
def read_rows(images, weights):
    rows = torch.cat(list(images.unbind(dim=1)), dim=2)
    lstm = nn.LSTM(rows.shape[-1], len(weights["weight_hh_l0"][0]), batch_first=True)
    lstm.load_state_dict(weights)
    with torch.no_grad():
        _, (hidden, _) = lstm(rows)
    return hidden[0]


# %% right: read_rows - steps first, said and meant
def read_rows(images, weights):
    steps = images.permute(2, 0, 1, 3).flatten(2)
    lstm = nn.LSTM(steps.shape[2], weights["weight_hh_l0"].shape[1])
    lstm.load_state_dict(weights)
    return lstm(steps)[0][-1]


# %% wrong: block - a bare list of convolutions
# says: is not registered
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth)]
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - a plain tensor for the scale
# says: is not registered
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.scale = torch.zeros(channels, 1, 1, requires_grad=True)

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - a buffer, saved and never trained
# says: is not registered
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.register_buffer("scale", torch.zeros(channels, 1, 1))

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - one convolution, listed several times
# says: weights of its own
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(channels, channels, 3, padding=1)] * depth)
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - a scale of ones
# says: starts at zero
# scores: 0.75
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - the input is not added
# says: and the input is added
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - every convolution reads the input, and only the last one counts
# says: is, depth times, a convolution
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        for conv in self.convs:
            branch = conv(x).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% wrong: block - one scale for all channels
# says: numbers that can be learned
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.scale = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(branch).relu()
        return x + self.scale * branch


report = examine(ScaledBlock(channels, depth), inputs)


# %% right: block - one sequence as the branch, the scale made first
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(1, channels, 1, 1))
        layers = []
        for _ in range(depth):
            layers += [nn.Conv2d(channels, channels, kernel_size=3, padding="same"), nn.ReLU()]
        self.branch = nn.Sequential(*layers)

    def forward(self, x):
        return torch.addcmul(x, self.gain, self.branch(x))


report = examine(ScaledBlock(channels, depth), inputs)


# %% right: block - parts registered by name
class ScaledBlock(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        self.depth = depth
        for number in range(depth):
            self.add_module(f"conv{number}", nn.Conv2d(channels, channels, 3, padding=1))
        self.register_parameter("scale", nn.Parameter(torch.zeros(channels, 1, 1)))

    def forward(self, x):
        branch = x
        for number in range(self.depth):
            branch = nn.functional.relu(getattr(self, f"conv{number}")(branch))
        return x + branch * self.scale


report = examine(ScaledBlock(channels, depth), inputs)
