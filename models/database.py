"""The database: binding Pony to PostgreSQL, sessions that never hang, and raw statements."""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import psycopg2
from pony.orm import Database, core, db_session
from pony.orm.dbproviders.postgres import PGPool
from psycopg2 import extensions

from models import clock

db = Database()

STATEMENT_TIMEOUT = timedelta(seconds=30)
LOCK_TIMEOUT = timedelta(seconds=5)
# After a deadline was missed, others are turned away at once for this long instead of queueing up behind it.
COOL_DOWN = timedelta(seconds=1)
CLOCK_CHECK_INTERVAL = timedelta(seconds=30)

_ADMIN_SHUTDOWN_CLASS = "57P"
_CONNECTION_CLASS = "08"
_TOO_MANY_CONNECTIONS = "53300"
_OUT_OF_RESOURCES_CLASS = "53"
_NOT_PREPARED = "26000"
_CONTENTION = frozenset({"40001", "40P01", "55P03"})


class DatabaseUnavailableError(Exception):
    """The database is away, does not answer in time, or can take nothing more; nothing was changed for sure or not at all."""


# How long this thread waits for one answer of the server, in seconds, where it differs from the process's.
_patience = threading.local()
_default_patience = 5.0
_turned_away_until = 0.0
_target: dict[str, Any] = {}
_binding = threading.Lock()
_clock_checked_at: float | None = None


def bind(url: str, *, application_name: str, deadline: timedelta) -> None:
    """Say which database (a libpq URI) this process uses; once a process, before it forks or not.

    The connection is made with the first session, so a process starts while the database is away.
    `deadline` bounds each wait for the server, connecting included.
    """
    global _default_patience  # noqa: PLW0603  # One database a process, so its deadline is the process's too.
    _default_patience = deadline.total_seconds()
    _target.update(dsn=url, **connection_options(application_name))
    extensions.set_wait_callback(_wait)


def _bind_once() -> None:
    if db.provider is not None and db.schema is not None:
        return
    with _binding:
        if db.provider is None:
            db.bind("postgres", **_target)
        if db.schema is None:
            import models.entities  # noqa: F401, PLC0415  # The mapping needs every entity, and they need `db`.

            db.generate_mapping(check_tables=False)


def connection_options(application_name: str) -> dict[str, Any]:
    """Return the libpq options of every connection; settings are start-up options since sessions share connections."""
    return {
        "connection_factory": _Connection,
        "application_name": application_name,
        "connect_timeout": 3,
        "options": (
            "-c TimeZone=UTC"
            f" -c statement_timeout={int(STATEMENT_TIMEOUT.total_seconds() * 1000)}"
            f" -c lock_timeout={int(LOCK_TIMEOUT.total_seconds() * 1000)}"
            " -c idle_in_transaction_session_timeout=30000"
        ),
    }


@contextmanager
def patience(limit: timedelta) -> Iterator[None]:
    """Let this thread wait longer (or less long) for each answer of the server inside the block."""
    before = getattr(_patience, "seconds", None)
    _patience.seconds = limit.total_seconds()
    try:
        yield
    finally:
        _patience.seconds = before


