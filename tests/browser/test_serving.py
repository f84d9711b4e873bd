"""How the pages are served: headers, caching, and the resources that only they need. No browser is used."""

import gzip
import json
import re
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

import falcon
import falcon.testing
import jwt
import pytest
from pydantic import SecretStr

from api import pages as pages_package
from api.pages import FAN_PATHS, OPERATOR_PATHS, add_pages
from api.pages.assets import CONTENT_TYPES, Assets
from api.pages.demo_identity import user_id_of
from api.pages.handover import OWN_PATH, HandoverResource
from api.pages.ticket_code import TicketSignature, draw
from settings import Settings

SECRET = "a-secret-that-is-long-enough-for-any-use"
STATIC = Path(pages_package.__file__).parent / "static"
SHOP = "https://shop.example"


def client(**changes: Any) -> falcon.testing.TestClient:
    app: falcon.App[Any, Any] = falcon.App()
    add_pages(app, Settings(**{"demo": True, "secret": SecretStr(SECRET)} | changes))
    return falcon.testing.TestClient(app)


def address(name: str) -> str:
    return f"{Assets.read(STATIC).base}/{name}"


@pytest.mark.parametrize("path", [re.sub(r"\{.*?\}", "7", path) for path in FAN_PATHS + OPERATOR_PATHS])
def test_every_page_forbids_foreign_and_inline_code(path: str) -> None:
    answer = client().simulate_get(path)
    assert answer.status_code == HTTPStatus.OK
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    # Nothing that the policy would block; the one script within is known by its hash.
    [script] = re.findall(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy
    assert not re.search(r"<style|style=|\son\w+=", answer.text.replace(script, ""))


@pytest.mark.parametrize(
    ("method", "path", "accept", "form"),
    [
        ("GET", "/nowhere", "text/html,*/*;q=0.8", "text/html; charset=utf-8"),
        ("GET", "/concerts/what", "text/html", "text/html; charset=utf-8"),
        ("GET", "/nowhere", "*/*", "application/problem+json"),
        ("GET", "/v1/nowhere", "text/html", "application/problem+json"),
        ("POST", "/nowhere", "text/html", "application/problem+json"),
    ],
)
def test_an_address_without_a_page_is_told_in_the_readers_form(method: str, path: str, accept: str, form: str) -> None:
    answer = client().simulate_request(method, path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (HTTPStatus.NOT_FOUND, form)
    assert answer.headers["cache-control"] == "no-store"


def test_a_page_names_only_files_that_exist_in_this_version() -> None:
    for path in ("/", "/operator"):
        for found in re.findall(r'(?:src|href|data-module)="(/pages/[^"]+)"', client().simulate_get(path).text):
            assert client().simulate_get(found).status_code == HTTPStatus.OK, found


def test_a_first_load_asks_for_one_module_and_one_style_sheet() -> None:
    for path in ("/", "/operator"):
        files = set(re.findall(r'"(/pages/[^"]+)"', client().simulate_get(path).text))
        assert sorted(Path(name).suffix for name in files) == [".css", ".js", ".svg"]


def test_the_worker_of_the_tickets_keeps_files_of_this_version_and_is_asked_for_anew() -> None:
    worker = client().simulate_get("/offline.js")
    assert worker.headers["cache-control"] == "no-cache"
    assert "{{" not in worker.text
    for found in re.findall(r"'(/[^']*[^/'])'", worker.text):
        assert client().simulate_get(found).status_code == HTTPStatus.OK, found


def test_every_import_of_every_module_exists() -> None:
    for module in STATIC.rglob("*.js"):
        for target in re.findall(r"""(?:from|import\()\s*['"](\.[^'"]+)['"]""", module.read_text()):
            assert (module.parent / target).resolve().is_file(), f"{module.name}: {target}"


def test_files_of_this_version_are_kept_for_ever_and_others_revalidated() -> None:
    current = client().simulate_get(address("fan/app.js"))
    assert "immutable" in current.headers["cache-control"]
    old = client().simulate_get("/pages/000000000000/fan/app.js")
    assert old.status_code == HTTPStatus.OK
    assert old.headers["cache-control"] == "no-cache"


def test_an_etag_saves_the_body() -> None:
    for path in ("/", address("fan/app.js")):
        etag = client().simulate_get(path).headers["etag"]
        answer = client().simulate_get(path, headers={"If-None-Match": etag})
        assert answer.status_code == HTTPStatus.NOT_MODIFIED
        assert answer.content == b""


def test_what_is_zipped_is_the_same_text() -> None:
    plain = client().simulate_get(address("words/ko.json"))
    zipped = client().simulate_get(address("words/ko.json"), headers={"Accept-Encoding": "gzip, br"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(zipped.content) == plain.content


@pytest.mark.parametrize("name", ["fan/app.js", "style/page.css", "words/en.json", "icon.svg"])
def test_content_types(name: str) -> None:
    assert client().simulate_get(address(name)).headers["content-type"] == CONTENT_TYPES[Path(name).suffix]


@pytest.mark.parametrize("name", ["../app.py", "index.html", "fan/missing.js", "%2e%2e/settings.py"])
def test_nothing_but_the_static_files_is_served(name: str) -> None:
    assert client().simulate_get(address(name)).status_code == HTTPStatus.NOT_FOUND


def test_a_demo_identity_is_signed_for_the_name() -> None:
    answer = client().simulate_post("/demo/identity", body=json.dumps({"name": "mina"}), host="127.0.0.1")
    assert answer.status_code == HTTPStatus.CREATED
    claims = jwt.decode(answer.json["token"], SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["name"]) == ("mina", "mina")
    assert "scope" not in claims
    assert answer.headers["cache-control"] == "no-store"


def test_a_demo_operator_has_the_scope() -> None:
    wish = json.dumps({"name": "boss", "operator": True})
    answer = client().simulate_post("/demo/identity", body=wish, host="localhost")
    assert jwt.decode(answer.json["token"], SECRET, algorithms=["HS256"])["scope"] == "operator"


def test_a_name_that_is_no_user_id_gets_one_that_stays_the_same() -> None:
    assert re.fullmatch(r"fan-[0-9a-f]{12}", user_id_of("김민아"))
    assert user_id_of("김민아") == user_id_of("김민아") != user_id_of("이준")


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"name": 7}', '{"name": " "}', '{"name": "a\\u0000"}', '{"name": "%s"}' % ("x" * 65)]
)
def test_a_name_that_is_none_is_refused(body: str) -> None:
    assert client().simulate_post("/demo/identity", body=body, host="localhost").status_code == HTTPStatus.BAD_REQUEST


def test_outside_the_demo_there_is_no_demo_identity() -> None:
    answer = client(demo=False).simulate_post("/demo/identity", body=json.dumps({"name": "mina"}))
    assert answer.status_code == HTTPStatus.NOT_FOUND


def handover(origin: str | None, fields: str) -> falcon.testing.Result:
    app: falcon.App[Any, Any] = falcon.App()
    app.add_route("/signin/handover", HandoverResource(Assets.read(STATIC), frozenset({SHOP})))
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({"Origin": origin} if origin else {})
    return falcon.testing.TestClient(app).simulate_post("/signin/handover", body=fields, headers=headers)


def test_an_identity_is_taken_over_from_an_allowed_origin() -> None:
    answer = handover(SHOP, "identity=aa.bb-_.cc&return_to=/concerts/7")
    assert answer.status_code == HTTPStatus.OK
    assert '<meta name="identity" content="aa.bb-_.cc">' in answer.text
    assert '<meta name="return-to" content="/concerts/7">' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_an_identity_from_elsewhere_is_refused(origin: str | None) -> None:
    assert handover(origin, "identity=aa.bb.cc").status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("identity", ["", "aa.bb", 'aa.bb.cc"><script>', "aa.bb.%00"])
def test_what_is_no_signed_token_is_not_written_into_the_page(identity: str) -> None:
    assert handover(SHOP, f"identity={identity}").status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_the_way_back_is_a_path_of_ours(path: str) -> None:
    assert not OWN_PATH.fullmatch(path)
    assert '<meta name="return-to" content="/">' in handover(SHOP, f"identity=a.b.c&return_to={path}").text


def test_only_a_ticket_of_ours_is_genuine() -> None:
    signature = TicketSignature(SecretStr(SECRET))
    ticket = signature.sign(12, 34, [5, 6])
    assert ticket.startswith("FR1.12.34.5-6.")
    assert signature.is_genuine(ticket)
    for forged in (
        "",
        "FR1",
        ticket[:-1] + ("A" if ticket[-1] != "A" else "B"),
        ticket.replace(".12.", ".13."),
        ticket.replace("5-6", "5-x"),
    ):
        assert not signature.is_genuine(forged)
    assert not TicketSignature(SecretStr(SECRET[::-1])).is_genuine(ticket)


def test_a_code_is_drawn_dark_on_light_without_style_attributes() -> None:
    image = draw("FR1.12.34.5-6.abc").decode()
    assert image.startswith("<svg")
    assert 'stroke="#000"' in image
    assert "style=" not in image
