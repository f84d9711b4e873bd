"""What an operator writes: once for each key, and a concert that sold nothing can be taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def body(**more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    date = {
        "starts_at": (now + timedelta(days=30)).isoformat(),
        "reservable_from": now.isoformat(),
        "reservable_until": (now + timedelta(days=29)).isoformat(),
        "sections": [{"name": "A", "rows": 1, "seats_per_row": 5, "price": 100}],
    }
    return {"title": f"Night {uuid4()}", "venue": "Hall", "performances": [date], **more}


def concerts(service: Any) -> list[int]:
    return [one["id"] for one in service.get("/v1/concerts", params={"limit": 500}).body["items"]]


def deeds(service: Any, target: str) -> list[dict[str, Any]]:
    items = service.get("/v1/operator/audit", service.operator, params={"limit": 500}).body["items"]
    return [item for item in items if item["target"] == target]


def test_the_same_key_makes_one_concert_and_tells_the_same_again(service: Any) -> None:
    boss, new, headers = service.operator, body(), key()
    first = service.post("/v1/operator/concerts", boss, new, headers=headers)
    again = service.post("/v1/operator/concerts", boss, new, headers=headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["location"] == first.headers["location"]
    assert concerts(service).count(first.body["id"]) == 1
    assert [deed["action"] for deed in deeds(service, f"concert:{first.body['id']}")] == ["concert.create"]
    other = service.post("/v1/operator/concerts", boss, {**new, "venue": "Elsewhere"}, headers=headers)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_double_click_makes_one_concert(service: Any) -> None:
    boss, new, headers, before = service.operator, body(), key(), len(concerts(service))
    with ThreadPoolExecutor(2) as both:
        sent = [both.submit(service.post, "/v1/operator/concerts", boss, new, headers=headers) for _ in range(2)]
        made = {one.result().body["id"] for one in sent}
    assert len(made) == 1
    assert len(concerts(service)) == before + 1


def test_a_steering_with_a_key_is_done_once_and_what_was_refused_takes_no_key(service: Any) -> None:
    boss, headers = service.operator, key()
    concert_id = service.post("/v1/operator/concerts", boss, body()).body["id"]
    path = f"/v1/operator/concerts/{concert_id}/queue"

    def steer(changes: dict[str, Any], where: str = path) -> Any:
        return service.call("PATCH", where, boss, changes, headers=headers)

    assert steer({"capacity": 7}, "/v1/operator/concerts/999999/queue").code == "concert_not_found"
    paused = steer({"state": "paused"})
    service.call("PATCH", path, boss, {"state": "open"})
    assert steer({"state": "paused"}).body == paused.body
    assert service.get(f"/v1/queues/{concert_id}").body["state"] == "open"
    assert steer({"state": "closed"}).code == "idempotency_key_reused"
    assert service.call("PATCH", path, boss, {"state": "open"}, headers={"Idempotency-Key": "a b"}).status == 400
    assert len(deeds(service, f"concert:{concert_id}")) == 3


@pytest.mark.parametrize("state", ["open", "paused", "closed", "ended"])
def test_a_concert_is_created_in_any_state(service: Any, state: str) -> None:
    made = service.post("/v1/operator/concerts", service.operator, body(queue={"state": state}))
    assert service.get(f"/v1/queues/{made.body['id']}").body["state"] == state
    assert deeds(service, f"concert:{made.body['id']}")[0]["detail"]["state"] == state


def test_a_concert_that_sold_nothing_can_be_deleted(service: Any) -> None:
    boss, headers = service.operator, key()
    made = service.post("/v1/operator/concerts", boss, body()).body
    concert_id, path = made["id"], f"/v1/operator/concerts/{made['id']}"
    token = service.active(concert_id)
    refused = service.delete(path, boss, headers=headers)
    assert (refused.status, refused.code, refused.body["reason"]) == (409, "concert_in_use", "in_line")
    service.result(service.delete("/v1/queue-tokens/current", token), token)

    gone = service.delete(path, boss, headers=headers)
    assert (gone.status, gone.text) == (204, "")
    again = service.delete(path, boss, headers=headers)
    assert (again.status, again.headers["idempotent-replayed"]) == (204, "true")
    assert concert_id not in concerts(service)
    for where in (f"/v1/concerts/{concert_id}", f"/v1/queues/{concert_id}"):
        assert service.get(where).code == "concert_not_found", where
    for method, where, sent in (("GET", "/stats", None), ("PATCH", "/queue", {"state": "open"}), ("DELETE", "", None)):
        assert service.call(method, path + where, boss, sent).code == "concert_not_found", where
    newcomer = service.identity(service.user())
    task = service.outcome(service.post("/v1/queue-tokens", newcomer, {"concert_id": concert_id}), newcomer)
    assert task["problem"]["code"] == "concert_not_found"
    [deleted, _] = deeds(service, f"concert:{concert_id}")
    about = {"title": made["title"], "venue": "Hall", "performances": 1, "seats": 5}
    assert (deleted["action"], deleted["detail"]) == ("concert.delete", about)


def test_a_concert_that_sold_something_stays_also_after_a_refund(service: Any) -> None:
    boss, concert = service.operator, service.concert()
    user = service.user()
    _, booking = service.buy(concert, user)
    path = f"/v1/operator/concerts/{concert['id']}"
    assert service.delete(path, boss).body["reason"] == "sold"
    service.result(service.post(f"/v1/operator/payments/{booking['payment_id']}/refund", boss), boss)
    assert service.delete(path, boss).body["reason"] == "sold"
    assert concert["id"] in concerts(service)


def test_a_deletion_that_cannot_be_recorded_is_not_done(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.operator_action import OperatorAction

    concert_id = service.post("/v1/operator/concerts", service.operator, body()).body["id"]
    headers, path = key(), f"/v1/operator/concerts/{concert_id}"
    with monkeypatch.context() as patch:
        patch.setattr(OperatorAction, "record", staticmethod(lambda *_, **__: 1 / 0))
        assert service.raw("DELETE", path, service.operator, b"", headers).status == 500
    assert concert_id in concerts(service)
    # Nor does its key stand for anything.
    assert service.delete(path, service.operator, headers=headers).status == 204


def test_what_a_refund_would_undo_can_be_seen_before_and_after(service: Any) -> None:
    boss, concert = service.operator, service.concert()
    user = service.user()
    _, booking = service.buy(concert, user)
    path = f"/v1/operator/payments/{booking['payment_id']}"
    seen = service.get(path, boss).body
    assert (seen["user_id"], seen["seats"], seen["amount"]) == (user, booking["seats"], booking["amount"])
    assert seen["status"] == "confirmed"
    service.result(service.post(f"{path}/refund", boss), boss)
    assert service.get(path, boss).body["status"] == "refunded"
    assert service.get("/v1/operator/payments/999999", boss).code == "payment_not_found"
