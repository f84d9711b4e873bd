"""Every steering action is on record, in its own transaction, and stays there."""

from typing import Any

import pytest

OPERATOR = "steering"


@pytest.fixture
def boss(service: Any) -> str:
    identity: str = service.identity(OPERATOR, scope="operator")
    return identity


def trail(service: Any, boss: str) -> list[dict[str, Any]]:
    items = service.get("/v1/operator/audit", boss, params={"limit": 500}).body["items"]
    return [item for item in items if item["user_id"] == OPERATOR]


def test_a_new_concert_and_what_is_changed_about_its_line_are_on_record(service: Any, boss: str) -> None:
    body = {"title": "Dawn", "venue": "Hall", "performances": []}
    concert_id = service.post("/v1/operator/concerts", boss, body).body["id"]
    path = f"/v1/operator/concerts/{concert_id}/queue"
    assert service.call("PATCH", path, boss, {"state": "paused", "admit_per_second": None}).status == 200
    steered, created = trail(service, boss)[:2]
    assert (steered["action"], steered["target"]) == ("queue.patch", f"concert:{concert_id}")
    before = {"state": "open", "admit_per_second": None}
    assert steered["detail"] == {"state": "paused", "admit_per_second": None, "before": before}
    assert (created["action"], created["target"]) == ("concert.create", f"concert:{concert_id}")
    assert created["detail"] == {"title": "Dawn", "state": "open", "performances": 0, "seats": 0}
    assert created["at"] <= steered["at"]


def test_the_trail_of_one_concert_is_all_that_concerns_it_page_by_page(service: Any, boss: str) -> None:
    concert = service.concert()
    _, booking = service.buy(concert, service.user())
    service.result(service.post(f"/v1/operator/payments/{booking['payment_id']}/refund", boss), boss)
    path = f"/v1/operator/concerts/{concert['id']}/queue"
    for capacity in (90, 91):
        service.call("PATCH", path, boss, {"capacity": capacity})
    other = service.concert()
    service.call("PATCH", f"/v1/operator/concerts/{other['id']}/queue", boss, {"capacity": 5})

    found, cursor = list[str](), None
    while True:
        params = {"limit": 2, "concert_id": concert["id"], **({"cursor": cursor} if cursor else {})}
        page = service.get("/v1/operator/audit", boss, params=params).body
        found += [f"{item['action']} {item['target']}" for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    steered = f"queue.patch concert:{concert['id']}"
    assert found[:3] == [steered, steered, f"payment.refund payment:{booking['payment_id']}"]
    assert found[-1] == f"concert.create concert:{concert['id']}"
    assert not any(str(other["id"]) == one.rpartition(":")[2] and "concert:" in one for one in found)
    assert service.get("/v1/operator/audit", boss, params={"concert_id": "x"}).code == "validation_failed"


def test_what_was_refused_or_changed_nothing_is_not_on_record(service: Any, boss: str, concert: dict[str, Any]) -> None:
    before = trail(service, boss)
    service.call("PATCH", "/v1/operator/concerts/999999/queue", boss, {"state": "closed"})
    service.call("PATCH", f"/v1/operator/concerts/{concert['id']}/queue", boss, {})
    service.outcome(service.post("/v1/operator/payments/999999/refund", boss), boss)
    assert service.post("/v1/operator/reservations/999999/release", boss).code == "reservation_not_found"
    assert trail(service, boss) == before


def test_a_refund_is_on_record_once_with_its_effect(service: Any, boss: str, concert: dict[str, Any]) -> None:
    user = service.user()
    _, booking = service.buy(concert, user)
    path = f"/v1/operator/payments/{booking['payment_id']}/refund"
    service.result(service.post(path, boss), boss)
    again = service.outcome(service.post(path, boss), boss)
    assert again["problem"]["code"] == "already_refunded"
    found = [item for item in trail(service, boss) if item["target"] == f"payment:{booking['payment_id']}"]
    assert [item["action"] for item in found] == ["payment.refund"]
    assert found[0]["detail"] == {
        "user_id": user,
        "amount": booking["amount"],
        "reservation_id": booking["reservation_id"],
        "concert_id": concert["id"],
    }


def test_an_operator_releases_a_strangers_hold_on_record(service: Any, boss: str, concert: dict[str, Any]) -> None:
    user, performance_id = service.user(), concert["performances"][0]["performance_id"]
    token = service.active(concert["id"], user)
    reservation = service.hold(performance_id, token)
    path = f"/v1/operator/reservations/{reservation['id']}/release"
    assert service.result(service.post(path, boss), boss)["status"] == "released"
    assert reservation["seats"][0]["id"] in service.seats(performance_id, token)
    again = service.outcome(service.post(path, boss), boss)
    assert again["problem"]["code"] == "reservation_not_held"
    found = [item for item in trail(service, boss) if item["target"] == f"reservation:{reservation['id']}"]
    assert [(item["action"], item["detail"]) for item in found] == [
        ("reservation.release", {"user_id": user, "performance_id": performance_id, "concert_id": concert["id"]})
    ]


def test_a_fans_own_release_is_no_operators_deed(service: Any, boss: str, concert: dict[str, Any]) -> None:
    token = service.active(concert["id"])
    reservation = service.hold(concert["performances"][0]["performance_id"], token)
    before = service.sql("SELECT count(*) FROM operator_action")
    service.result(service.delete(f"/v1/reservations/{reservation['id']}", token), token)
    assert service.sql("SELECT count(*) FROM operator_action") == before


def test_the_trail_comes_in_pages_newest_first(service: Any, boss: str) -> None:
    for title in "abc":
        service.post("/v1/operator/concerts", boss, {"title": title, "venue": "v", "performances": []})
    first = service.get("/v1/operator/audit", boss, params={"limit": 2}).body
    rest = service.get("/v1/operator/audit", boss, params={"limit": 1, "cursor": first["next_cursor"]}).body
    assert [item["detail"]["title"] for item in (*first["items"], *rest["items"])] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "statement", ["UPDATE operator_action SET user_id = 'x'", "DELETE FROM operator_action", "TRUNCATE operator_action"]
)
def test_the_database_itself_refuses_to_rewrite_the_trail(service: Any, boss: str, statement: str) -> None:
    service.post("/v1/operator/concerts", boss, {"title": "t", "venue": "v", "performances": []})
    with pytest.raises(Exception, match="append-only"):
        service.sql(statement)


def test_a_deed_that_cannot_be_recorded_is_not_done(
    service: Any, boss: str, concert: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.operator_action import OperatorAction

    def fail(*_: Any, **__: Any) -> None:
        message = "no room for the trail"
        raise RuntimeError(message)

    monkeypatch.setattr(OperatorAction, "record", fail)
    path = f"/v1/operator/concerts/{concert['id']}/queue"
    headers = {"Content-Type": "application/json"}
    assert service.raw("PATCH", path, boss, '{"capacity": 7}', headers).status == 500
    assert service.get(f"/v1/queues/{concert['id']}").body["capacity"] == 100
