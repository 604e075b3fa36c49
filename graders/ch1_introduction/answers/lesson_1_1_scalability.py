# %% wrong: loads - dot taken for an element-wise product
# says: reduces two vectors to one number
both_weeks = last_week.add(this_week)
change = this_week.sub(last_week)
revenue = this_week.mul(price)
growth = this_week.div(last_week)
squared_change = change.pow(2)
takings = this_week.mul(price)

# %% wrong: loads - order of subtraction and division turned round
# says: last week is subtracted
both_weeks = last_week.add(this_week)
change = last_week.sub(this_week)
revenue = this_week.mul(price)
growth = last_week.div(this_week)
squared_change = change.pow(2)
takings = this_week.dot(price)

# %% wrong: loads - twice the change in place of its square
# says: not twice the change
both_weeks = last_week.add(this_week)
change = this_week.sub(last_week)
revenue = this_week.mul(price)
growth = this_week.div(last_week)
squared_change = change.mul(2)
takings = this_week.dot(price)

# %% wrong: loads - results copied from the visible check
# says: both_weeks
both_weeks = torch.tensor([90.0, 45.0, 20.0, 20.0])
change = torch.tensor([10.0, -5.0, 0.0, 4.0])
revenue = torch.tensor([100.0, 100.0, 80.0, 150.0])
growth = torch.tensor([1.25, 0.8, 1.0, 1.5])
squared_change = torch.tensor([100.0, 25.0, 0.0, 16.0])
takings = torch.tensor(430.0)

# %% wrong: loads - an in-place method writes over an input
# says: underscore writes over its tensor
both_weeks = last_week.add(this_week)
change = this_week.sub(last_week)
growth = this_week.div(last_week)
squared_change = change.pow(2)
takings = this_week.dot(price)
revenue = this_week.mul_(price)

# %% wrong: loads - takings as a loop over the first three products
# says: takings
both_weeks = last_week.add(this_week)
change = this_week.sub(last_week)
revenue = this_week.mul(price)
growth = this_week.div(last_week)
squared_change = change.pow(2)
takings = revenue[0] + revenue[1] + revenue[2]

# %% right: loads - operators instead of methods
both_weeks = last_week + this_week
change = this_week - last_week
revenue = this_week * price
growth = this_week / last_week
squared_change = change**2
takings = this_week @ price

# %% right: loads - functions of torch, and the reduction spelled out
both_weeks = torch.add(this_week, last_week)
change = torch.sub(this_week, last_week)
revenue = torch.mul(price, this_week)
growth = torch.div(this_week, last_week)
squared_change = torch.pow(change, 2)
takings = revenue.sum()

# %% wrong: same_speedup - ratios without logarithms
# says: logarithm of the cost ratio
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups).mul(64)
speedup_short = cost_all[today].div(cost_short[today])
speedup_grouped = cost_all[today].div(cost_grouped[today])
load_ratio = loads[-1].div(loads[0])
slope_short = cost_short[-1].div(cost_short[0]).div(load_ratio)
slope_grouped = cost_grouped[-1].div(cost_grouped[0]).div(load_ratio)

# %% wrong: same_speedup - speed-up turned round
# says: old cost divided by the new cost
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups).mul(64)
speedup_short = cost_short[today].div(cost_all[today])
speedup_grouped = cost_grouped[today].div(cost_all[today])
log_load_ratio = loads[-1].div(loads[0]).log()
slope_short = cost_short[-1].div(cost_short[0]).log().div(log_load_ratio)
slope_grouped = cost_grouped[-1].div(cost_grouped[0]).log().div(log_load_ratio)

# %% wrong: same_speedup - numbers written down as expected today
# says: both at `today`
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups).mul(64)
speedup_short = torch.tensor(4.0)
speedup_grouped = torch.tensor(4.0)
slope_short = torch.tensor(2.0)
slope_grouped = torch.tensor(1.0)

# %% wrong: same_speedup - only the slope written down
# says: do not write down
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups).mul(64)
speedup_short = cost_all[today].div(cost_short[today])
speedup_grouped = cost_all[today].div(cost_grouped[today])
slope_short = torch.tensor(2.0)
slope_grouped = torch.tensor(1.0)

# %% wrong: same_speedup - only the second slope written down
# says: do not write down
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups).mul(64)
speedup_short = cost_all[today].div(cost_short[today])
speedup_grouped = cost_all[today].div(cost_grouped[today])
log_load_ratio = loads[-1].div(loads[0]).log()
slope_short = cost_short[-1].div(cost_short[0]).log().div(log_load_ratio)
slope_grouped = torch.tensor(1.0)

