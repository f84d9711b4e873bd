"""An Idempotency-Key stands for one task, whatever happens between two sendings."""

from typing import Any

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def test_the_same_key_and_body_stand_for_the_same_task(service: Any) -> None:
    identity = service.identity(service.user())
    first = service.post("/v1/points/charges", identity, {"amount": 5}, headers=KEY)
    again = service.post("/v1/points/charges", identity, {"amount": 5}, headers=KEY)
    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["location"] == first.headers["location"]
    service.work()
    done = service.post("/v1/points/charges", identity, {"amount": 5}, headers=KEY)
    assert (done.body["id"], done.body["status"]) == (first.body["id"], "done")
    assert service.get("/v1/points", identity).body["balance"] == 5


def test_a_body_that_only_looks_different_is_the_same(service: Any) -> None:
    identity = service.identity(service.user())
    sent = [
        service.raw("POST", "/v1/points/charges", identity, text, {"Content-Type": "application/json", **KEY})
        for text in ('{"amount": 5}', '{ "amount":5 }')
    ]
    assert sent[0].body["id"] == sent[1].body["id"]


def test_a_key_in_quotes_is_the_same_key(service: Any) -> None:
    identity = service.identity(service.user())

    def charge(key: str) -> Any:
        return service.post("/v1/points/charges", identity, {"amount": 5}, headers={"Idempotency-Key": key})

    assert charge("abc").body["id"] == charge('"abc"').body["id"]
    assert charge(r'"a\"b\\c"').body["id"] == charge(r'a"b\c').body["id"]
    longest = "x" * 255
    assert charge(longest).body["id"] == charge(f'"{longest}"').body["id"]
    for unfit in ('"', '""', '"abc', '"a"b"', '"a b"', r'"a\b"', '"abc";v=1', '"abc", "abc"', f'"{longest}x"'):
        assert (charge(unfit).status, charge(unfit).code) == (400, "invalid_idempotency_key"), unfit


def test_another_body_is_refused(service: Any) -> None:
    identity = service.identity(service.user())
    assert service.post("/v1/points/charges", identity, {"amount": 5}, headers=KEY).status == 202
    answer = service.post("/v1/points/charges", identity, {"amount": 6}, headers=KEY)
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    service.work()
    assert service.get("/v1/points", identity).body["balance"] == 5


def test_two_users_and_two_operations_may_use_the_same_key(service: Any, concert: dict[str, Any]) -> None:
    identities = [service.identity(service.user()) for _ in range(2)]
    charges = [service.post("/v1/points/charges", identity, {"amount": 5}, headers=KEY) for identity in identities]
    join = service.post("/v1/queue-tokens", identities[0], {"concert_id": concert["id"]}, headers=KEY)
    assert len({charges[0].body["id"], charges[1].body["id"], join.body["id"]}) == 3


def test_a_payment_is_replayed_after_it_used_up_its_token(service: Any, concert: dict[str, Any]) -> None:
    token = service.active(concert["id"])
    reservation = service.hold(concert["performances"][0]["performance_id"], token)
    service.charge(reservation["amount"], token)
    body = {"reservation_id": reservation["id"]}
    paid = service.post("/v1/payments", token, body, headers=KEY)
    assert service.outcome(paid, token)["status"] == "done"
    again = service.post("/v1/payments", token, body, headers=KEY)
    assert (again.status, again.body["id"], again.body["status"]) == (202, paid.body["id"], "done")
    assert again.headers["idempotent-replayed"] == "true"
    other = {"Idempotency-Key": "another"}
    assert service.post("/v1/payments", token, body, headers=other).code == "token_expired"
    changed = {"reservation_id": reservation["id"] + 1}
    assert service.post("/v1/payments", token, changed, headers=KEY).code == "idempotency_key_reused"


def test_a_leave_is_replayed_after_the_token_was_left(service: Any, concert: dict[str, Any]) -> None:
    token = service.waiting(concert["id"])
    left = service.delete("/v1/queue-tokens/current", token, headers=KEY)
    service.work()
    again = service.delete("/v1/queue-tokens/current", token, headers=KEY)
    assert (again.status, again.body["id"], again.body["status"]) == (202, left.body["id"], "done")


def test_a_release_names_its_reservation(service: Any, concert: dict[str, Any]) -> None:
    token = service.active(concert["id"])
    held = [service.hold(concert["performances"][0]["performance_id"], token)["id"] for _ in range(2)]
    first = service.delete(f"/v1/reservations/{held[0]}", token, headers=KEY)
    assert service.delete(f"/v1/reservations/{held[0]}", token, headers=KEY).body["id"] == first.body["id"]
    assert service.delete(f"/v1/reservations/{held[1]}", token, headers=KEY).code == "idempotency_key_reused"


def test_a_replayed_issue_shows_the_same_token(service: Any, concert: dict[str, Any]) -> None:
    user = service.user()
    identity, body = service.identity(user), {"concert_id": concert["id"]}
    issued = service.result(service.post("/v1/queue-tokens", identity, body, headers=KEY), identity)
    again = service.post("/v1/queue-tokens", identity, body, headers=KEY)
    assert again.body["result"]["token"] == issued["token"]
    # Without a key it is a new task for the same place in line.
    anew = service.result(service.post("/v1/queue-tokens", identity, body), identity)
    assert (anew["id"], anew["token"]) == (issued["id"], issued["token"])
