"""What operators look at: a fan's things, the seats of a date, how the service does."""

from datetime import timedelta
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import pytest
import redis


def test_a_fans_places_reservations_and_bookings_are_found(service: Any, concert: dict[str, Any]) -> None:
    user, elsewhere = service.user(), service.concert(capacity=1)
    service.active(elsewhere["id"])
    _, booking = service.buy(concert, user)
    token = service.active(concert["id"], user)
    held = service.hold(concert["performances"][0]["performance_id"], token)
    service.waiting(elsewhere["id"], user)
    found = service.get(f"/v1/operator/fans/{user}", service.operator).body
    assert found["user_id"] == user
    assert [(one["status"], one["position"]) for one in found["tokens"]] == [
        ("waiting", 1),
        ("active", None),
        ("completed", None),
    ]
    assert [(one["id"], one["status"]) for one in found["reservations"]] == [
        (held["id"], "held"),
        (booking["reservation_id"], "confirmed"),
    ]
    assert found["bookings"] == [booking]
    assert not any("token" in one for one in found["tokens"])


def test_a_fans_things_of_one_concert_are_found(service: Any, concert: dict[str, Any]) -> None:
    user, elsewhere = service.user(), service.concert()
    service.buy(concert, user)
    service.active(elsewhere["id"], user)
    path, params = f"/v1/operator/fans/{user}", {"concert_id": elsewhere["id"]}
    found = service.get(path, service.operator, params=params).body
    assert [one["concert_id"] for one in found["tokens"]] == [elsewhere["id"]]
    assert (found["reservations"], found["bookings"]) == ([], [])


def test_nobody_has_nothing(service: Any) -> None:
    found = service.get("/v1/operator/fans/nobody@example.org", service.operator)
    nothing = {"name": None, "tokens": [], "reservations": [], "bookings": []}
    assert found.body == {"user_id": "nobody@example.org", **nothing}


@pytest.mark.parametrize(
    "user_id", ["auth0|5f7c8ec7c33c", "https://id.example/users/7?a=b#c", "a b", "민아", "x" * 255]
)
def test_a_fan_is_known_by_whatever_the_provider_calls_them(
    service: Any, concert: dict[str, Any], user_id: str
) -> None:
    _, booking = service.buy(concert, user_id)
    found = service.get(f"/v1/operator/fans/{quote(user_id, safe='')}", service.operator).body
    assert (found["user_id"], found["bookings"]) == (user_id, [booking])


def test_the_name_that_an_identity_claims_is_the_holder(service: Any, concert: dict[str, Any]) -> None:
    user = service.user()
    _, booking = service.buy(concert, user)
    assert booking["holder"] is None
    for name, shown in (
        ("Mina Kim", "Mina Kim"),
        ("김민아", "김민아"),
        ("5f7c8ec7-c33c-4c00-8bba-fe82fe82fe82", "김민아"),
    ):
        identity = service.identity(user, name=name)
        service.result(service.post("/v1/queue-tokens", identity, {"concert_id": concert["id"]}), identity)
        [told] = service.get("/v1/bookings", identity).body["items"]
        assert told["holder"] == shown
        assert service.get(f"/v1/operator/fans/{user}", service.operator).body["name"] == shown


@pytest.mark.parametrize("user_id", ["x" * 256, "%00", "a%0Ab", "%E2%80%AE"])
def test_what_cannot_be_a_user_is_refused(service: Any, user_id: str) -> None:
    answer = service.get(f"/v1/operator/fans/{user_id}", service.operator)
    assert (answer.status, answer.code) == (422, "validation_failed")


@pytest.mark.parametrize("concert_id", ["0", "-1", "x", str(2**63), "1" * 30, ""])
def test_what_cannot_be_a_concert_is_refused(service: Any, concert_id: str) -> None:
    answer = service.get("/v1/operator/fans/a", service.operator, params={"concert_id": concert_id})
    assert (answer.status, answer.code) == (422, "validation_failed")


APART = normalize("NFD", "박서연")


