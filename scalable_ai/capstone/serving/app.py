"""The server's routes: from requests to the model's answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import metadata as package

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from . import page, pictures, tensors
from .batcher import Batcher, OverloadedError
from .body import BodyError, check_type, read_body
from .metrics import Metrics
from .model import IMAGE_SHAPE, Model, probabilities
from .shell import Shell

TOP = 3


@dataclass(frozen=True)
class Limits:
    """What one request may take, and all together.

    Attributes:
        max_batch: Images in one batch.
        max_wait: Seconds that a batch's first image waits for others.
        max_queue: Images that may wait.
        max_body: Bytes of a body.
        body_seconds: The longest that a body may take to come.
    """

    max_batch: int = 32
    max_wait: float = 0.002
    max_queue: int = 256
    max_body: int = 8 * 2**20
    body_seconds: float = 10.0


class Service:
    """The parts that routes share: model, batcher, metrics, decoding threads.

    Args:
        model: The network.
        limits: What requests may take.
    """

    def __init__(self, model: Model, limits: Limits):
        self.model, self.limits = model, limits
        self.metrics = Metrics(lambda: self.batcher.waiting, limits.max_batch)
        self.batcher = Batcher(model, limits.max_batch, limits.max_wait, limits.max_queue, self.metrics.batch)
        self.decoders = ThreadPoolExecutor(2, "decode")
        self.open = 0

    @contextmanager
    def admitted(self):
        """Count a request that holds memory, and refuse it when there are too many."""
        if self.open >= 2 * self.limits.max_queue:
            raise OverloadedError("Too many requests are open; try again in a moment.")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def decoded(self, function, *arguments):
        """Run a decoder in a thread, so that the loop stays free for others."""
        return await asyncio.get_running_loop().run_in_executor(self.decoders, function, *arguments)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Warm up and run batches as long as the server runs."""
        loop = asyncio.get_running_loop()
        for size in {1, self.limits.max_batch}:
            await loop.run_in_executor(None, self.model, np.zeros((size, *IMAGE_SHAPE), np.float32))
        self.batcher.start()
        try:
            yield
        finally:
            await self.batcher.stop()
            self.decoders.shutdown(wait=True)


def build_app(model: Model, limits: Limits | None = None) -> FastAPI:
    """Return the application.

    Args:
        model: The network.
        limits: What requests may take.
    """
    service = Service(model, limits or Limits())
    # FastAPI's own documentation pages load scripts from elsewhere, so they are off; /openapi.json stays.
    app = FastAPI(
        title="CIFAR-10 classifier", version=_version(), docs_url=None, redoc_url=None, lifespan=service.lifespan
    )
    app.state.service = service
    app.add_middleware(Shell, metrics=service.metrics, policy=page.POLICY)
    _add_errors(app, service)
    _add_information(app, service)
    _add_answers(app, service)
    return app


def _add_answers(app: FastAPI, service: Service) -> None:
    limits, model = service.limits, service.model

    @app.post("/classify")
    async def classify(request: Request) -> JSONResponse:
        """Classify the picture that is the body (Content-Type: image/*)."""
        with service.admitted():
            check_type(request, "image/")
            content = await read_body(request, limits.max_body, limits.body_seconds)
            if not content:
                raise pictures.PictureError("The body is empty; send a picture.")
            image = await service.decoded(pictures.decode, content)
            del content
            logits = await _unless_gone(request, service.batcher.submit(image[None]))
        chances = probabilities(logits[0])
        best = [{"class": model.classes[i], "probability": float(chances[i])} for i in chances.argsort()[::-1][:TOP]]
        return JSONResponse({"class": best[0]["class"], "probability": best[0]["probability"], "top": best})

    @app.post(f"/v1/models/{tensors.NAME}:predict")
    @app.post(f"/v1/models/{tensors.NAME}/versions/{tensors.VERSION}:predict")
    async def predict(request: Request) -> JSONResponse:
        """Classify images as TensorFlow Serving's REST interface does."""
        with service.admitted():
            check_type(request, "application/json")
            content = await read_body(request, limits.max_body, limits.body_seconds)
            images, rows = await service.decoded(tensors.parse, content, limits.max_queue)
            del content
            logits = await _unless_gone(request, service.batcher.submit(images))
        return JSONResponse(tensors.answer(logits, rows))


async def _unless_gone(request: Request, answer: Awaitable[np.ndarray]) -> np.ndarray:
    """Return the answer; give it up when the client leaves before it is there."""
    task, gone = asyncio.ensure_future(answer), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise BodyError(499, "The client left before the answer was ready.")
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _add_information(app: FastAPI, service: Service) -> None:
    model = service.model
    base = f"/v1/models/{tensors.NAME}"
    front = page.render(model, service.limits.max_body)

    @app.get("/", response_class=HTMLResponse)
    async def index() -> str:
        """Show the page where a person drops a picture."""
        return front

    @app.get("/healthz")
    async def health() -> dict:
        """Say that the process lives."""
        return {"status": "live"}

    @app.get("/readyz")
    async def ready() -> JSONResponse:
        """Say whether requests are answered."""
        alive = service.batcher.alive
        return JSONResponse({"status": "ready" if alive else "not ready"}, 200 if alive else 503)

    @app.get("/version")
    async def version() -> dict:
        """Say which code and which model answer."""
        return {
            "scalable-ai": _version(),
            "onnxruntime": package.version("onnxruntime"),
            "model": {"name": tensors.NAME, "version": str(tensors.VERSION), "sha256": model.digest, **model.details},
        }

    @app.get("/metrics")
    async def metrics() -> Response:
        """Show the counts, for Prometheus."""
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get(base)
    @app.get(f"{base}/versions/{tensors.VERSION}")
    async def status() -> dict:
        """Say which versions are loaded, as TensorFlow Serving does."""
        return tensors.status()

    @app.get(f"{base}/metadata")
    @app.get(f"{base}/versions/{tensors.VERSION}/metadata")
    async def metadata() -> dict:
        """Describe inputs, outputs, classes and pixels."""
        return {**tensors.metadata(model), "pictures": pictures.CONVENTION}


def _add_errors(app: FastAPI, service: Service) -> None:
    def error(status: int, sentence: object, headers: dict | None = None) -> JSONResponse:
        return JSONResponse({"error": str(sentence)}, status, headers)

    @app.exception_handler(pictures.PictureError)
    @app.exception_handler(tensors.TensorError)
    async def not_understood(request: Request, problem: Exception) -> JSONResponse:
        return error(400, problem)

    @app.exception_handler(BodyError)
    async def not_taken(request: Request, problem: BodyError) -> JSONResponse:
        # The rest of the body was not read, so this connection cannot carry another request.
        return error(problem.status, problem, {"Connection": "close"})

    @app.exception_handler(OverloadedError)
    async def overloaded(request: Request, problem: OverloadedError) -> JSONResponse:
        service.metrics.refused.inc()
        return error(503, problem, {"Retry-After": "1"})

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, problem: RequestValidationError) -> JSONResponse:
        return error(422, problem)

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, problem: HTTPException) -> JSONResponse:
        known = {404: "There is nothing at this address.", 405: "This address does not take this method."}
        return error(problem.status_code, known.get(problem.status_code, problem.detail), dict(problem.headers or {}))


def _version() -> str:
    try:
        return package.version("scalable-ai")
    except package.PackageNotFoundError:
        return "unknown"
