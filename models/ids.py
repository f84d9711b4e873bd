"""Ids taken ahead: a row whose id is known is saved in one trip with the rows that refer to it."""

from typing import Any

from models.database import Prepared, db
from models.locking import remembered


def reserve_ids(entity: Any, count: int) -> None:
    """Take ids for so many new rows of an entity, for this session; those not used are left out for ever."""
    known: dict[int, None] = remembered(f"ids of {entity._table_}")
    missing = count - len(known)
    if missing > 0:
        # A sequence knows of no rows, so what was changed need not be sent before it is asked.
        with db._get_cache().flush_disabled():  # noqa: SLF001
            found = _NEXT.rows(f"{entity._table_}_id_seq", missing)
        known.update(dict.fromkeys(id_ for (id_,) in found))


def new_id(entity: Any) -> int:
    """Return the id for one new row of an entity."""
    reserve_ids(entity, 1)
    id_, _ = remembered(f"ids of {entity._table_}").popitem()
    return int(id_)


_NEXT = Prepared(
    "next_ids", "text, integer", "SELECT nextval($1::regclass) FROM generate_series(1, $2) ORDER BY 1 DESC"
)
