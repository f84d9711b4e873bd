"""A queue token reads what belongs to its own concert, for a while; the rest is shown to the identity alone."""

from dataclasses import dataclass
from typing import Any

import pytest

KEY = {"Idempotency-Key": "1c2f0a7e-0d0b-4a5d-9a55-0a8a2f6d1f10"}


@dataclass
class Purchase:
    """What a fan did and has at one concert; the token is completed."""

    token: str
    joined: str
    reservation_id: int
    payment_id: int
    tasks: list[str]

    @property
    def paths(self) -> list[str]:
        return [
            f"/v1/reservations/{self.reservation_id}",
            f"/v1/payments/{self.payment_id}",
            *(f"/v1/tasks/{task}" for task in self.tasks),
        ]


def purchase(service: Any, user: str) -> Purchase:
    """Buy one seat of two that were held, at a concert of its own, charging with the token."""
    concert, identity = service.concert(), service.identity(user)
    joined = service.outcome(service.post("/v1/queue-tokens", identity, {"concert_id": concert["id"]}), identity)
    token = joined["result"]["token"]
    service.promote()
    performance_id = concert["performances"][0]["performance_id"]
    seat_ids = service.seats(performance_id, token)
    body = {"performance_id": performance_id, "seat_ids": seat_ids[:1]}
    held = service.outcome(service.post("/v1/reservations", token, body), token)
    spare = service.hold(performance_id, token, seat_ids[1:2])
    released = service.outcome(service.delete(f"/v1/reservations/{spare['id']}", token), token)
    charged = service.outcome(service.post("/v1/points/charges", token, {"amount": 50_000}), token)
    paid = service.outcome(service.post("/v1/payments", token, {"reservation_id": held["result"]["id"]}), token)
    assert paid["status"] == "done", paid
    tasks = [task["id"] for task in (held, released, charged, paid)]
    return Purchase(token, joined["id"], held["result"]["id"], paid["result"]["payment_id"], tasks)


@pytest.fixture(scope="module")
def bought(service: Any) -> tuple[str, Purchase, Purchase]:
    """A fan who bought at two concerts."""
    user = service.user()
    return user, purchase(service, user), purchase(service, user)


def test_a_token_reads_its_own_concert_and_no_other(service: Any, bought: tuple[str, Purchase, Purchase]) -> None:
    user, *both = bought
    for own, other in (both, reversed(both)):
        assert [service.get(path, own.token).status for path in own.paths] == [200] * 6
        assert [service.get(path, own.token).status for path in other.paths] == [404] * 6
        assert [service.get(path, service.identity(user)).status for path in own.paths] == [200] * 6
        [booking] = service.get("/v1/bookings", own.token).body["items"]
        assert booking["reservation_id"] == own.reservation_id
    assert len(service.get("/v1/bookings", service.identity(user)).body["items"]) == 2


def test_a_later_token_of_the_concert_reads_what_an_earlier_one_did(service: Any) -> None:
    concert, user = service.concert(), service.user()
    left = service.active(concert["id"], user)
    held = service.outcome(
        service.post(
            "/v1/reservations",
            left,
            {
                "performance_id": concert["performances"][0]["performance_id"],
                "seat_ids": service.seats(concert["performances"][0]["performance_id"], left)[:1],
            },
        ),
        left,
    )
    gone = service.outcome(service.delete("/v1/queue-tokens/current", left), left)
    again = service.waiting(concert["id"], user)
    for token in (left, again):
        assert [service.get(f"/v1/tasks/{task['id']}", token).status for task in (held, gone)] == [200, 200]


def test_how_a_token_was_issued_is_shown_to_the_identity_alone(
    service: Any, bought: tuple[str, Purchase, Purchase]
) -> None:
    user, *both = bought
    for one in both:
        for token in (one.token, service.active(service.concert()["id"], user)):
            answer = service.get(f"/v1/tasks/{one.joined}", token)
            assert (answer.status, answer.code) == (404, "task_not_found")
        issued = service.get(f"/v1/tasks/{one.joined}", service.identity(user))
        assert issued.body["result"]["token"] == one.token


def test_what_an_identity_asked_for_is_shown_to_no_token(service: Any, bought: tuple[str, Purchase, Purchase]) -> None:
    user, one, _ = bought
    task_id = service.charge_task(service.identity(user))
    assert service.get(f"/v1/tasks/{task_id}", one.token).code == "task_not_found"


@pytest.mark.parametrize("status", ["completed", "left", "expired"])
def test_a_token_reads_for_one_retention_after_its_end(service: Any, status: str) -> None:
    one = purchase(service, service.user())
    paths = [*one.paths, "/v1/bookings"]
    service.end(one.token, status, hours=23.9)
    assert {service.get(path, one.token).status for path in paths} == {200}
    service.end(one.token, status, hours=24.1)
    answers = [service.get(path, one.token) for path in [*paths, "/v1/queue-tokens/current"]]
    assert {(answer.status, answer.code) for answer in answers} == {(401, "token_expired")}


def test_a_token_whose_time_ran_out_is_over_although_no_sweep_said_so(service: Any) -> None:
    token = service.active(service.concert()["id"])
    over = "UPDATE queue_token SET expires_at = now() - interval '25 hours' WHERE id = $id"
    service.sql(over, id=service.get("/v1/queue-tokens/current", token).body["id"])
    assert service.get("/v1/bookings", token).code == "token_expired"


def test_a_key_opens_no_task_of_another_concert(service: Any, bought: tuple[str, Purchase, Purchase]) -> None:
    user, one, _ = bought
    concert = service.concert()
    token = service.active(concert["id"], user)
    performance_id = concert["performances"][0]["performance_id"]
    body = {"performance_id": performance_id, "seat_ids": service.seats(performance_id, token)[:1]}
    held = service.outcome(service.post("/v1/reservations", token, body, headers=KEY), token)
    stranger = service.post("/v1/reservations", one.token, body, headers=KEY)
    assert (stranger.status, stranger.code) == (401, "token_expired")
    assert "idempotent-replayed" not in stranger.headers
    service.end(token, "expired", hours=1)
    again = service.post("/v1/reservations", token, body, headers=KEY)
    assert (again.status, again.body["id"]) == (202, held["id"])
    service.end(token, "expired", hours=25)
    assert service.post("/v1/reservations", token, body, headers=KEY).code == "token_expired"


def test_nothing_is_released_with_a_token_of_another_concert(service: Any) -> None:
    user, concert = service.user(), service.concert()
    reservation = service.hold(concert["performances"][0]["performance_id"], service.active(concert["id"], user))
    elsewhere = service.active(service.concert()["id"], user)
    answer = service.delete(f"/v1/reservations/{reservation['id']}", elsewhere)
    assert (answer.status, answer.code) == (404, "reservation_not_found")


def test_a_code_of_a_ticket_is_shown_to_the_identity_alone(
    service: Any, bought: tuple[str, Purchase, Purchase]
) -> None:
    user, one, _ = bought
    path = f"/tickets/{one.reservation_id}/code.svg"
    for token in (one.token, service.active(service.concert()["id"], user)):
        answer = service.get(path, token)
        assert (answer.status, answer.code) == (401, "token_invalid")
    assert service.get(path, service.identity(user)).headers["content-type"] == "image/svg+xml"
    assert service.get(path, service.identity(service.user())).code == "reservation_not_found"
