"""State machines: a table of allowed moves, checked by the one function that moves."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Any


class IllegalMoveError(Exception):
    """The code tried a move that its table does not allow: a fault of ours, never a customer's."""


def move(entity: Any, to: StrEnum, table: Mapping[Any, AbstractSet[Any]]) -> None:
    """Set `entity.status` to `to` when `table` allows it from where it is; raises `IllegalMoveError`."""
    if to not in table[entity.status]:
        message = f"{type(entity).__name__} {entity.id}: {entity.status} -> {to} is not allowed"
        raise IllegalMoveError(message)
    entity.status = to.value
