"""An order: one accepted request, as the domain's operations take it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants what: the request's id, its user and its arguments (JSON primitives)."""

    request_id: UUID
    user_id: str
    arguments: dict[str, Any]
