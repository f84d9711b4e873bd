"""Saving in one trip: what one flush changes goes to the server as one statement, where Pony sends one a row.

A purchase changes five rows at its end, and a round trip costs more than each of the changes. Pony still
decides what is saved and compares what it has read; only the sending is put together here.
"""

from typing import Any

from pony.orm import core

# A statement of PostgreSQL answers with 1664 columns at most, and each change has one.
MOST_TOGETHER = 500

_pony_flush = core.SessionCache.flush
_pony_exec_sql = core.Database._exec_sql  # noqa: SLF001


class _Sent:
    """Stands for a statement's cursor until all are sent; what it claims is checked then."""

    rowcount = 1


def _flush(cache: core.SessionCache) -> None:
    """Let Pony save what was changed, and send its statements together."""
    if cache.noflush_counter or not cache.modified:
        return
    together: list[tuple[str, Any]] = []
    cache.saving_together = together
    try:
        _pony_flush(cache)
    finally:
        cache.saving_together = None
    optimistic = cache.db_session is None or cache.db_session.optimistic
    for start in range(0, len(together), MOST_TOGETHER):
        _send(cache.database, together[start : start + MOST_TOGETHER], optimistic=optimistic)


def _exec_sql(database: core.Database, sql: str, arguments: Any = None, *given: Any, **options: Any) -> Any:
    """Keep a change for later while a flush is under way; an id that the server gives is needed at once."""
    together = getattr(database._get_cache(), "saving_together", None)  # noqa: SLF001
    if together is None or options.get("returning_id"):
        return _pony_exec_sql(database, sql, arguments, *given, **options)
    together.append((sql, arguments))
    return _Sent


def _send(database: core.Database, together: list[tuple[str, Any]], *, optimistic: bool) -> None:
    """Send changes of different rows as one statement. Raises OptimisticCheckError when one found its row changed."""
    cursor = database.get_connection().cursor()
    # Every part is a statement of Pony, with its values quoted by psycopg2.
    changes = [cursor.mogrify(sql, arguments).decode() for sql, arguments in together]
    steps = ", ".join(f"change_{number} AS ({change} RETURNING 1)" for number, change in enumerate(changes))
    counts = ", ".join(f"(SELECT count(*) FROM change_{number})" for number in range(len(changes)))  # noqa: S608
    statement = f"WITH {steps} SELECT {counts}"
    found = _pony_exec_sql(database, statement, start_transaction=True).fetchone()
    if optimistic and 0 in found:
        message = f"changed by somebody else: {together[found.index(0)][0]}"
        raise core.OptimisticCheckError(message)


core.SessionCache.flush = _flush
core.Database._exec_sql = _exec_sql  # noqa: SLF001
