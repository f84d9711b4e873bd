"""Refusing quickly what would be answered too late: 503 `busy`, without asking the application."""

from http import HTTPStatus
from random import randint
from secrets import token_hex
from typing import Any

from pydantic_core import to_json

from api import lanes
from api.pressure import refused
from api.problem_codes import PROBLEMS
from api.problems import PROBLEM_JSON, problem_body
from api.request_frame import CAREFUL_HEADERS, SANE_ID

BUSY = "busy"
# Whoever watches over the service is answered however late: to be refused here would look like being dead.
NEVER_REFUSED = frozenset({"/healthz", "/readyz", "/metrics"})
# A crowd that was refused together must not come back together. Seconds.
SOONEST, LATEST = 3, 12

_BODY = to_json(problem_body(BUSY, PROBLEMS[BUSY].explanation))
_HEAD = "".join(
    f"{line}\r\n"
    for line in (
        f"HTTP/1.1 {PROBLEMS[BUSY].status} {HTTPStatus(PROBLEMS[BUSY].status).phrase}",
        f"Content-Type: {PROBLEM_JSON}",
        f"Content-Length: {len(_BODY)}",
        "Cache-Control: no-store",
        *(f"{name}: {value}" for name, value in CAREFUL_HEADERS),
    )
)


def refusal(request: Any, *, closes: bool) -> bytes:
    """Return the whole answer to a request of gunicorn's that came too late."""
    given = next((value for name, value in request.headers if name == "X-REQUEST-ID"), "")
    request_id = given if SANE_ID.fullmatch(given) else f"{token_hex(8)}-0"
    connection = "close" if closes else "keep-alive"
    own = f"Retry-After: {randint(SOONEST, LATEST)}\r\nX-Request-ID: {request_id}\r\nConnection: {connection}\r\n"
    return f"{_HEAD}{own}\r\n".encode("latin-1") + (b"" if request.method == "HEAD" else _BODY)


def refuse(request: Any, client: Any, *, closes: bool) -> bool:
    """Refuse a request of this thread quickly; return whether its connection goes on."""
    closes = closes or has_body(request) or request.should_close()
    refused.note(request.method)
    # What was refused is still what it was, so that it is not worse off the next time.
    lanes.note(lanes.served())
    client.sendall(refusal(request, closes=closes))
    return not closes


def has_body(request: Any) -> bool:
    """Tell whether a request of gunicorn's may have a body, which nobody is going to read."""
    return any(
        (name == "CONTENT-LENGTH" and value.strip() != "0") or name == "TRANSFER-ENCODING"
        for name, value in request.headers
    )