# %% wrong: same_speedup - the groups counted without the numbers of a comparison
# says: 64 multiplications for each
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups)
speedup_short = cost_all[today].div(cost_short[today])
speedup_grouped = cost_all[today].div(cost_grouped[today])
log_load_ratio = loads[-1].div(loads[0]).log()
slope_short = cost_short[-1].div(cost_short[0]).log().div(log_load_ratio)
slope_grouped = cost_grouped[-1].div(cost_grouped[0]).log().div(log_load_ratio)

# %% wrong: same_speedup - today taken for the last load
# says: both at `today`
cost_short = cost_all.div(4)
cost_grouped = loads.mul(num_groups).mul(64)
speedup_short = cost_all[-1].div(cost_short[-1])
speedup_grouped = cost_all[-1].div(cost_grouped[-1])
log_load_ratio = loads[-1].div(loads[0]).log()
slope_short = cost_short[-1].div(cost_short[0]).log().div(log_load_ratio)
slope_grouped = cost_grouped[-1].div(cost_grouped[0]).log().div(log_load_ratio)

# %% right: same_speedup - operators, Python numbers and base-two logarithms
import math

cost_short = loads**2 * 16
cost_grouped = loads * (num_groups * 64)
speedup_short = (cost_all[today] / cost_short[today]).item()
speedup_grouped = (cost_all[today] / cost_grouped[today]).item()
log_load_ratio = math.log2(loads[-1] / loads[0])
slope_short = math.log2(cost_short[-1] / cost_short[0]) / log_load_ratio
slope_grouped = math.log2(cost_grouped[-1] / cost_grouped[0]) / log_load_ratio

# %% right: same_speedup - differences of logarithms
cost_short = cost_all / 4
cost_grouped = 64 * num_groups * loads
speedup_short = (cost_all / cost_short)[today]
speedup_grouped = (cost_all / cost_grouped)[today]
x = loads.log()
slope_short = (cost_short.log()[-1] - cost_short.log()[0]) / (x[-1] - x[0])
slope_grouped = (cost_grouped.log()[-1] - cost_grouped.log()[0]) / (x[-1] - x[0])


# %% wrong: partial_dots - a fixed shard length loses the remainder
# says: hold every place once
def partial_dots(a, b, num_workers):
    size = len(a) // num_workers
    return torch.stack([a[i * size : (i + 1) * size].dot(b[i * size : (i + 1) * size]) for i in range(num_workers)])


# %% wrong: partial_dots - the last worker gets all of the remainder
# says: Spread the remainder
def partial_dots(a, b, num_workers):
    size = len(a) // num_workers
    starts = [i * size for i in range(num_workers)]
    stops = [*starts[1:], len(a)]
    return torch.stack([a[i:j].dot(b[i:j]) for i, j in zip(starts, stops, strict=True)])


# %% wrong: partial_dots - the total divided evenly, no work shared
# says: shards that hold every place once
def partial_dots(a, b, num_workers):
    return a.dot(b).div(num_workers).repeat(num_workers)


# %% wrong: partial_dots - element-wise products in place of reductions
# says: Reduce every shard
def partial_dots(a, b, num_workers):
    return torch.cat([x.mul(y) for x, y in zip(a.tensor_split(num_workers), b.tensor_split(num_workers), strict=True)])


# %% wrong: partial_dots - the total in place of the shares
# says: one share for each
def partial_dots(a, b, num_workers):
    return sum(x.dot(y) for x, y in zip(a.tensor_split(num_workers), b.tensor_split(num_workers), strict=True))


# %% wrong: partial_dots - chunk makes fewer shards than workers
# says: one share for each
def partial_dots(a, b, num_workers):
    return torch.stack([x.dot(y) for x, y in zip(a.chunk(num_workers), b.chunk(num_workers), strict=True)])


# %% wrong: partial_dots - neighbouring shards overlap by one place
# says: shards do not overlap
def partial_dots(a, b, num_workers):
    edges = [round(i * len(a) / num_workers) for i in range(num_workers + 1)]
    return torch.stack([a[i : j + 1].dot(b[i : j + 1]) for i, j in zip(edges, edges[1:], strict=False)])


# %% right: partial_dots - every worker takes each n-th place
def partial_dots(a, b, num_workers):
    return torch.stack([a[i::num_workers] @ b[i::num_workers] for i in range(num_workers)])


# %% right: partial_dots - edges computed by hand, filled into zeros
def partial_dots(a, b, num_workers):
    shares = torch.zeros(num_workers)
    for worker in range(num_workers):
        start = worker * len(a) // num_workers
        stop = (worker + 1) * len(a) // num_workers
        shares[worker] = (a[start:stop] * b[start:stop]).sum()
    return shares
