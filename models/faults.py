"""What a database error means: the server is away, somebody was faster, or a rule was broken."""

from collections.abc import Iterator
from typing import Any

import psycopg2
from pony.orm import core

_ADMIN_SHUTDOWN_CLASS = "57P"
_CONNECTION_CLASS = "08"
_OUT_OF_RESOURCES_CLASS = "53"
# A statement that this connection was taught is unknown: the connection was replaced more than once meanwhile.
_NOT_PREPARED = "26000"
_CONTENTION = frozenset({"40001", "40P01", "55P03"})


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
    return state.startswith((_ADMIN_SHUTDOWN_CLASS, _CONNECTION_CLASS, _OUT_OF_RESOURCES_CLASS, _NOT_PREPARED))


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that the server has run out of something: disk, memory, connections."""
    return (sqlstate(error) or "").startswith(_OUT_OF_RESOURCES_CLASS)


def is_contention(error: BaseException) -> bool:
    """Tell whether an error only says that somebody else was faster, so that trying again is right."""
    optimistic = (core.OptimisticCheckError, core.UnrepeatableReadError)
    return sqlstate(error) in _CONTENTION or any(isinstance(layer, optimistic) for layer in _layers(error))
