from collections import Counter

import pytest

from cli.sale import lanes
from cli.sale.record import Outcome, Record, Sample
from cli.sale.service_clock import ServiceClock


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_record() -> Record:
    return Record(fans=1, seats=10, clock=Clock())


def test_requests_are_told_apart_by_who_asks_and_counted_second_by_second() -> None:
    record = a_record()
    for moment, lane in [(0.2, "joins"), (0.9, "poll"), (2.1, "watch"), (2.2, "watch"), (2.3, "operator")]:
        record.clock.now = moment  # type: ignore[attr-defined]
        record.answered("x", 200, 0.01, lane)
    shown = lanes.rates(record)
    assert list(shown) == ["poll", "watch", "joins"]
    assert shown["watch"] == [(0.0, 0.0), (1.0, 0.0), (2.0, 2.0)]


def test_what_waiting_asks_for_is_counted_from_the_last_arrival_to_the_end_in_whole_seconds() -> None:
    record = a_record()
    record.by_second = {"poll": Counter({1: 500, 2: 900, 3: 10, 4: 20, 5: 999}), "watch": Counter({4: 90})}
    record.arrival_over, record.over_at = 2.4, 5.2
    assert lanes.per_second_after_arrival(record, ["poll"]) == 15
    assert lanes.per_second_after_arrival(record, ["poll", "watch"]) == 60
    record.over_at = 3.0
    assert lanes.per_second_after_arrival(record, ["poll"]) is None
    assert lanes.per_second_after_arrival(a_record(), ["poll"]) is None


def test_the_sale_is_looked_at_150_seconds_after_the_opening_or_at_its_end() -> None:
    record = a_record()
    record.samples = [Sample(at, 0, 0, held, sold, 0) for at, held, sold in [(10, 5, 0), (149, 2, 7), (151, 0, 9)]]
    found = lanes.sample_at(record)
    assert found is not None
    assert (found.sold, found.held) == (7, 2)
    assert lanes.sample_at(a_record()) is None
    assert lanes.first_sold_after(record) == 149
    record.purchases = [20.0, 30.0]
    assert lanes.first_sold_after(record) == 20


def test_the_time_since_acceptance_is_the_services_own_where_its_clock_is_believed() -> None:
    record = a_record()
    record.outcomes["hold"] = [Outcome(5.0, 0.5, None, 0.4), Outcome(9.0, 3.0, 2.5, 2.6)]
    assert lanes.submitted(record, "hold") == [(5.0, 0.5), (9.0, 3.0)]
    assert lanes.accepted(record, "hold") == [(5.0, 0.5), (9.0, 2.5)]
    record.service_clock.behind = 0.3
    assert lanes.accepted(record, "hold") == [(5.0, 0.4), (9.0, 2.6)]


def test_no_time_of_noticing_is_told_where_the_clocks_do_not_agree() -> None:
    record = a_record()
    record.notices = [(1.0, 7.0)]
    assert lanes.notices(record) == []
    record.service_clock.behind = 0.3
    assert lanes.notices(record) == [7.0]


@pytest.mark.parametrize(
    ("offsets", "believed"),
    [([], False), ([0.3, 9.0], True), ([9.0, 0.9], True), ([3.0, 5.0], False), ([-2.5, 0.0], False)],
)
def test_a_clock_is_believed_by_the_answer_that_came_quickest(*, offsets: list[float], believed: bool) -> None:
    wall = 0.0
    clock = ServiceClock(lambda: wall)
    for offset in offsets:
        wall = 1_795_460_400 + offset
        clock.note("Mon, 23 Nov 2026 19:00:00 GMT")
    clock.note(None)
    clock.note("yesterday")
    assert clock.believed is believed


def test_seconds_since_a_time_of_the_service_are_never_negative() -> None:
    clock = ServiceClock(lambda: 1_795_460_400 + 1.5)
    assert clock.since("2026-11-23T19:00:00.250Z") == pytest.approx(1.25)
    assert clock.since("2026-11-23T19:00:05.000Z") == 0


def test_a_percentile_is_drawn_for_each_window_in_which_something_happened() -> None:
    timed = [(1.0, 0.1), (4.0, 0.3), (11.0, 0.2)]
    assert lanes.over_time(timed, 0.95) == [(0.0, 0.3), (10.0, 0.2)]
    assert lanes.spread([]) == lanes.Spread(0, None, None, None)
