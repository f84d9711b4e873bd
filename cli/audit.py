"""`frontrow audit`: prints every invariant of the data with its figure, and names each violation."""

from datetime import timedelta
from pathlib import Path

import click
import redis
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.configuration import settings_of
from cli.log_lines import console
from models import clock, database
from models.audit import audit
from models.database import DatabaseUnavailableError
from settings import Settings
from workers.broker import broker_of
from workers.presence import present

# An audit reads everything; it may take what a fan's request may not.
DEADLINE = timedelta(minutes=5)
SHOWN = 20


def run(data_dir: Path) -> int:
    """Audit the database of the service on `data_dir` (or of FRONTROW_DATABASE_URL); return the exit status."""
    settings = settings_of(data_dir)
    database.bind(settings.database_url, application_name="frontrow-audit", deadline=DEADLINE)
    try:
        with database.snapshot_session():
            checks = audit(clock.utcnow(), seats_per_user=settings.seats_per_user, workers_run=_workers_run(settings))
    except DatabaseUnavailableError as error:
        message = (
            f"The database cannot be read: {str(error).strip()}\nIs the service running? `frontrow doctor` says more."
        )
        raise click.ClickException(message) from error
    screen = console()
    violated = 0
    table = Table(box=None, pad_edge=False)
    for heading, justify in (("", "left"), ("invariant", "left"), ("figure", "right")):
        table.add_column(heading, justify=justify, no_wrap=bool(not heading))  # type: ignore[arg-type]
    for check in checks:
        violated += bool(check.violations)
        mark = Text("violated", "bold red") if check.violations else Text("ok", "green")
        table.add_row(mark, check.name, str(check.figure))
    screen.print(table)
    for check in checks:
        _name_violations(screen, check.name, [str(violation) for violation in check.violations])
    screen.print(f"{len(checks)} invariants checked, {violated} violated", highlight=False)
    return 1 if violated else 0


def _workers_run(settings: Settings) -> bool:
    """Tell whether somebody is there to keep the promises; without workers a waiting request is no violation."""
    try:
        return bool(present(broker_of(settings)))
    except redis.RedisError:
        return False


def _name_violations(screen: Console, name: str, violations: list[str]) -> None:
    for violation in violations[:SHOWN]:
        screen.print(Text(f"{name}: {violation}", "red"), soft_wrap=True)
    if len(violations) > SHOWN:
        screen.print(Text(f"{name}: and {len(violations) - SHOWN} more", "red"), soft_wrap=True)
