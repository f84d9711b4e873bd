"""What is left to do for slow clients once they were answered, by one thread for all of them.

An answer that its client does not read at once is sent on here, so that it keeps no thread of those that answer. And
connections are closed over nothing unread: what a client still sends after its answer is read and thrown away, since a
connection that is closed over unread bytes is reset, and the answer may be lost with it.
"""

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol

from gunicorn import util  # type: ignore[import-untyped]

LINGER_SECONDS = 1.0
MOST_READ_AFTERWARDS = 1_048_576
# Beyond so many at a time, connections are closed at once.
MOST_LINGERING = 200
# Beyond so much that is not sent, those who have not taken theirs for the longest are cut off.
MOST_UNSENT = 64 * 1_048_576
_PIECE = 65_536


class ClientSocket(socket.socket):
    """A client's connection whose `sendall` never waits: `unsent` is what it has not taken."""

    def __init__(self, accepted: socket.socket) -> None:
        """Take over a connection that was accepted."""
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.unsent = bytearray()

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send what goes at once; keep the rest. Raises OSError when the client has gone."""
        sent = 0
        if not self.unsent:
            with suppress(BlockingIOError):
                sent = self.send(data, flags | socket.MSG_DONTWAIT)
        if sent < len(data):
            self.unsent += memoryview(data)[sent:]

    def take_unsent(self) -> bytes:
        """Return what was not sent; whoever takes it sends it."""
        unsent = bytes(self.unsent)
        self.unsent.clear()
        return unsent


class _Job(Protocol):
    """Something to do whenever a connection is ready, until it is over or its time is."""

    until: float
    # How many bytes it keeps.
    size: int

    def goes_on(self, client: socket.socket) -> bool:
        """Do what can be done at once; return whether something is left."""

    def end(self, client: socket.socket, *, in_time: bool) -> None:
        """Hand the connection on."""


class _Leaving:
    """Reading what nobody wants to know, until the client has closed."""

    size = 0

    def __init__(self) -> None:
        self.until, self._read = monotonic() + LINGER_SECONDS, 0

    def goes_on(self, client: socket.socket) -> bool:
        found = len(client.recv(_PIECE, socket.MSG_DONTWAIT))
        self._read += found
        return bool(found) and self._read < MOST_READ_AFTERWARDS

    def end(self, client: socket.socket, *, in_time: bool) -> None:
        del in_time
        util.close(client)


class _Sending:
    """Sending what a client has not taken yet."""

    def __init__(self, data: bytes, seconds: float, done: Callable[[bool], None]) -> None:
        self.until, self.size = monotonic() + seconds, len(data)
        self._rest, self._done = memoryview(data), done

    def goes_on(self, client: socket.socket) -> bool:
        self._rest = self._rest[client.send(self._rest[:_PIECE], socket.MSG_DONTWAIT) :]
        return bool(self._rest)

    def end(self, client: socket.socket, *, in_time: bool) -> None:
        del client
        self._done(in_time and not self._rest)


class Leftovers:
    """Connections that were answered, and with which something is still to be done."""

    def __init__(self) -> None:
        """Hold none."""
        self._selector = selectors.DefaultSelector()
        self._jobs: dict[socket.socket, _Job] = {}

    def close_when_read(self, client: socket.socket) -> None:
        """Close a connection, once its client has closed it or a second is over; never waits, called by any thread."""
        try:
            client.shutdown(socket.SHUT_WR)
            is_open = len(self._jobs) < MOST_LINGERING
        except OSError:
            is_open = False
        if is_open:
            self._take(client, selectors.EVENT_READ, _Leaving())
        else:
            util.close(client)

    def send(self, client: socket.socket, data: bytes, seconds: float, done: Callable[[bool], None]) -> None:
        """Send an answer on, then call `done` with whether all of it was taken within so many seconds."""
        self._take(client, selectors.EVENT_WRITE, _Sending(data, seconds, done))

    def _take(self, client: socket.socket, event: int, job: _Job) -> None:
        self._jobs[client] = job
        self._selector.register(client, event)

    def run(self, seconds: float) -> None:
        """Go on with whoever is ready, for so long at most; called by one thread again and again."""
        for key, _ in self._selector.select(seconds):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            with suppress(BlockingIOError):
                self._go_on(client)
        now, jobs = monotonic(), list(self._jobs.items())
        surplus = sum(job.size for _, job in jobs) - MOST_UNSENT
        for client, job in jobs:
            if job.until <= now or (surplus > 0 and job.size):
                surplus -= job.size
                self._end(client, in_time=False)

    def _go_on(self, client: socket.socket) -> None:
        try:
            if self._jobs[client].goes_on(client):
                return
        except BlockingIOError:
            raise
        except OSError:
            self._end(client, in_time=False)
        else:
            self._end(client, in_time=True)

    def _end(self, client: socket.socket, *, in_time: bool) -> None:
        job = self._jobs.pop(client)
        with suppress(KeyError, ValueError, OSError):
            self._selector.unregister(client)
        job.end(client, in_time=in_time)
