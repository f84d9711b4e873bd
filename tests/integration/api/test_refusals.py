"""Every refusal that the contract names, at once or as the outcome of a task, with its members."""

from datetime import UTC, datetime
from typing import Any

import pytest


@pytest.fixture
def performance_id(concert: dict[str, Any]) -> int:
    found: int = concert["performances"][0]["performance_id"]
    return found


def refusal(service: Any, accepted: Any, token: str) -> dict[str, Any]:
    task = service.outcome(accepted, token)
    assert (task["status"], task["result"]) == ("refused", None), task
    assert task["finished_at"] is not None
    found: dict[str, Any] = task["problem"]
    return found


def hold(service: Any, token: str, performance_id: int, seat_ids: list[int]) -> Any:
    return service.post("/v1/reservations", token, {"performance_id": performance_id, "seat_ids": seat_ids})


def pay(service: Any, token: str, reservation_id: int) -> Any:
    return service.post("/v1/payments", token, {"reservation_id": reservation_id})


def test_there_is_no_line_for_an_unknown_concert(service: Any) -> None:
    identity = service.identity(service.user())
    accepted = service.post("/v1/queue-tokens", identity, {"concert_id": 10**12})
    assert refusal(service, accepted, identity)["code"] == "concert_not_found"


def test_a_closed_line_takes_nobody_but_keeps_who_is_in_it(service: Any) -> None:
    concert, user = service.concert(), service.user()
    inside = service.waiting(concert["id"], user)
    changed = service.call(
        "PATCH", f"/v1/operator/concerts/{concert['id']}/queue", service.operator, {"state": "closed"}
    )
    assert changed.body == {"concert_id": concert["id"], "state": "closed", "capacity": 100, "admit_per_second": None}
    newcomer = service.identity(service.user())
    accepted = service.post("/v1/queue-tokens", newcomer, {"concert_id": concert["id"]})
    problem = refusal(service, accepted, newcomer)
    assert (problem["code"], problem["status"]) == ("queue_closed", 409)
    assert service.join(concert["id"], user)["token"] == inside


def test_an_ended_line_tells_those_who_waited_and_takes_nobody(service: Any) -> None:
    concert = service.concert(capacity=1)
    service.active(concert["id"])
    waits = service.waiting(concert["id"])
    path = f"/v1/operator/concerts/{concert['id']}/queue"
    assert service.call("PATCH", path, service.operator, {"state": "ended"}).body["state"] == "ended"
    assert service.get(f"/v1/queues/{concert['id']}").body["waiting"] == 0
    for method, where in (("GET", "current"), ("DELETE", "current")):
        told = service.call(method, f"/v1/queue-tokens/{where}", waits)
        assert (told.status, told.code, told.body["reason"]) == (401, "token_expired", "queue_ended")
    newcomer = service.identity(service.user())
    problem = refusal(service, service.post("/v1/queue-tokens", newcomer, {"concert_id": concert["id"]}), newcomer)
    assert (problem["code"], problem["status"]) == ("queue_ended", 409)


def test_a_sale_that_is_over_takes_nobody_and_tells_who_waits(service: Any) -> None:
    from workers.queue_tokens import note_sold_out

    concert = service.concert(rows=1, seats_per_row=1, capacity=1)
    service.buy(concert, service.user())
    waits = service.waiting(concert["id"])
    assert service.get("/v1/queue-tokens/current", waits).body["sold_out"] is False
    note_sold_out.tidy()
    assert service.get("/v1/queue-tokens/current", waits).body["sold_out"] is True
    line = service.get(f"/v1/queues/{concert['id']}").body
    assert (line["sold_out"], line["sale_over"]) == (True, True)
    newcomer = service.identity(service.user())
    problem = refusal(service, service.post("/v1/queue-tokens", newcomer, {"concert_id": concert["id"]}), newcomer)
    assert (problem["code"], problem["status"], problem["sold_out"]) == ("sale_over", 409, True)


