import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvloop")

from click import UsageError

from bench.__main__ import chosen
from bench.flood import flooded
from bench.load import Load
from bench.measures import MEASURES, on_sale
from bench.measures.inside_under_flood import LOST, Flood, results
from bench.ratio import Result, beside
from bench.report import plots
from cli.sale.record import Outcome, Record, Sample
from tests.fixtures.answering import answering

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def busy() -> Iterator[str]:
    """Answer everybody that it is too much, ten times a connection; returns the address."""
    with answering(BUSY, most=10) as address:
        yield address


def test_a_flood_goes_on_whatever_it_is_answered_and_tells_what_that_was(busy: str) -> None:
    with flooded(busy, "/", [{"Authorization": "Bearer x"}], clients=4, seconds=5) as counts:
        threading.Event().wait(0.3)
        assert counts == Counter()
    assert counts["503"] > 20


@pytest.mark.parametrize(
    ("url", "clients", "seconds"),
    [("http://example.org", 1, 1), ("http://127.0.0.1:1", 10**6, 1), ("http://127.0.0.1:1", 1, 1e6)],
)
def test_other_machines_and_unbounded_floods_are_refused(url: str, clients: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="flood"), flooded(url, "/", [], clients=clients, seconds=seconds):
        pass


def test_parts_of_a_sale_can_be_asked_for_alone() -> None:
    assert chosen("") == (list(MEASURES), frozenset())
    assert chosen("s1, P3,S5") == (["S", "P3"], {"S1", "S5"})
    assert chosen("S,S1") == (["S"], frozenset())
    assert chosen("p2w") == (["P2W"], frozenset())
    with pytest.raises(UsageError, match="unknown"):
        chosen("S9")


def test_a_figure_beside_the_floor_is_held_against_its_goal_and_not_drawn_as_a_ratio() -> None:
    result = beside(Result("S3/origin", "title", "per s", 700, at_most=True), 600, 3000)
    assert (result.ratio, result.met, result.detail["ours ÷ floor"]) == (600, True, 0.2)
    assert "S3/origin" not in "".join(plots([result]))
    assert beside(Result("S", "t", "s"), 1, 0).detail["ours ÷ floor"] is None


def a_sale(*, sold: int, hold: float | None = None) -> on_sale.Sold:
    record = Record(fans=20, seats=10)
    record.samples = [Sample(5, 0, 0, 1, 0, 0), Sample(60, 0, 0, 2, sold, 0), Sample(151, 0, 0, 0, 10, 0)]
    record.arrival_over, record.over_at = 30.0, 90.0
    record.by_second = {"poll": Counter({40: 590}), "watch": Counter(dict.fromkeys(range(31, 90), 100))}
    record.service_clock.behind = 0.5
    record.notices = [(1.0, 2.0)]
    if hold is not None:
        record.outcomes["hold"] = [Outcome(20, hold, None, hold / 3), Outcome(80, 45, None, 45)]
    return on_sale.Sold(record, {"web": 1.0})


def test_a_sale_is_told_by_what_was_sold_in_time() -> None:
    sold, held = on_sale._selling(on_sale.QUICK, a_sale(sold=8), a_sale(sold=1))
    assert (sold.ratio, sold.met, sold.floor) == (0.8, False, [0.1])
    assert (held.ratio, held.met) == (1.0, True)


def test_outcomes_count_that_were_sent_while_fans_came_and_none_is_as_long_as_the_sale() -> None:
    outcome, first, noticed = on_sale._inside(a_sale(sold=8, hold=1.5).record, a_sale(sold=0).record)
    assert (outcome.ours, outcome.floor) == ([1.5], [90.0])
    assert outcome.detail["accepted_to_outcome_p95"] == 0.5
    assert (first.ours, first.floor) == ([60], [151])
    assert (noticed.ratio, noticed.met) == (2.0, True)


def test_a_line_that_stands_still_has_the_goals_of_one_that_moves() -> None:
    origin, cache = on_sale._still({"poll": 90.0, "watch": 600.0}, {"poll": 4000.0, "watch": 0.0})
    assert (origin.ratio, origin.met, origin.goal) == (690, True, 700)
    assert (cache.ratio, cache.met, cache.goal) == (91, True, 100)


def test_a_cache_answers_all_who_look_and_asks_once_a_second_itself() -> None:
    origin, cache = on_sale._moving(a_sale(sold=8).record, a_sale(sold=8).record)
    assert origin.ours == [110]
    assert cache.ours == [11]


def a_load(statuses: dict[int, int], *seconds: float) -> Load:
    return Load(seconds=1, completed=len(seconds), latencies=list(seconds), statuses=Counter(statuses))


def test_a_flood_is_told_by_how_much_longer_those_inside_took_and_what_faults_they_met() -> None:
    calm = a_load({200: 2}, 0.1, 0.1)
    ours = Flood(calm, a_load({200: 2}, 0.2, 0.2), Counter({"200": 10, "503": 90, "seconds": 2}))
    floor = Flood(calm, a_load({200: 1, 503: 2, LOST: 1}, 1.0))
    slower, faults = results(ours, floor)
    assert (slower.ratio, slower.met, slower.floor) == (pytest.approx(2), True, [pytest.approx(10)])
    assert (faults.ours, faults.floor, faults.met) == ([0.0], [3.0], True)
    told: dict[str, Any] = slower.detail["ours"]
    assert told["outside_per_second"] == 50
