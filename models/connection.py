"""The connection to PostgreSQL: bound lazily, bounded in time, never replaced inside a transaction."""

import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import psycopg2
from pony.orm import Database, core
from pony.orm.dbproviders.postgres import PGPool
from psycopg2 import extensions

from models.outage import Outage

db = Database()
# Pony has no types; named apart so that the entities' base is one that mypy lets pass.
Entity: Any = db.Entity

STATEMENT_TIMEOUT = timedelta(seconds=30)
LOCK_TIMEOUT = timedelta(seconds=5)
# A server that lives lets somebody in, or says why not, in this time.
KNOCK_PATIENCE = timedelta(seconds=0.5)

# `seconds`: how long this thread waits for one answer of the server, where it differs from the process's.
# `left`: how long it may wait in all, where that is limited.
_patience = threading.local()
# Plans are kept. One that was made while a table was small, as all are when a sale begins, would go on to read the
# whole table until somebody analyses it. Each statement of web and workers has its index; workers join nothing large.
WITHOUT_SCANS = ("enable_seqscan",)
WITHOUT_JOINS = (*WITHOUT_SCANS, "enable_hashjoin", "enable_mergejoin")

_default_patience = 5.0
_target: dict[str, Any] = {}
_binding = threading.Lock()


def bind(url: str, *, application_name: str, deadline: timedelta, without: Sequence[str] = ()) -> None:
    """Say which database (a libpq URI) this process uses; once a process, before it forks or not.

    The connection is made with the first session, so a process starts while the database is away.
    `deadline` bounds each wait for the server, connecting included. `without` names ways to read that the server's
    planner shall leave alone (`WITHOUT_SCANS`, `WITHOUT_JOINS`).
    """
    global _default_patience  # noqa: PLW0603  # One database a process, so its deadline is the process's too.
    _default_patience = deadline.total_seconds()
    _target.update(dsn=url, **connection_options(application_name, without))
    extensions.set_wait_callback(_wait)


def bind_once() -> None:
    """Connect and map the entities, unless that was done. Raises Pony's errors when the server is away."""
    if db.provider is not None and db.schema is not None:
        return
    take(_binding)
    try:
        if db.provider is None:
            db.bind("postgres", **_target)
        if db.schema is None:
            import models.entities  # noqa: F401  # The mapping needs every entity, and they need `db`.

            db.generate_mapping(check_tables=False)
    finally:
        _binding.release()


class Connection(extensions.connection):
    """A connection that knows which statements it has prepared."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Connect as psycopg2 does."""
        super().__init__(*arguments, **options)
        self.prepared: set[str] = set()


def connection_options(application_name: str, without: Sequence[str] = ()) -> dict[str, Any]:
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
            # What the planner is kept from counts as dear; a statement that has no other way would be compiled.
            " -c jit=off" + "".join(f" -c {way}=off" for way in without)
        ),
    }


class NoAnswerError(psycopg2.OperationalError):
    """The server did not answer in time; the connection is closed."""


@contextmanager
def patience(limit: timedelta) -> Iterator[None]:
    """Let this thread wait longer (or less long) for each answer of the server inside the block."""
    before = getattr(_patience, "seconds", None)
    _patience.seconds = limit.total_seconds()
    try:
        yield
    finally:
        _patience.seconds = before


def wait_in_all(limit: timedelta | None) -> None:
    """Let all waits of this thread for the server, from now on, take no longer than this together; None ends that.

    One request waits for several answers one after the other, and its client for all of them.
    """
    _patience.left = None if limit is None else limit.total_seconds()


def patience_seconds() -> float:
    """Return how long this thread waits for the next answer of the server, in seconds."""
    seconds = getattr(_patience, "seconds", None) or _default_patience
    left = getattr(_patience, "left", None)
    return seconds if left is None else max(0.0, min(seconds, left))


def take(lock: threading.Lock) -> None:
    """Acquire a lock whose holder waits for the server, as patiently as one would wait for the server oneself.

    Raises `NoAnswerError` when it takes longer.
    """
    began = monotonic()
    taken = lock.acquire(timeout=patience_seconds())
    _waited(monotonic() - began)
    if not taken:
        message = "others waited too long for the database"
        raise NoAnswerError(message)


def _waited(seconds: float) -> None:
    left = getattr(_patience, "left", None)
    if left is not None:
        _patience.left = left - seconds


def _wait(connection: Any) -> None:
    """Wait for the server with a deadline: a server that hangs must not hang its clients.

    psycopg2 calls this instead of blocking in libpq. When it raises, psycopg2 closes the connection.
    """
    limit, began = patience_seconds(), monotonic()
    while (state := connection.poll()) != extensions.POLL_OK:
        remaining = began + limit - monotonic()
        descriptor = connection.fileno()
        poller = select.poll()
        poller.register(descriptor, select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if remaining <= 0 or not poller.poll(remaining * 1000):
            _waited(monotonic() - began)
            _missed()
            message = f"no answer from the database within {limit:g} s"
            raise NoAnswerError(message)
    _waited(monotonic() - began)
    outage.heard()


def _missed() -> None:
    if not getattr(_patience, "knocks", False):
        outage.missed()


def _answers() -> bool:
    """Knock at the server: it answers when it lets us in as well as when it says no, or when nothing is there."""
    left, _patience.left, _patience.knocks = getattr(_patience, "left", None), None, True
    try:
        with patience(KNOCK_PATIENCE):
            psycopg2.connect(**_target).close()
    except NoAnswerError:
        return False
    except psycopg2.Error:
        return True
    finally:
        _patience.left, _patience.knocks = left, False
    return True


outage = Outage(_answers)


def is_turned_away() -> bool:
    """Tell whether waiting is no use: the server answers nobody, or this thread has waited as long as it may."""
    return patience_seconds() <= 0 or outage.turns_away()


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
    """Reconnect between transactions only, and not to a server that has just missed a deadline.

    Pony 0.7.20 also reconnects inside one: the row locks are gone then, and the rest of the
    transaction would be committed as if they were still held. And it would send what was not answered once more, for
    which its client would wait twice.
    """
    original = getattr(exc, "original_exc", exc)
    is_hung = isinstance(original, NoAnswerError)
    if exc is not None and (is_hung or cache.in_transaction) and cache.database.provider.should_reconnect(original):
        connection, cache.connection = cache.connection, None
        if connection is not None:
            cache.database.provider.drop(connection, cache)
        message = str(original) if is_hung else "connection lost inside a transaction"
        raise core.ConnectionClosedError(message) from exc
    return _pony_reconnect(cache, exc)


_pony_reconnect = core.SessionCache.reconnect
core.SessionCache.reconnect = _reconnect
PGPool.release = _release
