from itertools import count

import pytest

pytest.importorskip("uvloop")

from bench.bars import bar_chart
from bench.load import Load
from bench.ratio import Result, alone, alternate
from bench.report import as_json, bars, html, row


def test_rounds_are_measured_in_turn_and_every_other_one_begins_with_the_floor() -> None:
    order: list[str] = []
    values = count(1)

    def ours() -> float:
        order.append("ours")
        return 2.0 * next(values)

    def floor() -> float:
        order.append("floor")
        return 1.0

    result = alternate(Result("P", "title", "per s", goal=4.0), 3, ours, floor)
    assert order == ["ours", "floor", "floor", "ours", "ours", "floor"]
    assert result.ratios == [2.0, 4.0, 6.0]
    assert (result.ratio, result.spread, result.met) == (4.0, (2.0, 6.0), True)


@pytest.mark.parametrize(("at_most", "met"), [(False, False), (True, True)])
def test_a_goal_is_a_least_or_a_most(*, at_most: bool, met: bool) -> None:
    assert alone(Result("P", "t", "MB", goal=3.0, at_most=at_most), [1.0, 2.0, 3.5]).met is met
    assert alone(Result("P", "t", "MB"), [1.0]).met


def test_the_report_names_every_measure_its_goal_and_whether_it_was_met() -> None:
    good = alone(Result("P1/32", "token issue", "per s", goal=2.0), [2.5, 2.6, 2.4])
    good.detail["cpu_ms_per_journey"] = {"web": 1.0}
    bad = alone(Result("P9", "latency", "ms", goal=1.1, at_most=True), [1.5])
    data = as_json([good, bad], Load(seconds=1, completed=10, cpu=0.1), {"load_average": 0.1})
    page = html(data, [good, bad], "python -m bench --quick")
    assert "1 of 2" in page
    assert "P1/32" in page
    assert "missed" in bar_chart(bars([bad]), "ratio")
    assert row(good)[:4] == ["P1/32 token issue", "2.5", "2.4 – 2.6", "≥ 2"]
    assert data["results"][1]["met"] is False
