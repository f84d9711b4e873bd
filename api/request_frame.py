"""What every request gets: an id, careful headers, a count, and a log line when it was refused or failed."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from secrets import token_hex
from time import perf_counter

import falcon
import structlog

from api.pressure import refused
from models.connection import wait_in_all
from workers.tally import Histogram, Tally

SANE_ID = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")
# Pages with a life of their own set their own policy; nothing else is ever framed, sniffed or run.
CAREFUL_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
# Each answer of the database has its own deadline, and one request asks more than once: a client is told within five
# seconds that the database is away, the last look at whether it is there included.
DATABASE_PATIENCE = timedelta(seconds=4)
# Who waited for a thread has less patience left, but a database that is well still has this time to show it.
LEAST_PATIENCE = timedelta(seconds=1)
READS = frozenset({"GET", "HEAD", "OPTIONS"})
FIRST_REFUSAL, FIRST_FAULT = 400, 500

log = structlog.get_logger(__name__)

HTTP_REQUESTS = "http_requests"
# What was refused at once, before anybody looked at what it asks for.
HTTP_BUSY = "http_busy"
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
HTTP_SECONDS = Histogram("http_request_seconds", BOUNDS)
# Labels have few values, whatever clients make up.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


_thread = threading.local()


def note_wait(seconds: float) -> None:
    """Note how long the next request of this thread has waited for it."""
    _thread.waited = timedelta(seconds=seconds)


def _patience() -> timedelta:
    return max(LEAST_PATIENCE, DATABASE_PATIENCE - getattr(_thread, "waited", timedelta(0)))


class RequestFrame:
    """The outermost middleware of our own."""

    def __init__(self, tally: Tally, on_request: Callable[[], None] = lambda: None) -> None:
        """Draw no prefix yet: the process that serves requests does, which may be a fork of this one.

        `on_request` is called with each request, before anything else.
        """
        self._tally, self._on_request = tally, on_request
        self._prefix: str | None = None
        self._numbers = count(1)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take over the client's request id when it is a sane one, else give one, and begin to count its waits."""
        self._on_request()
        self._hand_over_refused()
        wait_in_all(_patience())
        given = req.env.get("HTTP_X_REQUEST_ID")
        request_id = given if given is not None and SANE_ID.fullmatch(given) else self._next_id()
        req.context.request_id = request_id
        req.context.started = perf_counter()
        resp.set_header("X-Request-ID", request_id)
        resp.set_headers(CAREFUL_HEADERS)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        succeeded: bool,  # noqa: FBT001  # Falcon calls it so.
    ) -> None:
        """Count the answer, and log it unless it was a mere reading."""
        del resource, succeeded
        wait_in_all(None)
        deferred = req.context.get("deferred")
        if deferred is not None:
            # To wait for an outcome is not to be slow: what counts is how long the request was in hand.
            in_hand = perf_counter() - req.context.started
            deferred.counted_by(lambda sent: self._count(req, resp.status_code if sent is None else sent, in_hand))
            return
        self._count(req, resp.status_code, perf_counter() - req.context.started)

    def _hand_over_refused(self) -> None:
        """Count and log what was refused as too late, since it never came here."""
        counts = refused.take()
        if counts is None:
            return
        for method, times in counts.items():
            known = method if method in METHODS else OTHER
            self._tally.count((HTTP_BUSY, known), times)
        log.warning("refused_busy", count=counts.total())

    def _count(self, req: falcon.Request, status: int, seconds: float) -> None:
        method, route = req.method if req.method in METHODS else OTHER, req.uri_template or OTHER
        self._tally.observe(HTTP_SECONDS, seconds, method, route, also=(HTTP_REQUESTS, method, route, str(status)))
        if status >= FIRST_REFUSAL:
            _log(req, status, seconds)

    def _next_id(self) -> str:
        if self._prefix is None:
            self._prefix = token_hex(8)
        return f"{self._prefix}-{next(self._numbers):x}"


def _log(req: falcon.Request, status: int, seconds: float) -> None:
    """Log an answer that may need somebody's attention: faults, and changes that were refused.

    Accepted changes are logged with their outcome, by the workers. No query and no header: neither
    tokens nor what a fan looked for belong into a log.
    """
    if status < FIRST_FAULT and req.method in READS:
        return
    log.info(
        "answered",
        method=req.method,
        path=req.path,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        request_id=req.context.request_id,
    )
