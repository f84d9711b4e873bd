"""The largest concert that is advertised can be made, and a larger one is refused in words that are true."""

import json
from typing import Any

import pytest

from api.schemas.operator import MOST_SEATS
from api.validation import LARGEST_BODY

SECTION = {"name": "Floor", "rows": 10, "seats_per_row": 100, "price": 1_000}

PRICES = (("S", 10_000), ("R", 30_000), ("Free", 0))


def _dates(number: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "starts_at": f"2030-01-01T{hour % 24:02}:{hour // 24:02}:00Z",
            "reservable_from": "2020-01-01T00:00:00Z",
            "reservable_until": "2031-01-01T00:00:00Z",
            **more,
        }
        for hour in range(number)
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"performances": _dates(200), "sections": [SECTION]},
        {"performances": _dates(1, sections=[{**SECTION, "rows": 10_000, "seats_per_row": 20}])},
    ],
    ids=["200 dates", "one date"],
)
def test_as_many_seats_as_are_advertised_are_made(service: Any, body: dict[str, Any]) -> None:
    body = {"title": "Large", "venue": "Stadium", **body}
    assert len(json.dumps(body)) <= LARGEST_BODY
    made = service.post("/v1/operator/concerts", service.operator, body)
    assert made.status == 201, made.body
    assert sum(date["seats_total"] for date in made.body["performances"]) == MOST_SEATS
    assert len(made.body["performances"]) == len(body["performances"])


def test_more_seats_are_refused_with_the_limit(service: Any) -> None:
    dates = _dates(200)
    dates[7]["sections"] = [{**SECTION, "rows": 11}]
    body = {"title": "Larger", "venue": "Stadium", "performances": dates, "sections": [SECTION]}
    refused = service.post("/v1/operator/concerts", service.operator, body)
    assert (refused.status, refused.code) == (422, "validation_failed")
    assert "200,000 seats" in refused.body["detail"]


@pytest.mark.parametrize("sections", [None, [SECTION, SECTION], []])
def test_dates_without_seats_or_with_two_sections_of_a_name_are_refused(service: Any, sections: Any) -> None:
    body = {"title": "None", "venue": "Nowhere", "performances": _dates(1), "sections": sections}
    assert service.post("/v1/operator/concerts", service.operator, body).status == 422


def test_a_date_tells_what_its_seats_cost(service: Any) -> None:
    sections = [{**SECTION, "rows": 1, "seats_per_row": 1, "name": name, "price": price} for name, price in PRICES]
    body = {"title": "Prices", "venue": "Hall", "performances": _dates(1), "sections": sections}
    made = service.post("/v1/operator/concerts", service.operator, body).body
    shown = service.get(f"/v1/concerts/{made['id']}", None).body["performances"][0]
    assert (shown["price_from"], shown["price_to"]) == (0, 30_000)
