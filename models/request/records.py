"""What a request is made of and what comes of it: its statuses, and the records that are passed around."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from models.database import give_up_at
from models.order import Order


class RequestStatus(StrEnum):
    """Queued until its one outcome is written: done, refused by the domain, or failed by a fault of ours."""

    QUEUED = "queued"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


REQUEST_MOVES = {
    RequestStatus.QUEUED: {RequestStatus.DONE, RequestStatus.REFUSED, RequestStatus.FAILED},
    RequestStatus.DONE: set(),
    RequestStatus.REFUSED: set(),
    RequestStatus.FAILED: set(),
}


class Submission(NamedTuple):
    """A request that was checked and is to be accepted.

    `key` is its Idempotency-Key and `fingerprint` what it asks for, in short; `trace` says where it came from, for the
    workers' logs.
    """

    id: UUID
    operation: str
    user_id: str
    arguments: dict[str, Any]
    key: str | None
    fingerprint: str | None
    at: datetime
    # After this its client has stopped waiting, and was told that nothing was accepted.
    until: datetime
    trace: Mapping[str, str] | None = None

    @classmethod
    def of(cls, operation: str, user_id: str, arguments: dict[str, Any], **more: Any) -> "Submission":
        """Make one with an id of its own, for a client who begins to wait now."""
        return cls(_time_ordered_uuid(), operation, user_id, arguments, until=give_up_at(), **more)

    def columns(self) -> tuple[Any, ...]:
        """Return what its row holds and until when it may be written, as the statement takes it."""
        trace = json.dumps(self.trace) if self.trace else None
        return (*self[:3], json.dumps(self.arguments), *self[4:8], trace)


class Reader(NamedTuple):
    """Who asks for a task: a user, or (`token_id`) a queue token of theirs, which sees its own concert's alone."""

    user_id: str
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a request: its id, when it was submitted, and whether that was an earlier time."""

    id: UUID
    submitted_at: datetime
    replayed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request; `body` is the result, or the problem of a refusal or failure."""

    request_id: UUID
    status: RequestStatus
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A request that a worker has in hand, and how often one had (this time included)."""

    order: Order
    attempts: int


def _time_ordered_uuid() -> UUID:
    """Make a UUID version 7: those of one moment lie side by side in the index instead of all over it."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=(milliseconds << 80 | 0x7 << 76 | secrets.randbits(76)) & ~(0x3 << 62) | 0x2 << 62)