def test_fans_are_found_by_the_beginning_of_their_name(service: Any, concert: dict[str, Any]) -> None:
    names = {service.user(): name for name in ("김민아", "김민수", APART, "Mina 100% Kim", "Mina_Kim")}
    for user, name in names.items():
        identity = service.identity(user, name=name)
        service.result(service.post("/v1/queue-tokens", identity, {"concert_id": concert["id"]}), identity)

    def found(name: str) -> list[str]:
        answer = service.get("/v1/operator/fans", service.operator, params={"name": name})
        assert answer.status == 200, answer
        assert all(names[one["user_id"]] == one["name"] for one in answer.body["items"] if one["user_id"] in names)
        return [one["name"] for one in answer.body["items"] if one["user_id"] in names]

    assert found("김민") == ["김민수", "김민아"]
    # As a Mac's file name or an input method writes it: letter by letter.
    assert found(normalize("NFD", "김민아")) == ["김민아"]
    assert found(normalize("NFC", APART)) == [APART]
    assert found("mina") == ["Mina 100% Kim", "Mina_Kim"]
    assert found("Mina_") == ["Mina_Kim"]
    assert found("%") == []
    for unfit in ("", "x" * 101, "a\0b"):
        assert service.get("/v1/operator/fans", service.operator, params={"name": unfit}).status == 422


def test_all_concerts_are_seen_at_a_glance(service: Any) -> None:
    concert, boss = service.concert(rows=1, seats_per_row=3, price=500, capacity=1), service.operator
    service.buy(concert, service.user())
    _, second = service.buy(concert, service.user())
    service.result(service.post(f"/v1/operator/payments/{second['payment_id']}/refund", boss), boss)
    service.active(concert["id"])
    service.waiting(concert["id"])
    service.call("PATCH", f"/v1/operator/concerts/{concert['id']}/queue", boss, {"state": "closed"})
    page = service.get("/v1/operator/concerts", boss, params={"limit": 1}).body
    [seen] = page["items"]
    assert (seen["id"], seen["state"], seen["waiting"], seen["active"]) == (concert["id"], "closed", 1, 1)
    assert (seen["seats_total"], seen["seats_sold"], seen["revenue"], seen["performances"]) == (3, 1, 500, 1)
    rest = service.get("/v1/operator/concerts", boss, params={"cursor": page["next_cursor"]}).body["items"]
    assert [one["id"] for one in rest] == sorted((one["id"] for one in rest), reverse=True)
    assert concert["id"] not in [one["id"] for one in rest]


def test_operators_see_seats_without_a_queue_token(service: Any) -> None:
    concert = service.concert(rows=1, seats_per_row=3)
    performance_id = concert["performances"][0]["performance_id"]
    token = service.active(concert["id"])
    held = service.hold(performance_id, token)["seats"][0]["id"]
    path = f"/v1/operator/performances/{performance_id}/seats"
    statuses = {seat["id"]: seat["status"] for seat in service.get(path, service.operator).body["items"]}
    assert statuses.pop(held) == "held"
    assert list(statuses.values()) == ["available", "available"]
    unknown = service.get("/v1/operator/performances/999999/seats", service.operator)
    assert (unknown.status, unknown.code) == (404, "performance_not_found")


def test_workers_and_what_waits_are_counted(service: Any, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.app import create_app
    from workers.presence import PREFIX

    settings = service.settings.model_copy(update={"broker_url": valkey_url})
    monkeypatch.setattr(service, "client", type(service.client)(create_app(settings)))
    with redis.Redis(unix_socket_path=valkey_url.partition("://")[2].partition("?")[0]) as client:
        client.set(f"{PREFIX}points:one@host", 1, ex=60)
        client.set(f"{PREFIX}points:two@host", 1, ex=60)
        client.lpush("payments", "message", "message")
        service.sql("UPDATE request SET status = 'done', result = '{}', finished_at = now() WHERE status = 'queued'")
        idle = service.get("/v1/operator/service", service.operator).body
        identity = service.identity(service.user())
        accepted = service.post("/v1/points/charges", identity, {"amount": 1})
        waiting = service.get("/v1/operator/service", service.operator).body
    others = dict.fromkeys(("queue_tokens", "reservations", "sweeps"), 0)
    assert idle["workers"] == {**others, "points": 2, "payments": 0}
    assert idle["broker_queues"] == {**others, "payments": 2, "points": 0}
    assert idle["oldest_queued_seconds"] is None
    assert 0 <= waiting["oldest_queued_seconds"] < timedelta(minutes=1).total_seconds()
    service.outcome(accepted, identity)


def test_without_the_broker_only_the_database_speaks(service: Any) -> None:
    found = service.get("/v1/operator/service", service.operator)
    assert (found.status, found.body["workers"], found.body["broker_queues"]) == (200, None, None)
