"""Slow clients: none keeps a thread for longer than it may, and none keeps others waiting when it is left."""

import socket
import threading
from contextlib import suppress
from time import monotonic

from gunicorn import util  # type: ignore[import-untyped]

from api.leftovers import MOST_READ_AFTERWARDS, Leftovers

# For what a thread reads of a request that has arrived.
HEADERS_SECONDS = 3.0
# For the body and the answer: above the slowest one of ours (a database that is away: 5 s).
ANSWER_SECONDS = 8.0
LOOK_SECONDS = 0.5


class Watch:
    """Cuts off connections that keep a thread for too long."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._until: dict[socket.socket, float] = {}
        self.leftovers = Leftovers()

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
        while True:
            self.leftovers.run(LOOK_SECONDS)
            self.cut_off(monotonic())

    def cut_off(self, now: float) -> None:
        """End the connections whose time is over; their threads wake up with nothing read."""
        for connection, until in list(self._until.items()):
            if until <= now:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


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
