"""What does not fit is refused with the contract's code, and nothing is changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

LARGEST = 2**63 - 1


@pytest.fixture(scope="module")
def active(service: Any, concert: dict[str, Any]) -> str:
    token: str = service.active(concert["id"])
    return token


@pytest.fixture
def nothing_accepted(service: Any) -> Any:
    """Hold the number of accepted requests against what it was before."""
    before = service.sql("SELECT count(*) FROM request")
    yield
    assert service.sql("SELECT count(*) FROM request") == before


BODIES = {
    "not an object": ("[1]", ""),
    "nothing": ("null", ""),
    "missing field": ("{}", "/concert_id"),
    "unknown field": ('{"concert_id": 1, "vip": true}', "/vip"),
    "text for a number": ('{"concert_id": "1"}', "/concert_id"),
    "float for a number": ('{"concert_id": 1.0}', "/concert_id"),
    "truth for a number": ('{"concert_id": true}', "/concert_id"),
    "list for a number": ('{"concert_id": [1]}', "/concert_id"),
    "zero": ('{"concert_id": 0}', "/concert_id"),
    "beyond 64 bits": ('{"concert_id": 9223372036854775808}', "/concert_id"),
    "far beyond 64 bits": ('{"concert_id": 1%s}' % ("0" * 400), "/concert_id"),
    "NUL in a name": ('{"concert_id": 1, "a\\u0000b": 1}', ""),
    "NUL in a value": ('{"concert_id": "a\\u0000"}', "/concert_id"),
}


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.usefixtures("nothing_accepted")
def test_an_unfit_body_is_refused_where_it_is_unfit(service: Any, case: str) -> None:
    text, pointer = BODIES[case]
    answer = _send(service, text)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.body["errors"][0]["pointer"] == pointer
    assert answer.body["errors"][0]["detail"]
    assert answer.body["errors"][0]["type"]


LIMITED = {
    "title": ({"title": "x" * 201}, "/title", "string_too_long", 200),
    "capacity": ({"queue": {"capacity": 0}}, "/queue/capacity", "greater_than_equal", 1),
    "price": ({"price": -1}, "/performances/0/sections/0/price", "greater_than_equal", 0),
    "seats": ({"rows": 10_000, "seats_per_row": 1_000}, "", "too_many_seats", 200_000),
    "same": ({"again": 1}, "/performances/0/sections", "sections_alike", None),
}


@pytest.mark.parametrize("case", LIMITED)
def test_a_refusal_names_kind_and_limit_so_that_a_page_can_say_it(service: Any, case: str) -> None:
    change, pointer, kind, limit = LIMITED[case]
    section = {"name": "A", "rows": 1, "seats_per_row": 1, "price": 1} | change
    again = section.pop("again", 0)
    beside = {name: section.pop(name) for name in ("title", "queue") if name in section}
    date = {
        "starts_at": "2027-01-01T11:00:00Z",
        "reservable_from": "2026-11-01T11:00:00Z",
        "reservable_until": "2027-01-01T10:00:00Z",
        "sections": [section] * (1 + again),
    }
    body = {"title": "A", "venue": "B", "performances": [date]} | beside
    answer = service.post("/v1/operator/concerts", service.operator, body)
    [error] = answer.body["errors"]
    assert (error["pointer"], error["type"], error.get("limit")) == (pointer, kind, limit)


MALFORMED = {
    "nothing": b"",
    "a word": b"concert",
    "half an object": b'{"concert_id": 1',
    "two objects": b"{} {}",
    "not a number": b'{"concert_id": NaN}',
    "no number at all": b'{"concert_id": Infinity}',
    "a raw NUL": b'{"concert_id": "\x00"}',
    "no UTF-8": b'{"concert_id": "\xff"}',
    "UTF-16": '{"concert_id": 1}'.encode("utf-16"),
    "half a surrogate": b'{"concert_id": "\\ud800"}',
    "far too deep": b"[" * 20_000,
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.usefixtures("nothing_accepted")
def test_what_is_no_json_is_malformed(service: Any, case: str) -> None:
    answer = _send(service, MALFORMED[case])
    assert (answer.status, answer.code) == (400, "malformed_json")


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
@pytest.mark.usefixtures("nothing_accepted")
def test_other_content_types_are_not_supported(service: Any, content_type: str | None) -> None:
    answer = _send(service, '{"concert_id": 1}', content_type=content_type)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
def test_json_may_be_named_in_every_usual_way(service: Any, content_type: str) -> None:
    assert _send(service, '{"concert_id": 1}', content_type=content_type).status == 202


@pytest.mark.usefixtures("nothing_accepted")
def test_a_body_may_have_64_kib_and_no_more(service: Any) -> None:
    filled = '{"concert_id": 1%s}'
    largest = filled % (" " * (65_536 - len(filled) + 2))
    assert len(largest) == 65_536
    assert _send(service, largest + " ").code == "body_too_large"
    chunked = {"Transfer-Encoding": "chunked", "Content-Length": ""}
    assert _send(service, largest + " ", headers=chunked).code == "body_too_large"


def test_a_body_of_64_kib_and_one_in_chunks_are_read(service: Any) -> None:
    text = '{"concert_id": 1}'
    assert _send(service, text + " " * (65_536 - len(text))).status == 202
    assert _send(service, text, headers={"Transfer-Encoding": "chunked", "Content-Length": ""}).status == 202


def _send(service: Any, raw: str | bytes, content_type: str | None = "application/json", **more: Any) -> Any:
    headers = {**({} if content_type is None else {"Content-Type": content_type}), **more.pop("headers", {})}
    return service.raw("POST", "/v1/queue-tokens", service.identity("sender"), raw, headers)


HOLDS = {
    "no seats": [],
    "five seats": [1, 2, 3, 4, 5],
    "a seat twice": [1, 1],
    "a seat that is text": ["1"],
    "a seat beyond 64 bits": [LARGEST + 1],
    "no list": 1,
}


@pytest.mark.parametrize("case", HOLDS)
@pytest.mark.usefixtures("nothing_accepted")
def test_unfit_seats_are_refused(service: Any, concert: dict[str, Any], active: str, case: str) -> None:
    body = {"performance_id": concert["performances"][0]["performance_id"], "seat_ids": HOLDS[case]}
    assert service.post("/v1/reservations", active, body).code == "validation_failed"


@pytest.mark.parametrize("amount", [0, -1, 1_000_001, LARGEST + 1, "5", 5.5, None, True])
@pytest.mark.usefixtures("nothing_accepted")
def test_unfit_amounts_are_refused(service: Any, amount: object) -> None:
    answer = service.post("/v1/points/charges", service.identity("sender"), {"amount": amount})
    assert (answer.status, answer.code) == (422, "validation_failed")


PATHS = {
    ("GET", "/v1/queues/{}"): "concert_not_found",
    ("GET", "/v1/concerts/{}"): "concert_not_found",
    ("GET", "/v1/concerts/{}/dates"): "concert_not_found",
    ("GET", "/v1/performances/{}/seats"): "performance_not_found",
    ("GET", "/v1/reservations/{}"): "reservation_not_found",
    ("DELETE", "/v1/reservations/{}"): "reservation_not_found",
    ("GET", "/v1/payments/{}"): "payment_not_found",
    ("GET", "/v1/tasks/{}"): "task_not_found",
}


@pytest.mark.parametrize(("method", "path"), [pytest.param(*key, id=" ".join(key)) for key in PATHS])
@pytest.mark.usefixtures("nothing_accepted")
def test_what_is_no_id_is_not_found(service: Any, active: str, method: str, path: str) -> None:
    for text in ("x", "-1", "1.5", "1e3", "%00", "1%00", str(LARGEST + 1), "9" * 400, "\uff10", "%2e%2e"):
        answer = service.call(method, path.format(text), active)
        assert (answer.status, answer.code) == (404, PATHS[method, path]), text


@pytest.mark.parametrize("path", ["/v1/operator/concerts/x/stats", "/v1/operator/concerts/99999/stats"])
def test_an_operator_finds_no_concert_either(service: Any, path: str) -> None:
    assert service.get(path, service.operator).code == "concert_not_found"


def test_unknown_ids_of_64_bits_are_not_found(service: Any, active: str) -> None:
    assert service.get(f"/v1/queues/{LARGEST}").code == "concert_not_found"
    assert service.get(f"/v1/concerts/{LARGEST}").code == "concert_not_found"
    assert service.get(f"/v1/performances/{LARGEST}/seats", active).code == "performance_not_found"
    assert service.get(f"/v1/reservations/{LARGEST}", active).code == "reservation_not_found"
    assert service.delete(f"/v1/reservations/{LARGEST}", active).code == "reservation_not_found"
    assert service.get(f"/v1/payments/{LARGEST}", active).code == "payment_not_found"


QUERIES = (
    "limit=0",
    "limit=501",
    "limit=x",
    "limit=",
    "limit=-1",
    "limit=1.5",
    "limit=1&limit=2",
    "limit=%00",
    "cursor=x",
)


@pytest.mark.parametrize("query", [*QUERIES, "cursor=", "cursor=%00", "cursor=" + "A" * 200, "cursor=c2VhdHM6MQ"])
def test_bad_query_values_are_refused(service: Any, query: str) -> None:
    answer = service.get("/v1/concerts", query_string=query)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.body["errors"][0]["pointer"] == f"?{query.partition('=')[0]}"


def test_unknown_query_parameters_are_ignored(service: Any) -> None:
    assert service.get("/v1/concerts", query_string="utm_source=poster&x=%00").status == 200


def test_a_seat_status_is_one_of_three(service: Any, concert: dict[str, Any], active: str) -> None:
    path = f"/v1/performances/{concert['performances'][0]['performance_id']}/seats"
    assert service.get(path, active, params={"status": "free"}).code == "validation_failed"
    assert service.get(path, active, params={"status": "held"}).status == 200


CONCERTS: dict[str, dict[str, Any]] = {
    "no title": {"title": ""},
    "a blank title": {"title": "  "},
    "a title with NUL": {"title": "a\x00b"},
    "a long title": {"title": "x" * 201},
    "no room": {"queue": {"capacity": 0}},
    "a rate of nothing": {"queue": {"admit_per_second": 0}},
    "an end before its start": {
        "performances": [{"reservable_from": "2026-01-02T00:00:00Z", "reservable_until": "2026-01-01T00:00:00Z"}]
    },
    "a time without zone": {"performances": [{"starts_at": "2026-01-02T00:00:00"}]},
    "a time as number": {"performances": [{"starts_at": 1_800_000_000}]},
    "a year of the pharaohs": {"performances": [{"starts_at": "0001-01-01T00:00:00+14:00"}]},
    "no sections": {"performances": [{"sections": []}]},
    "a section twice": {"performances": [{"sections": [{"name": "A"}, {"name": "A"}]}]},
    "too many seats": {"performances": [{"sections": [{"rows": 10_000, "seats_per_row": 1_000}]}]},
    "a negative price": {"performances": [{"sections": [{"price": -1}]}]},
}


@pytest.mark.parametrize("case", CONCERTS)
def test_unfit_concerts_are_refused(service: Any, case: str) -> None:
    before = service.sql("SELECT count(*) FROM concert")
    now = datetime.now(UTC)
    body: dict[str, Any] = {"title": "t", "venue": "v", "queue": {}, "performances": [], **CONCERTS[case]}
    for performance in body["performances"]:
        performance.setdefault("starts_at", now.isoformat())
        performance.setdefault("reservable_from", now.isoformat())
        performance.setdefault("reservable_until", (now + timedelta(days=1)).isoformat())
        for section in performance.setdefault("sections", [{}]):
            for name, value in {"name": "A", "rows": 1, "seats_per_row": 1, "price": 1}.items():
                section.setdefault(name, value)
    answer = service.post("/v1/operator/concerts", service.operator, body)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert service.sql("SELECT count(*) FROM concert") == before


@pytest.mark.parametrize(
    "changes", [{"state": "shut"}, {"state": None}, {"capacity": 0}, {"capacity": None}, {"rate": 1}]
)
def test_unfit_changes_of_a_line_are_refused(service: Any, concert: dict[str, Any], changes: dict[str, Any]) -> None:
    path = f"/v1/operator/concerts/{concert['id']}/queue"
    assert service.call("PATCH", path, service.operator, changes).code == "validation_failed"


@pytest.mark.parametrize("key", ["", " ", "a b", "ключ", "x" * 256, "a\tb"])
@pytest.mark.usefixtures("nothing_accepted")
def test_unusable_idempotency_keys_are_refused(service: Any, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = service.post("/v1/points/charges", service.identity("sender"), {"amount": 1}, headers=headers)
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")
