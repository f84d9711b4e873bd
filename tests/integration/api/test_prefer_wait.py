"""`Prefer: wait`: the outcome with the answer where it is there in time, and the usual answer where not."""

import json
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import falcon.testing
import pytest

from api import lines
from api.app import create_app
from tests.waiting import wait_for
from workers import outcome_channel
from workers.broker import Broker

WAIT = {"Prefer": "wait=10"}


class Parked:
    """A connection whose answer was put off, as the server would keep it."""

    def __init__(self) -> None:
        self.status: str | None = None
        self.changes: dict[str, str | None] = {}
        self.body: Any = None
        self.released = self.cancelled = False
        self.done = threading.Event()

    def answer(self, status: str, changes: dict[str, str | None], body: bytes) -> None:
        self.status, self.changes, self.body = status, changes, json.loads(body)
        self.done.set()

    def release(self) -> None:
        self.released = True
        self.done.set()

    def cancel(self) -> None:
        self.cancelled = True
        self.done.set()


class Server:
    """The application on a server that parks, and a broker over which outcomes are announced."""

    def __init__(self, service: Any, broker_url: str) -> None:
        self.service, self.broker = service, Broker(broker_url, 0.5)
        app = create_app(service.settings.model_copy(update={"broker_url": broker_url}))
        self.client, self.parked = falcon.testing.TestClient(app), list[Parked]()
        self.is_full = False
        # The first request of a process makes it listen.
        wait_for(self.listens)

    def listens(self) -> bool:
        """Whether answers are put off by now: nobody is kept waiting before the process has begun to listen."""
        identity = self.service.identity("listens")
        self.get("/v1/tasks/01a21cac-9842-73a8-89b6-91c49b5080c5", identity, **WAIT)
        is_listening = bool(self.parked)
        self.parked.clear()
        return is_listening

    def park(self) -> Parked | None:
        """Put an answer off, unless too many are."""
        if self.is_full:
            return None
        self.parked.append(Parked())
        return self.parked[-1]

    def call(self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str) -> Any:
        """Send a request as the server would hand it over."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        extras = {"frontrow.park": self.park}
        return self.client.simulate_request(method, path, headers=sent, json=body, extras=extras)

    def get(self, path: str, token: str | None = None, **headers: str) -> Any:
        """Send a GET."""
        return self.call("GET", path, token, **headers)

    def work(self, *task_ids: str) -> None:
        """Carry out what waits, and announce these tasks as the workers do."""
        self.service.work()
        outcome_channel.announce(self.broker, [UUID(task_id) for task_id in task_ids])


@pytest.fixture
def server(service: Any, valkey_url: str) -> Server:
    return Server(service, valkey_url)


@pytest.fixture
def fan(service: Any) -> str:
    identity: str = service.identity(service.user())
    return identity


def charge(server: Server, fan: str, **headers: str) -> Any:
    return server.call("POST", "/v1/points/charges", fan, {"amount": 5}, **headers)


def test_a_change_is_answered_with_its_outcome_when_it_is_announced(server: Server, fan: str) -> None:
    put_off = charge(server, fan, **WAIT)
    [parked] = server.parked
    assert put_off.status_code == 202
    assert not parked.done.is_set()
    server.work(put_off.json["id"])
    assert parked.done.wait(10)
    assert (parked.status, parked.body["status"], parked.body["result"]["balance"]) == ("200 OK", "done", 5)
    assert parked.changes == {"Preference-Applied": "wait", "Location": None, "Retry-After": None}


def test_a_refusal_is_an_outcome_too(server: Server, fan: str) -> None:
    put_off = server.call("POST", "/v1/queue-tokens", fan, {"concert_id": 999}, **WAIT)
    server.work(put_off.json["id"])
    [parked] = server.parked
    assert parked.done.wait(10)
    assert parked.body["problem"]["code"] == "concert_not_found"


def test_a_token_that_was_waited_for_is_signed(server: Server, fan: str, concert: dict[str, Any]) -> None:
    put_off = server.call("POST", "/v1/queue-tokens", fan, {"concert_id": concert["id"]}, **WAIT)
    server.work(put_off.json["id"])
    [parked] = server.parked
    assert parked.done.wait(10)
    assert server.get("/v1/queue-tokens/current", parked.body["result"]["token"]).status_code == 200


@pytest.mark.parametrize(
    "prefer", ["", "wait", "wait=0", "wait=-1", "wait=soon", "respond-async", "wait=1e3", "waiting=5"]
)
def test_who_does_not_ask_to_wait_does_not(server: Server, fan: str, prefer: str) -> None:
    assert charge(server, fan, Prefer=prefer).status_code == 202
    assert server.parked == []


@pytest.mark.parametrize("prefer", ['wait="3"', "Wait=3", "respond-async, wait=3", "wait=3; x=y", "wait=600"])
def test_a_wish_to_wait_is_understood_as_http_writes_it(server: Server, fan: str, prefer: str) -> None:
    charge(server, fan, Prefer=prefer)
    assert len(server.parked) == 1


def test_who_waited_long_enough_gets_the_usual_answer(server: Server, fan: str) -> None:
    charge(server, fan, Prefer="wait=1")
    [parked] = server.parked
    assert parked.done.wait(10)
    assert parked.released


def test_an_announcement_that_was_lost_is_made_good_at_the_end(server: Server, fan: str) -> None:
    charge(server, fan, Prefer="wait=1")
    server.service.work()
    [parked] = server.parked
    assert parked.done.wait(10)
    assert (parked.released, parked.body["status"]) == (False, "done")


def test_where_too_many_wait_the_answer_comes_at_once(server: Server, fan: str) -> None:
    server.is_full = True
    assert charge(server, fan, **WAIT).status_code == 202


def test_where_nobody_listens_the_answer_comes_at_once(service: Any, fan: str) -> None:
    parked = Parked()
    headers = {"Authorization": f"Bearer {fan}", **WAIT}
    extras = {"frontrow.park": lambda: parked}
    path, body = "/v1/points/charges", {"amount": 5}
    answer = service.client.simulate_request("POST", path, headers=headers, json=body, extras=extras)
    assert (answer.status_code, parked.done.is_set()) == (202, False)


def test_a_refused_request_waits_for_nothing(server: Server, fan: str) -> None:
    assert server.call("POST", "/v1/points/charges", fan, {"amount": -1}, **WAIT).status_code == 422
    assert server.parked == []


def test_a_task_can_be_waited_for(server: Server, fan: str) -> None:
    accepted = charge(server, fan)
    queued = server.get(accepted.headers["location"], fan, **WAIT)
    [parked] = server.parked
    assert (queued.json["status"], parked.done.is_set()) == ("queued", False)
    server.work(accepted.json["id"])
    assert parked.done.wait(10)
    assert parked.body["status"] == "done"


def test_a_finished_task_is_shown_at_once(server: Server, fan: str) -> None:
    accepted = charge(server, fan)
    server.work(accepted.json["id"])
    found = server.get(accepted.headers["location"], fan, **WAIT)
    assert (found.json["status"], found.headers["preference-applied"]) == ("done", "wait")
    assert server.parked[-1].cancelled


def test_an_unknown_task_is_not_waited_for(server: Server, fan: str) -> None:
    unknown = server.get("/v1/tasks/01a21cac-9842-73a8-89b6-91c49b5080c5", fan, **WAIT)
    assert (unknown.status_code, server.parked[-1].cancelled) == (404, True)


def test_the_same_key_waits_for_the_same_task(server: Server, fan: str) -> None:
    first = charge(server, fan, Idempotency_Key="once", **WAIT)
    again = charge(server, fan, Idempotency_Key="once", **WAIT)
    assert (again.json["id"], again.headers["idempotent-replayed"]) == (first.json["id"], "true")
    server.work(first.json["id"])
    assert all(parked.done.wait(10) and parked.body["status"] == "done" for parked in server.parked)
    finished = charge(server, fan, Idempotency_Key="once", **WAIT)
    assert (finished.status_code, finished.json["status"]) == (200, "done")
    assert finished.headers["preference-applied"] == "wait"
    assert charge(server, fan, Idempotency_Key="once").status_code == 202


def test_an_answer_that_was_put_off_is_counted_when_it_is_sent(server: Server, fan: str, monkeypatch: Any) -> None:
    from api.request_frame import RequestFrame

    counted: dict[str, int] = {}
    monkeypatch.setattr(
        RequestFrame, "_count", lambda _, req, status, seconds: counted.update({req.context.request_id: status})
    )
    put_off = charge(server, fan, X_Request_ID="waits", **WAIT)
    assert "waits" not in counted
    server.work(put_off.json["id"])
    wait_for(lambda: counted.get("waits") == 200)
    charge(server, fan, X_Request_ID="in-vain", Prefer="wait=1")
    wait_for(lambda: counted.get("in-vain") == 202)


def test_a_finished_leave_is_shown_at_once_where_it_was_announced(
    server: Server, concert: dict[str, Any], monkeypatch: Any
) -> None:
    token = server.service.waiting(concert["id"])
    # One tick lasts for the whole test: what is read of the line now is believed until its end.
    monkeypatch.setattr(lines, "TICK", timedelta(days=365))
    assert server.get("/v1/queue-tokens/current", token).json["status"] == "waiting"
    accepted = server.call("DELETE", "/v1/queue-tokens/current", token)
    server.service.work()
    location = accepted.headers["location"]
    assert server.get(location, token).json["status"] == "queued"
    claims = server.service.sql("SELECT id FROM queue_token ORDER BY id DESC LIMIT 1")
    outcome_channel.announce(server.broker, [UUID(accepted.json["id"])], left_token_ids=[claims[0][0]])
    wait_for(lambda: server.get(location, token).json["status"] == "done")
    assert server.get("/v1/queue-tokens/current", token).status_code == 401
