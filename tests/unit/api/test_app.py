"""What the application answers without any server: documents, errors, methods, origins, metrics' access."""

import os
from typing import Any

import falcon.testing
import pytest

os.environ.setdefault("FRONTROW_DEMO", "1")


from api.app import create_app
from api.problem_codes import PROBLEMS
from api.resources import metrics
from settings import Settings

SECRET = "a secret of thirty-two bytes or more"


def client(**more: Any) -> falcon.testing.TestClient:
    return falcon.testing.TestClient(create_app(Settings(demo=True, secret=SECRET, **more)))


@pytest.fixture(scope="module")
def plain() -> falcon.testing.TestClient:
    return client()


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_has_its_page(plain: falcon.testing.TestClient, code: str) -> None:
    answer = plain.simulate_get(f"/problems/{code}")
    assert answer.status_code == 200
    assert PROBLEMS[code].title in answer.text
    assert code in answer.text


def test_an_unknown_problem_has_no_page(plain: falcon.testing.TestClient) -> None:
    answer = plain.simulate_get("/problems/none")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_the_documentation_needs_nothing_from_elsewhere(plain: falcon.testing.TestClient) -> None:
    answer = plain.simulate_get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "/v1/queue-tokens/current" in answer.text
    assert plain.simulate_get("/docs", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_document_is_served(plain: falcon.testing.TestClient) -> None:
    assert plain.simulate_get("/openapi.json").json["openapi"] == "3.1.0"


def test_unknown_paths_and_methods_are_problems(plain: falcon.testing.TestClient) -> None:
    nowhere = plain.simulate_get("/v1/nowhere")
    assert (nowhere.status_code, nowhere.json["code"]) == (404, "not_found")
    wrong = plain.simulate_put("/v1/points")
    assert (wrong.status_code, wrong.json["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]
    assert wrong.headers["content-type"] == "application/problem+json"


def test_head_is_get_without_its_body(plain: falcon.testing.TestClient) -> None:
    head, get = plain.simulate_head("/healthz"), plain.simulate_get("/healthz")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(get.content)))
    assert plain.simulate_head("/v1/points").status_code == 401


def test_options_names_the_methods(plain: falcon.testing.TestClient) -> None:
    answer = plain.simulate_options("/v1/queue-tokens/current")
    assert answer.status_code == 200
    assert {"GET", "DELETE"} <= {method.strip() for method in answer.headers["allow"].split(",")}


def test_no_origin_is_let_in_by_default(plain: falcon.testing.TestClient) -> None:
    answer = plain.simulate_get("/healthz", headers={"Origin": "https://shop.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_configured_origins_are_let_in() -> None:
    open_ = client(cors_origins="https://shop.example https://other.example")
    answer = open_.simulate_get("/healthz", headers={"Origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Location" in answer.headers["access-control-expose-headers"]
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization, idempotency-key"
    preflight = open_.simulate_options("/v1/queue-tokens", headers=asked)
    assert "POST" in preflight.headers["access-control-allow-methods"]
    stranger = open_.simulate_get("/healthz", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
    # What a cache keeps of one origin must not be told to another.
    assert [found.headers["vary"] for found in (answer, stranger, open_.simulate_get("/healthz"))] == ["Origin"] * 3


@pytest.mark.parametrize("body", ["[" * 1024, "{", "1", '{"name": 1}', '{"name": "\\ud800"}'])
def test_a_demo_identity_needs_a_name(plain: falcon.testing.TestClient, body: str) -> None:
    assert plain.simulate_post("/demo/identity", body=body, host="localhost").status_code == 400


ACCESS = [
    ("loopback", "127.0.0.1", {}, 200),
    ("loopback", "::1", {}, 200),
    ("loopback", "192.0.2.1", {}, 404),
    ("loopback", "127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 404),
    ("all", "192.0.2.1", {}, 200),
    ("none", "127.0.0.1", {}, 404),
]


@pytest.mark.parametrize(("access", "address", "headers", "status"), ACCESS)
def test_metrics_are_shown_to_whom_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, access: str, address: str, headers: dict[str, str], status: int
) -> None:
    monkeypatch.setattr(metrics, "generate_latest", lambda _: b"")
    answer = client(metrics_access=access).simulate_get("/metrics", headers=headers, remote_addr=address)
    assert answer.status_code == status


def test_a_fault_shows_nothing_of_itself(plain: falcon.testing.TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.resources import health

    def fail(*_: object) -> None:
        message = "SELECT secret FROM somewhere"
        raise RuntimeError(message)

    monkeypatch.setattr(health, "answer", fail)
    answer = plain.simulate_get("/healthz")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]
