"""Whose connection a request takes: those outside share some, everybody inside has one of their own.

A browser never waits behind another fan's. A pool for everybody would make those inside queue up in
this program behind the crowd, where no service could help them.
"""

import asyncio
import ssl
from collections import deque
from typing import Protocol
from urllib.parse import urlsplit

from cli.sale.wire import Answer, Connection, connect

# Seconds that an answer may take before the connection is given up.
PATIENCE = 30.0
# Seconds after which an unused connection is closed: before the server's keep-alive of 10 s ends, which
# might be at the moment in which a request is sent.
IDLE = 8.0
LOOK = 1.0
# Those outside share so many connections at most. One whose request is held open by the service (a join
# until its outcome is there) keeps its connection, so quick questions have some that no such request takes.
HELD, QUICK = 256, 256


class Way(Protocol):
    """What sends a request to a service: `base` is the path before every path, `authority` the Host header."""

    @property
    def base(self) -> str:
        """The path in front of all paths."""

    @property
    def authority(self) -> str:
        """Host and port as the URL writes them."""

    async def exchange(self, request: bytes) -> Answer:
        """Send one request; raises ConnectionError or TimeoutError."""

    def own(self) -> "Way":
        """Return the way of one fan who shares with nobody, if there is room for one more."""

    def close(self) -> None:
        """Close what this way keeps open."""


class Origin:
    """Where a service is, and all connections to it; gives up those that wait too long, closes those unused.

    One look a second at all of them costs less than a timer for each request. `most` bounds the
    connections of fans who have one of their own.
    """

    def __init__(self, url: str, most: int = 100_000) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        secure = parts.scheme == "https"
        self.context = ssl.create_default_context() if secure else None
        self.port = parts.port or (443 if secure else 80)
        self.authority = parts.netloc
        self.base = parts.path.rstrip("/")
        self.room = most
        self.open: set[Connection] = set()
        self.looking: asyncio.TimerHandle | None = None

    async def connect(self) -> Connection:
        """Open one more connection; raises ConnectionError when nobody listens."""
        connection = await connect(self.host, self.port, context=self.context)
        self.open.add(connection)
        if self.looking is None:
            self.looking = asyncio.get_running_loop().call_later(LOOK, self.look)
        return connection

    def look(self) -> None:
        """Close what was closed by the server, was unused or unanswered for too long; look again in a second."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [*self.open]:
            if connection.waits and now - connection.since > PATIENCE:
                connection.give_up()
            elif not connection.waits and now - connection.since > IDLE:
                connection.close()
            if not connection.usable:
                self.open.discard(connection)
        self.looking = loop.call_later(LOOK, self.look) if self.open else None

    def close(self) -> None:
        """Close every connection."""
        if self.looking is not None:
            self.looking.cancel()
            self.looking = None
        while self.open:
            self.open.pop().close()


class Pool:
    """At most `size` connections to one origin, shared by everybody who asks; first come, first served."""

    def __init__(self, origin: Origin, size: int) -> None:
        self.origin = origin
        self.base, self.authority = origin.base, origin.authority
        self.idle: deque[Connection] = deque()
        self.places = asyncio.Semaphore(size)

    async def exchange(self, request: bytes) -> Answer:
        """Send one request on a free connection; raises ConnectionError or TimeoutError."""
        async with self.places:
            connection = await self._connection()
            answer = await _exchange(connection, request)
            if connection.usable:
                self.idle.append(connection)
            while self.idle and not self.idle[0].usable:
                self.idle.popleft()
            return answer

    async def _connection(self) -> Connection:
        while self.idle:
            # The one used last is the least likely to have been closed; the others grow old and are closed.
            connection = self.idle.pop()
            if connection.usable:
                return connection
        return await self.origin.connect()


class Outside:
    """The way of all who are outside: requests that the service may hold open, and quick questions, apart.

    `most` is how many connections may be open in this program; half of them at most are shared here.
    """

    def __init__(self, url: str, most: int = 100_000) -> None:
        share = min(1.0, most / 2 / (HELD + QUICK))
        held, quick = max(1, int(HELD * share)), max(1, int(QUICK * share))
        self.origin = Origin(url, most - held - quick)
        self.base, self.authority = self.origin.base, self.origin.authority
        self.held, self.quick = Pool(self.origin, held), Pool(self.origin, quick)

    async def exchange(self, request: bytes) -> Answer:
        """Send one request; raises ConnectionError or TimeoutError."""
        quick = request.startswith(b"GET ") and b"\r\nPrefer:" not in request
        return await (self.quick if quick else self.held).exchange(request)

    def own(self) -> Way:
        """Return a way of one's own, or this one when there are as many as may be open at a time."""
        return Own(self.origin) if self.origin.room > 0 else self

    def close(self) -> None:
        """Leave the connections to the others; `shut` closes them."""

    def shut(self) -> None:
        """Close every connection to the service."""
        self.origin.close()


class Own:
    """One fan's own connection: opened when it is first needed, and anew when it was closed meanwhile."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.base, self.authority = origin.base, origin.authority
        self.connection: Connection | None = None
        self.origin.room -= 1

    async def exchange(self, request: bytes) -> Answer:
        """Send one request; raises ConnectionError or TimeoutError."""
        if self.connection is None or not self.connection.usable:
            self.connection = await self.origin.connect()
        return await _exchange(self.connection, request)

    def own(self) -> Way:
        """Return itself."""
        return self

    def close(self) -> None:
        """Close the connection; the room is free for somebody else."""
        if self.connection is not None:
            self.origin.open.discard(self.connection)
            self.connection.close()
            self.connection = None
        self.origin.room += 1


async def _exchange(connection: Connection, request: bytes) -> Answer:
    try:
        return await connection.exchange(request)
    except BaseException:
        # What comes on it later would be taken for the next answer.
        connection.close()
        raise
