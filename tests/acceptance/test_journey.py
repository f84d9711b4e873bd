"""The seven flows of the sale, one after the other, over real HTTP with real workers and real servers."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.fixtures.stack import Stack

pytestmark = pytest.mark.acceptance

PATIENCE = 30.0


class Fan:
    """A client that submits, polls as told, and keeps its credential."""

    def __init__(self, client: httpx.Client, credential: str) -> None:
        self.client, self.credential = client, credential

    def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.credential}", **headers}
        return (
            self.client.request(method, path, headers=sent, json=body)
            if body is not None
            else (self.client.request(method, path, headers=sent))
        )

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def outcome(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        accepted = self.send(method, path, body, **headers)
        assert accepted.status_code == 202, accepted.text
        assert accepted.headers["retry-after"] == "1"
        until = time.monotonic() + PATIENCE
        while (task := self.get(accepted.headers["location"]))["status"] == "queued":
            assert time.monotonic() < until, task
            time.sleep(0.05)
        found: dict[str, Any] = task
        return found

    def result(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        task = self.outcome(method, path, body, **headers)
        assert task["status"] == "done", task
        result: dict[str, Any] = task["result"]
        return result

    def join(self, concert_id: int) -> dict[str, Any]:
        issued = self.result("POST", "/v1/queue-tokens", {"concert_id": concert_id})
        self.credential = issued["token"]
        return issued

    def await_status(self, status: str) -> dict[str, Any]:
        """Poll the token until it has a status; its position must never grow meanwhile."""
        until, last = time.monotonic() + PATIENCE, None
        while (token := self.get("/v1/queue-tokens/current"))["status"] != status:
            assert time.monotonic() < until, token
            if token["position"] is not None:
                assert last is None or token["position"] <= last
                last = token["position"]
            time.sleep(0.6)
        found: dict[str, Any] = token
        return found


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=10) as found:
        yield found


@pytest.fixture(scope="module")
def concert(stack: Stack, client: httpx.Client) -> dict[str, Any]:
    """A concert of its own with room for two fans at a time."""
    operator = Fan(client, stack.token("boss", operator=True))
    now = datetime.now(UTC)
    created = operator.send(
        "POST",
        "/v1/operator/concerts",
        {
            "title": "Acceptance",
            "venue": "Hall",
            "queue": {"capacity": 2},
            "performances": [
                {
                    "starts_at": (now + timedelta(days=9)).isoformat(),
                    "reservable_from": now.isoformat(),
                    "reservable_until": (now + timedelta(days=8)).isoformat(),
                    "sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "price": 70_000}],
                }
            ],
        },
    )
    assert created.status_code == 201, created.text
    found: dict[str, Any] = created.json()
    return found


def test_the_whole_journey(stack: Stack, client: httpx.Client, concert: dict[str, Any]) -> None:
    path = f"/v1/concerts/{concert['id']}"
    performance_id = concert["performances"][0]["performance_id"]

    # Issue of a token, and its poll.
    fan = Fan(client, stack.token("journey"))
    issued = fan.join(concert["id"])
    assert (issued["user_id"], issued["status"]) == ("journey", "waiting")
    fan.await_status("active")

    # Dates and seats.
    [date] = fan.get(f"{path}/dates")["items"]
    assert (date["performance_id"], date["seats_available"]) == (performance_id, 10)
    seats = fan.get(f"/v1/performances/{performance_id}/seats?status=available")["items"]
    chosen = [seat["id"] for seat in seats[:2]]

    # A hold, which nobody else gets.
    reservation = fan.result("POST", "/v1/reservations", {"performance_id": performance_id, "seat_ids": chosen})
    assert (reservation["status"], reservation["amount"]) == ("held", 140_000)
    rival = Fan(client, stack.token("rival"))
    rival.join(concert["id"])
    rival.await_status("active")
    refused = rival.outcome("POST", "/v1/reservations", {"performance_id": performance_id, "seat_ids": chosen})
    assert (refused["status"], refused["problem"]["code"], refused["problem"]["seat_ids"]) == (
        "refused",
        "seat_taken",
        chosen,
    )

    # Points, too few first.
    assert fan.get("/v1/points") == {"user_id": "journey", "balance": 0}
    body = {"reservation_id": reservation["id"]}
    short = fan.outcome("POST", "/v1/payments", body)
    assert (short["problem"]["code"], short["problem"]["balance"]) == ("insufficient_points", 0)
    key = {"Idempotency-Key": "journey-charge"}
    charged = fan.result("POST", "/v1/points/charges", {"amount": 200_000}, **key)
    assert fan.result("POST", "/v1/points/charges", {"amount": 200_000}, **key) == charged
    assert fan.get("/v1/points")["balance"] == 200_000

    # The payment, and what can be read after it.
    booking = fan.result("POST", "/v1/payments", body)
    assert (booking["amount"], [seat["id"] for seat in booking["seats"]]) == (140_000, chosen)
    assert fan.get("/v1/queue-tokens/current")["status"] == "completed"
    assert fan.get("/v1/bookings")["items"] == [booking]
    entries = Fan(client, stack.token("journey")).get("/v1/points/entries")["items"]
    assert [entry["amount"] for entry in entries] == [-140_000, 200_000]
    assert fan.send("GET", f"{path}/dates").json()["code"] == "token_expired"

    # Who leaves makes room for the next one.
    left = rival.result("DELETE", "/v1/queue-tokens/current")
    assert left["status"] == "left"
    assert rival.send("GET", "/v1/queue-tokens/current").status_code == 401


def test_the_line_moves_in_order_and_never_passes_its_capacity(
    stack: Stack, client: httpx.Client, concert: dict[str, Any]
) -> None:
    fans = [Fan(client, stack.token(f"line-{number}")) for number in range(5)]
    places = [fan.join(concert["id"]) for fan in fans]
    assert [place["id"] for place in places] == sorted(place["id"] for place in places)
    for index, fan in enumerate(fans):
        fan.await_status("active")
        line = client.get(f"/v1/queues/{concert['id']}").json()
        assert line["active"] <= line["capacity"] == 2
        later = [other.get("/v1/queue-tokens/current")["status"] for other in fans[index + 2 :]]
        assert set(later) <= {"waiting"}
        fan.result("DELETE", "/v1/queue-tokens/current")


@pytest.fixture
def own_environment() -> Iterator[None]:
    """Take back what a command puts into the environment of its process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.usefixtures("own_environment")
def test_the_demo_buys_a_ticket(stack: Stack) -> None:
    from cli.demo import demo

    done = CliRunner().invoke(demo, ["--data-dir", str(stack.data_dir)], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert "has a ticket" in done.output


@pytest.mark.usefixtures("own_environment")
def test_the_demo_says_what_is_off(stack: Stack) -> None:
    from cli.demo import demo

    done = CliRunner().invoke(demo, ["--data-dir", str(stack.data_dir), "--url", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "does not answer" in done.output
