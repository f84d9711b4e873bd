"""Row locks, taken in one order everywhere: queue, token, reservation, seats by id, point account."""

from collections.abc import Iterable
from typing import Any, TypeVar

from models.database import db

E = TypeVar("E")


def lock(entity: type[E], keys: Iterable[Any], *, anew: bool = False) -> dict[Any, E]:
    """Lock the rows with these primary keys, in key order, and return those that exist, by key.

    A row that this session has locked before costs nothing, so a batch may lock everything it needs
    with one statement a table, and each of its requests lock again what is its own.

    The rows are loaded after they are locked but not marked as locked for Pony: its UPDATEs then
    still compare what was read, and a lock that was lost with its connection cannot lead to a
    lost update. `anew` asks again for rows that were not there before.
    """
    table, key = entity._table_, entity._pk_columns_[0]  # type: ignore[attr-defined]
    locked: dict[Any, E] = remembered(f"locked {table}")
    wanted = sorted(set(keys))
    missing = [value for value in wanted if value not in locked or (anew and locked[value] is None)]
    if missing:
        sql = f"SELECT * FROM {table} WHERE {key} = ANY($missing) ORDER BY {key} FOR UPDATE"  # noqa: S608
        found = entity.select_by_sql(sql, {}, {"missing": missing})  # type: ignore[attr-defined]
        locked.update(dict.fromkeys(missing))
        locked.update({getattr(row, key): row for row in found})
    return {value: locked[value] for value in wanted if locked[value] is not None}


def remembered(name: str) -> dict[Any, Any]:
    """Return what this session remembers under a name; it forgets with its end."""
    memory: dict[str, dict[Any, Any]] = db._get_cache().__dict__.setdefault("frontrow", {})  # noqa: SLF001
    return memory.setdefault(name, {})
