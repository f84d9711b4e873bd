"""Parked connections: requests that are answered when their outcome is known, without a thread that waits.

The application parks a request through `environ["frontrow.park"]` and returns its usual answer, which is kept. The
server takes the connection from its thread and does not write to it until somebody decides. Twice a second it looks who
has hung up.
"""

import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from socket import MSG_DONTWAIT, MSG_PEEK
from time import monotonic
from typing import Any, NamedTuple

import structlog
from gunicorn.http import wsgi  # type: ignore[import-untyped]

Application = Callable[..., Iterable[bytes]]
Headers = list[tuple[str, str]]

log = structlog.get_logger(__name__)

# Nobody stays parked longer, even if the application has forgotten them. It waits for 10 s at most itself.
MOST_SECONDS = 15.0


class Answer(NamedTuple):
    """An answer that was put off. `response` is gunicorn's, to which nothing was given yet."""

    response: Any
    status: str
    headers: Headers
    body: bytes


class Kept(NamedTuple):
    """A connection, and the answer that was put off."""

    connection: Any
    answer: Answer


class Decision(NamedTuple):
    """Another answer in place of the kept one; headers are changed or (None) left out."""

    status: str
    changes: Mapping[str, str | None]
    body: bytes


class Parked:
    """A request whose answer is put off. Whatever is decided first counts."""

    def __init__(self, send: Callable[["Parked", Kept, Decision | None], None]) -> None:
        """Take what sends an answer once it is decided and the connection is at hand."""
        self._send = send
        self._lock = threading.Lock()
        self._kept: Kept | None = None
        self._decision: Decision | None = None
        self._is_decided = False
        self._since = monotonic()
        self.is_cancelled = False

    def answer(self, status: str, changes: Mapping[str, str | None], body: bytes) -> None:
        """Send another answer than the kept one; headers are changed or (None) left out."""
        self._decide(Decision(status, changes, body))

    def release(self) -> None:
        """Send the kept answer."""
        self._decide(None)

    def cancel(self) -> None:
        """Put nothing off; only before the application has returned."""
        self.is_cancelled = True

    def keep(self, kept: Kept) -> None:
        """Take over the connection; the thread that served it must not touch it again."""
        with self._lock:
            self._kept = kept
            is_decided = self._is_decided
        if is_decided:
            self._send(self, kept, self._decision)

    def release_in_vain(self) -> None:
        """Send the kept answer if the client has hung up, or if nobody has decided for too long."""
        kept = self._kept
        if kept is not None and (monotonic() - self._since > MOST_SECONDS or _has_gone(kept.connection.sock)):
            self.release()

    def _decide(self, decision: Decision | None) -> None:
        with self._lock:
            if self._is_decided:
                return
            self._is_decided, self._decision = True, decision
            kept = self._kept
        if kept is not None:
            self._send(self, kept, decision)


class ParkedError(Exception):
    """Leaves gunicorn's handling of a request without an answer: it was put off."""

    def __init__(self, parked: Parked, answer: Answer) -> None:
        """Keep what is needed to answer later."""
        super().__init__("parked")
        self.parked, self.answer = parked, answer


class Parking:
    """The parked requests of one process, at most so many."""

    def __init__(self, most: int, send: Callable[[Kept, Decision | None], None]) -> None:
        """Take how many may be parked, and what sends an answer."""
        self._most, self._deliver = most, send
        self._parked: set[Parked] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def park(self) -> Parked | None:
        """Return a place, or None when there is none."""
        with self._lock:
            if self._is_closed or len(self._parked) >= self._most:
                return None
            parked = Parked(self._send)
            self._parked.add(parked)
        return parked

    def leave(self, parked: Parked) -> None:
        """Give a place up whose request is answered at once after all."""
        self._parked.discard(parked)

    def sweep(self) -> None:
        """Free the places of clients who have hung up, and of those who were forgotten."""
        for parked in tuple(self._parked):
            parked.release_in_vain()

    def close(self) -> None:
        """Answer everybody with the kept answer, and take nobody more."""
        with self._lock:
            self._is_closed = True
        for parked in tuple(self._parked):
            parked.release()

    def _send(self, parked: Parked, kept: Kept, decision: Decision | None) -> None:
        self._parked.discard(parked)
        self._deliver(kept, decision)

    def wrap(self, application: Application) -> Application:
        """Let an application park requests."""

        def parkable(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            # Only who prefers to wait is parked. HTTP/2 has several requests on a connection, which is not for this.
            if "HTTP_PREFER" not in environ or type(start_response.__self__) is not wsgi.Response:
                return application(environ, start_response)
            response = start_response.__self__
            request = _Request(self, response)
            environ["frontrow.park"] = request.park
            try:
                return request.answered(application(environ, request.start_response))
            except ParkedError:
                raise
            except BaseException:
                request.give_up()
                raise

        return parkable


class _Request:
    """One request on its way through the application."""

    __slots__ = ("_head", "_parked", "_parking", "_response")

    def __init__(self, parking: Parking, response: Any) -> None:
        self._parking, self._response = parking, response
        self._parked: Parked | None = None
        self._head: tuple[str, Headers] = ("", [])

    def park(self) -> Parked | None:
        """Put the answer off; what the application calls."""
        self._parked = self._parking.park()
        return self._parked

    @property
    def _is_parked(self) -> bool:
        return self._parked is not None and not self._parked.is_cancelled

    def start_response(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        """Begin the answer, or keep how it would begin."""
        if self._is_parked:
            self._head = (status, headers)
            return None
        return self._response.start_response(status, headers, exc_info)

    def answered(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Return the body; raises `ParkedError` instead of what was put off."""
        if self._parked is None:
            return body
        if not self._is_parked:
            self.give_up()
            return body
        raise ParkedError(self._parked, Answer(self._response, *self._head, b"".join(body)))

    def give_up(self) -> None:
        """Give the place up, if there is one."""
        if self._parked is not None:
            self._parking.leave(self._parked)


def _has_gone(sock: Any) -> bool:
    if isinstance(sock, ssl.SSLSocket):
        # It cannot be looked at without taking what it sent.
        return False
    try:
        return not sock.recv(1, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return True


def as_bytes(answer: Answer, decision: Decision | None) -> tuple[bytes, bool]:
    """Write an answer as it goes over the wire, head and body in one piece; tells too whether it ends the connection.

    A decision with a header that cannot be sent is a fault of ours; the kept answer is written then.
    """
    try:
        return _as_bytes(answer, decision)
    except Exception:
        log.exception("parked_answer_unusable")
        return _as_bytes(answer, None)


def _as_bytes(answer: Answer, decision: Decision | None) -> tuple[bytes, bool]:
    status, headers, body = answer.status, answer.headers, answer.body
    if decision is not None:
        status, body = decision.status, decision.body
        changed = {name.lower() for name in decision.changes} | {"content-length"}
        headers = [(name, value) for name, value in headers if name.lower() not in changed]
        headers += [(name, value) for name, value in decision.changes.items() if value is not None]
        headers.append(("Content-Length", str(len(body))))
    response = copy(answer.response)
    response.headers = []
    response.start_response(status, headers)
    lines = [*response.default_headers(), *(f"{name}: {value}\r\n" for name, value in response.headers), "\r\n"]
    written = "".join(lines).encode("latin-1") + (b"" if response.req.method == "HEAD" else body)
    return written, response.should_close()
