"""An order: one accepted request, as the domain's operations take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants what: the request's id, its user and its arguments (JSON primitives).

    `trace` says where it came from, for logs alone: `request_id` is the X-Request-ID of its HTTP request.
    """

    request_id: UUID
    user_id: str
    arguments: dict[str, Any]
    submitted_at: datetime
    trace: Mapping[str, str] = field(default_factory=dict)
