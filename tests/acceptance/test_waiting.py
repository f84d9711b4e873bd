"""`Prefer: wait` over real HTTP: every change answered with its outcome, and nobody kept longer than they asked for."""

import asyncio
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psutil
import psycopg2
import pytest

from cli import readiness
from cli.running_service import running_service
from tests.fixtures.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.acceptance

WAIT = {"Prefer": "wait=10"}
PRICE = 40_000
CROWD = 100


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=20) as found:
        yield found


@pytest.fixture(scope="module")
def concert(stack: Stack, client: httpx.Client) -> dict[str, Any]:
    """A concert of its own."""
    return put_on(stack, client)


def put_on(stack: Stack, client: httpx.Client, capacity: int = 50) -> dict[str, Any]:
    now = datetime.now(UTC)
    performance = {
        "starts_at": (now + timedelta(days=9)).isoformat(),
        "reservable_from": now.isoformat(),
        "reservable_until": (now + timedelta(days=8)).isoformat(),
        "sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "price": PRICE}],
    }
    body = {"title": "Waiting", "venue": "Hall", "queue": {"capacity": capacity}, "performances": [performance]}
    created = send(client, stack.token("boss", operator=True), "POST", "/v1/operator/concerts", body)
    assert created.status_code == 201, created.text
    found: dict[str, Any] = created.json()
    return found


def send(
    client: httpx.Client, credential: str, method: str, path: str, body: object = None, **headers: str
) -> httpx.Response:
    content = {} if body is None else {"json": body}
    return client.request(method, path, headers={"Authorization": f"Bearer {credential}", **headers}, **content)


