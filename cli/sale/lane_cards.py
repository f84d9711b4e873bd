"""The plots of the report about those inside and those outside."""

from cli.sale import lanes
from cli.sale.chart import Series, histogram, line_chart
from cli.sale.page import card
from cli.sale.record import Record

SINCE = "seconds since the opening"


def cards_of(record: Record) -> list[str]:
    """Return the cards: outcomes inside, noticing one's turn, and who asked for how much."""
    return [_outcomes(record), _notices(record), _asked(record)]


def _outcomes(record: Record) -> str:
    lines = [Series(name, lanes.over_time(lanes.submitted(record, name), 0.95)) for name in lanes.INSIDE]
    note = "From sending a change until its outcome was known; 95 of 100 within five seconds of the sale."
    return card("The inside", note, line_chart(lines, SINCE, "seconds"))


def _notices(record: Record) -> str:
    note = "From the admission, by the service's clock, until the fan knew that it was their turn."
    if record.notices and not record.service_clock.believed:
        note += " Its clock and ours do not agree, so nothing is told."
    return card("Noticing one's turn", note, histogram(lanes.notices(record), "seconds until noticed", "fans"))


def _asked(record: Record) -> str:
    lines = [Series(name, points) for name, points in lanes.rates(record).items()]
    note = "Answers a second: asked with one's token (poll), the public document (watch), joining and leaving, inside."
    return card("Who asks", note, line_chart(lines, SINCE, "requests/s"))
