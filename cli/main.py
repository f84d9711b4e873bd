"""The `frontrow` command and its subcommands; each imports what it needs only when it is called."""

import importlib
import sys
from pathlib import Path

import click

from cli.duration import DURATION
from cli.service import DEFAULT_DATA_DIR

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="FRONTROW_DATA_DIR",
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="The folder of the service's data and secret.",
)

# Commands with a module of their own: where they stand.
ELSEWHERE = {"demo": "cli.demo:demo", "sale": "cli.sale.command:sale"}


class Commands(click.Group):
    """The commands below and those elsewhere, which are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, or None when there is no such."""
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, name = ELSEWHERE[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Frontrow: a line in front of a concert's seats."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port to listen on.")
@data_dir_option
@click.option("--fresh", is_flag=True, help="Throw the embedded servers' data away first.")
@click.option("--no-demo", is_flag=True, help="No demo concert and no demo mode.")
def up(host: str, port: int, data_dir: Path, *, fresh: bool, no_demo: bool) -> None:
    """Start everything in the foreground; Ctrl-C stops it and keeps the data."""
    from cli.log_lines import LogLines, console
    from cli.up import Options
    from cli.up import up as run

    run(Options(host, port, data_dir, fresh=fresh, demo=not no_demo), LogLines(console()))


@main.command()
@click.argument("user")
@click.option("--operator", is_flag=True, help="Let the holder do what operators do.")
@click.option("--ttl", type=DURATION, default="1h", show_default=True, help="How long it is good, e.g. 90s, 30m, 12h.")
@click.option("--name", help="The name that tickets and the desk show.")
@data_dir_option
def token(user: str, ttl: float, data_dir: Path, name: str | None, *, operator: bool) -> None:
    """Print an identity (a JWT) for USER, signed with the service's secret."""
    from cli.token import identity

    click.echo(identity(user, operator=operator, seconds=ttl, data_dir=data_dir, name=name))


@main.command()
@data_dir_option
def migrate(data_dir: Path) -> None:
    """Bring the database to the newest schema."""
    from cli.migrate import run

    run(data_dir)


@main.command()
@click.option("--url", help="A service other than the data directory's.")
@data_dir_option
def doctor(url: str | None, data_dir: Path) -> None:
    """Check settings, versions and reachability, and say what to do."""
    from cli.doctor import run

    sys.exit(run(data_dir, url))


@main.command()
@data_dir_option
def audit(data_dir: Path) -> None:
    """Check every invariant of the data; ends with status 1 when one is violated."""
    from cli.audit import run

    sys.exit(run(data_dir))


if __name__ == "__main__":
    main()
