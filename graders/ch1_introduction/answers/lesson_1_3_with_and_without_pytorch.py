# %% wrong: three_ways - stars in place of matrix multiplication
# says: matrix multiplication of orders and recipe
columns = list(zip(*recipe, strict=True))
material_list = [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in orders]
cost_list = [[m * p for m, p in zip(*pair, strict=True)] for pair in zip(material_list, price, strict=True)]

material_array = np.matmul(np.array(orders), np.array(recipe))
cost_array = np.matmul(material_array, np.array(price))

tables = [torch.tensor(table, dtype=torch.float64) for table in (orders, recipe, price)]
material_tensor = torch.mul(tables[0], tables[1])
cost_tensor = material_tensor.mul(tables[2])

# %% wrong: three_ways - tensors left at float32
# says: dtype torch.float32
# scores: 0.571
columns = list(zip(*recipe, strict=True))
material_list = [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in orders]
cost_list = [[m * p for m, p in zip(*pair, strict=True)] for pair in zip(material_list, price, strict=True)]

material_array = np.matmul(np.array(orders), np.array(recipe))
cost_array = np.multiply(material_array, np.array(price))

tables = [torch.tensor(table) for table in (orders, recipe, price)]
material_tensor = torch.matmul(tables[0], tables[1])
cost_tensor = material_tensor.mul(tables[2])

# %% wrong: three_ways - tables copied from the visible check
# says: material_list
# scores: 0
material_list, cost_list = [[6.25, 25.0], [10.75, 15.0]], [[12.5, 10.0], [25.8, 9.0]]
material_array, cost_array = np.array(material_list), np.array(cost_list)
material_tensor = torch.tensor(material_list, dtype=torch.float64)
cost_tensor = torch.tensor(cost_list, dtype=torch.float64)

# %% wrong: three_ways - rows of the recipe taken for its columns
# says: material_list
# scores: 0.571
material_list = [[sum(x * y for x, y in zip(row, column, strict=False)) for column in recipe] for row in orders]
cost_list = [[m * p for m, p in zip(*pair, strict=True)] for pair in zip(material_list, price, strict=True)]

material_array = np.matmul(np.array(orders), np.array(recipe))
cost_array = np.multiply(material_array, np.array(price))

tables = [torch.tensor(table, dtype=torch.float64) for table in (orders, recipe, price)]
material_tensor = torch.matmul(tables[0], tables[1])
cost_tensor = material_tensor.mul(tables[2])

# %% wrong: three_ways - float64 asked for after the digits were lost
# says: material_tensor
# scores: 0.571
columns = list(zip(*recipe, strict=True))
material_list = [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in orders]
cost_list = [[m * p for m, p in zip(*pair, strict=True)] for pair in zip(material_list, price, strict=True)]

material_array = np.matmul(np.array(orders), np.array(recipe))
cost_array = np.multiply(material_array, np.array(price))

tables = [torch.tensor(table).to(torch.float64) for table in (orders, recipe, price)]
material_tensor = torch.matmul(tables[0], tables[1])
cost_tensor = material_tensor.mul(tables[2])

# %% right: three_ways - operators in place of functions
columns = list(zip(*recipe, strict=True))
material_list = [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in orders]
cost_list = [[m * p for m, p in zip(a, b, strict=True)] for a, b in zip(material_list, price, strict=True)]

material_array = np.array(orders) @ np.array(recipe)
cost_array = material_array * np.array(price)

material_tensor = torch.from_numpy(np.array(orders)) @ torch.from_numpy(np.array(recipe))
cost_tensor = material_tensor * torch.from_numpy(np.array(price))

# %% right: three_ways - plain loops with indices, einsum for the rest
material_list = []
for row in orders:
    material_list.append([])
    for j in range(len(recipe[0])):
        total = 0.0
        for k in range(len(recipe)):
            total += row[k] * recipe[k][j]
        material_list[-1].append(total)
cost_list = [[material_list[i][j] * price[i][j] for j in range(len(price[0]))] for i in range(len(price))]
material_array = np.einsum("ik,kj->ij", orders, recipe)
cost_array = np.einsum("ij,ij->ij", material_array, price)
tables = [torch.tensor(table, dtype=torch.float64) for table in (orders, recipe)]
material_tensor = torch.einsum("ik,kj->ij", *tables)
cost_tensor = material_tensor.mul(torch.tensor(price, dtype=torch.float64))

# %% wrong: speedups - mean in place of median
# says: take the median
typical = {way: [sum(runs[warmup:]) / len(runs[warmup:]) for runs in by_size] for way, by_size in readings.items()}
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = [size for size, ratio in zip(logged_sizes, speedup, strict=True) if ratio < 1]

# %% wrong: speedups - warm-ups left in
# says: leave out as many readings as warmup says
typical = {way: [median(runs) for runs in by_size] for way, by_size in readings.items()}
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = [size for size, ratio in zip(logged_sizes, speedup, strict=True) if ratio < 1]

