"""The summary of a sale as text: the figures a person wants first, and all of it for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.sale.lanes import Spread
from cli.sale.summary import Summary


def seconds_text(seconds: float | None, digits: int = 1) -> str:
    """Write a duration for people."""
    if seconds is None:
        return "–"
    return f"{seconds:.{digits}f} s" if seconds < 120 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"


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
        (seconds_text(summary.outcomes["hold"]["submitted"].p95), "from a hold to its outcome, 95 of 100"),
        (seconds_text(summary.noticed.p95), "from admission to noticing it, 95 of 100"),
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
    for figure, meaning in lane_facts(summary):
        figures.add_row(figure, meaning)
    figures.add_row(f"{summary.arrived:,} of {summary.fans:,}", "fans came before it was over")
    for ending, count in summary.endings.items():
        figures.add_row(f"{count:,}", ending)
    statuses = "  ".join(f"{status}: {count:,}" for status, count in summary.by_status.items())
    verdict = Text(f"Audit: {summary.audit}", style="green" if summary.audit.startswith("clean") else "yellow")
    faults = [Text(f"Fault: {what} ({count} times)", style="red") for what, count in summary.faults.items()]
    again = f"sent again: {summary.retries:,}   told busy: {sum(summary.busy.values()):,}"
    return Group(figures, inside(summary), Text(f"Answers by status: {statuses}   {again}"), *faults, verdict)


def lane_facts(summary: Summary) -> list[tuple[str, str]]:
    """Return what waiting asked of the service, and how soon seats went."""
    return [
        (seconds_text(summary.first_sold_after), "until the first seat was sold"),
        (number(summary.sold_after_150), f"sold after 150 s, with the held {number(summary.sold_or_held_after_150)}"),
        (number(summary.looks_per_admitted_fan), "looks of an admitted fan until their turn"),
        (number(summary.looks_per_fan), "looks of a fan, all fans"),
        (number(summary.polls_per_second_outside), "polls a second of those outside, after the last arrival"),
        (number(summary.watches_per_second_outside), "looks a second at the public document, likewise"),
    ]


def inside(summary: Summary) -> Table:
    """Show how soon outcomes were known."""
    shown = Table("until the outcome is known", "of", "p50", "p95", "p99", title="The inside", title_justify="left")
    for operation, known in summary.outcomes.items():
        for since, spread in known.items():
            shown.add_row(f"{operation}, since {since}", f"{spread.count:,}", *_percentiles(spread))
    shown.add_row("admission, since it was granted", f"{summary.noticed.count:,}", *_percentiles(summary.noticed))
    return shown


def _percentiles(spread: Spread) -> list[str]:
    return [seconds_text(value, 3) for value in (spread.p50, spread.p95, spread.p99)]


def number(value: float | None) -> str:
    """Write a count or a mean for people."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
