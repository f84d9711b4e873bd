"""Lanes: which connection a free thread takes next. Those inside go first, and nobody waits for ever.

A connection's lane is what its last request turned out to be, after its credential was verified; a path or a forged
token puts nobody ahead. When no connection waits, lanes decide nothing.
"""

import re
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from itertools import count
from queue import SimpleQueue
from typing import Any


class Lane(IntEnum):
    """What a connection last spoke for, in the order in which free threads look."""

    # An active queue token, the outcome of a hold, release, payment or charge, or an operator.
    INSIDE = 0
    # A fan who is next in line: a place inside may be theirs already, and is idle until they know.
    NEXT = 1
    # A fan joining the line.
    JOIN = 2
    # Nothing yet.
    NEW = 3
    # Fans who wait farther back, and anybody who only reads.
    OUTSIDE = 4


# So long a connection may wait for a thread; then it is refused quickly, as its client may not wait for the answer.
# Those inside are refused last.
LONGEST_WAIT_SECONDS = {Lane.INSIDE: 4.0, Lane.NEXT: 4.0, Lane.JOIN: 2.0, Lane.NEW: 2.0, Lane.OUTSIDE: 1.0}

# In which order a general thread looks into the lanes, from one connection to the next: the inside and those next go
# first, and each lane comes first once in eight, so none starves. A poll costs a tenth of a join, so that joins have
# only a little more turns than polls.
_I, _X, _J, _N, _O = Lane
_TURNS = (
    (_I, _X, _J, _N, _O),
    (_J, _I, _X, _N, _O),
    (_I, _X, _O, _J, _N),
    (_N, _I, _X, _J, _O),
    (_I, _X, _J, _N, _O),
    (_O, _I, _X, _J, _N),
    (_I, _X, _O, _J, _N),
    (_X, _I, _J, _N, _O),
)

# So many threads of a process serve the outside at a time. A poll asks no server, so more of them do not answer more:
# they only stand in the way of the inside, waiting for the one lock of the interpreter.
MOST_OUTSIDE = 2

_INSIDE_OPERATIONS = frozenset({"reservation.hold", "reservation.release", "payment.pay", "points.charge"})
_JOIN_OPERATION = "queue_token.issue"

_spoken = threading.local()
# What the application makes of a queue token that a new connection brings; None where there is no application.
_recognise: Callable[[str], Lane | None] | None = None
# A request's head fits, with a queue token and all that browsers send.
_PEEKED = 2048
_BEARER = re.compile(rb"\r\nauthorization: *bearer +(qt_[\w-]{1,1500})\r\n", re.IGNORECASE)


def recognise_with(recognise: Callable[[str], Lane | None]) -> None:
    """Let new connections be recognised by their queue tokens; it must ask no server."""
    global _recognise  # noqa: PLW0603  # There is one application in a process.
    _recognise = recognise


