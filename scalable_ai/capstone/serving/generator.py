"""The load generator: a process of its own that needs the standard library only, so that it costs little.

Reads one job as JSON from standard input and writes its result as JSON to standard output. A job has a `kind`:
"single" (one request after the other), "closed" (each client sends as soon as it was answered) or "open" (requests are
due at random times, whether or not earlier ones were answered). Latency in an open job counts from the time that a
request was due, so a request that had to wait for a connection is not flattered.
"""

import asyncio
import json
import random
import sys
import time

STATUS = slice(9, 12)
DRAIN_SECONDS = 20.0


class Connection(asyncio.Protocol):
    """One keep-alive connection that carries one request at a time."""

    def __init__(self):
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future | None = None
        self._buffer = b""
        self._length = -1

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep the transport."""
        self.transport = transport

    def send(self, request: bytes) -> asyncio.Future:
        """Send a request; the future's result is the answer's status, 0 for a connection that was lost."""
        self._answer = asyncio.get_running_loop().create_future()
        self._buffer, self._length = b"", -1
        if self.transport.is_closing():
            self._answer.set_result(0)
        else:
            self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Find the end of the answer by its Content-Length."""
        self._buffer += data
        if self._length < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            self._length = end + 4 + length
        if len(self._buffer) >= self._length and self._answer and not self._answer.done():
            self._answer.set_result(int(self._buffer[STATUS]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer what is still open with status 0."""
        if self._answer and not self._answer.done():
            self._answer.set_result(0)


class Load:
    """One job's requests.

    Args:
        job: host, port, request (text in Latin-1), kind, clients, seconds, and for "open" rate (1/s) and seed.
    """

    def __init__(self, job: dict):
        self.job = job
        self.request = job["request"].encode("latin-1")
        self.latencies: list[float] = []
        self.lateness: list[float] = []
        self.statuses: dict[int, int] = {}

    async def connect(self) -> Connection:
        """Return a new connection."""
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, self.job["host"], self.job["port"]))[1]

    async def one(self, connection: Connection, due: float) -> int:
        """Send a request and note its latency in seconds since `due`."""
        status = await connection.send(self.request)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.latencies.append(time.perf_counter() - due)
        return status

    async def closed(self, clients: int) -> None:
        """Let each client send as soon as it was answered."""
        connections = [await self.connect() for _ in range(clients)]
        end = time.perf_counter() + self.job["seconds"]

        async def client(connection: Connection) -> None:
            while (now := time.perf_counter()) < end:
                status = await self.one(connection, now)
                if status == 0:
                    connection = await self.connect()
                elif status == 503:
                    await asyncio.sleep(0.01)

        await asyncio.gather(*map(client, connections))
        for connection in connections:
            connection.transport.close()

    async def open(self) -> None:
        """Send at random times of a given mean rate."""
        chance = random.Random(self.job["seed"])
        idle = [await self.connect() for _ in range(self.job["clients"])]
        waiting: list[float] = []
        running: set[asyncio.Task] = set()

        async def client(connection: Connection, due: float) -> None:
            while True:
                if await self.one(connection, due) == 0:
                    connection = await self.connect()
                if not waiting:
                    idle.append(connection)
                    return
                due = waiting.pop(0)

        due = start = time.perf_counter()
        while (due := due + chance.expovariate(self.job["rate"])) < start + self.job["seconds"]:
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            self.lateness.append(max(time.perf_counter() - due, 0))
            if idle:
                task = asyncio.ensure_future(client(idle.pop(), due))
                running.add(task)
                task.add_done_callback(running.discard)
            else:
                waiting.append(due)
        if running:
            _, late = await asyncio.wait(set(running), timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            if late:
                self.statuses[0] = self.statuses.get(0, 0) + len(late) + len(waiting)

    async def run(self) -> dict:
        """Do the job and return its result."""
        wall, processor = time.perf_counter(), time.process_time()
        if self.job["kind"] == "open":
            await self.open()
        else:
            await self.closed(1 if self.job["kind"] == "single" else self.job["clients"])
        wall = time.perf_counter() - wall
        return {
            "latencies": self.latencies,
            "lateness": self.lateness,
            "statuses": self.statuses,
            "wall": wall,
            "processor": time.process_time() - processor,
        }


if __name__ == "__main__":
    json.dump(asyncio.run(Load(json.load(sys.stdin)).run()), sys.stdout)
