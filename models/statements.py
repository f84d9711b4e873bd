"""Statements of our own beside Pony's: raw, and prepared once a connection where they are hot."""

from typing import Any

from pony.orm import core

from models.connection import db
from models.faults import sqlstate

_NOT_PREPARED = "26000"


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


def changes() -> tuple[int, bool]:
    """Tell what this session has changed: raw statements counted, and whether an entity waits to be saved."""
    cache = db._get_cache()  # noqa: SLF001
    return getattr(cache, "raw_changes", 0), bool(cache.modified)


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
            # Pony has just replaced a lost connection; the new one has to learn the statement. Nothing was done in this
            # transaction yet, and what failed has spoiled it.
            db._get_cache().connection.rollback()  # noqa: SLF001
            self._teach()
            return db._exec_sql(self._execute, values)  # noqa: SLF001

    def _teach(self) -> None:
        db._exec_sql(self._prepare)  # noqa: SLF001
        db._get_cache().connection.prepared.add(self.name)  # noqa: SLF001
