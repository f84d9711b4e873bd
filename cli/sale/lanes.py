"""Figures of those inside (how soon an outcome is known) and of those outside (what their waiting asks for)."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.sale.figures import percentile
from cli.sale.record import Record, Sample

INSIDE = ("hold", "charge", "pay")
LANES = ("poll", "watch", "joins", "inside")
# When the sale is looked at: a good one of 20,000 fans and 2,000 seats is all but over by then.
LOOKED_AT = 150.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How durations are spread, in seconds; None of nothing."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None


def spread(seconds: Sequence[float]) -> Spread:
    """Return the percentiles that are shown."""
    return Spread(len(seconds), *(percentile(seconds, share) for share in (0.50, 0.95, 0.99)))


def submitted(record: Record, operation: str) -> list[tuple[float, float]]:
    """Return (moment, seconds from submitting until the outcome was known, all polls included) of an operation."""
    return [(outcome.at, outcome.submitted) for outcome in record.outcomes.get(operation, [])]


def accepted(record: Record, operation: str) -> list[tuple[float, float]]:
    """Return (moment, seconds from the acceptance until the outcome was known).

    By the service's own time of acceptance where its clock is believed. Where it is not: since the 202
    came, and where there was none, since submission, which is longer than the truth.
    """
    if record.service_clock.believed:
        return [(outcome.at, outcome.by_clock) for outcome in record.outcomes.get(operation, [])]
    return [
        (outcome.at, outcome.submitted if outcome.accepted is None else outcome.accepted)
        for outcome in record.outcomes.get(operation, [])
    ]


def notices(record: Record) -> list[float]:
    """Return the seconds from each admission until the fan knew; nothing where the service's clock is not believed."""
    return [seconds for _, seconds in record.notices] if record.service_clock.believed else []


def sample_at(record: Record, at: float = LOOKED_AT) -> Sample | None:
    """Return what the service said last until so many seconds after the opening, or until the end."""
    return next((sample for sample in reversed(record.samples) if sample.at <= at), None)


def first_sold_after(record: Record) -> float | None:
    """Return when somebody first knew of a sold seat, a buyer or the operator, in seconds since the opening."""
    seen = [sample.at for sample in record.samples if sample.sold][:1]
    return min([*record.purchases[:1], *seen], default=None)


def per_second_after_arrival(record: Record, lanes: Sequence[str]) -> float | None:
    """Return the answers a second between the last arrival and the end, whole seconds only; None of less than one."""
    if record.arrival_over is None:
        return None
    seconds = range(int(record.arrival_over) + 1, int(record.over_at or record.now()))
    if not seconds:
        return None
    counted = [record.by_second[lane] for lane in lanes if lane in record.by_second]
    return sum(count[second] for count in counted for second in seconds) / len(seconds)


def rates(record: Record) -> dict[str, list[tuple[float, float]]]:
    """Return, for each lane, (second, answers in it); seconds without any count too."""
    ends = [max(counts) for counts in record.by_second.values() if counts]
    seconds = range(max(ends) + 1) if ends else range(0)
    return {
        lane: [(float(second), float(record.by_second[lane][second])) for second in seconds]
        for lane in LANES
        if lane in record.by_second
    }


def over_time(timed: Sequence[tuple[float, float]], share: float, window: float = 5.0) -> list[tuple[float, float]]:
    """Return a percentile of the durations for each `window` seconds in which there were any."""
    windows: dict[int, list[float]] = {}
    for at, seconds in timed:
        windows.setdefault(int(at // window), []).append(seconds)
    return [(number * window, percentile(found, share) or 0.0) for number, found in sorted(windows.items())]
