"""Ending the tokens of one line, whose row the caller has locked: by time, or because the line was ended."""

from datetime import datetime, timedelta

from models.database import change

QUEUE_ENDED = "queue_ended"


def expire_active(concert_id: int, now: datetime, unused_admission: timedelta) -> int:
    """End active tokens whose time is over, and admissions that were never used; return how many.

    An admission counts as unused from the moment its fan was told to ask again, not before.
    """
    return change(_EXPIRE_ACTIVE, concert_id=concert_id, now=now, unused_since=now - unused_admission)


def expire_waiting(concert_id: int, now: datetime, *, beyond: int, limit: int) -> int:
    """End up to `limit` waiting tokens whose time is over, at places beyond one; return how many."""
    return change(_EXPIRE_WAITING, concert_id=concert_id, now=now, beyond=beyond, limit=limit)


def end_waiting(concert_id: int, ended_at: datetime, *, through: int, limit: int) -> int:
    """End up to `limit` tokens that waited at places through one when the line was ended; return how many."""
    return change(
        _END_WAITING, concert_id=concert_id, ended_at=ended_at, through=through, limit=limit, reason=QUEUE_ENDED
    )


# An array is made once. As a semi-join, PostgreSQL may run the subquery again for each row of a table it takes for
# tiny; the rows just changed are then passed over, and the LIMIT ends everybody.
_EXPIRE_ACTIVE = """
    UPDATE queue_token SET status = 'expired', ended_at = $now
     WHERE id = ANY(ARRAY(
           SELECT id FROM queue_token
            WHERE concert_id = $concert_id AND status = 'active'
              AND (expires_at <= $now OR used_at IS NULL AND coalesce(asks_by, admitted_at) <= $unused_since)
            ORDER BY id FOR UPDATE SKIP LOCKED))
"""

_EXPIRE_WAITING = """
    UPDATE queue_token SET status = 'expired', ended_at = $now
     WHERE status = 'waiting' AND id = ANY(ARRAY(
           SELECT id FROM queue_token
            WHERE concert_id = $concert_id AND status = 'waiting' AND expires_at <= $now AND place > $beyond
            ORDER BY expires_at LIMIT $limit FOR UPDATE))
"""

_END_WAITING = """
    UPDATE queue_token SET status = 'expired', ended_at = $ended_at, end_reason = $reason
     WHERE status = 'waiting' AND id = ANY(ARRAY(
           SELECT id FROM queue_token
            WHERE concert_id = $concert_id AND status = 'waiting' AND place <= $through
            ORDER BY expires_at LIMIT $limit FOR UPDATE))
"""
