"""What a sale came to: the figures of its record, as data and as text for a terminal."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from cli.sale import lanes
from cli.sale.figures import kendall_tau, percentile
from cli.sale.record import Ending, Record


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of one sale. Times are seconds; `fairness` is Kendall's tau, 1.0 when nobody was overtaken.

    `outcomes` tells for hold, charge and pay how soon the outcome was known, since it was submitted and since
    it was accepted; `noticed` how soon a fan knew of their admission (nothing where the service's clock is not ours).
    A look is a poll or a watch; those `per_second_outside` are counted from the last arrival to the end.
    """

    fans: int
    arrived: int
    seats: int
    seats_sold: int
    seconds: float
    sold_out_after: float | None
    wait_p50: float | None
    wait_p95: float | None
    wait_p99: float | None
    fairness: float | None
    requests: int
    requests_per_second: float
    own_cpu_seconds: float
    retries: int
    busy: dict[str, int]
    outcomes: dict[str, dict[str, lanes.Spread]]
    noticed: lanes.Spread
    looks_per_admitted_fan: float | None
    looks_per_fan: float | None
    first_sold_after: float | None
    sold_after_150: int | None
    sold_or_held_after_150: int | None
    polls_per_second_outside: float | None
    watches_per_second_outside: float | None
    by_status: dict[int, int]
    endings: dict[str, int]
    faults: dict[str, int]
    audit: str

    @property
    def sound(self) -> bool:
        """Whether no invariant was found violated and no more seats were sold than there are."""
        return not self.audit.startswith("VIOLATED") and self.seats_sold <= self.seats

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def summarise(record: Record, audit: str) -> Summary:
    """Draw the figures from a record; `audit` is the audit's own verdict in one line."""
    seconds = record.over_at or record.now()
    waits = [wait for _, wait in record.waits]
    statuses: Counter[int] = Counter()
    for (_, status), count in record.answers.items():
        statuses[status] += count
    looked_at = lanes.sample_at(record)
    return Summary(
        fans=record.fans,
        arrived=record.arrived,
        seats=record.seats,
        seats_sold=record.samples[-1].sold if record.samples else record.seats_bought,
        seconds=seconds,
        sold_out_after=sold_out_after(record),
        wait_p50=percentile(waits, 0.50),
        wait_p95=percentile(waits, 0.95),
        wait_p99=percentile(waits, 0.99),
        fairness=fairness(record),
        requests=record.answers.total(),
        requests_per_second=record.answers.total() / max(seconds, 1e-9),
        own_cpu_seconds=round(record.own_cpu, 2),
        retries=record.retries,
        busy=dict(record.busy.most_common()),
        outcomes={operation: _outcomes(record, operation) for operation in lanes.INSIDE},
        noticed=lanes.spread(lanes.notices(record)),
        looks_per_admitted_fan=_mean(sum(record.looks_of_admitted), len(record.looks_of_admitted)),
        looks_per_fan=_mean(record.looks, record.finished),
        first_sold_after=lanes.first_sold_after(record),
        sold_after_150=looked_at.sold if looked_at else None,
        sold_or_held_after_150=looked_at.sold + looked_at.held if looked_at else None,
        polls_per_second_outside=lanes.per_second_after_arrival(record, ["poll"]),
        watches_per_second_outside=lanes.per_second_after_arrival(record, ["watch"]),
        by_status=dict(sorted(statuses.items())),
        endings={ending.value: record.endings[ending] for ending in Ending if record.endings[ending]},
        faults=dict(record.faults.most_common()),
        audit=audit,
    )


def _outcomes(record: Record, operation: str) -> dict[str, lanes.Spread]:
    known = {"submitted": lanes.submitted(record, operation), "accepted": lanes.accepted(record, operation)}
    return {since: lanes.spread([seconds for _, seconds in timed]) for since, timed in known.items()}


def _mean(total: int, count: int) -> float | None:
    return total / count if count else None


def sold_out_after(record: Record) -> float | None:
    """Return when the last seat was seen sold, in seconds since the opening; None when seats are left."""
    return next((sample.at for sample in record.samples if sample.sold >= record.seats), None)


def fairness(record: Record) -> float | None:
    """Compare the order of joining with the order of admission; None when fewer than two can be told apart."""
    # Times of one service in one format sort as text, so their ranks are all that is needed.
    joined = {moment: rank for rank, moment in enumerate(sorted(set(record.joined_at)))}
    admitted = {moment: rank for rank, moment in enumerate(sorted(set(record.admitted_at)))}
    return kendall_tau([joined[at] for at in record.joined_at], [admitted[at] for at in record.admitted_at])
