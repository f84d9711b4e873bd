"""Lists, caches, the line, and what every answer carries."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest

from api import lines


def test_lists_come_in_pages(service: Any) -> None:
    identity = service.identity(service.user())
    for amount in (1, 2, 3, 4, 5):
        service.charge(amount, identity)
    pages, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = service.get("/v1/points/entries", identity, params=params).body
        pages.append([entry["amount"] for entry in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [[5, 4], [3, 2], [1]]


def test_a_cursor_belongs_to_its_list(service: Any, concert: dict[str, Any]) -> None:
    service.concert()
    cursor = service.get("/v1/concerts", params={"limit": 1}).body["next_cursor"]
    assert service.get("/v1/concerts", params={"limit": 500, "cursor": cursor}).body["items"]
    token = service.active(concert["id"])
    answer = service.get("/v1/points/entries", token, params={"cursor": cursor})
    assert answer.code == "validation_failed"


def test_a_cursor_has_one_spelling(service: Any) -> None:
    padded = urlsafe_b64encode(b"concerts:0001").rstrip(b"=").decode()
    assert service.get("/v1/concerts", params={"cursor": padded}).code == "validation_failed"


def test_seats_come_in_pages_of_a_status(service: Any) -> None:
    concert = service.concert(rows=1, seats_per_row=5)
    token, performance_id = service.active(concert["id"]), concert["performances"][0]["performance_id"]
    seat_ids = service.seats(performance_id, token)
    service.hold(performance_id, token, seat_ids[1:2])
    path = f"/v1/performances/{performance_id}/seats"
    page = service.get(path, token, params={"limit": 2, "status": "available"}).body
    assert [seat["id"] for seat in page["items"]] == [seat_ids[0], seat_ids[2]]
    rest = service.get(path, token, params={"status": "available", "cursor": page["next_cursor"]}).body
    assert [seat["id"] for seat in rest["items"]] == seat_ids[3:]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("path", ["/v1/concerts", "/v1/concerts/{}", "/v1/queues/{}"])
def test_what_everybody_may_see_can_be_cached(service: Any, concert: dict[str, Any], path: str) -> None:
    path = path.format(concert["id"])
    answer = service.get(path)
    assert answer.headers["cache-control"].startswith("public, max-age=")
    for known in (answer.headers["etag"], f'W/{answer.headers["etag"]}, "x"', "*"):
        again = service.get(path, headers={"If-None-Match": known})
        assert (again.status, again.text, again.headers["etag"]) == (304, "", answer.headers["etag"])
    assert service.get(path, headers={"If-None-Match": '"x"'}).body == answer.body


def test_what_belongs_to_a_fan_is_never_stored(service: Any) -> None:
    assert service.get("/v1/points", service.identity("somebody")).headers["cache-control"] == "no-store"
    assert service.get("/v1/points").headers["cache-control"] == "no-store"


def test_the_line_is_shown_to_everybody(service: Any) -> None:
    concert = service.concert(capacity=1)
    assert service.get(f"/v1/queues/{concert['id']}").body == {
        "concert_id": concert["id"],
        "state": "open",
        "waiting": 0,
        "active": 0,
        "capacity": 1,
        "serving_number": 0,
        "estimated_wait_seconds": 1,
        "sold_out": False,
        "sale_over": False,
        "stretch": 1.0,
    }
    for _ in range(3):
        service.waiting(concert["id"])
    service.promote()
    line = service.get(f"/v1/queues/{concert['id']}")
    assert (line.body["waiting"], line.body["active"], line.body["serving_number"]) == (2, 1, 1)
    assert line.headers["cache-control"] == "public, max-age=1, stale-while-revalidate=4"


def test_positions_count_down_as_others_leave_or_are_admitted(service: Any) -> None:
    concert = service.concert(capacity=1)
    tokens = [service.waiting(concert["id"]) for _ in range(4)]

    def positions() -> list[Any]:
        return [service.get("/v1/queue-tokens/current", token).body.get("position") for token in tokens]

    assert positions() == [1, 2, 3, 4]
    service.promote()
    assert positions() == [None, 1, 2, 3]
    service.result(service.delete("/v1/queue-tokens/current", tokens[2]), tokens[2])
    assert positions() == [None, 1, None, 2]
    assert service.get("/v1/queue-tokens/current", tokens[2]).code == "token_expired"


def test_the_first_poll_tells_no_higher_position_than_joining_did(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    concert = service.concert(capacity=1)
    tokens = [service.waiting(concert["id"]) for _ in range(3)]
    monkeypatch.setattr(lines, "TICK", timedelta(days=10_000))
    assert service.get("/v1/queue-tokens/current", tokens[2]).body["position"] == 3
    service.result(service.delete("/v1/queue-tokens/current", tokens[0]), tokens[0])
    joined = service.join(concert["id"], service.user())
    assert joined["position"] == 3
    assert service.get("/v1/queue-tokens/current", joined["token"]).body["position"] == 3


def test_a_poll_far_back_asks_no_server_and_one_that_left_is_refused(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.deferred_answers import DeferredAnswers
    from api.resources import queue_tokens
    from models import line

    monkeypatch.setattr(line, "HEAD", 2)
    # As where the broker is there.
    monkeypatch.setattr(DeferredAnswers, "hears", True)
    concert = service.concert(capacity=1)
    tokens = [service.waiting(concert["id"]) for _ in range(6)]
    asked = []
    monkeypatch.setattr(queue_tokens, "_current", asked.append)
    polled = [service.get("/v1/queue-tokens/current", token).body for token in tokens]
    assert [body["position"] for body in polled] == [1, 2, 3, 4, 5, 6]
    assert asked == []
    monkeypatch.undo()
    monkeypatch.setattr(line, "HEAD", 2)
    monkeypatch.setattr(lines, "TICK", timedelta(microseconds=1))
    service.result(service.delete("/v1/queue-tokens/current", tokens[4]), tokens[4])
    assert service.get("/v1/queue-tokens/current", tokens[4]).code == "token_expired"
    assert service.get("/v1/queue-tokens/current", tokens[5]).body["position"] <= 6


def test_an_admission_counts_as_used_with_the_first_poll(service: Any) -> None:
    concert = service.concert()
    token = service.active(concert["id"])
    used = "SELECT used_at IS NOT NULL FROM queue_token WHERE concert_id = $id"
    assert service.sql(used, id=concert["id"]) == [(False,)]
    service.get("/v1/queue-tokens/current", token)
    assert service.sql(used, id=concert["id"]) == [(True,)]


def test_an_admission_counts_as_used_with_any_call(service: Any) -> None:
    concert = service.concert()
    token = service.active(concert["id"])
    service.get("/v1/points", token)
    assert service.sql("SELECT used_at IS NOT NULL FROM queue_token WHERE concert_id = $id", id=concert["id"]) == [
        (True,)
    ]


def test_an_operator_sees_the_figures(service: Any) -> None:
    concert = service.concert()
    service.buy(concert, service.user())
    service.active(concert["id"])
    service.waiting(concert["id"])
    stats = service.get(f"/v1/operator/concerts/{concert['id']}/stats", service.operator).body
    expected = {"waiting": 1, "active": 1, "admitted": 2, "completed": 1, "expired": 0, "left": 0, "revenue": 50_000}
    assert {name: stats[name] for name in expected} == expected
    assert (stats["seats_available"], stats["seats_held"], stats["seats_sold"]) == (19, 0, 1)
    assert {name: sum(counts) for name, counts in stats["last_60_seconds"].items()} == {
        "tokens": 3,
        "admissions": 2,
        "holds": 1,
        "payments": 1,
        "refusals": 0,
    }
    assert stats["tokens_per_second"] == 0.05


def test_an_operator_sees_what_was_refused(service: Any) -> None:
    concert = service.concert()
    token = service.active(concert["id"])
    held = service.hold(concert["performances"][0]["performance_id"], token)
    task = service.outcome(service.post("/v1/payments", token, {"reservation_id": held["id"]}), token)
    assert task["problem"]["code"] == "insufficient_points"
    stats = service.get(f"/v1/operator/concerts/{concert['id']}/stats", service.operator).body
    assert (sum(stats["last_60_seconds"]["refusals"]), stats["refusals_per_second"]) == (1, 0.017)


def test_every_way_out_of_a_line_is_told_apart(service: Any) -> None:
    concert = service.concert()
    service.buy(concert, service.user())
    gone, late, _inside = (service.active(concert["id"]) for _ in range(3))
    service.result(service.delete("/v1/queue-tokens/current", gone), gone)
    over = "UPDATE queue_token SET expires_at = now() - interval '1 s' WHERE id = $id"
    service.sql(over, id=service.get("/v1/queue-tokens/current", late).body["id"])
    service.waiting(concert["id"])
    stats = service.get(f"/v1/operator/concerts/{concert['id']}/stats", service.operator).body
    expected = {"waiting": 1, "active": 1, "admitted": 4, "completed": 1, "expired": 1, "left": 1}
    assert {name: stats[name] for name in expected} == expected


def test_an_operator_steers_a_line(service: Any) -> None:
    concert = service.concert(admit_per_second=5)
    path = f"/v1/operator/concerts/{concert['id']}/queue"
    assert service.call("PATCH", path, service.operator, {}).body["admit_per_second"] == 5
    assert service.call("PATCH", path, service.operator, {"admit_per_second": None}).body["admit_per_second"] is None
    service.call("PATCH", path, service.operator, {"state": "paused", "capacity": 7})
    token = service.waiting(concert["id"])
    service.promote()
    body = service.get("/v1/queue-tokens/current", token).body
    assert (body["status"], body["estimated_wait_seconds"]) == ("waiting", None)
    assert service.get(f"/v1/queues/{concert['id']}").body["capacity"] == 7


def test_ten_thousand_seats_are_made_at_once(service: Any) -> None:
    concert = service.concert(rows=100, seats_per_row=100)
    assert concert["performances"][0]["seats_total"] == 10_000


def test_answers_carry_the_request_id_and_careful_headers(service: Any) -> None:
    for path in ("/healthz", "/nowhere", "/v1/points"):
        answer = service.get(path, headers={"X-Request-ID": "abc-123"})
        assert answer.headers["x-request-id"] == "abc-123"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    given = {
        service.get("/healthz", headers={"X-Request-ID": bad}).headers["x-request-id"] for bad in ("a b", "x" * 200, "")
    }
    assert len(given) == 3
    assert not given & {"a b", "x" * 200, ""}
