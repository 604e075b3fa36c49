"""A request's body, limited in size and time while it is read."""

import asyncio

from starlette.requests import ClientDisconnect, Request

# A little more of a body that is too large is thrown away, so that the client gets to read why.
DRAINED = 4
DRAIN_SECONDS = 2.0


class BodyError(Exception):
    """A body that is not taken.

    Attributes:
        status: The HTTP status that says so.
    """

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


def check_type(request: Request, wanted: str) -> None:
    """Check the content type of a request.

    Args:
        request: The request.
        wanted: A whole type, or one that ends in "/" for all of a family.

    Raises:
        BodyError: It is another one.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == wanted or (wanted.endswith("/") and given.startswith(wanted)):
        return
    example = "image/png or another image type" if wanted.endswith("/") else wanted
    said = f"is {given[:100]}" if given else "is missing"
    raise BodyError(415, f"The Content-Type {said}; send the plain body with the header Content-Type: {example}.")


async def read_body(request: Request, max_bytes: int, seconds: float) -> bytes:
    """Return the body.

    Args:
        request: The request.
        max_bytes: The most that is kept.
        seconds: The longest that it may take to come.

    Raises:
        BodyError: It is too large or too slow, or the client left.
    """
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > max_bytes:
        # A client that asks before it sends has nothing on the way that would have to be dropped.
        if "expect" not in request.headers:
            await _drain(request, max_bytes)
        raise _too_large(max_bytes)
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                content += part
                if len(content) > max_bytes:
                    break
    except TimeoutError:
        raise BodyError(408, f"The body did not arrive within {seconds:g} seconds.") from None
    except ClientDisconnect:
        raise BodyError(400, "The connection was closed before the body was complete.") from None
    if len(content) > max_bytes:
        content.clear()
        await _drain(request, max_bytes)
        raise _too_large(max_bytes)
    return bytes(content)


def _too_large(max_bytes: int) -> BodyError:
    return BodyError(413, f"The body is larger than {max_bytes:,} bytes; send a smaller one.")


async def _drain(request: Request, max_bytes: int) -> None:
    """Read and drop the rest, within limits."""
    dropped, more = 0, True
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while more and dropped < DRAINED * max_bytes:
                message = await request.receive()
                dropped += len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        pass
