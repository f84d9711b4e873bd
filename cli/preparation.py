"""What the database needs before the service starts: `python -m cli.preparation`, a process of its own.

The supervisor starts it and lives as long as the service; what is needed for this moment alone, the ORM and the
checks of the settings, would stay in its memory for good.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable

import click
import psycopg2

from cli.errors import CannotStartError


def prepare(*, demo: bool, say: Callable[[str], None]) -> None:
    """Bring the schema up to date, in demo mode with a concert on sale; says what was done.

    Raises CannotStartError for unusable settings and for a database that cannot be prepared.
    """
    done = subprocess.run(  # noqa: S603 - argv is ours
        [sys.executable, "-m", "cli.preparation", *(["--demo"] if demo else [])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        say(line)
    if done.returncode:
        raise CannotStartError(done.stderr.strip() or f"the database's preparation ended with {done.returncode}")


def main() -> int:
    """Prepare the database that the environment names; the exit status is 1 when that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m cli.preparation", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="put a concert on an empty programme")
    demo = parser.parse_args().demo
    from cli import demo_concert
    from cli.configuration import load_settings
    from models.database import DatabaseUnavailableError
    from models.migrate import migrate

    try:
        settings = load_settings()
        applied = migrate(settings.database_url)
        click.echo(f"migrated: {', '.join(applied)}" if applied else "the schema is up to date")
        concert = demo_concert.add_to_empty_programme(settings.database_url, settings.policy) if demo else None
    except (psycopg2.Error, DatabaseUnavailableError) as error:
        click.echo(f"The database cannot be prepared: {str(error).strip()}", err=True)
        return 1
    except click.ClickException as error:
        click.echo(error.message, err=True)
        return 1
    if concert:
        click.echo(f"put the demo concert {concert['title']!r} on the programme")
    return 0


if __name__ == "__main__":
    sys.exit(main())
