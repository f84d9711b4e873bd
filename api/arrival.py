"""Whether a request has arrived in whole: threads are for requests that can be answered, not for waiting for bytes.

What has arrived is looked at without being taken (`MSG_PEEK`). What is not understood here counts as whole: gunicorn
reads it next and refuses it, without a need for more bytes.
"""

import re
import socket
from enum import Enum
from time import monotonic
from typing import Any

from gunicorn.http import errors  # type: ignore[import-untyped]

from api.validation import LARGEST_BODY

# From the first byte to the last one.
ARRIVAL_SECONDS = 8.0

# More than any client sends that is not up to something; longer heads are refused.
LARGEST_LINE, LARGEST_HEAD = 8_192, 32_768
# A request comes in so many pieces at most: each is a look.
MOST_LOOKS = 200
_FIRST_LOOK = 4096
# A body in chunks of a byte each is six times as long.
_LONGEST_LOOK = LARGEST_HEAD + 6 * LARGEST_BODY
_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LONGEST_CHUNK_LINE = 64
_LENGTH = re.compile(rb"\ncontent-length:([^\r\n]*)")
_CODING = re.compile(rb"\ntransfer-encoding:[^\r\n]*chunked")
_EXPECTS = re.compile(rb"\nexpect:[ \t]*100-continue")
_NUMBER = re.compile(rb"[0-9]{1,12}")
_CHUNK_SIZE = re.compile(rb"([0-9a-f]{1,12})[ \t]*(;.*)?", re.IGNORECASE | re.DOTALL)


class BodyTooLargeError(Exception):
    """A body in chunks goes on for longer than any may."""


class TooSlowError(Exception):
    """A request comes in more pieces than any has."""


class Arrival:
    """What is known of a request that is arriving; each look goes on where the last one ended."""

    __slots__ = ("_body", "_chunk_at", "_head_from", "_looks", "_needed", "_seen", "expects_continue", "is_too_large")

    def __init__(self) -> None:
        """Know nothing yet."""
        # Where the end of the head is looked for next; how long the request is at least; where its next chunk begins.
        self._head_from = self._needed = self._chunk_at = self._body = 0
        self._seen = self._looks = 0
        # Whether the client waits for `100 Continue` before it sends the body.
        self.expects_continue = False
        # Whether the body is refused for its length alone, and so never read.
        self.is_too_large = False

    def missing(self, data: bytes) -> int:
        """Return how many bytes are missing at least; 0 when nothing is, or when no more will come.

        `data` is all that has arrived so far. Raises gunicorn's `LimitRequestLine`, `LimitRequestHeaders` and
        `InvalidChunkSize`, `BodyTooLargeError` and `TooSlowError`.
        """
        if len(data) == self._seen:
            # Woken up by nothing new: the client has ended.
            return 0
        self._seen = len(data)
        self._looks += 1
        if self._looks > MOST_LOOKS:
            raise TooSlowError
        if not self._needed:
            # No method begins otherwise: TLS on a plain port, or noise.
            if not b"A" <= data[:1] <= b"Z":
                return 0
            end = data.find(_END_OF_HEAD, self._head_from)
            if end < 0:
                return self._more_of_the_head(data)
            self._read_head(data[:end].lower(), end + len(_END_OF_HEAD))
        if self._chunk_at:
            self._pass_chunks(data)
        return max(0, self._needed - len(data))

    def _more_of_the_head(self, data: bytes) -> int:
        if len(data) > LARGEST_LINE and data.find(b"\r\n", 0, LARGEST_LINE) < 0:
            raise errors.LimitRequestLine(len(data), LARGEST_LINE)
        if len(data) > LARGEST_HEAD:
            message = "the head is too long"
            raise errors.LimitRequestHeaders(message)
        self._head_from = max(0, len(data) - len(_END_OF_HEAD) + 1)
        return 1

    def _read_head(self, head: bytes, size: int) -> None:
        self._needed = size
        found, is_chunked = _LENGTH.search(head), _CODING.search(head)
        if found and is_chunked:
            # A head that contradicts itself is refused.
            return
        if is_chunked:
            self._chunk_at = size
        elif found and _NUMBER.fullmatch(found[1].strip()):
            length = int(found[1])
            self.is_too_large = length > LARGEST_BODY
            self._needed += 0 if self.is_too_large else length
        self.expects_continue = bool((self._chunk_at or self._needed > size) and _EXPECTS.search(head))

    def _pass_chunks(self, data: bytes) -> None:
        while True:
            end = data.find(b"\r\n", self._chunk_at)
            found = _CHUNK_SIZE.fullmatch(data[self._chunk_at : end]) if end >= 0 else None
            if end < 0 and len(data) - self._chunk_at <= _LONGEST_CHUNK_LINE:
                self._needed = len(data) + 1
                return
            if found is None:
                raise errors.InvalidChunkSize(data[self._chunk_at : self._chunk_at + _LONGEST_CHUNK_LINE])
            size = int(found[1], 16)
            if size == 0:
                # What may follow the last chunk ends with an empty line.
                self._needed = len(data) + (data.find(_END_OF_HEAD, end) < 0)
                return
            if self._body + size > LARGEST_BODY:
                raise BodyTooLargeError
            following = end + 2 + size + 2
            if following >= len(data):
                self._needed = following + len(_LAST_CHUNK)
                return
            self._chunk_at, self._body = following, self._body + size


class Look(Enum):
    """What was seen of a connection."""

    NOTHING = "nothing has arrived"
    PARTLY = "a request is arriving"
    WHOLE = "a request is there"
    ENDED = "no request will come, or it took too long"


def look(conn: Any) -> Look:
    """Look at what has arrived on a connection of gunicorn's.

    One whose request has arrived partly is readable again when as much has come as is missing (`SO_RCVLOWAT`). `unread`
    is set on a connection whose body is too large to be read. Raises what `Arrival.missing` raises.
    """
    ahead, arrived = conn.parser.unreader.buf.getvalue() if conn.parser else b"", _peek(conn.sock)
    if not ahead and not arrived:
        return Look.NOTHING if arrived is None else Look.ENDED
    arrival = conn.__dict__.setdefault("arrival", Arrival())
    missing = arrival.missing(ahead + (arrived or b""))
    if not missing:
        del conn.arrival
        # So that nobody waits for it once more.
        conn.data_ready = True
        conn.unread = arrival.is_too_large
        if conn.__dict__.pop("arrives_by", None):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        return Look.WHOLE
    if conn.__dict__.setdefault("arrives_by", monotonic() + ARRIVAL_SECONDS) < monotonic():
        return Look.ENDED
    if arrival.expects_continue:
        arrival.expects_continue = False
        conn.sock.send(_CONTINUE, socket.MSG_DONTWAIT)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(arrived or b"") + missing)
    return Look.PARTLY


def look_encrypted(conn: Any) -> Look:
    """Look at a connection that gunicorn itself decrypts: what has arrived cannot be read; `Watch` alone limits it."""
    return Look.WHOLE if conn.initialized or conn.wait_for_data(0) else Look.NOTHING


def _peek(client: socket.socket) -> bytes | None:
    """Return what has arrived and was not read, nothing when the client has ended, None when nothing is there yet."""
    flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
    try:
        arrived = client.recv(_FIRST_LOOK, flags)
        return client.recv(_LONGEST_LOOK, flags) if len(arrived) == _FIRST_LOOK else arrived
    except BlockingIOError:
        return None
