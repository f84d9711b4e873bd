"""A scrape tells the figures of the whole service; what dashboards and alerts name is in it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
DASHBOARD, ALERTS = ROOT / "deploy" / "grafana-dashboard.json", ROOT / "deploy" / "alert-rules.yml"
NAMED = re.compile(r"\bfrontrow_\w+")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def counted(service: Any, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The service with a broker that counts, too."""
    from api.app import create_app
    from workers import tell
    from workers.broker import Broker

    settings = service.settings.model_copy(update={"broker_url": valkey_url})
    monkeypatch.setattr(service, "client", type(service.client)(create_app(settings)))
    monkeypatch.setattr(tell.tally, "_broker", Broker(valkey_url, 0.5))
    tell.tally._start_afresh()
    return service


def scrape(service: Any) -> Samples:
    from workers import tell

    tell.tally.flush()
    text = service.get("/metrics").text
    families = text_string_to_metric_families(text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"frontrow_{name}", frozenset(labels.items())))


def test_lines_seats_and_payments_are_told(counted: Any) -> None:
    concert = counted.concert(rows=1, seats_per_row=3, capacity=2)
    concert_id, performance_id = str(concert["id"]), concert["performances"][0]["performance_id"]
    counted.buy(concert, counted.user())
    gone = counted.active(concert["id"])
    counted.result(counted.delete("/v1/queue-tokens/current", gone), gone)
    held = counted.active(concert["id"])
    counted.hold(performance_id, held)
    late = counted.user()
    counted.active(concert["id"], late)
    counted.waiting(concert["id"])
    sql = "UPDATE queue_token SET status = 'expired', ended_at = now() WHERE user_id = $user"
    counted.sql(sql, user=late)
    found = scrape(counted)
    statuses = ("waiting", "active", "completed", "left", "expired")
    tokens = [value(found, "queue_tokens", concert_id=concert_id, status=status) for status in statuses]
    assert tokens == [1, 1, 1, 1, 1]
    seats = [value(found, "seats", concert_id=concert_id, status=name) for name in ("available", "held", "sold")]
    assert seats == [1, 1, 1]
    assert value(found, "payments_total", concert_id=concert_id) == 1
    assert value(found, "queue_admitted_total", concert_id=concert_id) == 4
    assert value(found, "queue_capacity", concert_id=concert_id) == 2
    assert value(found, "queue_open", concert_id=concert_id) == 1


def test_requests_are_counted_by_operation_and_outcome_with_their_time(counted: Any) -> None:
    identity = counted.identity(counted.user())
    counted.charge(5, identity)
    accepted = counted.post("/v1/queue-tokens", identity, {"concert_id": 999_999})
    assert counted.outcome(accepted, identity)["status"] == "refused"
    found = scrape(counted)
    finished = "requests_finished_total"
    assert value(found, finished, operation="points.charge", status="done", code="") == 1
    assert value(found, finished, operation="queue_token.issue", status="refused", code="concert_not_found") == 1
    assert value(found, finished, operation="payment.pay", status="failed", code="internal_error") == 0
    assert value(found, "request_outcome_seconds_count", operation="points.charge") == 1
    assert value(found, "request_outcome_seconds_bucket", operation="points.charge", le="+Inf") == 1
    assert 0 < (value(found, "request_outcome_seconds_sum", operation="points.charge") or 0) < 60


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_http_requests_are_counted_by_route_and_never_by_path(counted: Any) -> None:
    for path in ("/v1/concerts/999998", "/v1/concerts/999999", "/nowhere/1", "/nowhere/2"):
        counted.get(path)
    counted.client.simulate_request("BREW", "/v1/points")
    found = scrape(counted)
    route = "/v1/concerts/{concert_id}"
    assert value(found, "http_requests_total", method="GET", route=route, status="404") == 2
    assert value(found, "http_requests_total", method="GET", route="other", status="404") == 2
    assert value(found, "http_request_seconds_count", method="GET", route=route) == 2
    assert all("nowhere" not in str(labels) and "BREW" not in str(labels) for _, labels in found)


def test_workers_queues_connections_and_what_waits_are_told(counted: Any) -> None:
    identity = counted.identity(counted.user())
    accepted = counted.post("/v1/points/charges", identity, {"amount": 1})
    found = scrape(counted)
    assert (value(found, "broker_up"), value(found, "database_up")) == (1, 1)
    assert value(found, "workers", queue="payments") == 0
    assert value(found, "broker_queue_length", queue="payments") == 0
    assert value(found, "requests_queued", operation="points.charge") == 1
    assert (value(found, "oldest_request_seconds") or 0) > 0
    connections = [count for (name, _), count in found.items() if name == "frontrow_database_connections"]
    assert sum(connections) >= 1
    assert (value(found, "database_connections_limit") or 0) > sum(connections)
    counted.outcome(accepted, identity)


def test_servers_that_are_away_are_figures_themselves(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from models import database

    monkeypatch.setattr(database, "is_turned_away", lambda: True)
    found = scrape(service)
    assert (value(found, "broker_up"), value(found, "database_up")) == (0, 0)


def expressions_of_the_dashboard() -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def test_what_dashboard_and_alerts_name_is_in_a_scrape(counted: Any, concert: dict[str, Any]) -> None:
    counted.buy(concert, counted.user())
    counted.post("/v1/points/charges", counted.identity("waiting"), {"amount": 1})
    names = {name for name, _ in scrape(counted)}
    shown = {name for expression in expressions_of_the_dashboard() for name in NAMED.findall(expression)}
    rules = re.findall(r"^\s+expr: (.+)$", ALERTS.read_text(encoding="utf-8"), re.MULTILINE)
    watched = {name for rule in rules for name in NAMED.findall(rule)}
    assert len(shown) > 10
    assert len(watched) > 5
    assert shown | watched <= names


def test_the_page_about_metrics_names_all_of_them_and_no_other(counted: Any, concert: dict[str, Any]) -> None:
    counted.buy(concert, counted.user())
    counted.post("/v1/points/charges", counted.identity("waiting-too"), {"amount": 1})
    page = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(frontrow_\w+)`", page, re.MULTILINE))
    found = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name, _ in scrape(counted)}
    assert told == found
