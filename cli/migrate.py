"""`frontrow migrate`: bring the database to the newest schema, as the release step of a deployment."""

from pathlib import Path

import click
import psycopg2

from cli.configuration import settings_of
from models.migrate import migrate


def run(data_dir: Path) -> None:
    """Apply what is missing and name it. Raises ClickException when the database cannot be reached or refuses."""
    settings = settings_of(data_dir)
    try:
        applied = migrate(settings.database_url)
    except psycopg2.Error as error:
        raise click.ClickException(f"The database cannot be migrated: {str(error).strip()}") from error
    click.echo(f"Applied: {', '.join(applied)}" if applied else "Nothing to apply, the schema is up to date.")
