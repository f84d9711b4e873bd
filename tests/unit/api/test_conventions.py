"""What holds for every path, whoever added it: HEAD, a slash at the end, undeclared bodies, whose page may ask."""

import re
import socket
from http import HTTPStatus
from pathlib import Path
from typing import Any

import falcon
import falcon.testing
import pytest
from falcon import inspect

import api
from api.app import create_app
from api.openapi import codes_of
from api.openapi_shapes import declared
from api.pages import FAN_PATHS, OPERATOR_PATHS
from settings import Settings

SHOP = "https://shop.example"
PAGES = [re.sub(r"{.*?}", "7", path) for path in (*FAN_PATHS, *OPERATOR_PATHS)]
DOCUMENTS = ["/healthz", "/docs", "/openapi.json", "/problems/busy", "/problems/nothing", "/nowhere"]
AS_A_BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def app() -> Any:
    return create_app(Settings(demo=True, secret="x" * 32, handover_origins=SHOP))


@pytest.fixture(scope="module")
def client(app: Any) -> falcon.testing.TestClient:
    return falcon.testing.TestClient(app)


def test_every_route_that_answers_get_answers_head(app: Any) -> None:
    methods = {route.path: {one.method for one in route.methods} for route in inspect.inspect_routes(app)}
    assert len(methods) > len(PAGES)
    assert [path for path, found in methods.items() if ("GET" in found) != ("HEAD" in found)] == []


@pytest.mark.parametrize("path", [*PAGES, *DOCUMENTS])
def test_head_says_what_get_would(client: falcon.testing.TestClient, path: str) -> None:
    got, headed = (client.simulate_request(method, path, headers=AS_A_BROWSER) for method in ("GET", "HEAD"))
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    for name in ("content-type", "etag", "cache-control", "content-security-policy"):
        assert headed.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("path", [path for path in (*PAGES, *DOCUMENTS) if path != "/"])
def test_a_slash_at_the_end_makes_no_other_page(client: falcon.testing.TestClient, path: str) -> None:
    plain, slashed = (client.simulate_get(one, headers=AS_A_BROWSER) for one in (path, f"{path}/"))
    assert (slashed.status_code, slashed.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_no_body(client: falcon.testing.TestClient, path: str) -> None:
    answer = client.simulate_get(path, body="{}")
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "unexpected_body")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_a_handover_from_elsewhere_is_forbidden(client: falcon.testing.TestClient, origin: str | None) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({"Origin": origin} if origin else {})
    answer = client.simulate_post("/signin/handover", body="identity=a.b.c", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.FORBIDDEN, "origin_refused")


def test_errors_of_the_framework_keep_their_status() -> None:
    raised = {
        name
        for source in Path(api.__path__[0]).rglob("*.py")
        for name in re.findall(r"raise falcon\.(HTTP\w+)", source.read_text())
    }
    assert "HTTPForbidden" in raised
    for name in raised:

        class Fails:
            def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
                del req, resp
                raise getattr(falcon, name)  # noqa: B023  # It is called before the next round.

        app = create_app(Settings(demo=True, secret="x" * 32))
        app.add_route("/fails", Fails())
        assert falcon.testing.TestClient(app).simulate_get("/fails").status_code == getattr(falcon, name)().status_code


HERE = socket.gethostname()
ASKED = [
    ("127.0.0.1", None, 201),
    ("127.0.0.1", "http://127.0.0.1:8000", 201),
    ("192.0.2.7", "http://192.0.2.7:8000", 201),
    ("[::1]", "http://[::1]:8000", 201),
    ("localhost", "http://localhost:8000", 201),
    ("shop.localhost", "http://shop.localhost:8000", 201),
    (HERE, f"http://{HERE}:8000", 201),
    # The name of a stranger that leads here.
    ("evil.example", "http://evil.example:8000", 403),
    ("evil.example", None, 403),
    ("localhost.evil.example", "http://localhost.evil.example:8000", 403),
    ("127.0.0.1.evil.example", None, 403),
    # A page of a stranger that asks another one's address.
    ("127.0.0.1", "http://evil.example", 403),
    ("127.0.0.1", "http://127.0.0.1:9000", 403),
    ("127.0.0.1", "null", 403),
    ("127.0.0.1", "http://[", 403),
]


@pytest.mark.parametrize(("host", "origin", "status"), ASKED)
def test_demo_identities_are_for_pages_of_this_machine(
    client: falcon.testing.TestClient, host: str, origin: str | None, status: int
) -> None:
    headers = {"Host": f"{host}:8000", **({"Origin": origin} if origin else {})}
    answer = client.simulate_post("/demo/identity", json={"name": "mina"}, headers=headers)
    assert answer.status_code == status
    assert status == HTTPStatus.CREATED or answer.json["code"] == "origin_refused"


def test_the_document_tells_of_too_long_and_too_large() -> None:
    for path, _, operation in declared():
        codes = codes_of(path, operation)
        assert {"uri_too_long", "headers_too_large"} <= set(codes)
        assert ("body_too_large" in codes) == (operation.body is not None) == ("unexpected_body" not in codes)
