"""The OpenAPI 3.1 document, built from ROUTES and what each responder declares; nothing is described twice."""

import json
import re
import sys
from collections import defaultdict
from functools import cache
from typing import Any

from pydantic import BaseModel

from api.credentials import IDENTITY_WILL_DO, QUEUE_TOKEN_WILL_DO, Credential
from api.deferred_answers import APPLIED
from api.openapi_parameters import names_in, parameters_of
from api.openapi_shapes import declared, example, example_of_task, reference, schemas
from api.operation import Operation
from api.problem_codes import PROBLEMS
from api.schemas.tasks import ProblemView, TaskView

VERSION = "1.0.0"
NO_CONTENT = 204

_ABOUT = """A queue in front of a concert's seats: wait in line, be admitted, hold a seat, pay with points.

Every change is answered `202 Accepted` with a *Task*; poll `Location` for its one outcome, or send `Prefer: wait=10`
and get the finished task with `200` when it is there in time. Send an `Idempotency-Key` with a change to be able to
repeat it safely. Errors are `application/problem+json`; each `code` has a page under
`/problems/`."""

_BEARER = {"type": "http", "scheme": "bearer"}
_JWT = {**_BEARER, "bearerFormat": "JWT"}
_SECURITY_SCHEMES = {
    "identity": _JWT
    | {
        "description": "A JWT of the operator's identity provider: `sub` is the user id (1 to 255 characters without"
        " control characters), `name` the name shown, `exp` a must; `aud` and `iss` where they are configured."
    },
    "queueToken": _BEARER
    | {
        "description": "A queue token, as the result of `queue_token.issue` holds it. It speaks for its concert, and"
        " reads until as long after its end as outcomes are kept."
    },
    "operator": _JWT | {"description": "An identity whose `scope` holds `operator`."},
}


def as_text() -> str:
    """Return the document as it is committed (`python -m api.openapi > openapi.json`)."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


@cache
def document() -> dict[str, Any]:
    """Return the document of the whole service."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "frontrow", "version": VERSION, "description": _ABOUT},
        "paths": _paths(),
        "components": {"schemas": dict(schemas()), "securitySchemes": _SECURITY_SCHEMES},
    }


def codes_of(path: str, operation: Operation) -> list[str]:
    """Return every problem code that an operation may answer with at once."""
    # The server itself refuses these, wherever they come.
    codes = ["malformed_request", "uri_too_long", "headers_too_large"]
    codes += [refusal.code for refusal in operation.refusals]
    codes += _codes_of_credential(operation.credential)
    if operation.body is not None:
        codes += ["malformed_json", "body_too_large", "unsupported_media_type", "validation_failed"]
    else:
        codes.append("unexpected_body")
    if operation.query is not None:
        codes.append("validation_failed")
    if operation.accepts is not None or operation.keyed_as is not None:
        codes += ["invalid_idempotency_key", "idempotency_key_reused"]
    ids = set(names_in(path)) - {"code", "user_id"}
    codes += [f"{name.removesuffix('id')}not_found" for name in ids]
    if "{user_id}" in path:
        codes.append("validation_failed")
    if path.startswith("/problems/"):
        codes.append("not_found")
    if path.startswith("/v1/"):
        codes += ["busy", "database_unavailable", "rate_limited"]
    return sorted(set(codes), key=lambda code: (PROBLEMS[code].status, code))


def _codes_of_credential(credential: Credential) -> list[str]:
    codes = [] if credential is Credential.NONE else ["token_missing", "token_invalid", "token_expired"]
    if credential in IDENTITY_WILL_DO:
        codes.append("identity_unavailable")
    if credential is Credential.OPERATOR:
        codes.append("insufficient_scope")
    if credential is Credential.ACTIVE_TOKEN:
        codes.append("not_admitted")
    return codes


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = defaultdict(dict)
    for path, method, operation in declared():
        paths[path][method.lower()] = _operation(path, method, operation)
    return dict(paths)


def _operation(path: str, method: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _operation_id(path, method),
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [operation.tag],
        "security": _security(operation.credential),
        "parameters": list(parameters_of(path, operation)),
        "responses": {**_answers(operation), **_refusals(path, operation)},
    }
    if operation.body is not None:
        content = {"application/json": {"schema": reference(operation.body), "example": example(operation.body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _operation_id(path: str, method: str) -> str:
    words = re.sub(r"\W+", "_", path.removeprefix("/v1")).strip("_")
    return f"{method.lower()}_{words}"


def _description(operation: Operation) -> str:
    parts = [operation.description] if operation.description else []
    if operation.credential is not Credential.NONE:
        parts.append(f"Needs {operation.credential.value}.")
    if operation.accepts is not None:
        parts.append(f"Accepted as task `{operation.accepts.name}`.")
    if operation.result is not None:
        parts.append(f"The task's `result` is a `{operation.result.__name__}`.")
    if operation.outcomes:
        parts.append(
            "The task may be refused: " + ", ".join(f"`{refusal.code}`" for refusal in operation.outcomes) + "."
        )
    return "\n\n".join(parts)


def _security(credential: Credential) -> list[dict[str, list[str]]]:
    if credential is Credential.OPERATOR:
        return [{"operator": []}]
    schemes = []
    if credential in IDENTITY_WILL_DO:
        schemes.append("identity")
    if credential in QUEUE_TOKEN_WILL_DO:
        schemes.append("queueToken")
    return [{scheme: []} for scheme in schemes]


def _answers(operation: Operation) -> dict[str, Any]:
    answers = {str(status): _answer(status, model, operation) for status, model in operation.answers.items()}
    if operation.accepts is not None or operation.waits:
        finished = _answer(200, TaskView, operation)
        finished["headers"] = {APPLIED: _header("`wait` where the outcome was waited for.", "string")}
        answers["200"] = finished
    if operation.keyed_as is not None:
        for described in answers.values():
            described["headers"] = {
                "Idempotent-Replayed": _header("`true` when the key was answered before.", "string")
            }
    if operation.accepts is not None:
        accepted = _answer(202, TaskView, operation)
        accepted["headers"] = {
            "Location": _header("Where to poll.", "string"),
            "Retry-After": _header("Seconds to wait before polling.", "integer"),
            "Idempotent-Replayed": _header("`true` when the key stood for this task before.", "string"),
        }
        answers["202"] = accepted
    return answers


def _answer(status: int, model: type[BaseModel] | None, operation: Operation) -> dict[str, Any]:
    """Describe an answer, with an example where it has a shape."""
    unshaped = {"type": "object"} if operation.media_type == "application/json" else {"type": "string"}
    schema = reference(model) if model is not None else unshaped
    words = {200: "OK", 201: "Created", 202: "Accepted", 204: "No content", 503: "Not ready"}
    if status == NO_CONTENT:
        return {"description": words[status]}
    content: dict[str, Any] = {"schema": schema}
    if model is TaskView:
        content["example"] = example_of_task(status, operation)
    elif model is not None:
        content["example"] = example(model)
    return {"description": words[status], "content": {operation.media_type: content}}


def _header(description: str, type_: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": type_}}


def _refusals(path: str, operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes_of(path, operation):
        by_status[PROBLEMS[code].status].append(code)
    content = {"application/problem+json": {"schema": reference(ProblemView)}}
    return {
        str(status): {"description": ", ".join(f"`{code}`" for code in codes), "content": content}
        for status, codes in sorted(by_status.items())
        if status not in operation.answers
    }


if __name__ == "__main__":
    sys.stdout.write(as_text())
