"""Whatever schemathesis can think of, with every credential: no fault of ours, no answer outside the document."""

import os
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.routes import ROUTES

# The short form that every run makes; FRONTROW_FUZZ_CASES makes it longer (cases for each operation and credential).
CASES = int(os.environ.get("FRONTROW_FUZZ_CASES", "3"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def bearers(service: Any, concert: dict[str, Any]) -> dict[str, str | None]:
    """A bearer token of each kind, of fans in the same concert."""
    completed, _ = service.buy(concert, service.user())
    active = service.active(concert["id"])
    line = service.concert(capacity=1)
    service.active(line["id"])
    return {
        "none": None,
        "identity": service.identity(service.user()),
        "waiting": service.waiting(line["id"]),
        "active": active,
        "completed": completed,
        "operator": service.operator,
    }


@pytest.fixture(scope="module")
def schema(service: Any) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", service.app)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", [path for path, _ in ROUTES])
def test_no_case_breaks_the_service(
    schema: Any, bearers: dict[str, str | None], path: str, mode: GenerationMode
) -> None:
    for operation in schema[path].values():
        for bearer in bearers.values():
            _try_cases(operation, mode, {"Authorization": f"Bearer {bearer}"} if bearer else {})


def _try_cases(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @settings(
        max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def try_one(case: Any) -> None:
        # The client of this test asks for gzip but cannot read it.
        case.call_and_validate(headers={"Accept-Encoding": "identity", **headers}, checks=CHECKS)

    with suppress(Unsatisfiable):
        try_one()
