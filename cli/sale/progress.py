"""Shows a running sale in the terminal: the line, the turn, the seats, the pace."""

import asyncio

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.sale.record import Record, Sample

BLOCKS = " ▁▂▃▄▅▆▇█"
SPARKS = 60


async def watch(record: Record, console: Console, *, every: float = 0.5) -> None:
    """Redraw until cancelled; on something that is no terminal, print a line every ten seconds instead."""
    if not console.is_terminal:
        await _print_lines(record, console)
    with Live(view(record), console=console, refresh_per_second=4) as live:
        while True:
            await asyncio.sleep(every)
            live.update(view(record))


async def _print_lines(record: Record, console: Console) -> None:
    while True:
        await asyncio.sleep(10)
        if record.samples:
            console.print(line(record, record.samples[-1]), soft_wrap=True)


def line(record: Record, sample: Sample) -> str:
    """Say in one line where the sale stands."""
    return (
        f"{sample.at:6.0f} s  fans {record.arrived:,}/{record.fans:,}  in line {sample.waiting:,}"
        f"  active {sample.active:,}  held {sample.held:,}  sold {sample.sold:,}/{record.seats:,}"
        f"  {pace(record.samples):,.0f} requests/s"
    )


def pace(samples: list[Sample], over: int = 5) -> float:
    """Return the requests answered per second over the last samples."""
    if len(samples) < 2:
        return 0.0
    first, last = samples[max(0, len(samples) - 1 - over)], samples[-1]
    return (last.requests - first.requests) / max(last.at - first.at, 1e-9)


def sparkline(values: list[float], width: int = SPARKS) -> str:
    """Draw the last `width` values as blocks of their height."""
    shown = values[-width:]
    high = max(shown, default=0) or 1
    return "".join(BLOCKS[round(value / high * (len(BLOCKS) - 1))] for value in shown)


def view(record: Record) -> Group:
    """Build what the terminal shows now."""
    latest = record.samples[-1] if record.samples else Sample(0, 0, 0, 0, 0, 0)
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", min_width=9)
    rows.add_column(justify="right", min_width=8)
    rows.add_column(width=SPARKS, no_wrap=True)
    rows.add_row("fans", f"{record.arrived:,}", ProgressBar(record.fans or 1, record.arrived, width=SPARKS))
    rows.add_row("in line", f"{latest.waiting:,}", _spark([s.waiting for s in record.samples], "cyan"))
    rows.add_row("active", f"{latest.active:,}", _spark([s.active for s in record.samples], "green"))
    rows.add_row("held", f"{latest.held:,}", _spark([s.held for s in record.samples], "yellow"))
    rows.add_row("sold", f"{latest.sold:,}", ProgressBar(record.seats or 1, latest.sold, width=SPARKS))
    return Group(
        Text(f"{record.now():6.1f} s   {pace(record.samples):,.0f} requests/s   {record.finished:,} fans are through"),
        rows,
    )


def _spark(values: list[int], style: str) -> Text:
    return Text(sparkline([float(value) for value in values]), style=style)
