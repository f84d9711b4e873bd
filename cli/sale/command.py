"""`frontrow sale`: a simulated on-sale against a running service, watched live and summed up."""

import asyncio
import gc
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from cli.duration import DURATION
from cli.sale import crowd, descriptors, plan, progress
from cli.sale.connections import Outside
from cli.sale.opening import open_sale
from cli.sale.record import Record
from cli.sale.report import report
from cli.sale.summary import Summary, summarise
from cli.sale.summary_text import rendered
from cli.service import DEFAULT_DATA_DIR, DataDir

AUDIT_WITHIN = 300.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was asked for. Durations in seconds."""

    fans: int
    seats: int
    arrive_over: float
    seed: int
    capacity: int
    think: float
    at_most: float


FILE = click.Path(path_type=Path, dir_okay=False)


def writable(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that cannot be written before the sale, which takes minutes, begins."""
    if path is None:
        return None
    folder = path.absolute().parent
    if not folder.is_dir():
        message = f"there is no folder {folder}"
        raise click.BadParameter(message, context, option)
    if not os.access(path if path.exists() else folder, os.W_OK):
        message = f"{path} cannot be written"
        raise click.BadParameter(message, context, option)
    return path


@click.command()
@click.option("--fans", type=click.IntRange(1, 200_000), required=True, help="How many fans come.")
@click.option("--seats", type=click.IntRange(1, 100_000), required=True, help="How many seats there are.")
@click.option("--arrive-over", type=DURATION, default="30s", show_default=True, help="The window they arrive in.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same crowd.")
@click.option("--capacity", type=click.IntRange(1), default=100, show_default=True, help="Active tokens at most.")
@click.option("--think", type=DURATION, default="1s", show_default=True, help="How long a fan thinks at each step.")
@click.option("--at-most", type=DURATION, default="15m", show_default=True, help="When the sale ends at the latest.")
@click.option("--url", help="A service other than the data directory's.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="FRONTROW_DATA_DIR",
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="The folder of the service's data and secret.",
)
@click.option("--report", "page", type=FILE, callback=writable, help="Write a page with plots.")
@click.option("--json", "data", type=FILE, callback=writable, help="Write the summary as JSON.")
def sale(  # noqa: PLR0913 - they are the options.
    *,
    fans: int,
    seats: int,
    arrive_over: float,
    seed: int,
    capacity: int,
    think: float,
    at_most: float,
    url: str | None,
    data_dir: Path,
    page: Path | None,
    data: Path | None,
) -> None:
    """Run a simulated on-sale over HTTP against a running service, then sum it up."""
    console = Console()
    options = Options(fans, seats, arrive_over, seed, capacity, think, at_most)
    record = run(options, _where(url, data_dir), data_dir, console)
    summary = summarise(record, _audit(url, data_dir))
    console.print(rendered(summary))
    _write(summary, record, page, data)
    if not summary.sound:
        sys.exit(1)


def run(options: Options, url: str, data_dir: Path, console: Console) -> Record:
    """Open a sale, live through it, and return its record."""
    opened = open_sale(url, data_dir, seats=options.seats, capacity=options.capacity, at_most=options.at_most)
    console.print(f"Concert {opened.concert_id}: {options.seats:,} seats, {options.fans:,} fans, {url}")
    plans = plan.crowd(options.fans, options.arrive_over, options.seed, options.think)
    return asyncio.run(_live(opened, plans, url, options, console))


async def _live(opened: crowd.Sale, plans: list[plan.FanPlan], url: str, options: Options, console: Console) -> Record:
    way = Outside(url, descriptors.raised())
    # The plans live as long as the run: collecting garbage among them again and again would slow the fans.
    gc.freeze()
    record = Record(options.fans, options.seats)
    watching = asyncio.create_task(progress.watch(record, console))
    try:
        await crowd.run(opened, plans, way, record)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        way.shut()
    return record


def _where(url: str | None, data_dir: Path) -> str:
    if url:
        return url.rstrip("/")
    service = DataDir(data_dir).running()
    if service is None:
        raise click.ClickException(f"No service runs on {data_dir}. Start one (frontrow up), or name one: --url")
    return service.url


def _audit(url: str | None, data_dir: Path) -> str:
    """Run `frontrow audit` on the same data, when it is at hand; return its verdict in one line."""
    if url or DataDir(data_dir).running() is None:
        return "not run, the database is not at hand (frontrow audit does it there)"
    command = [sys.executable, "-m", "cli.main", "audit", "--data-dir", str(data_dir)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_WITHIN, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"not finished within {AUDIT_WITHIN:.0f} s"
    if done.returncode == 0:
        return "clean"
    return "VIOLATED: " + " / ".join((done.stdout + done.stderr).strip().splitlines()[-3:])


def _write(summary: Summary, record: Record, page: Path | None, data: Path | None) -> None:
    if page:
        page.write_text(report(summary, record, "frontrow " + " ".join(sys.argv[1:])), encoding="utf-8")
        click.echo(f"Report: {page}")
    if data:
        data.write_text(json.dumps(summary.as_dict(), indent=1) + "\n", encoding="utf-8")
