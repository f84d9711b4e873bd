"""The sale as a page: its figures and the plots that show what it felt like."""

import random
from collections import defaultdict
from html import escape
from itertools import pairwise

from cli.sale.chart import Series, dots, histogram, line_chart
from cli.sale.figures import per_second, percentile
from cli.sale.lane_cards import cards_of
from cli.sale.page import card, cards, facts, page, table
from cli.sale.record import Record
from cli.sale.summary import Summary
from cli.sale.summary_text import facts as headline
from cli.sale.summary_text import lane_facts, seconds_text

MOST_DOTS = 3000


def report(summary: Summary, record: Record, command: str) -> str:
    """Return the HTML page of one sale; `command` repeats it."""
    title = f"{summary.arrived:,} fans, {summary.seats:,} seats"
    lead = (
        f"{summary.seats_sold:,} seats were sold; the sale was over after {summary.seconds:.0f} s. "
        f"Audit: {summary.audit}."
    )
    plots = [_line_card(record), _seats_card(record), _waits_card(record), _fairness_card(summary, record)]
    pace = [_pace_card(record), _purchases_card(record), *cards_of(record), _lanes_card(summary)]
    tables = [_endings_card(summary), _how(command), _answers_card(record)]
    return page(title, lead, [facts(headline(summary)), cards([*plots, *pace, *tables])])


def _line_card(record: Record) -> str:
    waiting = Series("in line", [(sample.at, sample.waiting) for sample in record.samples], filled=True)
    active = Series("active", [(sample.at, sample.active) for sample in record.samples])
    plot = line_chart([waiting, active], "seconds since the opening", "fans")
    return card("The line", "How many wait, and how many have their turn.", plot)


def _seats_card(record: Record) -> str:
    sold = Series("sold", [(sample.at, sample.sold) for sample in record.samples], filled=True)
    held = Series("held", [(sample.at, sample.held) for sample in record.samples])
    return card(
        "The seats",
        "Held seats are somebody's for a while.",
        line_chart([sold, held], "seconds since the opening", "seats"),
    )


def _waits_card(record: Record) -> str:
    waits = [wait for _, wait in record.waits]
    note = "From the click on the button until the fan knew that it was their turn; those who were admitted."
    return card("Waiting time", note, histogram(waits, "seconds waited", "fans"))


def _fairness_card(summary: Summary, record: Record) -> str:
    tau = "unknown" if summary.fairness is None else f"{summary.fairness:.4f}"
    joined = {moment: rank for rank, moment in enumerate(sorted(record.joined_at), start=1)}
    order = sorted(
        range(len(record.admitted_at)), key=lambda fan: (record.admitted_at[fan], joined[record.joined_at[fan]])
    )
    points = [(float(joined[record.joined_at[fan]]), float(place)) for place, fan in enumerate(order, start=1)]
    if len(points) > MOST_DOTS:
        points = random.Random(1).sample(points, MOST_DOTS)
    note = (
        f"Each dot is a fan; on the dashed line nobody was overtaken (batches in order of joining). Kendall tau {tau}."
    )
    return card("Fairness", note, dots(points, "order of joining", "order of admission", diagonal=True))


def _pace_card(record: Record) -> str:
    requests = _rate([(sample.at, sample.requests) for sample in record.samples])
    plot = line_chart([Series("requests a second", requests, filled=True)], "seconds since the opening", "requests/s")
    return card("The pace", "What the service answered.", plot)


def _purchases_card(record: Record) -> str:
    bought = per_second(record.purchases)
    plot = line_chart([Series("purchases a second", bought, filled=True)], "seconds since the opening", "purchases/s")
    return card("The purchases", "Paid for, second by second.", plot)


def _lanes_card(summary: Summary) -> str:
    rows = [[meaning, figure, "", ""] for figure, meaning in lane_facts(summary)]
    rows += [
        [f"{operation}, since {since}", *(seconds_text(value, 3) for value in (known.p50, known.p95, known.p99))]
        for operation, both in summary.outcomes.items()
        for since, known in both.items()
    ]
    noticed = summary.noticed
    rows.append(["admission to notice", *(seconds_text(at, 3) for at in (noticed.p50, noticed.p95, noticed.p99))])
    note = "Times are p50, p95, p99 until the outcome is known. A look is a poll or a watch."
    return card("Inside and outside, in figures", note, table(["", "p50 or figure", "p95", "p99"], rows))


def _rate(counted: list[tuple[float, int]]) -> list[tuple[float, float]]:
    pairs = pairwise(counted)
    return [(at, (count - before) / max(at - since, 1e-9)) for (since, before), (at, count) in pairs]


def _endings_card(summary: Summary) -> str:
    rows = [
        [ending, f"{count:,}", f"{count / max(summary.arrived, 1):.1%}"] for ending, count in summary.endings.items()
    ]
    rows += [[f"fault: {what}", f"{count:,}", ""] for what, count in summary.faults.items()]
    return card(
        "What became of the fans", "Every fan has exactly one ending.", table(["ending", "fans", "share"], rows)
    )


def _answers_card(record: Record) -> str:
    statuses: dict[str, list[str]] = defaultdict(list)
    for (operation, status), count in sorted(record.answers.items()):
        statuses[operation].append(f"{status}: {count:,}")
    rows = [
        [operation, ", ".join(statuses[operation]), *(_milliseconds(seconds, share) for share in (0.5, 0.95, 0.99))]
        for operation, seconds in sorted(record.latencies.items())
    ]
    note = "Milliseconds from sending to the answer, the wait for a shared connection of those outside included."
    return card("The answers", note, table(["operation", "by status", "p50", "p95", "p99"], rows), wide=True)


def _milliseconds(seconds: list[float], share: float) -> str:
    value = percentile(seconds, share)
    return "–" if value is None else f"{value * 1000:,.1f}"


def _how(command: str) -> str:
    return card("Again", "The same seed draws the same crowd.", f"<code>{escape(command)}</code>")
