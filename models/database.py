"""The database as the rest of the domain uses it: sessions, statements, and its clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

import psycopg2
from pony.orm import core, db_session

from models import clock
from models.connection import (
    WITHOUT_JOINS,
    WITHOUT_SCANS,
    Entity,
    bind,
    bind_once,
    db,
    is_turned_away,
    patience,
    patience_seconds,
    wait_in_all,
)
from models.faults import constraint, is_contention, is_full, is_unavailable, sqlstate
from models.saving import keep, keep_rows
from models.statements import Prepared, change, changes, rows

__all__ = [
    "WITHOUT_JOINS",
    "WITHOUT_SCANS",
    "DatabaseUnavailableError",
    "Entity",
    "Prepared",
    "bind",
    "change",
    "changes",
    "check_clock",
    "constraint",
    "db",
    "give_up_at",
    "is_contention",
    "is_full",
    "is_unavailable",
    "keep",
    "keep_rows",
    "patience",
    "read_session",
    "rows",
    "snapshot_session",
    "sqlstate",
    "wait_in_all",
    "write_session",
]

CLOCK_CHECK_INTERVAL = timedelta(seconds=30)
_clock_checked_at: float | None = None


class DatabaseUnavailableError(Exception):
    """The database is away, does not answer in time, or can take nothing more."""


@contextmanager
def read_session() -> Iterator[None]:
    """Open a session for reading: autocommit, no transaction. Raises `DatabaseUnavailableError`."""
    with _available(), db_session:
        yield


@contextmanager
def snapshot_session() -> Iterator[None]:
    """Open a session whose statements all read the data of one moment. Raises `DatabaseUnavailableError`."""
    with write_session():
        change("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def write_session() -> Iterator[None]:
    """Open one transaction; commits at the end, rolls back on an exception. Raises `DatabaseUnavailableError`."""
    with _available(), db_session(immediate=True):
        yield


@contextmanager
def _available() -> Iterator[None]:
    if is_turned_away():
        message = "the database did not answer a moment ago"
        raise DatabaseUnavailableError(message)
    try:
        bind_once()
        yield
    except (core.DBException, core.TransactionError, psycopg2.Error) as error:
        if is_unavailable(error):
            raise DatabaseUnavailableError(str(error)) from error
        raise


def give_up_at() -> datetime:
    """Return when a client that asks now will have stopped waiting for the server, by the database's clock."""
    return clock.corrected(datetime.now(UTC)) + timedelta(seconds=patience_seconds())


def check_clock() -> None:
    """Measure the clock against the database's, unless that was done lately. Needs no open session."""
    global _clock_checked_at  # noqa: PLW0603  # The clock is the process's.
    if _clock_checked_at is not None and monotonic() - _clock_checked_at < CLOCK_CHECK_INTERVAL.total_seconds():
        return
    with read_session():
        rows("SELECT 1")  # The connection is made before the time is taken.
        asked_at = datetime.now(UTC)
        [(database_now,)] = rows("SELECT clock_timestamp()")
        clock.correct_to(database_now, asked_at, datetime.now(UTC))
    _clock_checked_at = monotonic()
