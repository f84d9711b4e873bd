"""Which queues have something to do at a beat: fans to admit, or tokens to end."""

from collections.abc import Iterable
from datetime import datetime

from models.database import rows
from models.policy import Policy


def to_promote() -> Iterable[int]:
    """Return the concerts somebody waits for whose line admits: one that is closed goes on with those who are in it."""
    sql = """
        SELECT concert_id FROM queue
         WHERE state IN ('open', 'closed') AND last_place > admitted_total + gone_total
    """
    return [concert_id for (concert_id,) in rows(sql)]


def with_due_tokens(now: datetime, policy: Policy) -> Iterable[int]:
    """Return the concerts that have tokens to expire."""
    sql = """
        SELECT concert_id FROM queue q
         WHERE EXISTS (SELECT FROM queue_token t WHERE t.concert_id = q.concert_id
                          AND t.status = 'waiting' AND t.expires_at <= $now)
            OR EXISTS (SELECT FROM queue_token t WHERE t.concert_id = q.concert_id AND t.status = 'active'
                          AND (t.expires_at <= $now
                               OR t.used_at IS NULL AND coalesce(t.asks_by, t.admitted_at) <= $unused_since))
            -- Of an ended line that was opened again the old tokens come first.
            OR q.ended_through >= (SELECT t.place FROM queue_token t
                                    WHERE t.concert_id = q.concert_id AND t.status = 'waiting'
                                    ORDER BY t.expires_at LIMIT 1)
         ORDER BY concert_id
    """
    return [concert_id for (concert_id,) in rows(sql, now=now, unused_since=now - policy.unused_admission)]
