"""The parameters of an operation as the OpenAPI document tells them: in the path, in the query, in headers."""

import re
from collections.abc import Iterator
from typing import Any

from api.operation import Operation
from api.problem_codes import PROBLEMS
from models.user import LONGEST_USER_ID

_IN_PATH = re.compile(r"{(\w+)}")


def names_in(path: str) -> list[str]:
    """Return the names of a path's parameters."""
    return _IN_PATH.findall(path)


def parameters_of(path: str, operation: Operation) -> Iterator[dict[str, Any]]:
    """Yield all parameters of an operation."""
    yield from _in_path(path)
    yield from _in_query(operation)
    yield from _in_headers(operation)


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for name in names_in(path):
        schema: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
        if name == "task_id":
            schema = {"type": "string", "format": "uuid"}
        elif name == "user_id":
            schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_USER_ID}
        elif name == "code":
            schema = {"type": "string", "enum": list(PROBLEMS)}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(operation: Operation) -> Iterator[dict[str, Any]]:
    shape = operation.query.model_json_schema() if operation.query else {}
    for name, schema in shape.get("properties", {}).items():
        yield {
            "name": name,
            "in": "query",
            "required": name in shape.get("required", ()),
            "schema": _given(schema),
            "description": schema.get("description", ""),
        }


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """In a query a parameter is there or not: what the model calls null is leaving it away."""
    [given] = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return {word: value for word, value in given.items() if word not in {"title", "description"}}


def _in_headers(operation: Operation) -> Iterator[dict[str, Any]]:
    what = "task" if operation.keyed_as is None else "answer"
    if operation.accepts is not None or operation.keyed_as is not None:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": f"The same key with the same body stands for the same {what}. In double quotes it is the"
            " same key; two such headers are refused.",
            "schema": {"type": "string", "pattern": r"^[\x21-\x7E]{1,255}$", "minLength": 1, "maxLength": 255},
        }
    if operation.accepts is not None or operation.waits:
        yield {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "`wait=N` (RFC 7240, up to 10 s): answer with the finished task when it is there in time. A"
            " busy service may ignore it.",
            "schema": {"type": "string"},
            "example": "wait=10",
        }
