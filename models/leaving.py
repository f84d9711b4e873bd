"""Leaving the line: a place is given up, and with it what its fan holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models.database import Prepared
from models.ending import QUEUE_ENDED
from models.errors import TokenInvalidError
from models.joining import ended_with
from models.locking import lock
from models.policy import Policy
from models.queue import Queue
from models.queue_token import LIVE, QueueToken, QueueTokenStatus, expired
from models.token_holds import give_back, lock_held_by


def leave(token_id: int, user_id: str, now: datetime, policy: Policy) -> dict[str, Any]:
    """Give up a place and return the *QueueToken*; held seats of the token become free.

    Locks queue, token, its holds and their seats. Refuses with `TokenInvalidError`, or `TokenExpiredError` when nothing
    is left to give up.
    """
    standing = QueueToken.standing(token_id)
    if standing is None or standing.user_id != user_id:
        message = "There is no such queue token."
        raise TokenInvalidError(message)
    queue = Queue.locked(standing.concert_id)
    token = lock(QueueToken, [token_id])[token_id]
    if ended_with(queue, token.as_standing()):
        raise expired(token.status, QUEUE_ENDED)
    if token.status not in LIVE or token.expires_at <= now:
        raise expired(token.status, token.end_reason)
    if token.status == QueueTokenStatus.WAITING:
        queue.gone_total += 1
    give_back(token_id, now)
    token.leave(now)
    return token.as_standing().view(None, policy, sold_out=queue.sold_out)


def lock_for_leaves(token_ids: Sequence[int]) -> None:
    """Lock what many leaves will need, a statement a table, in the common order."""
    lock(Queue, [concert_id for (concert_id,) in _CONCERTS.rows(list(token_ids))])
    lock(QueueToken, token_ids)
    lock_held_by(token_ids)


_CONCERTS = Prepared(
    "find_concerts_of_tokens", "bigint[]", "SELECT DISTINCT concert_id FROM queue_token WHERE id = ANY($1)"
)
