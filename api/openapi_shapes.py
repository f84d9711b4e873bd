"""The shapes of the OpenAPI document: the schema of every body and answer, and an example of each."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.examples import Examples
from api.operation import Operation, operation_of
from api.routes import ROUTES
from api.schemas.tasks import ProblemView, TaskView

METHODS = ("GET", "POST", "PATCH", "DELETE")
REFERENCE = "#/components/schemas/{model}"
ACCEPTED = 202


def declared() -> Iterator[tuple[str, str, Operation]]:
    """Yield path, method and operation of everything that is routed."""
    for path, resource in ROUTES:
        for method in METHODS:
            operation = operation_of(resource, method)
            if operation is not None:
                yield path, method, operation


def example(model: type[BaseModel]) -> Any:
    """Return an example of a shape."""
    return _examples().of(_name(model))


def example_of_task(status: int, operation: Operation) -> dict[str, Any]:
    """Show a task that an operation accepted, and what became of it; where any is read, that of a hold."""
    if operation.accepts is None or operation.result is None:
        return _examples().task("reservation.hold", "ReservationView")
    return _examples().task(operation.accepts.name, _name(operation.result) if status != ACCEPTED else None)


def _models() -> list[type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {"TaskView": TaskView, "ProblemView": ProblemView}
    for _, _, operation in declared():
        for model in (operation.body, operation.result, *operation.answers.values()):
            if model is not None:
                found[_name(model)] = model
    return list(found.values())


@cache
def _examples() -> Examples:
    bodies = {_name(operation.body) for _, _, operation in declared() if operation.body is not None}
    within = {name for name in schemas() if name.startswith("New")}
    return Examples(schemas(), frozenset(bodies | within))


@cache
def schemas() -> Mapping[str, Any]:
    """Return the schemas of all shapes by name."""
    _, definitions = models_json_schema([(model, "validation") for model in _models()], ref_template=REFERENCE)
    return dict(sorted(definitions["$defs"].items()))


def _name(model: type[BaseModel]) -> str:
    return re.sub(r"\W", "_", model.__name__)


def reference(model: type[BaseModel]) -> Mapping[str, str]:
    """Return what stands for a shape's schema elsewhere in the document."""
    return {"$ref": REFERENCE.format(model=_name(model))}
