"""Documentation and code cannot drift apart."""

import json
import os
import re
from html import escape
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

os.environ.setdefault("FRONTROW_DEMO", "1")

from api.documentation import docs_page
from api.openapi import as_text, codes_of, document
from api.openapi_shapes import declared
from api.problem_codes import PROBLEMS
from api.schemas.tasks import TaskView
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


def _content(described: dict[str, Any]) -> dict[str, Any] | None:
    return described.get("content", {}).get("application/json")


def test_every_body_and_every_answer_has_an_example_that_fits() -> None:
    for path, method, operation in declared():
        described = document()["paths"][path][method.lower()]
        if operation.body is not None:
            operation.body.model_validate_json(json.dumps(_content(described["requestBody"])["example"]))
        for status, model in operation.answers.items():
            if model is not None:
                model.model_validate(_content(described["responses"][str(status)])["example"])
        if operation.accepts is not None:
            for status, ended in (("202", "queued"), ("200", "done")):
                task = TaskView.model_validate(_content(described["responses"][status])["example"])
                assert (task.operation, task.status) == (operation.accepts.name, ended)
            operation.result.model_validate(task.result)


def test_every_operation_is_in_the_contents_and_has_an_example_on_the_page() -> None:
    page, _ = docs_page(document())
    contents, _, content = page.partition("</nav>")
    for path, method, _ in declared():
        described = document()["paths"][path][method.lower()]
        assert f'href="#{described["operationId"]}"' in contents
        article = content.partition(f'<article id="{described["operationId"]}">')[2].partition("</article>")[0]
        assert "curl -sS" in article
        for parameter in described["parameters"]:
            if parameter["in"] == "query" and parameter["required"]:
                assert f"?{parameter['name']}=" in article
        for security in described["security"]:
            assert "Authorization: Bearer $" in article, security
    for scheme in document()["components"]["securitySchemes"].values():
        assert escape(scheme["description"].split("`")[0]) in content


def test_every_link_of_the_page_leads_somewhere() -> None:
    page, _ = docs_page(document())
    anchors = set(re.findall(r' id="([^"]+)"', page))
    assert len(anchors) == len(re.findall(r' id="', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
