# %% wrong: endpoint - a parameter of type dict, so that nothing is validated
# says: refused by the contract
service = FastAPI()


@service.get("/health")
def health():
    return {"status": "ok"}


@service.post(address)
def predict(batch: dict):
    return {"predictions": score(batch["instances"])}


replies = [ask(service, *trial) for trial in trials]


# %% wrong: endpoint - a row of any length
# says: fewer than 12
class Batch(BaseModel):
    instances: list[list[float]] = Field(min_length=1)


service = FastAPI()


@service.get("/health")
def health():
    return {"status": "ok"}


@service.post(address)
def predict(batch: Batch):
    return {"predictions": score(batch.instances)}


replies = [ask(service, *trial) for trial in trials]


# %% wrong: endpoint - no upper limit
# says: more than 12
class Batch(BaseModel):
    instances: list[Annotated[list[float], Field(min_length=12)]] = Field(min_length=1)


service = FastAPI()


@service.get("/health")
def health():
    return {"status": "ok"}


@service.post(address)
def predict(batch: Batch):
    return {"predictions": score(batch.instances)}


replies = [ask(service, *trial) for trial in trials]


# %% wrong: endpoint - an empty request is let in
# says: at least one row
class Batch(BaseModel):
    instances: list[Annotated[list[float], Field(min_length=12, max_length=12)]]


service = FastAPI()


@service.get("/health")
def health():
    return {"status": "ok"}


@service.post(address)
def predict(batch: Batch):
    return {"predictions": score(batch.instances)}


replies = [ask(service, *trial) for trial in trials]


# %% wrong: endpoint - a bare list as the reply
# says: the key predictions
class Batch(BaseModel):
    instances: list[Annotated[list[float], Field(min_length=12, max_length=12)]] = Field(min_length=1)


service = FastAPI()


@service.get("/health")
def health():
    return {"status": "ok"}


@service.post(address)
def predict(batch: Batch):
    return score(batch.instances)


replies = [ask(service, *trial) for trial in trials]


# %% wrong: endpoint - POST for health, and every model's name
# says: the method that reads is get
class Batch(BaseModel):
    instances: list[Annotated[list[float], Field(min_length=12, max_length=12)]] = Field(min_length=1)


service = FastAPI()


@service.post("/health")
def health():
    return {"status": "ok"}


@service.post("/v1/models/{name}:predict")
def predict(name: str, batch: Batch):
    return {"predictions": score(batch.instances)}


replies = [ask(service, *trial) for trial in trials]

# %% wrong: endpoint - the replies of the lesson's trials
# says: one reply for each trial
# scores: 0
replies = [
    [200, {"status": "ok"}],
    [200, {"predictions": score(example_rows[:1])}],
    [200, {"predictions": score(example_rows)}],
    [422, {}],
    [422, {}],
    [422, {}],
    [422, {}],
    [404, {"detail": "Not Found"}],
]

# %% right: endpoint - coroutines and a router
from fastapi import APIRouter


class Request(BaseModel):
    instances: Annotated[list[Annotated[list[float], Field(min_length=12), Field(max_length=12)]], Field(min_length=1)]


router = APIRouter(prefix="/v1/models")


@router.post("/tiles:predict")
async def answer(request: Request) -> dict:
    return dict(predictions=score(request.instances))


service = FastAPI(title="tiles")
service.include_router(router)
service.add_api_route("/health", lambda: {"status": "ok"}, methods=["GET"])
replies = [ask(service, *trial) for trial in trials]

# %% right: endpoint - a validator, and HTTPException
from fastapi import HTTPException
from pydantic import field_validator


class Batch(BaseModel):
    instances: list[list[float]]

    @field_validator("instances")
    @classmethod
    def shaped(cls, rows):
        if any(len(row) != 12 for row in rows):
            raise ValueError("a row has 12 numbers")
        return rows


service = FastAPI()


@service.get("/health", status_code=200)
async def alive():
    return {"status": "ok"}


@service.post("/v1/models/{name}:predict")
def predict(name: str, batch: Batch):
    if name != "tiles":
        raise HTTPException(404, f"no model called {name}")
    if not batch.instances:
        raise HTTPException(422, "no instances")
    return {"predictions": score(batch.instances)}


replies = [ask(service, *trial) for trial in trials]


# %% wrong: one_call - one call for each request
# says: the model is called once
# scores: 0.667
def answer_together(requests, predict):
    return [{"predictions": predict(request["instances"])} for request in requests]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: one_call - equal shares
# says: as many predictions as it had instances
# scores: 0.333
def answer_together(requests, predict):
    found = predict([row for request in requests for row in request["instances"]])
    share = len(found) // len(requests)
    return [{"predictions": found[i * share : (i + 1) * share]} for i in range(len(requests))]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: one_call - the place does not move on
# says: its own ones
# scores: 0.333
def answer_together(requests, predict):
    found = predict([row for request in requests for row in request["instances"]])
    return [{"predictions": found[: len(request["instances"])]} for request in requests]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: one_call - one prediction for each request
# says: as many predictions as it had instances
def answer_together(requests, predict):
    found = predict([request["instances"][0] for request in requests])
    return [{"predictions": [prediction]} for prediction in found]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: one_call - the replies of the lesson's queue