class Fan:
    """A fan who prefers to wait."""

    def __init__(self, client: httpx.Client, identity: str) -> None:
        self.client, self.credential = client, identity

    def finished(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a change; its answer must be the finished task."""
        answer = send(self.client, self.credential, method, path, body, **WAIT)
        assert answer.status_code == 200, answer.text
        assert answer.headers["preference-applied"] == "wait"
        assert not {"location", "retry-after"} & set(answer.headers)
        task: dict[str, Any] = answer.json()
        assert send(self.client, self.credential, "GET", f"/v1/tasks/{task['id']}").json() == task
        return task

    def done(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a change that must come off; returns its result."""
        task = self.finished(method, path, body)
        assert task["status"] == "done", task
        result: dict[str, Any] = task["result"]
        return result

    def join(self, concert_id: int) -> None:
        """Join the line."""
        self.credential = self.done("POST", "/v1/queue-tokens", {"concert_id": concert_id})["token"]

    def get(self, path: str) -> Any:
        """Read something."""
        return send(self.client, self.credential, "GET", path).json()

    def come_in(self, concert_id: int) -> None:
        """Join, and wait for one's turn."""
        self.join(concert_id)
        wait_for(lambda: self.get("/v1/queue-tokens/current")["status"] == "active")

    def free_seats(self, concert: dict[str, Any]) -> list[int]:
        """Return the free seats of the only performance."""
        performance_id = concert["performances"][0]["performance_id"]
        seats = self.get(f"/v1/performances/{performance_id}/seats?status=available")["items"]
        return [seat["id"] for seat in seats]


def wish(concert: dict[str, Any], *seat_ids: int) -> dict[str, Any]:
    return {"performance_id": concert["performances"][0]["performance_id"], "seat_ids": list(seat_ids)}


def test_every_step_of_a_purchase_is_answered_with_its_outcome(
    stack: Stack, client: httpx.Client, concert: dict[str, Any]
) -> None:
    fan = Fan(client, stack.token("patient"))
    fan.come_in(concert["id"])
    first, second, *_ = fan.free_seats(concert)
    let_go = fan.done("POST", "/v1/reservations", wish(concert, first))
    assert fan.done("DELETE", f"/v1/reservations/{let_go['id']}")["status"] == "released"
    held = fan.done("POST", "/v1/reservations", wish(concert, second))
    assert (held["status"], held["amount"]) == ("held", PRICE)
    assert fan.done("POST", "/v1/points/charges", {"amount": PRICE})["balance"] == PRICE
    booking = fan.done("POST", "/v1/payments", {"reservation_id": held["id"]})
    assert [seat["id"] for seat in booking["seats"]] == [second]
    assert fan.get("/v1/bookings")["items"] == [booking]


def test_a_refusal_is_an_outcome_like_any_other(stack: Stack, client: httpx.Client, concert: dict[str, Any]) -> None:
    fan, rival = Fan(client, stack.token("sooner")), Fan(client, stack.token("later"))
    fan.come_in(concert["id"])
    rival.come_in(concert["id"])
    seat = fan.free_seats(concert)[-1]
    fan.done("POST", "/v1/reservations", wish(concert, seat))
    refused = rival.finished("POST", "/v1/reservations", wish(concert, seat))
    assert (refused["status"], refused["problem"]["code"]) == ("refused", "seat_taken")


def test_a_finished_leave_is_shown_at_once_and_the_token_is_worth_nothing(
    stack: Stack, client: httpx.Client, concert: dict[str, Any]
) -> None:
    fan = Fan(client, stack.token("leaver"))
    fan.join(concert["id"])
    began = time.monotonic()
    task = send(client, fan.credential, "DELETE", "/v1/queue-tokens/current", **WAIT)
    after = send(client, fan.credential, "GET", "/v1/queue-tokens/current")
    assert (task.status_code, task.json()["status"], task.json()["result"]["status"]) == (200, "done", "left")
    assert time.monotonic() - began < 9, "the answer did not come with the outcome, but at the end of the wait"
    assert after.status_code == 401


def test_who_does_not_ask_to_wait_is_told_where_to_look(stack: Stack, client: httpx.Client) -> None:
    identity = stack.token("unasked")
    accepted = send(client, identity, "POST", "/v1/points/charges", {"amount": 5})
    assert (accepted.status_code, accepted.headers["retry-after"]) == (202, "1")
    assert accepted.headers["location"] == f"/v1/tasks/{accepted.json()['id']}"
    assert "preference-applied" not in accepted.headers
    task = send(client, identity, "GET", accepted.headers["location"], **WAIT)
    assert (task.status_code, task.json()["status"]) == (200, "done")
    assert task.headers["preference-applied"] == "wait"


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service whose workers a test may stop."""
    data_dir = tmp_path_factory.mktemp("waiting") / "data"
    with running_service(data_dir) as url:
        yield Stack(url, data_dir)


@contextmanager
def standing_still(stack: Stack, queue: str) -> Iterator[None]:
    """Let nobody serve a broker queue for a while."""
    workers = [
        worker
        for main in psutil.Process(stack.pid).children()
        if f" -Q {queue} " in " ".join(main.cmdline())
        for worker in (main, *main.children(recursive=True))
    ]
    assert workers
    for worker in workers:
        worker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGCONT)


def test_what_does_not_finish_in_time_is_answered_as_if_nobody_had_waited(own_stack: Stack) -> None:
    identity = own_stack.token("hasty")
    with httpx.Client(base_url=own_stack.url, timeout=20) as client:
        with standing_still(own_stack, "points"):
            began = time.monotonic()
            put_off = send(client, identity, "POST", "/v1/points/charges", {"amount": 5}, Prefer="wait=1")
            assert 0.9 < time.monotonic() - began < 5
            assert (put_off.status_code, put_off.headers["retry-after"]) == (202, "1")
            assert "preference-applied" not in put_off.headers
            location = put_off.headers["location"]
            queued = send(client, identity, "GET", location, Prefer="wait=1")
            assert (queued.status_code, queued.json()["status"]) == (200, "queued")
        task = send(client, identity, "GET", location, **WAIT)
        assert (task.json()["status"], task.json()["result"]["balance"]) == ("done", 5)


def test_a_hundred_wait_at_once_and_others_are_answered(own_stack: Stack) -> None:
    async def wait_all() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CROWD)
        async with httpx.AsyncClient(base_url=own_stack.url, timeout=30, limits=limits) as client:

            async def one(number: int) -> httpx.Response:
                headers = {"Authorization": f"Bearer {own_stack.token(f'crowd-{number}')}", **WAIT}
                return await client.post("/v1/points/charges", headers=headers, json={"amount": number + 1})

            waiting = [asyncio.create_task(one(number)) for number in range(CROWD)]
            return await asyncio.gather(*waiting)

    with ThreadPoolExecutor(1) as threads, httpx.Client(base_url=own_stack.url, timeout=5) as other:
        with standing_still(own_stack, "points"):
            crowd = threads.submit(asyncio.run, wait_all())
            wait_for(lambda: _accepted(own_stack, "crowd-%") == CROWD, 8)
            for _ in range(5):
                began = time.monotonic()
                assert other.get("/healthz").status_code == 200
                assert time.monotonic() - began < 3
            assert not crowd.done()
        answers = crowd.result(30)
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["result"]["balance"] for answer in answers] == list(range(1, CROWD + 1))


def test_a_web_that_stops_answers_those_who_wait_before_it_ends(own_stack: Stack) -> None:
    identity, key = own_stack.token("interrupted"), {"Idempotency-Key": "interrupted"}
    web = next(
        main for main in psutil.Process(own_stack.pid).children() if "api.wsgi:application" in " ".join(main.cmdline())
    )
    with httpx.Client(base_url=own_stack.url, timeout=20) as client:
        with standing_still(own_stack, "points"), ThreadPoolExecutor(1) as threads:
            body = {"amount": 7}
            charge = threads.submit(send, client, identity, "POST", "/v1/points/charges", body, **WAIT, **key)
            wait_for(lambda: _accepted(own_stack, "interrupted") == 1, 5)
            began = time.monotonic()
            web.send_signal(signal.SIGTERM)
            put_off = charge.result(20)
            assert (put_off.status_code, put_off.json()["status"]) == (202, "queued")
            assert time.monotonic() - began < 8
        wait_for(lambda: readiness.is_ready(own_stack.url), 60)
        again = send(client, identity, "POST", "/v1/points/charges", body, **WAIT, **key)
    assert (again.status_code, again.json()["id"]) == (200, put_off.json()["id"])
    assert again.json()["result"]["balance"] == 7


def _accepted(stack: Stack, user: str) -> int:

    with psycopg2.connect(stack.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM request WHERE user_id LIKE %s AND status = 'queued'", (user,))
        [(count,)] = cursor.fetchall()
    return int(count)
