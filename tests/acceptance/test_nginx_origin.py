"""What arrives behind the shipped deploy/nginx.conf, and what fans get while the service is gone or breaks off."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic, time

import falcon
import falcon.testing
import httpx
import pytest

from api.rate_limits import address_of
from tests.acceptance.origin import LINE, UNWELL, Origin, running_origin
from tests.fixtures.nginx import Nginx, running_nginx
from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("nginx_program")]

REQUESTS, CLIENTS = 200, 8


@pytest.fixture
def origin(nginx_program: str) -> Iterator[Origin]:
    with running_origin() as found:
        yield found


@pytest.fixture
def nginx(origin: Origin) -> Iterator[Nginx]:
    with running_nginx(origin.address) as found:
        yield found


@pytest.fixture
def client(nginx: Nginx) -> Iterator[httpx.Client]:
    with nginx.client() as found:
        yield found


def test_a_crowd_asks_the_service_once_a_second_and_gets_a_fresh_line(nginx: Nginx, origin: Origin) -> None:
    ages: list[float] = []

    def ask_often(_: int) -> None:
        with nginx.client() as client:
            for _ in range(REQUESTS // CLIENTS):
                asked_at = time()
                made_at = client.get(f"{LINE}?past=the-cache", headers={"Host": f"h{len(ages)}"}).json()["made_at"]
                ages.append(asked_at - made_at)

    began = monotonic()
    with ThreadPoolExecutor(CLIENTS) as crowd:
        list(crowd.map(ask_often, range(CLIENTS)))
    assert len(ages) == REQUESTS
    assert origin.count("GET", LINE) <= 2 + (monotonic() - began)
    assert max(ages) < 2.5


def test_a_new_line_is_seen_soon(client: httpx.Client) -> None:
    first = client.get(LINE).json()["made_at"]
    wait_for(lambda: client.get(LINE).json()["made_at"] > first, 3)


def test_nobody_can_choose_an_address(client: httpx.Client) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
    told = client.get("/v1/points", headers=forged).json()
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert not told.keys() & {"X-Real-IP", "Forwarded"}
    # As the service counts with FRONTROW_TRUSTED_PROXIES=1.
    environ = falcon.testing.create_environ(headers=told, remote_addr="192.0.2.1")
    assert address_of(falcon.Request(environ), 1) == "127.0.0.1"


def test_the_request_id_is_the_clients_or_one_of_nginx(nginx: Nginx, client: httpx.Client) -> None:
    assert client.get("/v1/points", headers={"X-Request-ID": "mine-1"}).json()["X-Request-ID"] == "mine-1"
    [given, other] = [client.get("/v1/points", headers={"X-Request-ID": bad}) for bad in ("a b", "")]
    assert len({given.json()["X-Request-ID"], other.json()["X-Request-ID"], "a b", ""}) == 4
    assert given.headers["x-request-id"] == given.json()["X-Request-ID"]
    wait_for(lambda: f" {given.headers['x-request-id']}\n" in nginx.log())


def test_a_credential_goes_where_it_matters_and_not_to_what_is_kept(client: httpx.Client, origin: Origin) -> None:
    for path in ("/v1/points", "/v1/concerts/1/dates", "/v1/queue-tokens/current", LINE):
        client.get(path, headers={"Authorization": "Bearer x"})
    assert [seen.headers.get("Authorization") for seen in origin.seen] == ["Bearer x"] * 3 + [None]


def test_connections_of_those_inside_are_not_shared_with_those_outside(client: httpx.Client, origin: Origin) -> None:
    inside = ["/v1/reservations/1", "/v1/points", "/v1/performances/1/seats", "/v1/concerts/1/dates", "/v1/tasks/1"]
    inside += ["/v1/operator/audit", "/v1/bookings", "/v1/payments/1"]
    outside = ["/v1/queue-tokens/current", LINE, "/", "/pages/1/x.js", "/v1/pointless"]
    for path in [*inside, *outside, *inside, *outside]:
        assert client.get(path).status_code == 200
    used = {False: set[int](), True: set[int]()}
    for seen in origin.seen:
        used[seen.path in inside].add(seen.connection)
    assert not used[False] & used[True]
    # Each kept its own for all of its requests.
    assert [len(used[False]), len(used[True])] == [1, 1]


def test_a_request_arrives_when_all_of_it_has(nginx: Nginx, origin: Origin) -> None:
    head = b"POST /v1/points/charges HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{"
    with ExitStack() as opened:
        plain = socket.create_connection(("127.0.0.1", nginx.port), timeout=5)
        slow = opened.enter_context(nginx.trust.wrap_socket(plain, server_hostname="127.0.0.1"))
        slow.sendall(head)
        with nginx.client() as other:
            assert other.get("/v1/points").status_code == 200
        assert len(origin.connections) == 1
        slow.sendall(b"}")
        assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
    assert origin.count("POST", "/v1/points/charges") == 1


def test_a_silent_connection_is_given_up_by_nginx_first(nginx_program: str) -> None:
    shorter = {"        keepalive_timeout 8s;": "        keepalive_timeout 800ms;"}
    with running_origin(1.0) as origin, running_nginx(origin.address, changes=shorter) as nginx:
        with nginx.client() as client:
            for number in (1, 2):
                assert client.post("/v1/points/charges", json={}).status_code == 200
                wait_for(lambda number=number: origin.ended == number)  # type: ignore[misc]
        assert (origin.given_up, len(origin.connections)) == (0, 2)


@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
def test_a_change_is_not_sent_twice(client: httpx.Client, origin: Origin, *, kept: bool) -> None:
    if kept:
        client.get("/v1/reservations/1")
    origin.breaks_off.add("POST")
    answer = client.post("/v1/reservations", json={"seat_ids": [1]})
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
    assert answer.json()["status"] == 502
    assert answer.headers["retry-after"]
    assert origin.count("POST", "/v1/reservations") == 1
    assert len(origin.connections) == 1
    assert client.post("/v1/reservations", json={"seat_ids": [1]}).status_code == 200


def test_a_reading_that_met_a_dead_connection_is_sent_again(client: httpx.Client, origin: Origin) -> None:
    client.get("/v1/reservations/1")
    origin.breaks_off.add("GET")
    assert client.get("/v1/points").status_code == 200
    assert origin.count("GET", "/v1/points") == 2


def test_without_the_service_what_is_public_is_still_shown(client: httpx.Client, origin: Origin) -> None:
    known = client.get(LINE).text
    assert client.get("/v1/points").status_code == 200
    origin.stop()
    began = monotonic()
    for _ in range(3):
        assert client.get(LINE).text == known
        for answer in (client.get("/v1/points"), client.post("/v1/reservations", json={}), client.get("/")):
            assert answer.status_code == 502
            assert json.loads(answer.text)["title"] == "Bad Gateway"
    assert monotonic() - began < 3


def test_the_last_line_is_shown_beyond_its_time_while_the_service_is_away(client: httpx.Client, origin: Origin) -> None:
    known = client.get(LINE).json()
    origin.stop()

    def is_over() -> bool:
        assert client.get(LINE).json() == known
        # A second, and four while the next one is fetched.
        return time() - known["made_at"] > 5.5

    wait_for(is_over, 10)


def test_what_the_service_refuses_it_says_itself(client: httpx.Client, origin: Origin) -> None:
    known = client.get(LINE).json()
    origin.unwell = True
    refused = client.get("/v1/points")
    assert (refused.status_code, refused.json()) == (503, UNWELL)
    wait_for(lambda: client.get(LINE).json() == known and origin.count("GET", LINE) > 1)
    assert client.get(LINE).json() == known
