"""Errors as clients see them: RFC 9457 bodies, and the handlers that turn every exception into one."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import falcon
import structlog
from pydantic_core import to_json

from api.problem_codes import PROBLEMS
from models.database import DatabaseUnavailableError
from models.errors import DomainError

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_OUTAGE = "2"

_CODE_OF_STATUS = {
    400: "bad_request",
    403: "origin_refused",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}

log = structlog.get_logger(__name__)


class ProblemError(Exception):
    """A refusal of the HTTP side itself; `members` and `headers` go out with it."""

    def __init__(self, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        """Name the code (one of `PROBLEMS`) and say in a sentence what is wrong."""
        super().__init__(detail)
        self.code, self.detail, self.headers, self.members = code, detail, headers or {}, members


def problem_body(code: str, detail: str, members: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of a problem: RFC 9457's members, the code, and the facts that belong to it."""
    problem = PROBLEMS[code]
    return {
        "type": f"/problems/{code}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "code": code,
        **(members or {}),
    }


def problem_of_outcome(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the problem that a worker stored (`code`, `detail`, members) with what HTTP adds to it."""
    members = {name: value for name, value in stored.items() if name not in {"code", "detail"}}
    return problem_body(stored["code"], stored.get("detail", ""), members)


def answer_problem(
    resp: falcon.Response,
    code: str,
    detail: str,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Make the response a problem, with the headers that its status asks for."""
    body = problem_body(code, detail, members)
    resp.status = body["status"]
    resp.content_type = PROBLEM_JSON
    resp.data, resp.text, resp.stream = to_json(body), None, None
    resp.set_header("Cache-Control", "no-store")
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        resp.set_header("WWW-Authenticate", "Bearer")
    for name, value in (headers or {}).items():
        resp.set_header(name, value)


def add_problem_handlers(app: falcon.App[Any, Any]) -> None:
    """Make every exception a problem; the most specific handler wins."""
    app.add_error_handler(Exception, _on_fault)
    app.add_error_handler(falcon.HTTPError, on_http_error)
    app.add_error_handler(falcon.HTTPStatus, _on_http_status)
    app.add_error_handler(DomainError, _on_refusal)
    app.add_error_handler(ProblemError, _on_problem)
    app.add_error_handler(DatabaseUnavailableError, _on_outage)


def _on_problem(req: falcon.Request, resp: falcon.Response, error: ProblemError, params: dict[str, Any]) -> None:
    del req, params
    answer_problem(resp, error.code, error.detail, error.members, error.headers)


def _on_refusal(req: falcon.Request, resp: falcon.Response, error: DomainError, params: dict[str, Any]) -> None:
    del req, params
    answer_problem(resp, error.code, error.detail, error.members)


def _on_outage(
    req: falcon.Request, resp: falcon.Response, error: DatabaseUnavailableError, params: dict[str, Any]
) -> None:
    del params
    log.warning("database_unavailable", path=req.path, request_id=req.context.get("request_id"), reason=str(error))
    detail = "The database cannot be reached; nothing was accepted."
    answer_problem(resp, "database_unavailable", detail, headers={"Retry-After": RETRY_AFTER_OUTAGE})


def on_http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: dict[str, Any]) -> None:
    """Make an error of the framework's the problem that its status stands for."""
    del req, params
    code = _CODE_OF_STATUS.get(
        error.status_code, "bad_request" if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else "internal_error"
    )
    headers = error.headers if isinstance(error.headers, Mapping) else dict(error.headers or ())
    detail = error.description or PROBLEMS[code].explanation
    answer_problem(resp, code, detail, headers=headers)


def _on_http_status(
    req: falcon.Request, resp: falcon.Response, error: falcon.HTTPStatus, params: dict[str, Any]
) -> None:
    del req, params
    resp.status = error.status
    resp.text = error.text
    resp.set_headers(error.headers or {})


def _on_fault(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict[str, Any]) -> None:
    del params
    # The path without its query and no header: nothing a fan must keep to himself reaches the log.
    log.error("fault", method=req.method, path=req.path, request_id=req.context.get("request_id"), exc_info=error)
    answer_problem(resp, "internal_error", "Something went wrong here; it was logged.")
