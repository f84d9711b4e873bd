"""Saving in one trip: what a session changes is kept until somebody has to see it, then sent as one statement.

Pony decides what is saved, and compares what it has read; only the sending is put together here. Pony writes a
statement a row. Rows whose statements read alike become one part that takes a column as an array, and the parts
become one statement, prepared once a connection: a batch of purchases costs as much text as one of them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache as computed_once
from hashlib import blake2b
from typing import Any, NamedTuple

from pony.orm import core

from models.connection import db
from models.statements import Prepared

_pony_flush = core.SessionCache.flush
_pony_exec_sql = core.Database._exec_sql  # noqa: SLF001

_PARAMETER = re.compile(r"%\((\w+)\)s")
# An update names a column before each value, and compares a float with a difference.
_COLUMN_AND_PARAMETER = re.compile(r'"(\w+)" (?:=|-) %\((\w+)\)s')
_INSERT = re.compile(r'INSERT INTO "(?P<table>\w+)" \((?P<columns>[^)]+)\) VALUES \((?P<values>.+)\)', re.DOTALL)
_UPDATE = re.compile(r'UPDATE "(?P<table>\w+)"\s+SET (?P<changes>.+)\s+WHERE (?P<condition>.+)', re.DOTALL)


class Part(NamedTuple):
    """A statement of Pony's for one row, made one for many: its parameters, their SQL types, and its text.

    In the text `{arrays}` stands for the arrays of the parameters, which it reads as the rows of `kept`.
    """

    parameters: tuple[str, ...]
    types: tuple[str, ...]
    text: str


class Unsent:
    """What a session has changed and not sent yet: rows by Pony's statement, and which objects they are."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.rows: dict[str, list[Mapping[str, Any]]] = {}
        self.objects: set[tuple[type, Any]] = set()


class _Kept:
    """Stands for a statement's cursor until all are sent; what it claims is checked then."""

    rowcount = 1


def keep() -> None:
    """Take over what the session has changed so far, to be sent with what it changes next.

    Whatever it asks the server sends it first, and so does its commit: nobody sees the difference, only one trip
    is made where there were many.
    """
    _keep(db._get_cache())  # noqa: SLF001


