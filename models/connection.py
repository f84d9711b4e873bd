"""The connection to PostgreSQL: bound lazily, bounded in time, never replaced inside a transaction."""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import psycopg2
from pony.orm import Database, core
from pony.orm.dbproviders.postgres import PGPool
from psycopg2 import extensions

db = Database()
# Pony has no types; named apart so that the entities' base is one that mypy lets pass.
Entity: Any = db.Entity

STATEMENT_TIMEOUT = timedelta(seconds=30)
LOCK_TIMEOUT = timedelta(seconds=5)
# After a deadline was missed, others are turned away at once for this long instead of queueing up behind it.
COOL_DOWN = timedelta(seconds=1)

# How long this thread waits for one answer of the server, in seconds, where it differs from the process's.
_patience = threading.local()
_default_patience = 5.0
_turned_away_until = 0.0
_target: dict[str, Any] = {}
_binding = threading.Lock()


def bind(url: str, *, application_name: str, deadline: timedelta) -> None:
    """Say which database (a libpq URI) this process uses; once a process, before it forks or not.

    The connection is made with the first session, so a process starts while the database is away.
    `deadline` bounds each wait for the server, connecting included.
    """
    global _default_patience  # noqa: PLW0603  # One database a process, so its deadline is the process's too.
    _default_patience = deadline.total_seconds()
    _target.update(dsn=url, **connection_options(application_name))
    extensions.set_wait_callback(_wait)


def bind_once() -> None:
    """Connect and map the entities, unless that was done. Raises Pony's errors when the server is away."""
    if db.provider is not None and db.schema is not None:
        return
    with _binding:
        if db.provider is None:
            db.bind("postgres", **_target)
        if db.schema is None:
            import models.entities  # noqa: F401  # The mapping needs every entity, and they need `db`.

            db.generate_mapping(check_tables=False)


class Connection(extensions.connection):
    """A connection that knows which statements it has prepared."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Connect as psycopg2 does."""
        super().__init__(*arguments, **options)
        self.prepared: set[str] = set()


def connection_options(application_name: str) -> dict[str, Any]:
    """Return the libpq options of every connection; settings are start-up options since sessions share connections."""
    return {
        "connection_factory": Connection,
        "application_name": application_name,
        "connect_timeout": 3,
        "options": (
            "-c TimeZone=UTC"
            f" -c statement_timeout={int(STATEMENT_TIMEOUT.total_seconds() * 1000)}"
            f" -c lock_timeout={int(LOCK_TIMEOUT.total_seconds() * 1000)}"
            " -c idle_in_transaction_session_timeout=30000"
            " -c plan_cache_mode=force_generic_plan"
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


def patience_seconds() -> float:
    """Return how long this thread waits for one answer of the server, in seconds."""
    return getattr(_patience, "seconds", None) or _default_patience


def _wait(connection: Any) -> None:
    """Wait for the server with a deadline: a server that hangs must not hang its clients.

    psycopg2 calls this instead of blocking in libpq. When it raises, psycopg2 closes the connection.
    """
    limit = patience_seconds()
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


def is_turned_away() -> bool:
    """Tell whether the server missed a deadline a moment ago, so that waiting again is no use."""
    return monotonic() < _turned_away_until


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
