from datetime import UTC, datetime
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from cli.sale.chart import Series, dots, histogram, line_chart, ticks
from cli.sale.progress import pace, sparkline, view
from cli.sale.record import Ending, Record
from cli.sale.report import report
from cli.sale.summary import sold_out_after, summarise
from cli.sale.summary_text import rendered, seconds_text


def a_sale() -> Record:
    record = Record(fans=3, seats=2)
    record.arrived = 3
    record.opened -= 10
    record.service_clock.wall = lambda: datetime(2026, 11, 23, 19, 1, 3, tzinfo=UTC).timestamp()
    record.service_clock.note("Mon, 23 Nov 2026 19:01:03 GMT")
    for moment, (waiting, sold) in enumerate([(2, 0), (1, 1), (0, 2)]):
        record.sample({"waiting": waiting, "active": 1, "seats_held": 0, "seats_sold": sold})
        record.samples[-1] = record.samples[-1].__class__(float(moment), waiting, 1, 0, sold, 10 * moment)
    for number in range(3):
        record.answered("poll", 200, 0.004, "poll")
        record.admitted(f"2026-11-23T19:00:0{number}.000Z", f"2026-11-23T19:01:0{number}.000Z", float(number))
    record.answered("join", 202, 0.01, "joins")
    for operation in ("hold", "charge", "pay"):
        record.outcome(operation, record.now() - 0.5, None, "2026-11-23T19:01:02.750Z")
    record.bought(2)
    record.endings[Ending.BOUGHT] = 1
    record.endings[Ending.FOUND_NOTHING] = 2
    record.faults["poll: <script>alert(1)</script>"] = 1
    record.over_at = 2.5
    return record


def test_the_summary_draws_its_figures_from_the_record() -> None:
    summary = summarise(a_sale(), "clean")
    assert (summary.seats_sold, summary.sold_out_after, summary.fairness) == (2, 2.0, 1.0)
    assert summary.by_status == {200: 3, 202: 1}
    assert summary.endings == {"bought": 1, "found no seat": 2}
    assert summary.sound


def test_the_summary_tells_how_soon_those_inside_knew() -> None:
    summary = summarise(a_sale(), "clean")
    assert summary.outcomes["hold"]["submitted"].p95 == pytest.approx(0.5, abs=0.1)
    assert summary.outcomes["hold"]["accepted"].p95 == 0.25
    assert (summary.noticed.count, summary.noticed.p50, summary.noticed.p99) == (3, 2.0, 3.0)
    assert summary.first_sold_after == 1.0
    assert (summary.sold_after_150, summary.sold_or_held_after_150) == (2, 2)


def test_more_seats_sold_than_there_are_is_not_sound() -> None:
    record = a_sale()
    record.seats = 1
    assert not summarise(record, "clean").sound
    assert not summarise(a_sale(), "VIOLATED: one_live_token").sound


def test_a_sale_that_never_sold_out_says_so() -> None:
    record = a_sale()
    record.seats = 5
    assert sold_out_after(record) is None
    assert seconds_text(None) == "–"
    assert seconds_text(200) == "3 min 20 s"


def test_the_page_is_whole_escaped_and_needs_nothing_from_elsewhere() -> None:
    record = a_sale()
    page = report(summarise(record, "clean"), record, "frontrow sale --fans 3")
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert page.count("<svg") == 9
    assert "<script" not in page
    assert "http:" not in page
    assert "src=" not in page
    assert "&lt;script&gt;" in page


def test_the_page_of_a_sale_to_which_nobody_came_is_written_all_the_same() -> None:
    record = Record(fans=1, seats=1)
    assert "Nothing happened here." in report(summarise(record, "clean"), record, "frontrow sale")


@pytest.mark.parametrize(
    "drawn",
    [
        line_chart([Series("a & b", [(0.0, 1.0), (1.0, 2.0)], filled=True)], "x < y", "z"),
        histogram([1.0, 2.0, 2.0], "seconds", "fans"),
        dots([(1.0, 1.0), (2.0, 3.0)], "joined", "admitted", diagonal=True),
    ],
)
def test_a_plot_is_well_formed(drawn: str) -> None:
    tree = ET.fromstring(f"<div>{drawn}</div>")
    assert tree.find("svg") is not None


@pytest.mark.parametrize(("low", "high"), [(0, 7), (0, 0.03), (0, 12_345), (3, 4)])
def test_ticks_are_few_round_and_within_the_axis(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 3 <= len(found) <= 12
    assert found == sorted(found)
    assert all(low <= tick <= high + 1e-9 for tick in found)


def test_the_terminal_shows_the_sale_while_it_runs_and_when_it_is_over() -> None:
    record, output = a_sale(), StringIO()
    console = Console(file=output, width=120)
    console.print(view(record))
    console.print(rendered(summarise(record, "clean")))
    shown = output.getvalue()
    assert "2 of 2" in shown
    assert "Audit: clean" in shown
    assert "in line" in shown


def test_the_pace_is_measured_over_the_last_samples() -> None:
    assert pace(a_sale().samples) == 10.0
    assert pace([]) == 0.0
    assert sparkline([0, 1, 2, 4]) == " ▂▄█"