def keep_rows(sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change rows, each by this statement of Pony's form, in the same trip as what the session changes besides.

    Raises `OptimisticCheckError` when they are sent, at the latest with the commit, and one of them did not change.
    """
    cache = db._get_cache()  # noqa: SLF001
    cache.raw_changes = getattr(cache, "raw_changes", 0) + 1
    _unsent(cache).rows.setdefault(sql, []).extend(rows)


def _keep(cache: core.SessionCache) -> None:
    objects = {(type(saved), saved._pkval_) for saved in cache.objects_to_save if saved is not None}
    unsent = _unsent(cache)
    if not unsent.objects.isdisjoint(objects):
        # The parts of one statement do not see each other's rows, so each object is in it once.
        _send(cache)
        unsent = _unsent(cache)
    unsent.objects |= objects
    if objects:
        # Nothing waits to be saved from now on, so what was changed must show in another way (`statements.changes`).
        cache.raw_changes = getattr(cache, "raw_changes", 0) + 1
    cache.keeps = True
    try:
        _pony_flush(cache)
    finally:
        cache.keeps = False


def _unsent(cache: core.SessionCache) -> Unsent:
    unsent: Unsent = cache.__dict__.setdefault("unsent", Unsent())
    return unsent


def _flush(cache: core.SessionCache) -> None:
    """Save what was changed, as Pony's own flush does, in one trip."""
    if cache.noflush_counter:
        return
    if cache.modified:
        _keep(cache)
    _send(cache)


def _exec_sql(database: core.Database, sql: str, arguments: Any = None, *given: Any, **options: Any) -> Any:
    """Keep a change that Pony saves; before any other statement send what was kept."""
    cache = database._get_cache()  # noqa: SLF001
    if getattr(cache, "keeps", False):
        # An id that the server gives is needed at once.
        if not options.get("returning_id") and _part(sql) is not None:
            _unsent(cache).rows.setdefault(sql, []).append(arguments)
            return _Kept
    elif cache.modified and not cache.noflush_counter:
        _keep(cache)
    _send(cache)
    return _pony_exec_sql(database, sql, arguments, *given, **options)


def _send(cache: core.SessionCache) -> None:
    """Send what was kept. Raises OptimisticCheckError when a row was not as it had been read."""
    unsent = cache.__dict__.pop("unsent", None)
    if unsent is None or not unsent.rows:
        return
    statement = _statement(tuple(unsent.rows))
    # What was changed since must not go before it.
    with cache.flush_disabled():
        [found] = statement.rows(*_arrays(unsent.rows))
    if cache.db_session is not None and not cache.db_session.optimistic:
        return
    for sql, changed, rows in zip(unsent.rows, found, unsent.rows.values(), strict=True):
        if changed != len(rows):
            message = f"changed by somebody else: {len(rows) - changed} of {sql}"
            raise core.OptimisticCheckError(message)


def _arrays(rows_by_sql: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[list[Any]]:
    """Return the columns of all parts, in the order of the statement's parameters."""
    return [
        [row[parameter] for row in rows] for sql, rows in rows_by_sql.items() for parameter in _part_of(sql).parameters
    ]


@computed_once
def _statement(sqls: tuple[str, ...]) -> Prepared:
    """Put the parts of these statements of Pony's together; there are as many as operations have ways to end."""
    types: list[str] = []
    steps = []
    for number, part in enumerate(map(_part_of, sqls)):
        arrays = ", ".join(f"${len(types) + index}" for index in range(1, len(part.types) + 1))
        types += part.types
        steps.append(f"change_{number} AS ({part.text.format(arrays=arrays)} RETURNING 1)")
    counts = ", ".join(f"(SELECT count(*) FROM change_{number})" for number in range(len(steps)))  # noqa: S608
    text = f"WITH {', '.join(steps)} SELECT {counts}"
    return Prepared(f"save_{blake2b(text.encode(), digest_size=8).hexdigest()}", ", ".join(types), text)


def _part_of(sql: str) -> Part:
    part = _part(sql)
    if part is None:
        message = f"not a change of one row: {sql}"
        raise ValueError(message)
    return part


@computed_once
def _part(sql: str) -> Part | None:
    """Return a statement of Pony's as one for many rows; None for one that cannot be."""
    parameters = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    as_kept = _PARAMETER.sub(r"kept.\1", sql).replace("{", "{{").replace("}", "}}")
    kept = f"unnest({{arrays}}) AS kept ({', '.join(parameters)})"
    if insert := _INSERT.fullmatch(as_kept):
        table = insert["table"]
        columns = dict(zip(parameters, re.findall(r'"(\w+)"', insert["columns"]), strict=False))
        text = f'INSERT INTO "{table}" ({insert["columns"]}) SELECT {insert["values"]} FROM {kept}'  # noqa: S608
    elif update := _UPDATE.fullmatch(as_kept):
        table = update["table"]
        columns = {parameter: column for column, parameter in _COLUMN_AND_PARAMETER.findall(sql)}
        text = f'UPDATE "{table}" SET {update["changes"]} FROM {kept} WHERE {update["condition"]}'  # noqa: S608
    else:
        return None
    return Part(parameters, _types(table, columns, parameters), text) if columns.keys() == set(parameters) else None


def _types(table: str, columns: Mapping[str, str], parameters: Sequence[str]) -> tuple[str, ...]:
    """Return the array types of parameters, from the entity whose columns they belong to."""
    [entity] = [entity for entity in db.entities.values() if entity._table_ == table]
    types = {
        column: converter.get_sql_type()
        for attribute in entity._attrs_with_columns_
        for column, converter in zip(attribute.columns, attribute.converters, strict=True)
    }
    return tuple(f"{types[columns[parameter]]}[]" for parameter in parameters)


core.SessionCache.flush = _flush
core.Database._exec_sql = _exec_sql  # noqa: SLF001
