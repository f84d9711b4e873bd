"""A minimal HTTP/1.1 client on asyncio: keep-alive, one request at a time per connection, nothing else.

Twenty thousand fans ask through it on the machine that also runs the service, so what it costs per
request is taken from the service; a full client library costs ten times as much.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass
from typing import Any

BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it came: `head` holds the header lines in the server's spelling."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return None

    def json(self) -> Any:
        """Parse the body; raises ValueError when it is not JSON."""
        return json.loads(self.body)


def request_bytes(
    method: str, path: str, host: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """Write one request as it goes over the wire; a body is JSON."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


class Connection(asyncio.Protocol):
    """One keep-alive connection; `exchange` must be awaited before it is called again.

    `since` is when the last request was sent or the last answer came, by the event loop's clock.
    """

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = bytearray()
        self.waiter: asyncio.Future[Answer] | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; asyncio calls this."""
        self.transport = transport  # type: ignore[assignment]
        self.since = asyncio.get_running_loop().time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request that was under way; asyncio calls this."""
        self.transport = None
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(ConnectionError(f"the server closed the connection ({exc})"))

    def data_received(self, data: bytes) -> None:
        """Collect bytes until an answer is whole; asyncio calls this."""
        self.received += data
        try:
            answer = whole_answer(self.received)
        except ValueError as error:
            self.close()
            if self.waiter is not None and not self.waiter.done():
                self.waiter.set_exception(ConnectionError(f"not an HTTP answer: {error}"))
            return
        if answer is not None:
            self.received.clear()
            self.since = asyncio.get_running_loop().time()
            if b"\r\nconnection: close" in answer.head.lower() and self.transport is not None:
                # The server will not read another request here; to send one would lose it.
                self.transport.close()
            if self.waiter is not None and not self.waiter.done():
                self.waiter.set_result(answer)

    @property
    def waits(self) -> bool:
        """Whether a request was sent on it that is not answered yet."""
        return self.waiter is not None and not self.waiter.done()

    @property
    def usable(self) -> bool:
        """Whether a request can be sent on it."""
        return self.transport is not None and not self.transport.is_closing()

    async def exchange(self, request: bytes) -> Answer:
        """Send one request and wait for its answer; raises ConnectionError when the server goes away."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("the connection is closed")
        loop = asyncio.get_running_loop()
        self.waiter, self.since = loop.create_future(), loop.time()
        self.transport.write(request)
        return await self.waiter

    def give_up(self) -> None:
        """Fail what is under way with TimeoutError, and close."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(TimeoutError())
        self.close()

    def close(self) -> None:
        """Close it; what is under way fails."""
        if self.transport is not None:
            self.transport.abort()


def whole_answer(received: bytearray) -> Answer | None:
    """Read one answer from the bytes received so far; None when more must come."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end])
    status = int(head[9:12])
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(lowered[at + 17 :].split(b"\r\n", 1)[0])
        body_end = end + 4 + length
        return Answer(status, head, bytes(received[end + 4 : body_end])) if len(received) >= body_end else None
    if b"\r\ntransfer-encoding: chunked" in lowered:
        body = whole_chunks(received, end + 4)
        return None if body is None else Answer(status, head, body)
    if status in BODILESS:
        return Answer(status, head, b"")
    raise ValueError("neither a length nor chunks")


def whole_chunks(received: bytearray, start: int) -> bytes | None:
    """Join a chunked body that starts at `start`; None when its last chunk has not come."""
    parts: list[bytes] = []
    while True:
        line_end = received.find(b"\r\n", start)
        if line_end < 0:
            return None
        size = int(received[start:line_end].split(b";")[0], 16)
        chunk_end = line_end + 2 + size
        if len(received) < chunk_end + 2:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(received[line_end + 2 : chunk_end]))
        start = chunk_end + 2


async def connect(host: str, port: int, *, context: ssl.SSLContext | None = None) -> Connection:
    """Open one connection; raises ConnectionError when nobody listens."""
    try:
        async with asyncio.timeout(10):
            _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise ConnectionError(f"cannot reach {host}:{port}: {error}") from error
    return connection
