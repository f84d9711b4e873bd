"""Documentation and code cannot drift apart."""

import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

os.environ.setdefault("FRONTROW_DEMO", "1")

from api.openapi import as_text, codes_of, declared, document
from api.problem_codes import PROBLEMS
from models import errors
from models.errors import DomainError

ROOT = Path(__file__).parents[3]


def _refusals(kind: type[DomainError]) -> set[str]:
    return {one.code for one in kind.__subclasses__()} | {
        code for one in kind.__subclasses__() for code in _refusals(one)
    }


def test_the_committed_document_is_current() -> None:
    committed = (ROOT / "openapi.json").read_text(encoding="utf-8")
    assert committed == as_text(), "run: FRONTROW_DEMO=1 python -m api.openapi > openapi.json"


def test_every_refusal_of_the_domain_has_a_status_and_a_page() -> None:
    assert _refusals(DomainError) <= set(PROBLEMS)
    assert set(errors.REFUSAL_OF_CONSTRAINT.values()) <= set(DomainError.__subclasses__())


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_problem_explains_itself(code: str) -> None:
    status, title, explanation = PROBLEMS[code]
    assert 400 <= status < 600
    assert title
    assert explanation.endswith(".")


def test_every_operation_names_its_tag_summary_and_answers() -> None:
    for path, method, operation in declared():
        assert operation.summary, (method, path)
        assert operation.tag, (method, path)
        assert bool(operation.answers) != bool(operation.accepts), (method, path)
        assert (operation.accepts is None) == (operation.result is None), (method, path)
        assert all(code in PROBLEMS for code in codes_of(path, operation))


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]

    def check(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].rpartition("/")[2] in schemas
            for one in value.values():
                check(one)
        elif isinstance(value, list):
            for one in value:
                check(one)

    check(document()["paths"])
    check(schemas)


def test_every_schema_is_a_json_schema() -> None:
    for name, schema in document()["components"]["schemas"].items():
        jsonschema_rs.validator_for({**schema, "components": document()["components"]})
        assert schema["description"], name


def test_operation_ids_are_unique() -> None:
    ids = [one["operationId"] for methods in document()["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))
