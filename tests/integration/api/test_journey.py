"""The whole way of a fan, and the rows of the contract that it passes."""

from typing import Any


def test_a_fan_joins_is_admitted_holds_pays_and_reads_the_booking(service: Any, concert: dict[str, Any]) -> None:
    user = service.user()
    identity = service.identity(user)
    accepted = service.post("/v1/queue-tokens", identity, {"concert_id": concert["id"]})
    assert accepted.status == 202
    assert accepted.headers["retry-after"] == "1"
    assert accepted.headers["location"] == f"/v1/tasks/{accepted.body['id']}"
    assert accepted.body["status"] == "queued"
    assert service.get(accepted.headers["location"], identity).headers["retry-after"] == "1"

    issued = service.result(accepted, identity)
    token = issued["token"]
    assert (issued["status"], issued["position"], issued["user_id"]) == ("waiting", 1, user)
    assert (issued["place"], issued["watch"]) == (1, "token")

    poll = service.get("/v1/queue-tokens/current", token)
    assert (poll.status, poll.headers["retry-after"], poll.body["position"]) == (200, "2", 1)
    told = {"token", "estimated_wait_seconds"}
    assert {**poll.body, **dict.fromkeys(told)} == {**issued, **dict.fromkeys(told)}

    assert service.promote() == 1
    poll = service.get("/v1/queue-tokens/current", token)
    assert (poll.body["status"], poll.body["position"]) == ("active", None)

    dates = service.get(f"/v1/concerts/{concert['id']}/dates", token).body["items"]
    assert [date["seats_available"] for date in dates] == [20]
    performance_id = dates[0]["performance_id"]
    seat_ids = service.seats(performance_id, token)[:2]

    reservation = service.hold(performance_id, token, seat_ids)
    assert (reservation["status"], reservation["amount"]) == ("held", 100_000)
    assert [seat["id"] for seat in reservation["seats"]] == seat_ids
    assert service.get(f"/v1/reservations/{reservation['id']}", token).body == reservation

    assert service.get("/v1/points", token).body == {"user_id": user, "balance": 0}
    charged = service.charge(150_000, token)
    assert charged["balance"] == 150_000

    paid = service.post("/v1/payments", token, {"reservation_id": reservation["id"]})
    booking = service.result(paid, token)
    assert (booking["amount"], booking["concert"]["id"], booking["status"]) == (100_000, concert["id"], "confirmed")

    after = service.get("/v1/queue-tokens/current", token)
    assert (after.status, after.body["status"]) == (200, "completed")
    assert service.get("/v1/bookings", token).body == {"items": [booking], "next_cursor": None}
    assert service.get(f"/v1/payments/{booking['payment_id']}", token).body["status"] == "paid"
    assert service.get(f"/v1/reservations/{reservation['id']}", token).body["status"] == "confirmed"
    assert service.get("/v1/points", identity).body["balance"] == 50_000
    entries = service.get("/v1/points/entries", identity).body["items"]
    assert [(entry["kind"], entry["amount"], entry["balance_after"]) for entry in entries] == [
        ("payment", -100_000, 50_000),
        ("charge", 150_000, 150_000),
    ]
    sold = service.get(
        f"/v1/performances/{performance_id}/seats", service.active(concert["id"]), params={"status": "sold"}
    )
    assert [seat["id"] for seat in sold.body["items"]] == seat_ids


def test_a_fan_who_leaves_frees_his_seat(service: Any, concert: dict[str, Any]) -> None:
    token = service.active(concert["id"])
    performance_id = concert["performances"][0]["performance_id"]
    reservation = service.hold(performance_id, token)
    left = service.result(service.delete("/v1/queue-tokens/current", token), token)
    assert left["status"] == "left"
    assert service.get("/v1/queue-tokens/current", token).code == "token_expired"
    assert service.get(f"/v1/reservations/{reservation['id']}", token).body["status"] == "released"
    assert reservation["seats"][0]["id"] in service.seats(performance_id, service.active(concert["id"]))


def test_a_hold_is_given_back_once(service: Any, concert: dict[str, Any]) -> None:
    token = service.active(concert["id"])
    reservation = service.hold(concert["performances"][0]["performance_id"], token)
    path = f"/v1/reservations/{reservation['id']}"
    assert service.result(service.delete(path, token), token)["status"] == "released"
    task = service.outcome(service.delete(path, token), token)
    assert (task["status"], task["problem"]["code"], task["problem"]["status"]) == (
        "refused",
        "reservation_not_held",
        409,
    )


def test_an_operator_refunds_a_payment_once(service: Any, concert: dict[str, Any]) -> None:
    user = service.user()
    token, booking = service.buy(concert, user)
    path = f"/v1/operator/payments/{booking['payment_id']}/refund"
    refunded = service.result(service.post(path, service.operator), service.operator)
    assert refunded["status"] == "refunded"
    assert service.get("/v1/points", service.identity(user)).body["balance"] == booking["amount"]
    assert service.get(f"/v1/reservations/{booking['reservation_id']}", token).body["status"] == "refunded"
    assert service.get("/v1/bookings", token).body["items"] == []
    again = service.outcome(service.post(path, service.operator), service.operator)
    assert again["problem"]["code"] == "already_refunded"
