"""What a sale came to: the figures of its record, as data and as text for a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.sale.figures import kendall_tau, percentile
from cli.sale.record import Ending, Record

# What those inside do, and until when after the opening a sale is looked at (seconds).
INSIDE = ("hold", "charge", "pay")
WINDOW = 150.0


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of one sale. Times are seconds; `fairness` is Kendall's tau, 1.0 when nobody was overtaken."""

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
    by_status: dict[int, int]
    busy: int
    inside: dict[str, dict[str, float | None]]
    noticed: dict[str, float | None]
    first_sold_after: float | None
    sold_at_150: int
    sold_or_held_at_150: int
    arrived_after: float | None
    waiting_per_second: dict[str, float | None]
    waiting_cost_p50: float | None
    waiting_cost_p95: float | None
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
        by_status=dict(sorted(statuses.items())),
        busy=record.busy.total(),
        inside=inside_latencies(record),
        noticed=shares(record.noticed),
        first_sold_after=next((sample.at for sample in record.samples if sample.sold), None),
        sold_at_150=max((sample.sold for sample in record.samples if sample.at <= WINDOW), default=0),
        sold_or_held_at_150=max(
            (sample.sold + sample.held for sample in record.samples if sample.at <= WINDOW), default=0
        ),
        arrived_after=record.arrived_at,
        waiting_per_second=waiting_per_second(record),
        waiting_cost_p50=percentile(record.waiting_cost, 0.5),
        waiting_cost_p95=percentile(record.waiting_cost, 0.95),
        endings={ending.value: record.endings[ending] for ending in Ending if record.endings[ending]},
        faults=dict(record.faults.most_common()),
        audit=audit,
    )


def shares(values: Sequence[float]) -> dict[str, float | None]:
    """Return the percentiles that a latency is told by, in seconds."""
    return {name: percentile(values, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}


def inside_latencies(record: Record) -> dict[str, dict[str, float | None]]:
    """Return what outcomes took those inside, by operation: from sending, and from acceptance while fans arrived."""
    arrived = record.arrived_at or float("inf")
    found: dict[str, dict[str, float | None]] = {}
    for operation in INSIDE:
        outcomes = record.outcomes.get(operation, [])
        early = [outcome.since_accepted for outcome in outcomes if outcome.at <= arrived]
        found[operation] = {
            **shares([outcome.since_sent for outcome in outcomes]),
            "accepted_to_outcome_p95_while_arriving": percentile(early, 0.95),
            "sent_to_outcome_p95_while_arriving": percentile(
                [outcome.since_sent for outcome in outcomes if outcome.at <= arrived], 0.95
            ),
        }
    return found


def waiting_per_second(record: Record) -> dict[str, float | None]:
    """Return how often those who wait asked, a second, after everybody had come: with tokens, and for the document."""
    after = [sample for sample in record.samples if record.arrived_at is not None and sample.at >= record.arrived_at]
    if len(after) < 2 or after[-1].at <= after[0].at:
        return {"polls": None, "watches": None}
    seconds = after[-1].at - after[0].at
    return {
        "polls": (after[-1].polls - after[0].polls) / seconds,
        "watches": (after[-1].watches - after[0].watches) / seconds,
    }


def sold_out_after(record: Record) -> float | None:
    """Return when the last seat was seen sold, in seconds since the opening; None when seats are left."""
    return next((sample.at for sample in record.samples if sample.sold >= record.seats), None)


def fairness(record: Record) -> float | None:
    """Compare the order of joining with the order of admission; None when fewer than two can be told apart."""
    # Times of one service in one format sort as text, so their ranks are all that is needed.
    joined = {moment: rank for rank, moment in enumerate(sorted(set(record.joined_at)))}
    admitted = {moment: rank for rank, moment in enumerate(sorted(set(record.admitted_at)))}
    return kendall_tau([joined[at] for at in record.joined_at], [admitted[at] for at in record.admitted_at])


def seconds_text(seconds: float | None) -> str:
    """Write a duration for people."""
    if seconds is None:
        return "–"
    return f"{seconds:.1f} s" if seconds < 120 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"


def _latencies(latency: Mapping[str, float | None]) -> str:
    values = [latency[name] for name in ("p50", "p95", "p99")]
    return " / ".join("–" if value is None else f"{value:.2f}" for value in values) + " s"


def facts(summary: Summary) -> list[tuple[str, str]]:
    """Return the figures a person wants first, each with its meaning."""
    fair = "–" if summary.fairness is None else f"{summary.fairness:.4f}"
    return [
        (f"{summary.seats_sold:,} of {summary.seats:,}", "seats sold"),
        (seconds_text(summary.sold_out_after), "until the last seat was sold"),
        (seconds_text(summary.wait_p50), "waiting time, half of the admitted fans"),
        (seconds_text(summary.wait_p95), "waiting time, 95 of 100"),
        (seconds_text(summary.wait_p99), "waiting time, 99 of 100"),
        (fair, "fairness (Kendall tau, 1 is first come first served)"),
        (f"{summary.requests:,}", f"requests, {summary.requests_per_second:,.0f} a second"),
        (f"{sum(summary.faults.values()):,}", "faults met by fans"),
    ]


def rendered(summary: Summary) -> RenderableType:
    """Lay the summary out for a terminal."""
    figures = Table(title="The sale", show_header=False, title_justify="left")
    figures.add_column(style="bold", justify="right")
    figures.add_column()
    for figure, meaning in facts(summary):
        figures.add_row(figure, meaning)
    figures.add_row(f"{summary.arrived:,} of {summary.fans:,}", "fans came before it was over")
    for operation, latency in summary.inside.items():
        figures.add_row(_latencies(latency), f"{operation}, sent to outcome known: p50, p95, p99")
    figures.add_row(_latencies(summary.noticed), "admitted to noticed: p50, p95, p99")
    figures.add_row(
        f"{summary.waiting_cost_p50 or 0:.0f}, {summary.waiting_cost_p95 or 0:.0f}",
        "requests of waiting a fan: p50, p95",
    )
    figures.add_row(f"{summary.busy:,}", "requests refused as busy and sent again")
    for ending, count in summary.endings.items():
        figures.add_row(f"{count:,}", ending)
    statuses = "  ".join(f"{status}: {count:,}" for status, count in summary.by_status.items())
    verdict = Text(f"Audit: {summary.audit}", style="green" if summary.audit.startswith("clean") else "yellow")
    faults = [Text(f"Fault: {what} ({count} times)", style="red") for what, count in summary.faults.items()]
    return Group(figures, Text(f"Answers by status: {statuses}   sent again: {summary.retries:,}"), *faults, verdict)