def lane_of_new(sock: socket.socket) -> Lane:
    """Look at what a new connection has sent, without taking it: a genuine queue token says whose it is.

    Fans come back on new connections: while one thinks inside, or waits far back, the old one is closed.
    """
    if _recognise is None:
        return Lane.NEW
    try:
        sent = sock.recv(_PEEKED, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (OSError, ValueError):
        return Lane.NEW
    found = _BEARER.search(sent)
    return (_recognise(found[1].decode()) if found else None) or Lane.NEW


def is_change(sock: socket.socket) -> bool:
    """Tell whether what a connection has sent begins as a change does, without taking it."""
    try:
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"P"
    except (OSError, ValueError):
        return False


def note(lane: Lane) -> None:
    """Note what the request of this thread was verified to speak for."""
    _spoken.lane = lane


def note_task(operation: str, *, queued: bool) -> None:
    """Note that the request of this thread spoke for a task of its caller's."""
    if operation in _INSIDE_OPERATIONS:
        note(Lane.INSIDE)
    elif operation == _JOIN_OPERATION and queued:
        note(Lane.JOIN)


def begin_request(lane: Lane) -> None:
    """Begin to serve a request of a connection in a lane; nothing is known of the request itself."""
    _spoken.served, _spoken.lane = lane, Lane.OUTSIDE


def served() -> Lane:
    """Return the lane of the connection that this thread serves."""
    return getattr(_spoken, "served", Lane.NEW)


def end_request() -> Lane:
    """Return what the request that was served spoke for."""
    _spoken.served = Lane.NEW
    return getattr(_spoken, "lane", Lane.OUTSIDE)


class Lanes:
    """Connections that wait for a thread. `reserved` threads serve the inside alone, general ones everybody.

    A deque a lane holds the connections; a queue of tokens, one a connection, wakes the threads. Both are made in C, so
    a request costs little more here than in one queue.
    """

    def __init__(self) -> None:
        """Start with nobody."""
        self._lanes: tuple[deque[Any], ...] = tuple(deque() for _ in Lane)
        self._tokens: SimpleQueue[bool] = SimpleQueue()
        self._inside_tokens: SimpleQueue[bool] = SimpleQueue()
        self._idle: deque[None] = deque()
        self._picks = count()
        self._outside: deque[None] = deque()

    def put(self, connection: Any) -> None:
        """Let a connection wait in its lane (`connection.lane`); a new one is looked at where others wait before it."""
        lane = connection.lane
        if lane is Lane.NEW and self._tokens.qsize():
            lane = connection.lane = lane_of_new(connection.sock)
        elif lane is Lane.OUTSIDE and is_change(connection.sock):
            # Whoever waits far back only reads. This is somebody else's: a proxy sends everybody's over one connection.
            lane = connection.lane = Lane.NEW
        self._lanes[lane].append(connection)
        if lane is Lane.INSIDE and len(self._idle) <= self._tokens.qsize():
            # No general thread is free for it. Whichever kind of thread comes first takes it, the other finds nothing.
            self._call_reserved()
        self._tokens.put(True)

    def _call_reserved(self) -> None:
        if self._inside_tokens.qsize() < len(self._lanes[Lane.INSIDE]):
            self._inside_tokens.put(True)

    def get(self, *, reserved: bool) -> Any:
        """Return the next connection for a thread; waits for one. None ends the thread."""
        return self._get_inside() if reserved else self._get_any()

    def close(self, *, general: int, reserved: int) -> None:
        """End so many threads of each kind, after what waits for them."""
        for _ in range(general):
            self._tokens.put(False)
        for _ in range(reserved):
            self._inside_tokens.put(False)

    def _get_inside(self) -> Any:
        while self._inside_tokens.get():
            try:
                return self._lanes[Lane.INSIDE].popleft()
            except IndexError:
                continue
        return None

    def _get_any(self) -> Any:
        while True:
            self._idle.append(None)
            goes_on = self._tokens.get()
            self._idle.pop()
            if not goes_on:
                return self._last()
            connection = self._pick()
            if connection is not None:
                if connection.lane is not Lane.INSIDE:
                    # It was another lane's turn; whoever of the inside was passed over may have called nobody else.
                    self._call_reserved()
                return connection

    def _last(self) -> Any:
        """Return one of those who were passed over, whose tokens are used up; None, and so the end, without any."""
        try:
            connection = self._lanes[Lane.OUTSIDE].popleft()
        except IndexError:
            return None
        self._outside.append(None)
        # This thread ends the next time.
        self._tokens.put(False)
        return connection

    def _pick(self) -> Any:
        for lane in _TURNS[next(self._picks) % len(_TURNS)]:
            if self._lanes[lane] and not (lane is Lane.OUTSIDE and len(self._outside) >= MOST_OUTSIDE):
                try:
                    connection = self._lanes[lane].popleft()
                except IndexError:
                    continue
                if lane is Lane.OUTSIDE:
                    self._outside.append(None)
                return connection
        return None

    def done(self, lane: Lane) -> None:
        """Note that a thread is through with a connection that it took from a lane."""
        if lane is Lane.OUTSIDE:
            with suppress(IndexError):
                self._outside.pop()
            if self._lanes[Lane.OUTSIDE]:
                # It may have been passed over, and its token used up, while too many of its kind were served.
                self._tokens.put(True)


class FirstComeFirstServed(Lanes):
    """Without lanes: every connection waits in the same one. For comparison, in benchmarks and tests."""

    def put(self, connection: Any) -> None:
        """Let a connection wait behind all others."""
        self._lanes[Lane.OUTSIDE].append(connection)
        self._tokens.put(True)

    def _pick(self) -> Any:
        try:
            return self._lanes[Lane.OUTSIDE].popleft()
        except IndexError:
            return None