# says: collect the instances of all requests
# scores: 0
together = [{"predictions": score(request["instances"])} for request in waiting[:3]]
call_sizes = [6]


# %% right: one_call - a place that moves on
def answer_together(requests, predict):
    rows = []
    for request in requests:
        rows.extend(request["instances"])
    found, replies, place = predict(rows), [], 0
    for request in requests:
        count = len(request["instances"])
        replies.append({"predictions": found[place : place + count]})
        place += count
    return replies


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes

# %% right: one_call - itertools
from itertools import chain, islice


def answer_together(requests, predict):
    counts = [len(request["instances"]) for request in requests]
    found = iter(predict(list(chain.from_iterable(request["instances"] for request in requests))))
    return [dict(predictions=list(islice(found, count))) for count in counts]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: least_busy - in turn
# says: the copy whose free time is earliest
# scores: 0
def least_busy(arrivals, durations, healthy):
    return [number % len(healthy) for number in range(len(arrivals))]


# %% wrong: least_busy - health not asked
# says: leave copies that are not healthy out
# scores: 0.75
def least_busy(arrivals, durations, healthy):
    free = dict.fromkeys(range(len(healthy)), 0.0)
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        copy = min(free, key=free.get)
        free[copy] = max(free[copy], arrival) + duration
        chosen.append(copy)
    return chosen


# %% wrong: least_busy - the pause forgotten
# says: forgets the pause
# scores: 0
def least_busy(arrivals, durations, healthy):
    free = {copy: 0.0 for copy, good in enumerate(healthy) if good}
    chosen = []
    for duration in durations:
        copy = min(free, key=free.get)
        free[copy] += duration
        chosen.append(copy)
    return chosen


# %% wrong: least_busy - starts at the arrival, busy or not
# says: starts at its free time
def least_busy(arrivals, durations, healthy):
    free = {copy: 0.0 for copy, good in enumerate(healthy) if good}
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        copy = min(free, key=free.get)
        free[copy] = arrival + duration
        chosen.append(copy)
    return chosen


# %% wrong: least_busy - healthy copies numbered anew
# says: keep the numbers of the others
# scores: 0.75
def least_busy(arrivals, durations, healthy):
    free = {copy: 0.0 for copy in range(sum(healthy))}
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        copy = min(free, key=free.get)
        free[copy] = max(free[copy], arrival) + duration
        chosen.append(copy)
    return chosen


# %% wrong: least_busy - the highest number of equal ones
# says: least_busy
def least_busy(arrivals, durations, healthy):
    free = {copy: 0.0 for copy, good in enumerate(healthy) if good}
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        copy = min(reversed(free), key=free.get)
        free[copy] = max(free[copy], arrival) + duration
        chosen.append(copy)
    return chosen


# %% right: least_busy - lists and infinity
def least_busy(arrivals, durations, healthy):
    free = [0.0 if good else float("inf") for good in healthy]
    chosen = []
    for i in range(len(arrivals)):
        copy = free.index(min(free))
        free[copy] = durations[i] + (arrivals[i] if arrivals[i] > free[copy] else free[copy])
        chosen.append(copy)
    return chosen


# %% right: least_busy - a heap
def least_busy(arrivals, durations, healthy):
    import heapq

    heap = [(0.0, copy) for copy, good in enumerate(healthy) if good]
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        done, copy = heap[0]
        heapq.heapreplace(heap, (max(done, arrival) + duration, copy))
        chosen.append(copy)
    return chosen


# %% wrong: endpoint - the whole request handed to the network
# says: whose parameter is of your request class
class Batch(BaseModel):
    instances: list[Annotated[list[float], Field(min_length=12, max_length=12)]] = Field(min_length=1)


service = FastAPI()


@service.get("/health")
def health():
    return {"status": "ok"}


@service.post(address)
def predict(batch: Batch):
    return {"predictions": score(batch)}


replies = [ask(service, *trial) for trial in trials]


# %% wrong: one_call - the first request's list grows
# says: StopIteration
from collections.abc import Callable


def answer_together(requests: list, predict: Callable) -> list:
    rows = requests[0]["instances"]
    for request in requests[1:]:
        rows += request["instances"]
    answers = iter(predict(rows))
    return [{"predictions": [next(answers) for _ in request["instances"]]} for request in requests]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: one_call - the lesson's function in place of the one handed in
# says: the model is called once
from collections.abc import Callable


def answer_together(requests: list, predict: Callable) -> list:
    answers = iter(score([row for request in requests for row in request["instances"]]))
    return [{"predictions": [next(answers) for _ in request["instances"]]} for request in requests]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes


# %% wrong: least_busy - the lowest number of all that stand idle
# says: whose free time is earliest
def least_busy(arrivals: list, durations: list, healthy: list) -> list:
    free = {copy: 0.0 for copy, is_healthy in enumerate(healthy) if is_healthy}
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        copy = min(free, key=lambda one: (max(free[one], arrival), one))
        free[copy] = max(free[copy], arrival) + duration
        chosen.append(copy)
    return chosen


# %% right: least_busy - an array, and numbers of NumPy
def least_busy(arrivals: list, durations: list, healthy: list) -> list:
    free = np.where(healthy, 0.0, np.inf)
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        chosen.append(np.argmin(free))
        free[chosen[-1]] = max(free[chosen[-1]], arrival) + duration
    return chosen
