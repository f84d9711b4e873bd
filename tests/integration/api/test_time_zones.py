"""A concert has the time zone of its venue, in the programme as in what was bought."""

from typing import Any

import pytest


def create(service: Any, **fields: Any) -> Any:
    body = {"title": "Abroad", "venue": "Garden", "performances": [], **fields}
    return service.post("/v1/operator/concerts", service.operator, body)


def test_a_concert_has_the_zone_it_was_given(service: Any) -> None:
    made = create(service, timezone="America/New_York")
    assert (made.status, made.body["timezone"]) == (201, "America/New_York")
    assert service.get(f"/v1/concerts/{made.body['id']}").body["timezone"] == "America/New_York"
    assert service.get("/v1/concerts").body["items"][-1]["timezone"] == "America/New_York"


@pytest.mark.parametrize("fields", [{}, {"timezone": None}])
def test_a_concert_without_a_zone_has_that_of_the_settings(service: Any, fields: dict[str, Any]) -> None:
    assert create(service, **fields).body["timezone"] == "Asia/Seoul"


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "New York", "asia/seoul", "Asia/Seoul ", "America", "+09:00", "KST", "localtime", "posix/UTC"),
        *("../UTC", "/etc/passwd", "a\x00b", "Asia/" + "x" * 100, 9, ["UTC"]),
    ],
)
def test_names_that_are_no_zones_are_refused_at_the_field(service: Any, name: Any) -> None:
    before = service.sql("SELECT count(*) FROM concert")
    answer = create(service, timezone=name)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [error["pointer"] for error in answer.body["errors"]] == ["/timezone"]
    assert service.sql("SELECT count(*) FROM concert") == before


def test_a_booking_names_the_zone_of_its_concert(service: Any, concert: dict[str, Any]) -> None:
    service.sql(f"UPDATE concert SET timezone = 'Europe/Paris' WHERE id = {concert['id']}")
    user, performance_id = service.user(), concert["performances"][0]["performance_id"]
    token, identity = service.active(concert["id"], user), service.identity(user)
    held = service.hold(performance_id, token)
    service.result(service.post("/v1/points/charges", token, {"amount": held["amount"]}), token)
    booking = service.result(service.post("/v1/payments", token, {"reservation_id": held["id"]}), token)
    assert booking["concert"]["timezone"] == "Europe/Paris"
    assert service.get("/v1/bookings", identity).body["items"] == [booking]