def _wait(connection: Any) -> None:
    """Wait for the server with a deadline: a server that hangs must not hang its clients.

    psycopg2 calls this instead of blocking in libpq. When it raises, psycopg2 closes the connection.
    """
    limit = getattr(_patience, "seconds", None) or _default_patience
    until = monotonic() + limit
    while (state := connection.poll()) != extensions.POLL_OK:
        remaining = until - monotonic()
        descriptor = connection.fileno()
        poller = select.poll()
        poller.register(descriptor, select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if remaining <= 0 or not poller.poll(remaining * 1000):
            _turn_away()
            message = f"no answer from the database within {limit:g} s"
            raise psycopg2.OperationalError(message)


def _turn_away() -> None:
    global _turned_away_until  # noqa: PLW0603  # The breaker belongs to the process's one database.
    _turned_away_until = monotonic() + COOL_DOWN.total_seconds()


def _release(pool: PGPool, connection: Any) -> None:
    """Give a connection back with a rollback alone.

    Pony would also send DISCARD ALL, a round trip as dear as a small read. No session of ours leaves
    state behind: settings are start-up options and advisory locks are transaction-scoped.
    """
    try:
        connection.rollback()
    except BaseException:
        pool.drop(connection)
        raise


def _reconnect(cache: core.SessionCache, exc: BaseException | None) -> Any:
    """Reconnect between transactions only.

    Pony 0.7.20 also reconnects inside one: the row locks are gone then, and the rest of the
    transaction would be committed as if they were still held.
    """
    if exc is not None and cache.in_transaction:
        original = getattr(exc, "original_exc", exc)
        if cache.database.provider.should_reconnect(original):
            connection, cache.connection = cache.connection, None
            if connection is not None:
                cache.database.provider.drop(connection, cache)
            message = "connection lost inside a transaction"
            raise core.ConnectionClosedError(message) from exc
    return _pony_reconnect(cache, exc)


_pony_reconnect = core.SessionCache.reconnect
core.SessionCache.reconnect = _reconnect
PGPool.release = _release


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
    if monotonic() < _turned_away_until:
        message = "the database did not answer a moment ago"
        raise DatabaseUnavailableError(message)
    try:
        _bind_once()
        yield
    except (core.DBException, psycopg2.Error) as error:
        if is_unavailable(error):
            raise DatabaseUnavailableError(str(error)) from error
        raise


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE behind a Pony or psycopg2 error, looking through Pony's wrappers."""
    for layer in _layers(error):
        code = getattr(layer, "pgcode", None)
        if code:
            return str(code)
    return None


def constraint(error: BaseException) -> str | None:
    """Return the name of the constraint that an error violated, if it did."""
    for layer in _layers(error):
        diagnostics = getattr(layer, "diag", None)
        if diagnostics is not None and diagnostics.constraint_name:
            return str(diagnostics.constraint_name)
    return None


def _layers(error: BaseException) -> Iterator[BaseException]:
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        layer = pending.pop()
        if not isinstance(layer, BaseException) or id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        pending.extend([layer.__cause__, getattr(layer, "original_exc", None)])
        pending.extend(item[1] for item in getattr(layer, "exceptions", ()) if isinstance(item, tuple))


def is_unavailable(error: BaseException) -> bool:
    """Tell whether an error says that the server is away, hung, shutting down or full."""
    if any(isinstance(layer, core.ConnectionClosedError | psycopg2.InterfaceError) for layer in _layers(error)):
        return True
    state = sqlstate(error)
    if state is None:
        return any(isinstance(layer, psycopg2.OperationalError) for layer in _layers(error))
    return state.startswith((_ADMIN_SHUTDOWN_CLASS, _CONNECTION_CLASS, _OUT_OF_RESOURCES_CLASS))


def is_contention(error: BaseException) -> bool:
    """Tell whether an error only says that somebody else was faster, so that trying again is right."""
    optimistic = (core.OptimisticCheckError, core.UnrepeatableReadError)
    return sqlstate(error) in _CONTENTION or any(isinstance(layer, optimistic) for layer in _layers(error))


def rows(sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement with `$name` parameters in the current session; return its rows.

    The text must be a constant: Pony evaluates what stands behind `$`.
    """
    cursor = db._exec_raw_sql(sql, {}, parameters, 0)  # noqa: SLF001  # `db.select` builds a class per call.
    return cursor.fetchall() if cursor.description else []


def change(sql: str, **parameters: Any) -> int:
    """Run one changing statement with `$name` parameters in the current transaction; return the rows it touched."""
    cache = db._get_cache()  # noqa: SLF001
    cache.raw_changes = getattr(cache, "raw_changes", 0) + 1
    return int(db._exec_raw_sql(sql, {}, parameters, 0, start_transaction=True).rowcount)  # noqa: SLF001


class Prepared:
    """A hot statement, parsed and planned once a connection: half the work of a small read.

    `sql` has `$1`, `$2` … of the SQL `types`; the name is the statement's for the server.
    """

    def __init__(self, name: str, types: str, sql: str) -> None:
        """Keep the statement; each connection prepares it when it first needs it."""
        self.name = name
        self._prepare = f"PREPARE {name} ({types}) AS {sql}"
        self._execute = f"EXECUTE {name} ({', '.join(f'%s::{type_.strip()}' for type_ in types.split(','))})"

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Run the statement in the current session; return its rows."""
        cursor = self._run(values)
        return cursor.fetchall() if cursor.description else []

    def change(self, *values: Any) -> int:
        """Run the changing statement in the current transaction; return the rows it touched."""
        cache = db._get_cache()  # noqa: SLF001
        cache.raw_changes = getattr(cache, "raw_changes", 0) + 1
        return int(self._run(values).rowcount)

    def _run(self, values: tuple[Any, ...]) -> Any:
        connection = db._get_cache().prepare_connection_for_query_execution()  # noqa: SLF001
        if self.name not in connection.prepared:
            self._teach()
        try:
            return db._exec_sql(self._execute, values)  # noqa: SLF001
        except core.DBException as error:
            if sqlstate(error) != _NOT_PREPARED or db._get_cache().in_transaction:  # noqa: SLF001
                raise
            # Pony has just replaced a lost connection; the new one has to learn the statement.
            self._teach()
            return db._exec_sql(self._execute, values)  # noqa: SLF001

    def _teach(self) -> None:
        db._exec_sql(self._prepare)  # noqa: SLF001
        db._get_cache().connection.prepared.add(self.name)  # noqa: SLF001


class _Connection(extensions.connection):
    """A connection that knows which statements it has prepared."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prepared: set[str] = set()


def changes() -> tuple[int, bool]:
    """Tell what this session has changed: raw statements counted, and whether an entity waits to be saved."""
    cache = db._get_cache()  # noqa: SLF001
    return getattr(cache, "raw_changes", 0), bool(cache.modified)


def give_up_at() -> datetime:
    """Return when a client that asks now will have stopped waiting for the server, by the database's clock."""
    seconds = getattr(_patience, "seconds", None) or _default_patience
    return clock.corrected(datetime.now(UTC)) + timedelta(seconds=seconds)


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
