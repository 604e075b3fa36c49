"""What surrounds every request: its metrics, headers for the browser's safety, and no error without a sentence."""

import json
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .metrics import Metrics

log = logging.getLogger("uvicorn.error")


class Shell:
    """An ASGI middleware.

    Args:
        app: The application.
        metrics: Where requests are counted.
        policy: The Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, policy: str):
        self.app, self.metrics = app, metrics
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", []), *self.headers]}
            await send(message)

        try:
            await self.app(scope, receive, note)
        except Exception:
            log.exception("A request failed")
            if not status:
                body = json.dumps({"error": "The server failed at this request; its log says more."}).encode()
                headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
                await note({"type": "http.response.start", "status": 500, "headers": headers})
                await send({"type": "http.response.body", "body": body})
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.request(route, status, time.perf_counter() - start)
