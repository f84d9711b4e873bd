"""Slow clients: none keeps a thread for longer than it may, and none keeps others waiting when it is left."""

import socket
import threading
from contextlib import suppress
from time import monotonic

from gunicorn import util  # type: ignore[import-untyped]

# A request line and headers come in one packet or a few.
HEADERS_SECONDS = 3.0
# For the body and the answer: above the slowest one of ours (a database that is away: 5 s).
ANSWER_SECONDS = 8.0
LOOK_SECONDS = 0.5
# A connection closed over what was not read yet may take its answer with it, so so long more is read.
LINGER_SECONDS = 0.5
MOST_READ_AFTERWARDS = 1_048_576


class Watch:
    """Cuts off connections that keep a thread for too long."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._until: dict[socket.socket, float] = {}

    def start(self) -> None:
        """Look after the connections of this process from now on."""
        threading.Thread(target=self._run, name="slow-clients", daemon=True).start()

    def allow(self, connection: socket.socket, seconds: float) -> None:
        """Let a connection keep its thread for so long from now."""
        self._until[connection] = monotonic() + seconds

    def end(self, connection: socket.socket) -> None:
        """Note that the thread is free again."""
        self._until.pop(connection, None)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            self.cut_off(monotonic())

    def cut_off(self, now: float) -> None:
        """End the connections whose time is over; their threads wake up with nothing read."""
        for connection, until in list(self._until.items()):
            if until <= now:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def linger(client: socket.socket) -> None:
    """Read on for a moment what an unread request still sends; the thread of the request does it."""
    client.shutdown(socket.SHUT_WR)
    until, read = monotonic() + LINGER_SECONDS, 0
    while (remaining := until - monotonic()) > 0 and read < MOST_READ_AFTERWARDS:
        client.settimeout(remaining)
        found = len(client.recv(65_536))
        if not found:
            break
        read += found


def close(client: socket.socket, *, graceful: bool = False) -> None:
    """Close at once, over nothing that has arrived and was not read.

    gunicorn would wait two seconds for a client who does not close, in its main loop and so for everybody.
    """
    if graceful:
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
            client.setblocking(False)
            client.recv(MOST_READ_AFTERWARDS)
    util.close(client)
