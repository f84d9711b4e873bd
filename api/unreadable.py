"""Requests that gunicorn itself cannot read, answered as every other refusal.

Most never reach the application; a body in broken chunks is found out when the application reads it.
"""

import re
from http import HTTPStatus
from secrets import token_hex
from typing import Any

import falcon
import structlog
from gunicorn.http import errors  # type: ignore[import-untyped]
from pydantic_core import to_json

from api.arrival import BodyTooLargeError
from api.problem_codes import PROBLEMS
from api.problems import PROBLEM_JSON, answer_problem, problem_body
from api.request_frame import CAREFUL_HEADERS

# What RFC 9110 allows a name, an address and a port to hold; an address without authority leaves it empty.
_HOST = re.compile(r"[\w.~%!$&'()*+;=:\[\]-]*", re.ASCII)


class RepeatedKeyError(errors.InvalidHeader):  # type: ignore[misc]
    """More than one Idempotency-Key: which of them was meant cannot be known."""


# The more special come first. What is not among them is a fault of ours.
CODES: tuple[tuple[type[Exception], str], ...] = (
    (errors.LimitRequestLine, "uri_too_long"),
    (errors.LimitRequestHeaders, "headers_too_large"),
    (errors.ExpectationFailed, "expectation_failed"),
    (errors.UnsupportedTransferCoding, "unsupported_transfer_coding"),
    (BodyTooLargeError, "body_too_large"),
    (RepeatedKeyError, "invalid_idempotency_key"),
    (errors.InvalidHeader, "malformed_request"),
    (errors.InvalidHeaderName, "malformed_request"),
    (errors.ObsoleteFolding, "malformed_request"),
    (errors.InvalidSchemeHeaders, "malformed_request"),
    (errors.InvalidRequestLine, "malformed_request"),
    (errors.InvalidRequestMethod, "malformed_request"),
    (errors.InvalidHTTPVersion, "malformed_request"),
    (errors.InvalidChunkSize, "malformed_request"),
    (errors.InvalidChunkExtension, "malformed_request"),
    (errors.ChunkMissingTerminator, "malformed_request"),
    (errors.NoMoreData, "malformed_request"),
)

HTTP_1_1 = (1, 1)

log = structlog.get_logger(__name__)


def check_single_fields(req: Any) -> None:
    """Refuse what gunicorn reads although a field that comes once is missing or comes twice.

    Raises gunicorn's `InvalidHeader` for a Host that is missing (HTTP/1.1), repeated or none (RFC 9112), and
    `RepeatedKeyError`.
    """
    hosts, keys = [], 0
    for name, value in req.headers:
        if name == "HOST":
            hosts.append(value)
        elif name == "IDEMPOTENCY-KEY":
            keys += 1
    if len(hosts) > 1 or (hosts and not _HOST.fullmatch(hosts[0])) or (not hosts and req.version >= HTTP_1_1):
        raise errors.InvalidHeader("Host", req)
    if keys > 1:
        raise RepeatedKeyError("Idempotency-Key", req)


def answer_to(fault: BaseException, method: str | None = None) -> bytes:
    """Return the whole answer to a request that could not be read, after which the connection ends.

    `method` is the request's where that much was read: an answer to HEAD has no body.

    What was sent is neither shown nor logged: a header that cannot be read may hold a token.
    """
    code = _code_of(fault)
    request_id = f"{token_hex(8)}-0"
    if code == "internal_error":
        log.error("fault", request_id=request_id, exc_info=fault)
    else:
        log.info("unreadable_request", code=code, reason=type(fault).__name__, request_id=request_id)
    problem = PROBLEMS[code]
    body = to_json(problem_body(code, problem.explanation))
    headers = (
        ("Content-Type", PROBLEM_JSON),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        ("Cache-Control", "no-store"),
        ("X-Request-ID", request_id),
        *CAREFUL_HEADERS,
    )
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}", *(f"{name}: {v}" for name, v in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if method == "HEAD" else body)


def add_unreadable_handlers(app: falcon.App[Any, Any]) -> None:
    """Let the application say the same of a body that turns out to be unreadable."""
    for kind in (errors.ParseException, errors.NoMoreData):
        app.add_error_handler(kind, _on_unreadable)


def _on_unreadable(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict[str, Any]) -> None:
    del req, params
    code = _code_of(error)
    answer_problem(resp, code, PROBLEMS[code].explanation)


def _code_of(fault: BaseException) -> str:
    return next((code for kind, code in CODES if isinstance(fault, kind)), "internal_error")
