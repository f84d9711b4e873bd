"""How gunicorn's threads meet slow clients: none waits for a client who sends nothing, none for one who dawdles.

gunicorn's own thread worker reads requests with blocking sockets and no limit, so as many half
requests as there are threads would stop the service for as long as their senders like.
"""

import socket
import threading
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from api.request_frame import note_wait
from api.unreadable import answer_to

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


class WebWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """gunicorn's thread worker with limits for clients."""

    def init_process(self) -> None:
        """Start watching in the process that serves."""
        self.watch = Watch()
        self.watch.start()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Let a connection that may have sent something wait for a thread, and remember since when."""
        conn.queued_at = monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it; a connection that has nothing to say yet waits without a thread."""
        if not conn.initialized and not conn.wait_for_data(0):
            return gthread._DEFER  # noqa: SLF001  # The worker's own word for it.
        note_wait(monotonic() - conn.queued_at)
        self.watch.allow(conn.sock, HEADERS_SECONDS)
        try:
            goes_on = super().handle(conn)
        finally:
            self.watch.end(conn.sock)
        if not goes_on:
            conn.close = partial(_close, conn.sock)
        return goes_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose headers were read."""
        self.watch.allow(conn.sock, ANSWER_SECONDS)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be read, or a fault of the worker's own, in the form of all refusals."""
        del req, addr
        with suppress(OSError):
            util.write_nonblock(client, answer_to(exc))
            _linger(client)


def _linger(client: socket.socket) -> None:
    """Read on for a moment what an unread request still sends; the thread of the request does it."""
    client.shutdown(socket.SHUT_WR)
    until, read = monotonic() + LINGER_SECONDS, 0
    while (remaining := until - monotonic()) > 0 and read < MOST_READ_AFTERWARDS:
        client.settimeout(remaining)
        found = len(client.recv(65_536))
        if not found:
            break
        read += found


def _close(client: socket.socket, *, graceful: bool = False) -> None:
    """Close at once, over nothing that has arrived and was not read.

    gunicorn would wait two seconds for a client who does not close, in its main loop and so for everybody.
    """
    if graceful:
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
            client.setblocking(False)
            client.recv(MOST_READ_AFTERWARDS)
    util.close(client)
