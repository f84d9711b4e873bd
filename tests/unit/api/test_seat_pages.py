"""What a process remembers of seats, and for how long."""

import gc
import json
import tracemalloc
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from freezegun import freeze_time

from api import seat_pages
from api.cache import Cache
from api.caching import Representation
from api.freshness import MOST_TURNS, SAME_MOMENT, Freshness
from api.lines import TICK
from api.schemas.performances import SeatQuery
from api.seat_pages import SeatPages
from models.seat import Seat

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Hall:
    """Seats 1 to 5 of every performance, held and sold as a test says."""

    def __init__(self) -> None:
        self.held, self.sold, self.reads = frozenset[int](), frozenset[int](), Counter[str]()

    def places(self, performance_id: int) -> list[dict[str, Any]]:
        self.reads["places"] += 1
        return [{"id": number, "section": "A", "row": 1, "number": number, "price": 5} for number in range(1, 6)]

    def taken(self, performance_id: int, now: datetime) -> tuple[frozenset[int], frozenset[int]]:
        self.reads["taken"] += 1
        return self.held, self.sold


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    found = Hall()
    monkeypatch.setattr(seat_pages, "read_session", nullcontext)
    monkeypatch.setattr(Seat, "places", found.places)
    monkeypatch.setattr(Seat, "taken", found.taken)
    return found


def statuses(page: Representation) -> dict[int, str]:
    return {seat["id"]: seat["status"] for seat in json.loads(page.body)["items"]}


def test_seats_are_read_once_a_tick_and_written_once_while_they_stay(hall: Hall) -> None:
    pages = SeatPages(Freshness(lambda: None), Cache())
    with freeze_time(NOON) as clock:
        first = pages.page(1, SeatQuery())
        assert pages.page(1, SeatQuery()) is first
        assert pages.page(1, SeatQuery(status="held")) is not first
        assert hall.reads == {"places": 1, "taken": 1}
        clock.tick(timedelta(seconds=0.5))
        assert pages.page(1, SeatQuery()) is first
        assert hall.reads == {"places": 1, "taken": 2}


def test_a_seat_that_was_sold_is_shown_as_sold_in_the_next_tick(hall: Hall) -> None:
    pages = SeatPages(Freshness(lambda: None), Cache())
    with freeze_time(NOON) as clock:
        assert set(statuses(pages.page(1, SeatQuery())).values()) == {"available"}
        hall.held, hall.sold = frozenset({2}), frozenset({4})
        clock.tick(timedelta(seconds=0.5))
        assert statuses(pages.page(1, SeatQuery())) == {
            1: "available",
            2: "held",
            3: "available",
            4: "sold",
            5: "available",
        }
        assert statuses(pages.page(1, SeatQuery(status="available"))) == dict.fromkeys((1, 3, 5), "available")


def test_a_clock_that_is_put_back_does_not_stop_the_seats(hall: Hall) -> None:
    pages = SeatPages(Freshness(lambda: None), Cache())
    with freeze_time(NOON) as clock:
        pages.page(1, SeatQuery())
        hall.sold = frozenset({4})
        clock.move_to(NOON - timedelta(minutes=2))
        assert statuses(pages.page(1, SeatQuery(status="sold"))) == {4: "sold"}


def test_a_page_none_of_whose_seats_changed_stays_the_same(hall: Hall) -> None:
    pages = SeatPages(Freshness(lambda: None), Cache())
    with freeze_time(NOON) as clock:
        first = pages.page(1, SeatQuery.model_validate({"limit": "2"}))
        hall.sold = frozenset({5})
        clock.tick(timedelta(seconds=0.5))
        assert pages.page(1, SeatQuery.model_validate({"limit": "2"})) is first


@pytest.mark.usefixtures("hall")
def test_strangers_cannot_fill_the_memory() -> None:
    cache = Cache(most_bytes := 100_000)
    pages = SeatPages(Freshness(lambda: None), cache)
    for performance_id in range(100):
        pages.page(performance_id, SeatQuery())
    for after in range(300):
        page = pages.page(1, SeatQuery(cursor=SeatQuery.cursor_at("seats", after)))
        assert len(statuses(page)) == max(0, 5 - after)
    assert most_bytes / 2 < cache.size <= most_bytes


@pytest.mark.usefixtures("hall")
def test_what_is_kept_takes_no_more_memory_than_is_counted() -> None:
    cache = Cache()
    pages = SeatPages(Freshness(lambda: None), cache)
    tracemalloc.start()
    try:
        pages.page(1, SeatQuery())
        before = tracemalloc.get_traced_memory()[0]
        for after in range(3_000):
            pages.page(1, SeatQuery(cursor=SeatQuery.cursor_at("seats", after + 10)))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= cache.size


def test_a_hall_that_was_forgotten_is_shown_as_it_is(hall: Hall) -> None:
    """A version of the seats that was forgotten is not taken for the one that is read after it."""
    cache = Cache(6_000)
    pages = SeatPages(Freshness(lambda: None), cache)
    with freeze_time(NOON):
        assert statuses(pages.page(1, SeatQuery()))[2] == "available"
        for performance_id in range(2, 30):
            pages.page(performance_id, SeatQuery())
        hall.sold = frozenset({2})
        assert statuses(pages.page(1, SeatQuery()))[2] == "sold"


def test_what_was_read_is_read_again_when_seats_are_said_to_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    version, moments = count(), count()
    monkeypatch.setattr("api.freshness.monotonic", lambda: next(moments) * (SAME_MOMENT + 0.001))
    freshness, now = Freshness(lambda: next(version)), NOON
    marks = [freshness.mark(now) for _ in range(MOST_TURNS + 4)]
    assert len(set(marks)) == MOST_TURNS + 1, "a rush ends in one reading for the rest of the tick"
    assert freshness.mark(now + TICK) not in marks


def test_a_broker_that_says_nothing_leaves_the_tick() -> None:
    freshness, now = Freshness(lambda: None), NOON
    assert freshness.mark(now) == freshness.mark(now)
    assert freshness.mark(now) != freshness.mark(now - 2 * TICK), "also when the clock is put back"


def test_who_changes_what_is_read_reads_it_again_though_the_broker_says_nothing() -> None:
    freshness = Freshness(lambda: None)
    before = freshness.mark(NOON)
    freshness.turn()
    assert freshness.mark(NOON) != before


def test_no_mark_comes_twice_whoever_comes_late_or_puts_the_clock_back() -> None:
    freshness = Freshness(lambda: None)
    before = freshness.mark(NOON)
    after = freshness.mark(NOON + TICK)
    assert freshness.mark(NOON) == after, "a thread that looked at the clock before the tick turned"
    freshness.turn()
    assert freshness.mark(NOON + TICK) not in (before, after)
    assert freshness.mark(NOON) not in (before, after)
    marks = [freshness.mark(moment) for moment in (NOON - 9 * TICK, NOON, NOON - 9 * TICK, NOON)]
    assert len({before, after, *marks}) == 6
