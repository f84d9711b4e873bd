"""The service behind Debian's nginx with the shipped deploy/nginx.conf: a fan's journey, and who is kept apart."""

import os
import pwd
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from cli.program import Account
from tests.acceptance.test_journey import Fan
from tests.acceptance.test_slow_clients import CROWD, HALVES
from tests.fixtures.nginx import ROOT, SHIPPED, Nginx, running_nginx
from tests.fixtures.stack import Stack
from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("nginx_program")]


@pytest.fixture(scope="module")
def nginx(stack: Stack, nginx_program: str) -> Iterator[Nginx]:
    with running_nginx(urlsplit(stack.url).netloc) as found:
        yield found


@pytest.fixture(scope="module")
def client(nginx: Nginx) -> Iterator[httpx.Client]:
    with nginx.client() as found:
        yield found


@pytest.fixture
def concert(stack: Stack, client: httpx.Client) -> dict[str, Any]:
    """A concert that nobody else comes to."""
    operator, now = Fan(client, stack.token("boss-behind-nginx", operator=True)), datetime.now(UTC)
    date = {
        "starts_at": (now + timedelta(days=9)).isoformat(),
        "reservable_from": now.isoformat(),
        "reservable_until": (now + timedelta(days=8)).isoformat(),
        "sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "price": 70_000}],
    }
    described = {"title": "Behind nginx", "venue": "Hall", "performances": [date]}
    made = operator.send("POST", "/v1/operator/concerts", described)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def test_a_whole_journey_over_https(stack: Stack, client: httpx.Client, concert: dict[str, Any]) -> None:
    fan = Fan(client, stack.token("behind-nginx"))
    fan.join(concert["id"])
    fan.await_status("active")
    [date] = fan.get(f"/v1/concerts/{concert['id']}/dates")["items"]
    seats = fan.get(f"/v1/performances/{date['performance_id']}/seats?status=available")["items"]
    wanted = {"performance_id": date["performance_id"], "seat_ids": [seats[0]["id"]]}
    reservation = fan.result("POST", "/v1/reservations", wanted)
    fan.result("POST", "/v1/points/charges", {"amount": 70_000}, **{"Idempotency-Key": "behind-nginx"})
    booking = fan.result("POST", "/v1/payments", {"reservation_id": reservation["id"]})
    assert booking["amount"] == 70_000
    assert fan.get("/v1/bookings")["items"] == [booking]


def test_public_documents_are_kept_with_all_that_the_service_says_of_them(
    stack: Stack, nginx: Nginx, client: httpx.Client, concert: dict[str, Any]
) -> None:
    for path in (f"/v1/queues/{concert['id']}", "/v1/concerts", f"/v1/concerts/{concert['id']}"):
        own = httpx.get(f"{stack.url}{path}", headers={"Accept-Encoding": "identity"})
        kept = [client.get(path, headers={"X-Request-ID": name, "Accept-Encoding": "identity"}) for name in "ab"]
        assert {answer.text for answer in kept} == {own.text}
        for name in ("cache-control", "content-security-policy", "x-content-type-options", "etag", "content-type"):
            assert {answer.headers[name] for answer in kept} == {own.headers[name]}, name
        assert [answer.headers["x-request-id"] for answer in kept] == ["a", "b"]
        again = client.get(path, headers={"If-None-Match": own.headers["etag"], "Accept-Encoding": "identity"})
        assert (again.status_code, again.text) == (304, "")
        wait_for(lambda path=path: f'"GET {path} HTTP/1.1" 304 0 ' in nginx.log())  # type: ignore[misc]


