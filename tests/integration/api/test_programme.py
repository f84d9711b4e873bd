"""The programme and the dates: read once for many who look, and never later than they may be."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from api import lines
from api.cache import Cache
from api.freshness import Freshness
from api.pagination import PageQuery
from api.programme import Programme
from models.concert import Concert
from models.performance import Performance
from workers import changes
from workers.broker import Broker


@pytest.fixture(autouse=True)
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """All of a test is one tick, until it turns it."""
    monkeypatch.setattr(lines, "TICK", timedelta(hours=1))

    def turn() -> None:
        monkeypatch.setattr(lines, "TICK", timedelta(hours=2))

    return turn


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is read of the database."""
    found = Counter[str]()

    def counted(owner: type, name: str) -> None:
        read = getattr(owner, name)
        monkeypatch.setattr(owner, name, staticmethod(lambda *a, **k: (found.update([name]), read(*a, **k))[1]))

    for owner, name in ((Concert, "ids"), (Concert, "shown"), (Performance, "dates")):
        counted(owner, name)
    return found


def _ids(answer: Any) -> list[int]:
    return [concert["id"] for concert in answer.body["items"]]


def test_a_programme_is_read_once_for_all_who_look(service: Any, concert: dict[str, Any], reads: Counter[str]) -> None:
    service.get("/v1/concerts")
    reads.clear()
    for limit in (1, 5, 100, 500):
        assert concert["id"] in _ids(service.get("/v1/concerts", params={"limit": limit}))
    assert service.get(f"/v1/concerts/{concert['id']}").body == concert
    assert reads["shown"] == 0
    assert reads["ids"] <= 1


def test_what_operators_add_and_delete_is_shown_at_once(service: Any, concert: dict[str, Any]) -> None:
    assert _ids(service.get("/v1/concerts"))[-1] == concert["id"]
    second = service.concert()
    assert _ids(service.get("/v1/concerts"))[-2:] == [concert["id"], second["id"]]
    assert service.get(f"/v1/concerts/{second['id']}").body == second
    assert service.delete(f"/v1/operator/concerts/{second['id']}", service.operator).status == 204
    assert second["id"] not in _ids(service.get("/v1/concerts"))
    assert service.get(f"/v1/concerts/{second['id']}").code == "concert_not_found"


@contextmanager
def _processes(valkey_url: str) -> Iterator[list[Programme]]:
    brokers = [Broker(valkey_url, 0.5) for _ in range(2)]

    def programme(broker: Broker) -> Programme:
        freshness = Freshness(lambda: changes.version(broker, changes.PROGRAMME), most_turns=1_000)
        return Programme(broker, freshness, Cache())

    yield [programme(broker) for broker in brokers]
    for broker in brokers:
        broker.client.close()


def test_another_process_shows_at_once_what_was_added(
    service: Any, concert: dict[str, Any], valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.freshness.SAME_MOMENT", 0.0)
    with _processes(valkey_url) as (one, other):
        before = other.page(PageQuery()).body
        added = service.concert()
        one.changed()
        assert other.page(PageQuery()).body != before
        assert other.concert(added["id"]).body
    assert concert["id"] < added["id"]


def test_dates_are_counted_once_for_all_who_look(service: Any, concert: dict[str, Any], reads: Counter[str]) -> None:
    tokens = [service.active(concert["id"]) for _ in range(3)]
    reads.clear()
    path = f"/v1/concerts/{concert['id']}/dates"
    answers = [service.get(path, token, params={"limit": limit}) for token in tokens for limit in (1, 50)]
    assert len({answer.text for answer in answers}) == 1
    assert reads["dates"] == 1
    again = service.get(path, tokens[0], headers={"If-None-Match": answers[0].headers["etag"]})
    assert (again.status, again.headers["cache-control"]) == (304, "private, no-cache")


def test_a_hold_is_told_of_in_the_dates_of_the_next_tick(
    service: Any, concert: dict[str, Any], tick: Callable[[], None]
) -> None:
    token, performance_id = service.active(concert["id"]), concert["performances"][0]["performance_id"]
    path = f"/v1/concerts/{concert['id']}/dates"
    [before] = service.get(path, token).body["items"]
    service.hold(performance_id, token, service.seats(performance_id, token)[:2])
    assert service.get(path, token).body["items"] == [before]
    tick()
    [after] = service.get(path, token).body["items"]
    assert after["seats_available"] == before["seats_available"] - 2
