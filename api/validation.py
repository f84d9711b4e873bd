"""What comes in: bodies, query parameters, ids in paths and idempotency keys, each checked before it is used."""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import falcon
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from api.problems import ProblemError
from models.errors import (
    ConcertNotFoundError,
    DomainError,
    PaymentNotFoundError,
    PerformanceNotFoundError,
    ReservationNotFoundError,
)
from models.user import LONGEST_USER_ID, is_user_id

LARGEST_BODY = 65_536
LARGEST_ID = 2**63 - 1
# A refusal names no more places than a person reads.
MOST_ERRORS = 20
LONGEST_POINTER = 200

Schema = TypeVar("Schema", bound=BaseModel)

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_TASK_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DIGITS_OF_LARGEST_ID = 19
_NUL = "\x00"
# What pydantic calls the bound that was passed.
_LIMITS = frozenset({"ge", "gt", "le", "lt", "min_length", "max_length", "limit"})


def read_body(req: falcon.Request, schema: type[Schema]) -> Schema:
    """Return the body as the schema has it. Raises a problem: 400, 413, 415 or 422."""
    _check_media_type(req.content_type)
    # RFC 8259 lets a reader ignore the mark, and some editors write it.
    raw = _bounded(req).removeprefix(BOM_UTF8)
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise ProblemError(code="malformed_json", detail=f"The body is not JSON: {error}.") from error
    # The parse above is for what only looks like JSON (NaN) and for NULs; PostgreSQL cannot store those.
    if b"\\u0000" in raw:
        _refuse_nul(value, ())
    try:
        return schema.model_validate_json(raw)
    except ValidationError as error:
        raise _validation_failed(error, _pointer) from error


def refuse_body(req: falcon.Request) -> None:
    """Refuse a body where none is declared: whoever sent it meant something that would not happen."""
    length = req.content_length
    if length or (length is None and "HTTP_TRANSFER_ENCODING" in req.env and req.stream.read(1)):
        raise ProblemError(code="unexpected_body", detail="This operation takes no body; nothing was done.")


def read_query(req: falcon.Request, schema: type[Schema]) -> Schema:
    """Return the query parameters that the schema knows. Raises a 422 problem for a bad value."""
    known = {name: value for name, value in req.params.items() if name in schema.model_fields}
    try:
        return schema.model_validate(known)
    except ValidationError as error:
        raise _validation_failed(error, lambda at: f"?{at[0]}" if at else "?") from error


def read_path_ids(params: dict[str, Any]) -> None:
    """Replace the ids of a path by their values. Raises the resource's own *not found* for what cannot be an id."""
    for name, text in params.items():
        if name == "task_id":
            if not _TASK_ID.fullmatch(text):
                raise ProblemError(code="task_not_found", detail="There is no such task.")
            params[name] = UUID(text)
        elif name == "user_id":
            if not is_user_id(text):
                detail = f"A user id has 1 to {LONGEST_USER_ID} characters and no control characters."
                raise _unfit([{"pointer": "{user_id}", "detail": detail, "type": "user_id"}])
        elif name in _NOT_FOUND:
            params[name] = _id_of(name, text)


def read_idempotency_key(req: falcon.Request) -> str | None:
    """Return the Idempotency-Key header, if there is one. Raises a 400 problem for an unusable one."""
    given: str | None = req.env.get("HTTP_IDEMPOTENCY_KEY")
    if given is None:
        return None
    key = _unquoted(given) if given.startswith('"') else given
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        detail = "An Idempotency-Key is 1 to 255 visible ASCII characters, bare or all of it in double quotes."
        raise ProblemError(code="invalid_idempotency_key", detail=detail)
    return key


def _unquoted(text: str) -> str:
    """Return what a string of RFC 8941 holds, as the draft writes the key; nothing for what is no such string."""
    found = _QUOTED.fullmatch(text)
    return re.sub(r'\\(["\\])', r"\1", found[1]) if found else ""


_NOT_FOUND: Mapping[str, type[DomainError]] = {
    "concert_id": ConcertNotFoundError,
    "performance_id": PerformanceNotFoundError,
    "reservation_id": ReservationNotFoundError,
    "payment_id": PaymentNotFoundError,
}


def _id_of(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS_OF_LARGEST_ID and int(text) <= LARGEST_ID:
        return int(text)
    message = f"There is no {name.removesuffix('_id')} of this id."
    raise _NOT_FOUND[name](message)


def _check_media_type(content_type: str | None) -> None:
    media_type, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != "application/json" or charset not in {"", "charset=utf-8"}:
        detail = "Send the body as `Content-Type: application/json`."
        raise ProblemError(code="unsupported_media_type", detail=detail)


def _bounded(req: falcon.Request) -> bytes:
    """Read the body, but never more of it than is allowed, whatever the client says its length is."""
    length = req.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" not in req.env:
        return b""
    if length is not None and length > LARGEST_BODY:
        raise _too_large()
    # The server has undone the chunks of a body without a length, and ends the stream where the body ends.
    raw = bytes(req.stream.read(LARGEST_BODY + 1) if length is None else req.bounded_stream.read(length))
    if len(raw) > LARGEST_BODY:
        raise _too_large()
    return raw


def _too_large() -> ProblemError:
    return ProblemError(code="body_too_large", detail=f"A body may have up to {LARGEST_BODY} bytes.")


def _refuse_nul(value: Any, location: tuple[int | str, ...]) -> None:
    if isinstance(value, str) and _NUL in value:
        raise _unfit(
            [{"pointer": _pointer(location), "detail": "NUL characters are not allowed.", "type": "nul_character"}]
        )
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        _refuse_nul(name, location)
        _refuse_nul(item, (*location, name))


def _pointer(location: tuple[int | str, ...]) -> str:
    """Write a place in the body as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in location)[:LONGEST_POINTER]


def _validation_failed(error: ValidationError, pointer: Callable[[tuple[int | str, ...]], str]) -> ProblemError:
    found = error.errors(include_url=False, include_input=False)
    return _unfit([_fault(one, pointer(one["loc"])) for one in found[:MOST_ERRORS]])


def _fault(found: ErrorDetails, pointer: str) -> dict[str, Any]:
    """Tell what is wrong at one place; `type` and `limit` let a page say it in its reader's language."""
    fault: dict[str, Any] = {"pointer": pointer, "detail": found["msg"], "type": found["type"]}
    limits = [value for name, value in found.get("ctx", {}).items() if name in _LIMITS]
    return fault | ({"limit": limits[0]} if limits else {})


def _unfit(errors: list[dict[str, Any]]) -> ProblemError:
    detail = f"{errors[0]['pointer'] or 'The body'}: {errors[0]['detail']}"
    return ProblemError(code="validation_failed", detail=detail, errors=errors)
