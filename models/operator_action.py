"""The audit trail: what operators did, written in the transaction of the deed, never changed afterwards."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pony.orm import Json, Optional, PrimaryKey, Required

from models.clock import to_rfc3339
from models.database import Entity, change, rows


class Action(StrEnum):
    """What an operator can do to the sale."""

    CREATE_CONCERT = "concert.create"
    DELETE_CONCERT = "concert.delete"
    PATCH_QUEUE = "queue.patch"
    RELEASE_RESERVATION = "reservation.release"
    REFUND_PAYMENT = "payment.refund"

    @property
    def kind_of_target(self) -> str:
        """What the action is done to; a line goes by its concert's id."""
        return "concert" if self is Action.PATCH_QUEUE else self.partition(".")[0]


class OperatorAction(Entity):
    """One deed of an operator. The database itself refuses to change or delete it."""

    _table_ = "operator_action"
    id = PrimaryKey(int, size=64, auto=True)
    at = Required(datetime, sql_type="timestamptz")
    user_id = Required(str)
    action = Required(str)
    target = Required(str)
    detail = Required(Json)
    request_id = Optional(UUID)

    @staticmethod
    def record(
        action: Action,
        target_id: int,
        *,
        by: str,
        detail: Mapping[str, Any],
        now: datetime,
        request_id: UUID | None = None,
    ) -> None:
        """Write down in the current transaction that the operator `by` did something to the target.

        `detail` holds JSON primitives: what was set, or whom it concerned. `request_id` is that of the
        accepted request, where the deed was one.
        """
        target = f"{action.kind_of_target}:{target_id}"
        values = {"user_id": by, "action": action.value, "target": target, "detail": json.dumps(detail)}
        change(_RECORD, now=now, request_id=request_id, **values)

    @staticmethod
    def page(*, limit: int, before_id: int | None = None, concert_id: int | None = None) -> list[dict[str, Any]]:
        """Return up to `limit` actions (about one concert), newest first, those before an id."""
        wanted = {"limit": limit, "before_id": before_id, "concert_id": concert_id}
        names = ("id", "at", "user_id", "action", "target", "detail")
        found = [dict(zip(names, row, strict=True)) for row in rows(_PAGE, **wanted)]
        return [{**one, "at": to_rfc3339(one["at"]), "detail": json.loads(one["detail"])} for one in found]


_RECORD = """
    INSERT INTO operator_action (at, user_id, action, target, detail, request_id)
    VALUES ($now, $user_id, $action, $target, $detail, $request_id)
"""

_PAGE = """
    SELECT id, at, user_id, action, target, detail FROM operator_action
     WHERE id < coalesce($before_id::bigint, 9223372036854775807)
       AND ($concert_id::bigint IS NULL OR target = 'concert:' || $concert_id::bigint
            OR detail ->> 'concert_id' = $concert_id::text)
     ORDER BY id DESC LIMIT $limit
"""
