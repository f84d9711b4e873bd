"""What every request gets: an id, careful headers, a count, and a log line when it was refused or failed."""

import re
from collections import Counter
from itertools import count
from secrets import token_hex
from threading import Lock
from time import perf_counter

import falcon
import structlog

SANE_ID = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")
# Pages with a life of their own set their own policy; nothing else is ever framed, sniffed or referred to.
CAREFUL_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
READS = frozenset({"GET", "HEAD", "OPTIONS"})
FIRST_REFUSAL, FIRST_FAULT = 400, 500

log = structlog.get_logger(__name__)

# How many answers of each class this process gave, for the metrics.
answers: Counter[str] = Counter()
_counting = Lock()


class RequestFrame:
    """The outermost middleware of our own."""

    def __init__(self) -> None:
        """Draw no prefix yet: the process that serves requests does, which may be a fork of this one."""
        self._prefix: str | None = None
        self._numbers = count(1)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take over the client's request id when it is a sane one, else give one."""
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
        status = resp.status_code
        with _counting:
            answers[f"{status // 100}xx"] += 1
        if status >= FIRST_REFUSAL:
            _log(req, status)

    def _next_id(self) -> str:
        if self._prefix is None:
            self._prefix = token_hex(8)
        return f"{self._prefix}-{next(self._numbers):x}"


def _log(req: falcon.Request, status: int) -> None:
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
        milliseconds=round((perf_counter() - req.context.started) * 1000, 1),
        request_id=req.context.request_id,
    )