def test_long_documents_are_kept_plain_and_compressed(client: httpx.Client, stack: Stack) -> None:
    operator = Fan(client, stack.token("boss-behind-nginx", operator=True))
    for number in range(12):
        operator.send("POST", "/v1/operator/concerts", {"title": f"Long list {number}", "venue": "Hall " * 20})
    path = "/v1/concerts?limit=500"
    answers = [client.get(path, headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity") * 2]
    assert [answer.headers.get("content-encoding") for answer in answers] == ["gzip", None] * 2
    assert len({answer.text for answer in answers}) == 1


def test_what_is_private_is_never_kept(stack: Stack, nginx: Nginx, client: httpx.Client) -> None:
    fans = [Fan(client, stack.token(f"private-{number}")) for number in range(2)]
    for amount, fan in enumerate(fans, start=1):
        fan.result("POST", "/v1/points/charges", {"amount": amount})
    for _ in range(2):
        answers = [fan.send("GET", "/v1/points") for fan in fans]
        assert [answer.json()["balance"] for answer in answers] == [1, 2]
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert client.get("/v1/points").status_code == 401
    wait_for(lambda: '"GET /v1/points HTTP/1.1" 401 ' in nginx.log())
    logged = re.findall(r"GET (/v1/\S+) HTTP/1.1\" \d+ \d+ \S+ \S+ (\S+)", nginx.log())
    assert "/v1/points" in {path for path, _ in logged}
    kept = {path for path, status in logged if status != "-"}
    assert [path for path in kept if not re.fullmatch(r"/v1/(queues/\d+|concerts(/\d+)?)", path)] == []


def test_the_log_holds_neither_queries_nor_tokens(stack: Stack, nginx: Nginx, client: httpx.Client) -> None:
    fan = Fan(client, stack.token("logged"))
    fan.get("/v1/points/entries?limit=17")
    wait_for(lambda: '"GET /v1/points/entries HTTP/1.1" 200 ' in nginx.log())
    assert "limit=17" not in nginx.log()
    assert fan.credential not in nginx.log()


def test_half_bodies_hold_no_thread_of_the_service(stack: Stack, nginx: Nginx) -> None:
    identity = f"Authorization: Bearer {stack.token('slow')}\r\n".encode()
    with ExitStack() as crowd:
        for _ in range(CROWD):
            plain = socket.create_connection(("127.0.0.1", nginx.port), timeout=5)
            slow = crowd.enter_context(nginx.trust.wrap_socket(plain, server_hostname="127.0.0.1"))
            slow.sendall(HALVES["bodies"].replace(b"{identity}", identity))
        assert httpx.get(f"{stack.url}/healthz", timeout=3).status_code == 200
        with nginx.client() as other:
            assert other.get("/healthz", timeout=3).status_code == 200


@pytest.mark.parametrize("size", [65_537, 100_000, 1_000_000])
def test_a_body_that_is_too_large_is_refused_in_the_same_form(stack: Stack, client: httpx.Client, size: int) -> None:
    headers = {"Authorization": f"Bearer {stack.token('large')}", "Content-Type": "application/json"}
    answer = client.post("/v1/points/charges", content=b" " * size, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_the_metrics_are_not_shown_to_who_comes_through(client: httpx.Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_pages_and_their_files_keep_their_own_headers(stack: Stack, client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept": "text/html"})
    [script, *_] = re.findall(r'"(/pages/[^"]+\.js)"', page.text)
    for path in ("/", script):
        own, through = (asked(path, headers={"Accept": "text/html"}) for asked in (_direct(stack), client.get))
        told = [{n: v for n, v in answer.headers.items() if n in KEPT_HEADERS} for answer in (own, through)]
        assert told[0] == told[1]
        assert own.content == through.content


KEPT_HEADERS = {"cache-control", "content-security-policy", "content-type", "content-encoding", "etag", "vary"}


def _direct(stack: Stack) -> Any:
    return lambda path, headers: httpx.get(f"{stack.url}{path}", headers=headers)


def test_plain_http_leads_to_https(nginx: Nginx) -> None:
    answer = httpx.post(f"http://127.0.0.1:{nginx.plain_port}/v1/queue-tokens?a=b")
    assert (answer.status_code, answer.headers["location"]) == (308, "https://127.0.0.1/v1/queue-tokens?a=b")


def test_http_2_is_spoken(nginx: Nginx) -> None:
    trust = nginx.trust
    trust.set_alpn_protocols(["h2", "http/1.1"])
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    plain = socket.create_connection(("127.0.0.1", nginx.port), timeout=5)
    with trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_an_ordinary_user_can_run_it(stack: Stack) -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account("nobody", nobody.pw_uid, nobody.pw_gid) if os.geteuid() == 0 else None
    with running_nginx(urlsplit(stack.url).netloc, account=account) as nginx, nginx.client() as client:
        headers = {"Authorization": f"Bearer {stack.token('ordinary')}", "Content-Type": "application/json"}
        # A cached document, a body, and an answer: each has a folder of its own.
        assert client.get("/v1/concerts").status_code == 200
        assert client.post("/v1/points/charges", content=b" " * 70_000, headers=headers).status_code == 413
        assert (nginx.folder / "nginx.pid").stat().st_uid == (account.uid if account else os.geteuid())
        assert any((nginx.folder / "frontrow").iterdir())


def test_nginx_gives_up_a_connection_before_the_service_does() -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    [kept] = re.findall(r"^keepalive = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    ours = re.findall(r"^ {8}keepalive_timeout (\d+)s;$", shipped, re.MULTILINE)
    assert len(ours) == shipped.count("upstream frontrow_") == 2
    assert all(int(seconds) < int(kept) for seconds in ours)