def test_a_taken_seat_is_named(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    first, second = service.active(concert["id"]), service.active(concert["id"])
    seat_ids = service.seats(performance_id, first)[:2]
    service.hold(performance_id, first, seat_ids[:1])
    problem = refusal(service, hold(service, second, performance_id, seat_ids), second)
    assert (problem["code"], problem["status"], problem["seat_ids"]) == ("seat_taken", 409, seat_ids[:1])
    assert seat_ids[1] in service.seats(performance_id, second)


def test_seats_of_another_performance_are_not_found(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    elsewhere = service.concert()
    foreign = service.seats(elsewhere["performances"][0]["performance_id"], service.active(elsewhere["id"]))[0]
    token = service.active(concert["id"])
    problem = refusal(service, hold(service, token, performance_id, [foreign]), token)
    assert (problem["code"], problem["status"], problem["seat_ids"]) == ("seat_not_found", 404, [foreign])
    problem = refusal(service, hold(service, token, 10**12, [foreign]), token)
    assert problem["code"] == "seat_not_found"


def test_nobody_gets_more_than_four_seats(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    token = service.active(concert["id"])
    seat_ids = service.seats(performance_id, token)[:5]
    service.hold(performance_id, token, seat_ids[:3])
    problem = refusal(service, hold(service, token, performance_id, seat_ids[3:]), token)
    assert (problem["code"], problem["status"], problem["limit"]) == ("seat_limit_exceeded", 409, 4)


def test_a_performance_past_its_end_is_closed_and_not_listed(service: Any) -> None:
    concert = service.concert()
    token = service.active(concert["id"])
    performance_id = concert["performances"][0]["performance_id"]
    seat_ids = service.seats(performance_id, token)
    service.sql(
        "UPDATE performance SET reservable_until = $now WHERE id = $id", now=datetime.now(UTC), id=performance_id
    )
    problem = refusal(service, hold(service, token, performance_id, seat_ids[:1]), token)
    assert (problem["code"], problem["status"]) == ("performance_closed", 409)
    assert service.get(f"/v1/concerts/{concert['id']}/dates", token).body["items"] == []


def test_a_performance_of_another_concert_is_refused_at_once(service: Any, concert: dict[str, Any]) -> None:
    elsewhere = service.concert()
    token = service.active(concert["id"])
    answer = hold(service, token, elsewhere["performances"][0]["performance_id"], [1])
    assert (answer.status, answer.code) == (403, "wrong_concert")


def test_a_payment_needs_the_points(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    token = service.active(concert["id"])
    reservation = service.hold(performance_id, token)
    service.charge(10, token)
    problem = refusal(service, pay(service, token, reservation["id"]), token)
    assert (problem["code"], problem["status"]) == ("insufficient_points", 402)
    assert (problem["balance"], problem["amount"]) == (10, 50_000)
    assert service.get(f"/v1/reservations/{reservation['id']}", token).body["status"] == "held"


def test_somebody_elses_reservation_cannot_be_paid(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    token, stranger = service.active(concert["id"]), service.active(concert["id"])
    reservation = service.hold(performance_id, token)
    for wanted in (reservation["id"], 10**12):
        problem = refusal(service, pay(service, stranger, wanted), stranger)
        assert (problem["code"], problem["status"]) == ("reservation_not_found", 404)


def test_a_hold_that_ended_cannot_be_paid(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    token = service.active(concert["id"])
    reservation = service.hold(performance_id, token)
    service.charge(50_000, token)
    service.sql("UPDATE reservation SET expires_at = now() - interval '1 s' WHERE id = $id", id=reservation["id"])
    problem = refusal(service, pay(service, token, reservation["id"]), token)
    assert (problem["code"], problem["status"]) == ("hold_expired", 410)
    assert service.get("/v1/points", token).body["balance"] == 50_000


def test_a_released_reservation_cannot_be_paid(service: Any, concert: dict[str, Any], performance_id: int) -> None:
    token = service.active(concert["id"])
    reservation = service.hold(performance_id, token)
    service.result(service.delete(f"/v1/reservations/{reservation['id']}", token), token)
    problem = refusal(service, pay(service, token, reservation["id"]), token)
    assert (problem["code"], problem["status"]) == ("reservation_not_held", 409)


def test_a_reservation_is_paid_once(service: Any) -> None:
    concert, user = service.concert(), service.user()
    _, booking = service.buy(concert, user)
    token = service.active(concert["id"], user)
    problem = refusal(service, pay(service, token, booking["reservation_id"]), token)
    assert (problem["code"], problem["status"], problem["payment_id"]) == ("already_paid", 409, booking["payment_id"])


def test_an_own_reservation_of_another_concert_is_refused_at_once(service: Any, concert: dict[str, Any]) -> None:
    user, elsewhere = service.user(), service.concert()
    here, there = service.active(concert["id"], user), service.active(elsewhere["id"], user)
    reservation = service.hold(elsewhere["performances"][0]["performance_id"], there)
    answer = pay(service, here, reservation["id"])
    assert (answer.status, answer.code) == (403, "wrong_concert")


def test_a_balance_has_a_limit(service: Any) -> None:
    user = service.user()
    identity = service.identity(user)
    service.charge(1, identity)
    service.sql("UPDATE point_account SET balance = 10000000000 - 5 WHERE user_id = $user", user=user)
    accepted = service.post("/v1/points/charges", identity, {"amount": 6})
    problem = refusal(service, accepted, identity)
    assert (problem["code"], problem["status"]) == ("balance_limit_exceeded", 409)
    assert service.charge(5, identity)["balance"] == 10_000_000_000


def test_an_unknown_payment_cannot_be_refunded(service: Any) -> None:
    accepted = service.post(f"/v1/operator/payments/{10**12}/refund", service.operator)
    assert refusal(service, accepted, service.operator)["code"] == "payment_not_found"


def test_a_waiting_fan_may_look_at_points_and_charge(service: Any) -> None:
    concert = service.concert(capacity=1)
    service.active(concert["id"])
    token = service.waiting(concert["id"])
    assert service.charge(7, token)["balance"] == 7
    answer = service.get(f"/v1/concerts/{concert['id']}/dates", token)
    assert (answer.status, answer.code, answer.body["position"]) == (403, "not_admitted", 1)


def test_a_fault_of_the_service_is_told_as_one(service: Any) -> None:
    user = service.user()
    identity = service.identity(user)
    accepted = service.post("/v1/points/charges", identity, {"amount": 6})
    service.sql(
        """UPDATE request SET status = 'failed', finished_at = now(),
                  problem = '{"code": "internal_error", "detail": "Something broke."}' WHERE user_id = $user""",
        user=user,
    )
    task = service.get(accepted.headers["location"], identity).body
    assert (task["status"], task["problem"]["code"], task["problem"]["status"]) == ("failed", "internal_error", 500)
