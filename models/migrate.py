"""Migrations: versioned SQL files, applied in order, each in its own transaction, once."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

MIGRATIONS = Path(__file__).parent / "migrations"
# Two deployments at once must not apply a file twice; the number only has to be ours.
LOCK_KEY = 7_266_766


def migrate(url: str) -> list[str]:
    """Apply what is missing at the database `url`; return the names applied, oldest first."""
    applied = []
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        for path in _missing(cursor):
            cursor.execute("BEGIN")
            cursor.execute(path.read_text(encoding="utf-8"))
            cursor.execute("INSERT INTO schema_migration (name) VALUES (%s)", (path.stem,))
            cursor.execute("COMMIT")
            applied.append(path.stem)
    return applied


def pending(url: str) -> list[str]:
    """Return the names of the migrations that the database `url` does not have yet."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        return [path.stem for path in _missing(connection.cursor())]


def _missing(cursor: Any) -> list[Path]:
    cursor.execute("SELECT to_regclass('schema_migration') IS NOT NULL")
    if not cursor.fetchone()[0]:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    cursor.execute("SELECT name FROM schema_migration")
    known = {name for (name,) in cursor.fetchall()}
    return [path for path in sorted(MIGRATIONS.glob("*.sql")) if path.stem not in known]