# %% wrong: speedups - always one warm-up
# says: leave out as many readings as warmup says
typical = {way: [median(runs[1:]) for runs in by_size] for way, by_size in readings.items()}
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = [size for size, ratio in zip(logged_sizes, speedup, strict=True) if ratio < 1]

# %% wrong: speedups - new time divided by old
# says: the list's time divided by the tensor's
# scores: 0.333
typical = {way: [median(runs[warmup:]) for runs in by_size] for way, by_size in readings.items()}
speedup = [new / old for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = [size for size, ratio in zip(logged_sizes, speedup, strict=True) if ratio < 1]

# %% wrong: speedups - tensors believed to be faster at every size
# says: only those with a speed-up below 1
# scores: 0.667
typical = {way: [median(runs[warmup:]) for runs in by_size] for way, by_size in readings.items()}
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = []

# %% wrong: speedups - sizes copied from the visible check
# says: slower_sizes
# scores: 0.667
typical = {way: [median(runs[warmup:]) for runs in by_size] for way, by_size in readings.items()}
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = [3, 30]

# %% wrong: speedups - places in place of sizes
# says: collect sizes
# scores: 0.667
typical = {way: [median(runs[warmup:]) for runs in by_size] for way, by_size in readings.items()}
speedup = [old / new for old, new in zip(typical["list"], typical["tensor"], strict=True)]
slower_sizes = [place for place, ratio in enumerate(speedup) if ratio < 1]

# %% right: speedups - NumPy medians
typical = {way: [float(np.median(runs[warmup:])) for runs in by_size] for way, by_size in readings.items()}
speedup = (np.array(typical["list"]) / np.array(typical["tensor"])).tolist()
slower_sizes = [
    size for size, slow, fast in zip(logged_sizes, typical["tensor"], typical["list"], strict=True) if slow > fast
]

# %% right: speedups - one array for each way, a median along its rows
typical = {way: np.median(np.array(by_size)[:, warmup:], axis=1).tolist() for way, by_size in readings.items()}
speedup = (np.array(typical["list"]) / np.array(typical["tensor"])).tolist()
slower_sizes = [size for size, ratio in zip(logged_sizes, speedup, strict=True) if ratio < 1]

# %% right: speedups - explicit loops
typical = {}
for way in readings:
    typical[way] = []
    for runs in readings[way]:
        typical[way].append(median(runs[warmup:]))
speedup, slower_sizes = [], []
for place, size in enumerate(logged_sizes):
    speedup.append(typical["list"][place] / typical["tensor"][place])
    if speedup[-1] < 1:
        slower_sizes.append(size)


# %% wrong: crossover - the first win, however lucky
# says: a later loss cancels an earlier win
# scores: 0.6
def crossover(sizes, loop_times, tensor_times):
    for size, loop, tensor in zip(sizes, loop_times, tensor_times, strict=True):
        if tensor < loop:
            return size
    return None


# %% wrong: crossover - PyTorch believed to be always faster
# says: crossover
# scores: 0
def crossover(sizes, loop_times, tensor_times):
    return sizes[0]


# %% wrong: crossover - the last size that was lost
# says: stays ahead
# scores: 0
def crossover(sizes, loop_times, tensor_times):
    lost = [size for size, loop, tensor in zip(sizes, loop_times, tensor_times, strict=True) if tensor >= loop]
    return lost[-1] if lost else sizes[0]


# %% wrong: crossover - the place in place of the size
# says: crossover
# scores: 0
def crossover(sizes, loop_times, tensor_times):
    place = len(sizes)
    while place > 0 and tensor_times[place - 1] < loop_times[place - 1]:
        place -= 1
    return place if place < len(sizes) else None


# %% wrong: crossover - the largest size when there is none
# says: return none when the tensor is not faster at the largest size
# scores: 0.8
def crossover(sizes, loop_times, tensor_times):
    candidate = None
    for size, loop, tensor in zip(sizes, loop_times, tensor_times, strict=True):
        if tensor >= loop:
            candidate = None
        elif candidate is None:
            candidate = size
    return candidate or sizes[-1]


# %% wrong: crossover - a tie counted as a win
# says: a tie does not count as faster
# scores: 0.8
def crossover(sizes, loop_times, tensor_times):
    candidate = None
    for size, loop, tensor in zip(sizes, loop_times, tensor_times, strict=True):
        if tensor > loop:
            candidate = None
        elif candidate is None:
            candidate = size
    return candidate


# %% wrong: crossover - the answer of the visible example
# says: crossover
# scores: 0
def crossover(sizes, loop_times, tensor_times):
    return {100: 3, 10: 100, 3: None}.get(sizes[0], 1_000)


# %% right: crossover - from the largest size down
def crossover(sizes, loop_times, tensor_times):
    found = None
    for place in reversed(range(len(sizes))):
        if tensor_times[place] >= loop_times[place]:
            break
        found = sizes[place]
    return found


# %% right: crossover - all of the rest compared at every size
def crossover(sizes, loop_times, tensor_times):
    ahead = [tensor < loop for loop, tensor in zip(loop_times, tensor_times, strict=True)]
    return next((size for place, size in enumerate(sizes) if all(ahead[place:])), None)
